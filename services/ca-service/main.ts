/** Starts ca-service and stops it. The only process that reads the cluster CA key. */
import '../../lib/require-node.ts';
import { systemClock } from '../../lib/clock.ts';
import { issuerOf } from '../../lib/pki/certificate.ts';
import { readPrivateKey } from '../../lib/pki/keys.ts';
import { refusalCounter } from '../../lib/refusal-counter.ts';
import { grpcMetrics } from '../../lib/rpc/grpc-metrics.ts';
import { listen, newConnections } from '../../lib/rpc/listener.ts';
import { reportRefused } from '../../lib/rpc/refused-connections.ts';
import { runService, STOP_GRACE_MS } from '../../lib/rpc/run.ts';
import { createGrpcServer } from '../../lib/rpc/server.ts';
import { setSpanAttributes } from '../../lib/trace.ts';
import { requireLabFor, settings } from './config.ts';
import { readyChecks } from './health.ts';
import { type LedgerEntry, openLedger } from './ledger.ts';
import { caMetrics } from './metrics.ts';
import { caService } from './server.ts';
import { createSigner } from './sign.ts';

const service = 'ca-service';

await runService(service, settings, async (config, log, registry) => {
	const {
		listenAddress: address,
		port,
		certificate: cert,
		key,
		clientCa,
		caCertificate,
		signingDurationSeconds: maxDurationSeconds,
	} = config;
	requireLabFor(maxDurationSeconds, config.lab);
	const issuer = issuerOf(caCertificate, readPrivateKey(config.caKey));
	const ledger = await openLedger(config.ledgerFile);
	if (ledger.tornLines > 0)
		log.warn(
			{ file: config.ledgerFile },
			'cut off a last line of the ledger that a crash had torn; it had not been answered',
		);
	if (config.lab)
		log.warn({ maxDurationSeconds }, 'LAB is on: the lifetimes of certificates are for a lab and for nothing else');
	const metrics = caMetrics(registry, issuer);
	const find = (requestId: string) => ledger.find(requestId);
	// Logged here, because a repeated request is answered from the ledger and signs nothing.
	const append = async (entry: LedgerEntry) => {
		await ledger.append(entry);
		metrics.signed(entry.signerName);
		const { subject, signerName: signer, serial, notBefore, notAfter, fingerprint, requestId, certificate } = entry;
		setSpanAttributes({
			'kubejoin.certificate.pem': certificate,
			'kubejoin.certificate.subject': subject,
			'kubejoin.certificate.signer': signer,
			'kubejoin.certificate.serial': serial,
			'kubejoin.certificate.not_before': notBefore,
			'kubejoin.certificate.not_after': notAfter,
			'kubejoin.certificate.fingerprint': fingerprint,
		});
		log.info({ signer, serial, notAfter, requestId }, `signed a certificate for ${subject}`);
	};
	const sign = createSigner({ issuer, clock: systemClock, ledger: { find, append }, maxDurationSeconds });
	const connections = newConnections();
	const count = refusalCounter(registry);
	const observers = [grpcMetrics(registry, () => performance.now()), metrics.observe];
	const services = [caService({ sign, ledger, trustBundle: caCertificate })];
	const grpc = createGrpcServer(services, connections, log, observers, count);
	const tls = { cert, key, clientCa };
	const onRefused = reportRefused(systemClock, count);
	const listener = await listen(
		{ service, address, port, tls, clientCertificate: 'required', grpc, log, count, onRefused },
		connections,
	).catch(async (error: unknown) => {
		await ledger.close();
		throw error;
	});
	log.info({ address: `${address}:${port}`, signed: ledger.size }, 'listening');
	return {
		ready: readyChecks(issuer, ledger, systemClock),
		async stop() {
			await listener.close(STOP_GRACE_MS);
			await ledger.close();
		},
	};
});
