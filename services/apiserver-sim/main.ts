/** Starts apiserver-sim and stops it. */
import '../../lib/require-node.ts';
import { randomInt } from 'node:crypto';
import { lookup } from 'node:dns/promises';
import { hostname } from 'node:os';
import { microClock, systemClock } from '../../lib/clock.ts';
import { storeOptions } from '../../lib/config.ts';
import { resources } from '../../lib/kube/resources.ts';
import { versionOf } from '../../lib/kube/version.ts';
import type { Log } from '../../lib/log.ts';
import { createCsrReader } from '../../lib/pki/csr-reader.ts';
import { refusalCounter } from '../../lib/refusal-counter.ts';
import { openChannel } from '../../lib/rpc/channel.ts';
import { grpcMetrics } from '../../lib/rpc/grpc-metrics.ts';
import { createHttpServer } from '../../lib/rpc/http-server.ts';
import { listen, newConnections } from '../../lib/rpc/listener.ts';
import { runService, STOP_GRACE_MS } from '../../lib/rpc/run.ts';
import { createGrpcServer } from '../../lib/rpc/server.ts';
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
import { openIdDocuments } from './doors/openid.ts';
import { pathRoutes } from './doors/paths.ts';
import { createRestApp } from './doors/rest.ts';
import { readyChecks } from './health.ts';
import { keepIdentityLease } from './identity-lease.ts';
import { createKubeletTransport } from './kubelet-client.ts';
import { countedAuthenticator, requestMetrics } from './metrics.ts';
import { createPipeline } from './pipeline.ts';
import { startRbacCache } from './rbac-cache.ts';
import { startEventExpiry } from './registry/event-expiry.ts';
import { followObjects } from './registry/follow.ts';
import { createObjectReader } from './registry/object-reader.ts';
import { WatchCache } from './registry.ts';
import { createResources } from './resources/index.ts';
import { endUnfinishedJoins, observeJoins } from './seen-joins.ts';
import { apiServices } from './server.ts';
import { repeatRepair } from './service-repair.ts';
import { tokenStoreClient } from './token-store-client.ts';

const service = 'apiserver-sim';

/** Of service-account tokens, and their only audience by default. @source kubeadm --service-account-issuer */
const issuer = 'https://kubernetes.default.svc.cluster.local';
const audiences = [issuer];

/** The authorizers in upstream's order, and the copies of objects that they read. */
function startAuthorization(store: Store, signal: AbortSignal, log: Log) {
	const rbac = startRbacCache(store, signal, log);
	const graph = new PodGraph();
	const authorizer = unionOf({
		'kubernetes.io/system-privileged-group': privilegedGroups,
		node: createNodeAuthorizer(graph),
		rbac: createRbacAuthorizer(rbac.source),
	});
	return { authorizer, rbac, pods: followObjects(store, resources.pods, graph, signal, log) };
}

/** By default those of lib/limits.ts. */
const connectionBounds = (total: number) => ({ total, perAddress: Math.floor((total * 3) / 4) });

await runService(service, settings, async (config, log, registry, unforeseen) => {
	const { listenAddress: address, port, tlsCertificate: cert, tlsKey: key, clientCa, controlPlaneEndpoint } = config;
	const version = versionOf(config.kubernetesVersion);
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
		await bootstrapCluster(store, { controlPlaneEndpoint, ca: clientCa, gitVersion: version.gitVersion }, systemClock);
		const cache = new WatchCache(store, { signal: stopping.signal, log });
		const { authorizer, rbac, pods } = startAuthorization(store, stopping.signal, log);
		await Promise.all([rbac.synced, pods.synced]);
		const repaired = repeatRepair(store, systemClock, stopping.signal, log);
		const ttlMs = config.eventTtlSeconds * 1000;
		const expiry = startEventExpiry({ store, ttlMs, clock: systemClock }, stopping.signal, log);
		const tokens = tokenStoreClient(tokenStore);
		const count = refusalCounter(registry);
		const readCsr = createCsrReader();
		const serviceAccountKey = readServiceAccountKey(config.serviceAccountKey);
		const tokenIssuer = {
			issuer,
			audiences,
			key: serviceAccountKey,
			objects: createObjectReader(store),
			clock: systemClock,
		};
		const kindsOfTokens = [serviceAccountTokens(tokenIssuer), bootstrapTokens(tokens.verify, audiences)];
		const authenticateToken = cacheSuccesses(unionOfTokens(kindsOfTokens, count), systemClock);
		const endpoints = createResources({
			store,
			cache,
			tokens,
			authorizer,
			rbac: rbac.source,
			clock: systemClock,
			countRefusal: count,
			readCsr,
			authenticateToken,
			tokenIssuer,
			kubelets: {
				lookup: async (host) => (await lookup(host, { all: true })).map(({ address }) => address),
				allowsLoopback: config.allowLoopbackNodes,
			},
		});
		const kubelets = createKubeletTransport({
			cert: config.kubeletCertificate,
			key: config.kubeletKey,
			ca: config.kubeletCa,
			ownCertificate: cert,
		});
		const authenticate = countedAuthenticator(
			createAuthenticator(authenticateToken, audiences, systemClock),
			registry,
			systemClock,
		);
		const joins = observeJoins(createPipeline(authenticate, authorizer, endpoints, count), {
			nowMs: microClock,
			count,
			readCsr,
		});
		const { pipeline } = joins;
		const joinsEnded = endUnfinishedJoins(joins, stopping.signal);
		const connections = newConnections();
		const ready = readyChecks(store, rbac, pods);
		const elapsedMs = () => performance.now();
		const requests = requestMetrics(registry, elapsedMs);
		const observers = [grpcMetrics(registry, elapsedMs), requests.grpc];
		const grpc = createGrpcServer(apiServices(pipeline, stopping.signal), connections, log, observers, count);
		const http = createHttpServer(
			createRestApp({
				...{ pipeline, connections, log, count, observe: requests.http, stopping: stopping.signal, kubelets },
				routes: pathRoutes({
					endpoints,
					version,
					address: controlPlaneEndpoint,
					health: { live: {}, ready },
					metrics: registry,
					documents: await openIdDocuments(issuer, controlPlaneEndpoint, serviceAccountKey),
					clock: systemClock,
				}),
				nowMs: systemClock,
				random: () => randomInt(2 ** 32) / 2 ** 32,
			}),
			{ unforeseen, count },
		);
		const listener = await listen(
			{
				...{
					service,
					address,
					port,
					tls: { cert, key, clientCa },
					clientCertificate: 'optional',
					grpc,
					http,
					log,
					count,
				},
				bounds: connectionBounds(config.maxConnections),
			},
			connections,
		);
		const identity = { store, hostName: hostname(), clock: systemClock };
		const leaseRemoved = keepIdentityLease(identity, stopping.signal, log);
		log.info({ address: `${address}:${port}`, endpoint: controlPlaneEndpoint, store: store.name }, 'listening');
		return {
			ready,
			async stop() {
				stopping.abort();
				await listener.close(STOP_GRACE_MS);
				kubelets.close();
				await Promise.all([rbac.done, pods.done, cache.done, expiry.done, repaired, joinsEnded, leaseRemoved]);
				await release();
			},
		};
	} catch (error) {
		await release();
		throw error;
	}
});
