/** Starts apiserver-sim and stops it. */
import '../../lib/require-node.ts';
import { systemClock } from '../../lib/clock.ts';
import { storeOptions } from '../../lib/config.ts';
import { refusalCounter } from '../../lib/limits.ts';
import { openChannel } from '../../lib/rpc/channel.ts';
import { grpcMetrics } from '../../lib/rpc/grpc-metrics.ts';
import { createHttpServer } from '../../lib/rpc/http-server.ts';
import { listen, newConnections } from '../../lib/rpc/listener.ts';
import { runService, STOP_GRACE_MS } from '../../lib/rpc/run.ts';
import { createGrpcServer } from '../../lib/rpc/server.ts';
import { openStore } from '../../lib/store/open.ts';
import { createAuthenticator } from './authenticate.ts';
import { createNodeAuthorizer } from './authorize/node.ts';
import { createRbacAuthorizer } from './authorize/rbac.ts';
import { unionOf } from './authorize/union.ts';
import { bootstrapCluster } from './bootstrap/cluster.ts';
import { settings } from './config.ts';
import { createRestApp } from './doors/rest.ts';
import { readyChecks } from './health.ts';
import { countedAuthenticator, requestMetrics } from './metrics.ts';
import { createPipeline } from './pipeline.ts';
import { startRbacCache } from './rbac-cache.ts';
import { createResources } from './resources/index.ts';
import { apiServices } from './server.ts';
import { tokenStoreClient } from './token-store-client.ts';

const service = 'apiserver-sim';

/** A node is related to a Secret or a ConfigMap through pods, and there are no pods. */
const noPods = { related: () => false };

await runService(service, settings, async (config, log, registry, unforeseen) => {
	const { listenAddress: address, port, tlsCertificate: cert, tlsKey: key, clientCa, controlPlaneEndpoint } = config;
	const store = await openStore(storeOptions(config, 'registry'));
	const tokenStore = openChannel(config.tokenStore, {
		ca: config.meshCa,
		cert: config.tokenStoreCertificate,
		key: config.tokenStoreKey,
	});
	const stopping = new AbortController();
	const release = async () => {
		stopping.abort();
		tokenStore.close();
		await store.close();
	};
	try {
		await bootstrapCluster(store, { controlPlaneEndpoint, ca: clientCa }, systemClock);
		const rbac = startRbacCache(store, stopping.signal, log);
		await rbac.synced;
		const tokens = tokenStoreClient(tokenStore);
		const authorizer = unionOf(createNodeAuthorizer(noPods), createRbacAuthorizer(rbac.source));
		const endpoints = createResources({
			store,
			tokens,
			authorizer,
			rbac: rbac.source,
			clock: systemClock,
			log,
			countRefusal: refusalCounter(registry),
		});
		const authenticate = countedAuthenticator(createAuthenticator(tokens.verify, systemClock), registry, systemClock);
		const count = refusalCounter(registry);
		const pipeline = createPipeline(authenticate, authorizer, endpoints, count);
		const connections = newConnections();
		const ready = readyChecks(store, rbac);
		const elapsedMs = () => performance.now();
		const requests = requestMetrics(registry, elapsedMs);
		const observers = [grpcMetrics(registry, elapsedMs), requests.grpc];
		const grpc = createGrpcServer(apiServices(pipeline, stopping.signal), connections, log, observers, count);
		const http = createHttpServer(
			createRestApp({ pipeline, health: { live: {}, ready }, connections, log, observe: requests.http, count }),
			{ unforeseen, count },
		);
		const listener = await listen(
			{ service, address, port, tls: { cert, key, clientCa }, clientCertificate: 'optional', grpc, http, log, count },
			connections,
		);
		log.info({ address: `${address}:${port}`, endpoint: controlPlaneEndpoint, store: store.name }, 'listening');
		return {
			ready,
			async stop() {
				stopping.abort();
				await listener.close(STOP_GRACE_MS);
				await rbac.done;
				await release();
			},
		};
	} catch (error) {
		await release();
		throw error;
	}
});
