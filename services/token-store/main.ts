/** Starts token-store and stops it. */
import '../../lib/require-node.ts';
import { systemClock } from '../../lib/clock.ts';
import { storeOptions } from '../../lib/config.ts';
import { refusalCounter } from '../../lib/refusal-counter.ts';
import { grpcMetrics } from '../../lib/rpc/grpc-metrics.ts';
import { listen, newConnections } from '../../lib/rpc/listener.ts';
import { reportRefused } from '../../lib/rpc/refused-connections.ts';
import { runService, STOP_GRACE_MS } from '../../lib/rpc/run.ts';
import { createGrpcServer } from '../../lib/rpc/server.ts';
import { createStopping } from '../../lib/stopping.ts';
import { openStore } from '../../lib/store/open.ts';
import { settings } from './config.ts';
import { readyChecks } from './health.ts';
import { verificationMetrics } from './metrics.ts';
import { tokenStoreService } from './server.ts';

const service = 'token-store';

await runService(service, settings, async (config, log, registry) => {
	const { listenAddress: address, port, certificate: cert, key, clientCa } = config;
	const store = await openStore(storeOptions(config, 'tokens'));
	const stopping = createStopping();
	const connections = newConnections();
	const count = refusalCounter(registry);
	const tokens = tokenStoreService(store, systemClock, log, stopping.signal, verificationMetrics(registry), count);
	const observers = [grpcMetrics(registry, () => performance.now())];
	const grpc = createGrpcServer([tokens], connections, log, observers, count);
	const tls = { cert, key, clientCa };
	const onRefused = reportRefused(systemClock, count);
	const listener = await listen(
		{ service, address, port, tls, clientCertificate: 'required', grpc, log, count, onRefused },
		connections,
	).catch(async (error: unknown) => {
		await store.close();
		throw error;
	});
	log.info({ address: `${address}:${port}`, store: store.name }, 'listening');
	return {
		ready: readyChecks(store),
		async stop() {
			stopping.abort();
			await listener.close(STOP_GRACE_MS);
			await store.close();
		},
	};
});
