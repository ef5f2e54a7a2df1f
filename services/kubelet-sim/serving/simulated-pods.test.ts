import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { KubejoinError } from '../../../lib/errors.ts';
import type { Pod } from '../../../lib/kube/pod.ts';
import type { KubeObject, WatchEvent } from '../../../lib/kube/types.ts';
import { limits } from '../../../lib/limits.ts';
import { createLog } from '../../../lib/log.ts';
import { SimulatedPods, simulatedContainer } from './simulated-pods.ts';

const now = '2026-01-31T12:00:00Z';

/** An API server that stores pods and sends their changes to one watch. */
class FakePods {
	readonly stored = new Map<string, Pod>();
	readonly deleted: object[] = [];
	#version = 1;
	#events: WatchEvent<KubeObject>[] = [];
	#wake: () => void = () => undefined;

	put(pod: Pod, type: WatchEvent<KubeObject>['type'] = 'MODIFIED'): void {
		const { name = '' } = pod.metadata;
		const next = { ...pod, metadata: { ...pod.metadata, resourceVersion: String(++this.#version) } };
		if (type === 'DELETED') this.stored.delete(name);
		else this.stored.set(name, next);
		this.#events.push({ type, object: next });
		this.#wake();
	}

	readonly client = {
		list: async () => ({
			...{ apiVersion: 'v1', kind: 'PodList', items: [...this.stored.values()] },
			metadata: { resourceVersion: String(this.#version) },
		}),
		watch: (_options: object, signal: AbortSignal) => this.#watch(signal),
		updateStatus: async (pod: Pod) => {
			const found = this.stored.get(pod.metadata.name ?? '');
			if (found?.metadata.resourceVersion !== pod.metadata.resourceVersion)
				throw new KubejoinError('API_CONFLICT', { resource: 'pods', group: '', name: pod.metadata.name ?? '' });
			this.put(pod);
			return pod;
		},
		delete: async (name: string, options: object) => {
			this.deleted.push({ name, ...options });
			const found = this.stored.get(name);
			if (found !== undefined) this.put(found, 'DELETED');
		},
	};

	async *#watch(signal: AbortSignal): AsyncGenerator<WatchEvent<KubeObject>> {
		signal.addEventListener('abort', () => this.#wake());
		while (!signal.aborted) {
			yield* this.#events.splice(0);
			if (this.#events.length > 0 || signal.aborted) continue;
			await new Promise<void>((resolve) => {
				this.#wake = resolve;
			});
		}
	}
}

describe('the pods of a node', () => {
	let server: FakePods;
	let stopping: AbortController;
	let pods: SimulatedPods;
	const pod = (name: string, more: Partial<Pod> = {}): Pod => ({
		...{ apiVersion: 'v1', kind: 'Pod' },
		metadata: { name, namespace: 'd', uid: `uid-${name}`, generation: 1 },
		spec: { nodeName: 'n', containers: [{ name: 'web', image: 'nginx' }] },
		status: { phase: 'Pending', qosClass: 'BestEffort' },
		...more,
	});
	const start = () => {
		pods = new SimulatedPods({
			...{ nodeName: 'n', hostIp: '192.0.2.1', clock: () => Date.parse(now), signal: stopping.signal },
			client: () => server.client as never,
			log: createLog({ service: 'test', level: 'silent', format: 'json' }),
		});
	};
	const until = async (isDone: () => boolean) => {
		while (!isDone()) await delay(5);
	};
	const statusOf = (name: string) => server.stored.get(name)?.status;
	beforeEach(() => {
		server = new FakePods();
		stopping = new AbortController();
	});
	afterEach(async () => {
		stopping.abort();
		await pods.done();
	});

	it('are Running with an address, and their containers have started', async () => {
		const initContainers = [{ name: 'init' }, { name: 'side', restartPolicy: 'Always' }];
		server.put(pod('a', { spec: { containers: [{ name: 'web', image: 'nginx' }], initContainers } }));
		server.put(pod('host', { spec: { hostNetwork: true, containers: [{ name: 'web' }] } }));
		start();
		await until(() => statusOf('a')?.phase === 'Running' && statusOf('host')?.phase === 'Running');
		const { podIP, hostIP, startTime, qosClass, observedGeneration, conditions = [] } = statusOf('a') ?? {};
		assert.match(String(podIP), /^10\.(1[2-9]\d|2\d\d)\./);
		assert.deepEqual([hostIP, startTime, qosClass, observedGeneration], ['192.0.2.1', now, 'BestEffort', 1]);
		assert.equal(statusOf('host')?.podIP, '192.0.2.1');
		assert.ok(conditions.every(({ status }) => status === 'True'));
		const [web] = statusOf('a')?.containerStatuses ?? [];
		assert.deepEqual([web?.ready, web?.started, web?.state], [true, true, { running: { startedAt: now } }]);
		const [init, side] = statusOf('a')?.initContainerStatuses ?? [];
		assert.deepEqual([init?.state?.terminated?.exitCode, side?.state?.running], [0, { startedAt: now }]);
		await until(() => pods.get('d', 'a')?.status?.phase === 'Running');
		const found = pods.get('d', 'a');
		assert.ok(found);
		assert.deepEqual(simulatedContainer(found, 'web'), { image: 'nginx', startedMs: Date.parse(now) });
		assert.equal(simulatedContainer(found, 'absent'), undefined);
	});

	it('keep their address and the time of their start after a restart of the node', async () => {
		const startedAt = '2026-01-01T00:00:00Z';
		const podIp = '10.200.1.2';
		const containerStatuses = [{ name: 'web', state: { running: { startedAt } } }];
		const status = { phase: 'Running', podIPs: [{ ip: podIp }], containerStatuses, startTime: startedAt };
		server.put(pod('a', { status }));
		start();
		await until(() => statusOf('a')?.observedGeneration === 1);
		assert.deepEqual(statusOf('a')?.containerStatuses?.[0]?.state, { running: { startedAt } });
		assert.equal(statusOf('a')?.startTime, startedAt);
	});

	it('have another address than the pods that ran before a restart of the node', async () => {
		server.put(pod('old'));
		start();
		await until(() => statusOf('old')?.phase === 'Running');
		const { podIP } = statusOf('old') ?? {};
		stopping.abort();
		await pods.done();
		stopping = new AbortController();
		const old = server.stored.get('old') as Pod;
		server = new FakePods();
		server.put(pod('new'));
		server.put(old);
		start();
		await until(() => statusOf('new')?.phase === 'Running');
		assert.equal(statusOf('old')?.podIP, podIP);
		assert.notEqual(statusOf('new')?.podIP, podIP);
	});

	it('leave their address to a pod that replaces them', async () => {
		server.put(pod('a'));
		start();
		await until(() => statusOf('a')?.phase === 'Running');
		const { podIP } = statusOf('a') ?? {};
		server.put({ ...pod('a'), metadata: { ...pod('a').metadata, uid: 'another' } });
		await until(() => statusOf('a')?.phase === 'Running');
		assert.equal(statusOf('a')?.podIP, podIP);
	});

	it('end when they are deleted: the containers first, then the object with its uid', async () => {
		server.put(pod('a'));
		start();
		await until(() => statusOf('a')?.phase === 'Running');
		const running = server.stored.get('a') as Pod;
		const ended: unknown[] = [];
		const forget = pods.onChange('d', 'a', () => ended.push(pods.get('d', 'a')?.status?.phase));
		server.put({ ...running, metadata: { ...running.metadata, deletionTimestamp: now } });
		await until(() => !server.stored.has('a') && pods.get('d', 'a') === undefined);
		assert.deepEqual(server.deleted.at(0), {
			...{ name: 'a', namespace: 'd', gracePeriodSeconds: 0, preconditions: { uid: 'uid-a' } },
		});
		assert.ok(ended.includes('Succeeded'));
		forget();
	});

	it('are left alone once they have ended, and when another kubelet mirrors them', async () => {
		server.put(pod('done', { status: { phase: 'Succeeded' } }));
		const mirrored = pod('mirror');
		const annotations = { 'kubernetes.io/config.mirror': 'x' };
		server.put({ ...mirrored, metadata: { ...mirrored.metadata, annotations } });
		server.put(pod('a'));
		start();
		await until(() => statusOf('a')?.phase === 'Running');
		assert.deepEqual(statusOf('done'), { phase: 'Succeeded' });
		assert.equal(statusOf('mirror')?.phase, 'Pending');
	});

	it('are refused above the number of pods of a node', async () => {
		const max = limits.podsOfNode.value;
		for (let index = 0; index <= max; index++) server.put(pod(`p${index}`));
		start();
		await until(() => [...server.stored.values()].every(({ status }) => status?.phase !== 'Pending'));
		const failed = () => [...server.stored.values()].filter(({ status }) => status?.phase === 'Failed');
		assert.deepEqual([failed().length, failed()[0]?.status?.reason], [1, 'OutOfpods']);
		stopping.abort();
		await pods.done();
		stopping = new AbortController();
		server.put(pod('after-restart'));
		start();
		await until(() => statusOf('after-restart')?.phase !== 'Pending');
		assert.equal(failed().length, 2);
	});
});
