/** Which cache feeds which controller. One cache of the requests feeds both the approving and the signing. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Clock } from '../../lib/clock.ts';
import type { ApiClient } from '../../lib/kube/client.ts';
import { createEventRecorder, type RecordEvent } from '../../lib/kube/event-recorder.ts';
import { type Informer, startInformer } from '../../lib/kube/informer.ts';
import { type ApiResource, resources } from '../../lib/kube/resources.ts';
import {
	type CertificateSigningRequest,
	type ConfigMap,
	type KubeObject,
	type Namespace,
	type Node,
	type ResourceQuota,
	wellKnown,
} from '../../lib/kube/types.ts';
import type { ObserveQueue, WorkQueue } from '../../lib/kube/work-queue.ts';
import type { Log } from '../../lib/log.ts';
import type { Pem } from '../../lib/pki/pem.ts';
import { outsideTrace } from '../../lib/trace.ts';
import type { CaClient, TokenStoreClient } from './clients.ts';
import { startBootstrapSigner } from './controllers/bootstrap-signer.ts';
import { startCsrApproving } from './controllers/csr-approving.ts';
import { startCsrCleaner } from './controllers/csr-cleaner.ts';
import { startCsrSigning } from './controllers/csr-signing.ts';
import { startNamespaceController } from './controllers/namespace.ts';
import { startNodeLifecycle } from './controllers/node-lifecycle.ts';
import { neededParts, startResourceQuota } from './controllers/resource-quota.ts';
import { startTokenCleaner } from './controllers/token-cleaner.ts';
import { createDecisionRecorder } from './csr-events.ts';
import { startGarbage } from './garbage/start.ts';
import { LeaseCache } from './lease-cache.ts';
import type { GracePeriods } from './node-health.ts';
import { startTokenInformer } from './token-informer.ts';

/** Interval at which all objects are checked again, to recover from a missed event or a refusal. */
const RESYNC_MS = 30_000;
/** Calls that are under way get this long to end. */
const STOP_MS = 2_000;

export interface ControllersOptions {
	readonly api: ApiClient;
	readonly ca: CaClient;
	/** The cluster CA, which each namespace publishes. */
	readonly clusterCa: Pem;
	readonly tokenStore: TokenStoreClient;
	readonly grace: GracePeriods;
	readonly clock: Clock;
	readonly log: Log;
	readonly observeQueue?: ObserveQueue;
	readonly signal: AbortSignal;
}

/** A kind whose objects end with their namespace. The newer events are the events of the core group. */
const isContent = (row: ApiResource): boolean =>
	row.namespaced && row.verbs.includes('deletecollection') && row !== resources.groupEvents;

export interface Controllers {
	readonly caches: Readonly<Record<string, { readonly isSynced: () => boolean }>>;
	/** Resolves once nothing is worked on any more, after two seconds at most; the signal must have been aborted. */
	readonly stopped: () => Promise<void>;
}

export function startControllers(options: ControllersOptions): Controllers {
	const { api, clock, log, observeQueue, signal } = options;
	const { queues, start } = startedQueues();
	const onOwner: OnOwner = (resource, name, previous) => garbage.changed(resource, name, previous);
	const csrs = startCsrControllers(options, start, onOwner);
	const { tokens, clusterInfo } = startTokenControllers(options, start);
	const csrCleaner = { csrs: api.certificateSigningRequests, secrets: api.secrets, cache: csrs, tokens };
	start(startCsrCleaner({ ...csrCleaner, clock, log, observeQueue }));
	const { namespaces, given } = startNamespaces(options, start, onOwner);
	const leases = new LeaseCache(api.leases, (key, previous) => onOwner(resources.leases, key, previous));
	const nodes = startNodes(options, leases, start, onOwner);
	const garbage = start(
		startGarbage({
			...{ api, nodes, clock, log, observeQueue, signal },
			recordEvent: recorderOf('garbage-collector-controller', options),
			shared: new Map<ApiResource, Pick<Informer<KubeObject>, 'get' | 'synced'>>([
				[resources.certificateSigningRequests, csrs],
				[resources.namespaces, namespaces],
				[resources.nodes, nodes],
				[resources.leases, leases],
			]),
		}),
	);
	const quotas = startQuotas(options, start);
	return {
		caches: {
			certificatesigningrequests: csrs,
			namespaces,
			nodes,
			'cluster-info': clusterInfo,
			resourcequotas: quotas.cache,
		},
		async stopped() {
			const ended = Promise.all([
				...queues.map((queue) => queue.close()),
				...[csrs, clusterInfo, tokens, namespaces, nodes, garbage].map(({ done }) => done),
				quotas.ended(),
				...given.map(({ done }) => done),
			]);
			const timer = new AbortController();
			await Promise.race([ended, delay(STOP_MS, undefined, { signal: timer.signal })]);
			timer.abort();
		},
	};
}

/** For the garbage collector: an object that others can name as their owner was added, changed or deleted. */
type OnOwner = (resource: ApiResource, name: string, previous: KubeObject | undefined) => void;

const common = ({ signal, log }: ControllersOptions) => ({ resyncMs: RESYNC_MS, signal, log }) as const;

/** Events of many objects share a queue, so that sending them is no part of the trace of one object. */
function recorderOf(component: string, { api, clock, signal, log }: ControllersOptions): RecordEvent {
	const { record } = createEventRecorder({ events: api.events, component, clock, signal, log });
	return (...event) => outsideTrace(() => record(...event));
}

function startCsrControllers(options: ControllersOptions, start: StartQueue, onOwner: OnOwner) {
	const { api, ca, log, observeQueue } = options;
	const { certificateSigningRequests: client, subjectAccessReviews } = api;
	const find = (name: string) => csrs.get(name);
	const recordDecision = createDecisionRecorder(recorderOf('certificate-controller', options));
	const decisions = { csrs: client, find, recordDecision, log, observeQueue };
	const approving = start(startCsrApproving({ ...decisions, subjectAccessReviews }));
	const signing = start(startCsrSigning({ ...decisions, ca }));
	const csrs = startInformer<CertificateSigningRequest>({
		...{ ...common(options), name: 'certificatesigningrequests', client },
		onChange(name, previous) {
			approving.add(name);
			signing.add(name);
			onOwner(resources.certificateSigningRequests, name, previous);
		},
	});
	return csrs;
}

function startTokenControllers(options: ControllersOptions, start: StartQueue) {
	const { api, tokenStore, clock, log, observeQueue, signal } = options;
	const { configMaps, secrets } = api;
	const key = `${wellKnown.kubePublic}/${wellKnown.clusterInfo}`;
	const bootstrapSigner = start(
		startBootstrapSigner({ configMaps, tokenStore, find: () => clusterInfo.get(key), log, observeQueue }),
	);
	const clusterInfo = startInformer<ConfigMap>({
		...{ ...common(options), name: 'cluster-info', client: configMaps },
		select: { namespace: wellKnown.kubePublic, fieldSelector: `metadata.name=${wellKnown.clusterInfo}` },
		onChange: (name) => bootstrapSigner.add(name),
	});
	const tokenCleaner = start(
		startTokenCleaner({ secrets, find: (name) => tokens.get(name), clock, log, observeQueue }),
	);
	const onChange = (name: string) => {
		bootstrapSigner.add(name);
		tokenCleaner.add(name);
	};
	const tokens = startTokenInformer({ client: tokenStore, onChange, signal, log });
	return { tokens, clusterInfo };
}

function startNamespaces(options: ControllersOptions, start: StartQueue, onOwner: OnOwner) {
	const { api, clusterCa, log, observeQueue } = options;
	const controller = start(
		startNamespaceController({
			...{ api, log, observeQueue, ca: clusterCa },
			contents: Object.values(resources).filter(isContent).map(api.of),
			find: (name) => namespaces.get(name),
		}),
	);
	const namespaces = startInformer<Namespace>({
		...{ ...common(options), name: 'namespaces', client: api.namespaces },
		onChange(name, previous) {
			controller.add(name);
			onOwner(resources.namespaces, name, previous);
		},
	});
	return { namespaces, given: followGivenObjects(options, controller.add) };
}

function startNodes(
	options: ControllersOptions,
	leases: LeaseCache,
	start: StartQueue,
	onOwner: OnOwner,
): Informer<Node> {
	const { api, grace, clock, log, observeQueue } = options;
	const nodes = startInformer<Node>({
		...{ ...common(options), name: 'nodes', client: api.nodes },
		onChange(name, previous) {
			lifecycle.add(name);
			onOwner(resources.nodes, name, previous);
		},
	});
	const elapsedMs = () => performance.now();
	const recordEvent = recorderOf('node-controller', options);
	const lifecycle = start(
		startNodeLifecycle({ api, leases, cache: nodes, grace, clock, elapsedMs, recordEvent, log, observeQueue }),
	);
	return nodes;
}

/** The objects that every namespace has: the controller creates or repairs one that is deleted or changes. */
function followGivenObjects({ api, signal, log }: ControllersOptions, add: (namespace: string) => void) {
	const names = new Map([
		[resources.configMaps, 'kube-root-ca.crt'],
		[resources.serviceAccounts, 'default'],
	]);
	return [...names].map(([resource, name]) =>
		startInformer({
			...{ name: `${resource.resource}/${name}`, client: api.of(resource), signal, log },
			select: { fieldSelector: `metadata.name=${name}` },
			onChange(key, previous) {
				if (previous !== undefined) add(key.slice(0, key.indexOf('/')));
			},
		}),
	);
}

/** The quotas, and a cache of each kind that one of them counts. */
function startQuotas({ api, clock, log, observeQueue, signal }: ControllersOptions, start: StartQueue) {
	const followed: Informer<KubeObject>[] = [];
	const controller = start(
		startResourceQuota({
			...{ clock, log, observeQueue, quotas: api.resourceQuotas },
			cache: { get: (key) => cache.get(key), list: () => cache.list() },
			follow(resource, onChange) {
				const client = api.of(resource);
				const keep = (object: KubeObject) => neededParts(resource, object);
				const informer = startInformer({ name: resource.resource, client, keep, onChange, signal, log });
				followed.push(informer);
				return { ...informer, list: async (namespace) => (await client.list({ namespace })).items };
			},
		}),
	);
	const cache: Informer<ResourceQuota> = startInformer({
		...{ name: 'resourcequotas', client: api.resourceQuotas, signal, log },
		onChange: (key) => controller.add(key),
	});
	const ended = async () => {
		await Promise.all([cache.done, ...followed.map(({ done }) => done)]);
	};
	return { cache, ended };
}

type StartQueue = ReturnType<typeof startedQueues>['start'];
function startedQueues() {
	const queues: Pick<WorkQueue, 'close'>[] = [];
	const start = <C extends Pick<WorkQueue, 'close'>>(controller: C): C => {
		queues.push(controller);
		return controller;
	};
	return { queues, start };
}
