/** Starts apiserver-sim and stops it. */
import '../../lib/require-node.ts';
import { randomInt } from 'node:crypto';
import { lookup } from 'node:dns/promises';
import { hostname } from 'node:os';
import { microClock, systemClock } from '../../lib/clock.ts';
import { type Config, storeOptions } from '../../lib/config.ts';
import { resources } from '../../lib/kube/resources.ts';
import { versionOf } from '../../lib/kube/version.ts';
import type { CountRefusal } from '../../lib/limits.ts';
import type { Log } from '../../lib/log.ts';
import type { Registry } from '../../lib/metrics.ts';
import { createCsrReader } from '../../lib/pki/csr-reader.ts';
import { refusalCounter } from '../../lib/refusal-counter.ts';
import { type Channel, openChannel } from '../../lib/rpc/channel.ts';
import { grpcMetrics } from '../../lib/rpc/grpc-metrics.ts';
import type { HealthChecks } from '../../lib/rpc/health.ts';
import { createHttpServer } from '../../lib/rpc/http-server.ts';
import { listen, newConnections } from '../../lib/rpc/listener.ts';
import { reportRefused } from '../../lib/rpc/refused-connections.ts';
import { runService, STOP_GRACE_MS } from '../../lib/rpc/run.ts';
import { createGrpcServer } from '../../lib/rpc/server.ts';
import type { ReportUnforeseen } from '../../lib/rpc/unforeseen.ts';
import { createStopping } from '../../lib/stopping.ts';
import { openStore } from '../../lib/store/open.ts';
import type { Store } from '../../lib/store/store.ts';
import { bootstrapTokens } from './authenticate/bootstrap-token.ts';
import { readServiceAccountKey } from './authenticate/service-account-key.ts';
import { serviceAccountTokens } from './authenticate/service-account-token.ts';
import { cacheSuccesses, unionOfTokens } from './authenticate/token-authenticator.ts';
import { createAuthenticator } from './authenticate/union.ts';
import { createNodeAuthorizer } from './authorize/node.ts';
import { PodGraph } from './authorize/node-graph.ts';
import { privilegedGroups } from './authorize/privileged-groups.ts';
import { createRbacAuthorizer } from './authorize/rbac.ts';
import { unionOf } from './authorize/union.ts';
import { bootstrapCluster } from './bootstrap/cluster.ts';
import { settings } from './config.ts';
import type { PathRoute } from './doors/http-request.ts';
import { openIdDocuments } from './doors/openid.ts';
import { pathRoutes } from './doors/paths.ts';
import { createRestApp } from './doors/rest.ts';
import { readyChecks } from './health.ts';
import { keepIdentityLease } from './identity-lease.ts';
import { createKubeletTransport } from './kubelet-client.ts';
import { countedAuthenticator, requestMetrics } from './metrics.ts';
import { createPipeline, type Pipeline } from './pipeline.ts';
import { startRbacCache } from './rbac-cache.ts';
import { startEventExpiry } from './registry/event-expiry.ts';
import { followObjects } from './registry/follow.ts';
import { createObjectReader } from './registry/object-reader.ts';
import { WatchCache } from './registry.ts';
import { createResources } from './resources/index.ts';
import { endUnfinishedJoins, observeJoins } from './seen-joins.ts';
import { apiServices } from './server.ts';
import { repeatRepair } from './service-repair.ts';
import { type TokenStoreClient, tokenStoreClient } from './token-store-client.ts';

const service = 'apiserver-sim';

/** Of service-account tokens, and their only audience by default. @source kubeadm --service-account-issuer */
const issuer = 'https://kubernetes.default.svc.cluster.local';
const audiences = [issuer];

interface Base {
	readonly config: Config<typeof settings>;
	readonly log: Log;
	readonly store: Store;
	readonly count: CountRefusal;
	/** Ends the work in the background. */
	readonly signal: AbortSignal;
}

/** The authorizers in upstream's order, and the copies of objects that they read. */
function startAuthorization({ store, signal, log }: Base) {
	const rbac = startRbacCache(store, signal, log);
	const graph = new PodGraph();
	const authorizer = unionOf({
		'kubernetes.io/system-privileged-group': privilegedGroups,
		node: createNodeAuthorizer(graph),
		rbac: createRbacAuthorizer(rbac.source),
	});
	return { authorizer, rbac, pods: followObjects(store, resources.pods, graph, signal, log) };
}

/** Work that no request asks for. @returns its end, after the signal */
function startUpkeep({ config, store, signal, log }: Base): Promise<unknown> {
	const expiry = { store, ttlMs: config.eventTtlSeconds * 1000, clock: systemClock };
	return Promise.all([startEventExpiry(expiry, signal, log).done, repeatRepair(store, systemClock, signal, log)]);
}

/** Bootstrap tokens and tokens of service accounts. */
function createTokens({ config, store, count }: Base, bootstrap: TokenStoreClient) {
	const key = readServiceAccountKey(config.serviceAccountKey);
	const tokenIssuer = { issuer, audiences, key, objects: createObjectReader(store), clock: systemClock };
	const kinds = [serviceAccountTokens(tokenIssuer), bootstrapTokens(bootstrap.verify, audiences)];
	return { tokenIssuer, authenticateToken: cacheSuccesses(unionOfTokens(kinds, count), systemClock) };
}

/** By default those of lib/limits.ts. */
const connectionBounds = (total: number) => ({ total, perAddress: Math.floor((total * 3) / 4) });

interface Services extends Base {
	readonly registry: Registry;
	readonly unforeseen: ReportUnforeseen;
	readonly tokenStore: Channel<'verified'>;
}

async function start(services: Services): Promise<{ ready: HealthChecks; drain: () => Promise<void> }> {
	const { config, log, store, count, registry, signal } = services;
	const { controlPlaneEndpoint, clientCa, listenAddress: address, port, tlsCertificate: cert, tlsKey: key } = config;
	const version = versionOf(config.kubernetesVersion);
	await bootstrapCluster(store, { controlPlaneEndpoint, ca: clientCa, gitVersion: version.gitVersion }, systemClock);
	const cache = new WatchCache(store, { signal, log });
	const { authorizer, rbac, pods } = startAuthorization(services);
	await Promise.all([rbac.synced, pods.synced]);
	const upkeep = startUpkeep(services);
	const readCsr = createCsrReader();
	const tokens = tokenStoreClient(services.tokenStore);
	const { tokenIssuer, authenticateToken } = createTokens(services, tokens);
	const endpoints = createResources({
		...{ store, cache, tokens, authorizer, rbac: rbac.source, readCsr, authenticateToken, tokenIssuer },
		clock: systemClock,
		countRefusal: count,
		kubelets: {
			lookup: async (host) => (await lookup(host, { all: true })).map(({ address }) => address),
			allowsLoopback: config.allowLoopbackNodes,
		},
	});
	const authenticator = createAuthenticator(authenticateToken, audiences, systemClock);
	const authenticate = countedAuthenticator(authenticator, registry, systemClock);
	const handle = createPipeline(authenticate, authorizer, endpoints, count);
	const joins = observeJoins(handle, { nowMs: microClock, count, readCsr });
	const joinsEnded = endUnfinishedJoins(joins, signal);
	const ready = readyChecks(store, rbac, pods);
	const routes = pathRoutes({
		...{ endpoints, version, address: controlPlaneEndpoint, metrics: registry, clock: systemClock },
		health: { live: {}, ready },
		documents: await openIdDocuments(issuer, controlPlaneEndpoint, tokenIssuer.key),
	});
	const { kubelets, connections, ...doors } = createDoors(services, joins.pipeline, routes);
	const listener = await listen(
		{
			...{ service, address, port, tls: { cert, key, clientCa }, log, count, ...doors },
			clientCertificate: 'optional',
			bounds: connectionBounds(config.maxConnections),
			onRefused: reportRefused(systemClock, count),
		},
		connections,
	);
	const leaseRemoved = keepIdentityLease({ store, hostName: hostname(), clock: systemClock }, signal, log);
	log.info({ address: `${address}:${port}`, endpoint: controlPlaneEndpoint, store: store.name }, 'listening');
	return {
		ready,
		async drain() {
			await listener.close(STOP_GRACE_MS);
			kubelets.close();
			await Promise.all([rbac.done, pods.done, cache.done, upkeep, joinsEnded, leaseRemoved]);
		},
	};
}

/** gRPC and HTTP, which hand requests to the same pipeline. */
function createDoors(services: Services, pipeline: Pipeline, routes: readonly PathRoute[]) {
	const { config, log, count, registry, unforeseen, signal } = services;
	const connections = newConnections();
	const requests = requestMetrics(registry, () => performance.now());
	const observers = [grpcMetrics(registry, () => performance.now()), requests.grpc];
	const kubelets = createKubeletTransport({
		cert: config.kubeletCertificate,
		key: config.kubeletKey,
		ca: config.kubeletCa,
		ownCertificate: config.tlsCertificate,
	});
	const rest = createRestApp({
		...{ pipeline, connections, log, count, observe: requests.http, stopping: signal, kubelets, routes },
		nowMs: systemClock,
		random: () => randomInt(2 ** 32) / 2 ** 32,
	});
	return {
		grpc: createGrpcServer(apiServices(pipeline, signal), connections, log, observers, count),
		http: createHttpServer(rest, { unforeseen, count, acceptsUpgrades: true }),
		kubelets,
		connections,
	};
}

await runService(service, settings, async (config, log, registry, unforeseen) => {
	const store = await openStore(storeOptions(config, 'registry'));
	const tokenStore = openChannel(config.tokenStore, {
		ca: config.meshCa,
		cert: config.tokenStoreCertificate,
		key: config.tokenStoreKey,
	});
	const stopping = createStopping();
	const release = async () => {
		stopping.abort();
		tokenStore.close();
		await store.close();
	};
	try {
		const count = refusalCounter(registry);
		const base = { config, log, store, count, signal: stopping.signal };
		const { ready, drain } = await start({ ...base, registry, unforeseen, tokenStore });
		return {
			ready,
			async stop() {
				stopping.abort();
				await drain();
				await release();
			},
		};
	} catch (error) {
		await release();
		throw error;
	}
});
