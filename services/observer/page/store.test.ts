import assert from 'node:assert/strict';
import { mock } from 'node:test';
import type { Join, Session, Step } from '../api.ts';
import { atNextFrame, createStore, type Store } from './store.ts';

/** An EventSource whose events a test sends. */
class FakeSource {
	static readonly CLOSED = 2;
	readonly path: string;
	readyState = 1;
	onopen: (() => void) | undefined;
	onerror: (() => void) | undefined;
	readonly #takers = new Map<string, (event: { data: string }) => void>();

	constructor(path: string) {
		this.path = path;
	}
	addEventListener(event: string, take: (event: { data: string }) => void): void {
		this.#takers.set(event, take);
	}
	send(...events: [event: string, data: object][]): void {
		this.#takers.get('batch')?.({ data: JSON.stringify(events) });
	}
	fail(isRefused = false): void {
		this.readyState = isRefused ? FakeSource.CLOSED : 0;
		this.onerror?.();
	}
	close(): void {
		this.readyState = FakeSource.CLOSED;
	}
}

const session = (key: string): Session => ({ key, actions: ['join'], version: 'v1' });
const join = (id: string, startedMs: number): Join => ({
	...{ id, node: `node-${id}`, startedMs, durationMs: 1, state: 'joined', phase: '', nextPhase: '' },
	...{ steps: 0, isForgotten: false },
});

describe('the store of the page', () => {
	let sources: FakeSource[];
	let store: Store;
	let frame: (() => void) | undefined;
	let hasFrames = false;
	beforeEach(() => {
		mock.timers.enable({ apis: ['setTimeout'] });
		sources = [];
		hasFrames = false;
		store = createStore(
			(path) => {
				const source = new FakeSource(path);
				sources.push(source);
				return source as unknown as EventSource;
			},
			(work) => {
				frame = work;
				if (!hasFrames) work();
			},
		);
	});
	afterEach(() => mock.timers.reset());

	it('shows the events of a page that becomes hidden before its frame', () => {
		Object.assign(globalThis, { document: { hidden: false }, requestAnimationFrame: () => 0 });
		try {
			let runs = 0;
			atNextFrame(() => runs++);
			mock.timers.tick(1_000);
			assert.equal(runs, 1);
		} finally {
			for (const name of ['document', 'requestAnimationFrame']) Reflect.deleteProperty(globalThis, name);
		}
	});
	const source = () => sources[0] ?? assert.fail();
	const ids = () => store.joins.value.map(({ id }) => id);

	it('has the joins, newest first, each in its last state', () => {
		assert.equal(source().path, '/api/stream?batch=true');
		source().send(['join', join('a', 1)]);
		source().send(['join', join('b', 2)]);
		source().send(['join', { ...join('a', 1), state: 'refused' }]);
		assert.deepEqual(
			store.joins.value.map(({ id, state }) => [id, state]),
			[
				['b', 'joined'],
				['a', 'refused'],
			],
		);
	});

	it('applies the changes of a batch at once', () => {
		const seen: number[] = [];
		store.joins.subscribe((joins) => seen.push(joins.length));
		source().send(
			...Array.from({ length: 100 }, (_, number): [string, Join] => ['join', join(String(number), number)]),
		);
		assert.deepEqual(seen, [0, 100]);
	});

	it('shows the batches that arrive before a frame at once, with every message', () => {
		hasFrames = true;
		const seen: number[] = [];
		store.joins.subscribe((joins) => seen.push(joins.length));
		const message = { id: 'm', join: 'a', from: 'node-a', to: 'apiserver-sim', label: '', startMs: 1, durationMs: 1 };
		source().send(['join', join('a', 1)], ['traffic', { lines: [], messages: [message] }]);
		source().send(['join', join('b', 2)], ['traffic', { lines: [], messages: [{ ...message, id: 'n' }] }]);
		assert.deepEqual(seen, [0]);
		frame?.();
		assert.deepEqual(seen, [0, 2]);
		assert.deepEqual(
			store.traffic.value.messages.map(({ id }) => id),
			['m', 'n'],
		);
	});

	it('forgets the joins of an observer that restarted without them, and keeps those of the same observer', () => {
		source().send(['session', session('first')]);
		source().send(['join', join('a', 1)]);
		source().send(['session', session('first')]);
		assert.deepEqual(ids(), ['a']);
		source().send(['session', session('second')]);
		assert.deepEqual(ids(), []);
		source().send(['join', join('b', 2)]);
		assert.deepEqual(ids(), ['b']);
	});

	it('is connected from the session on, until the stream fails', () => {
		assert.equal(store.isConnected.value, false);
		source().send(['session', session('k')]);
		assert.equal(store.isConnected.value, true);
		source().fail();
		assert.equal(store.isConnected.value, false);
	});

	it('connects again after a refusal, which a browser does not', () => {
		source().fail(true);
		assert.equal(sources.length, 1);
		mock.timers.tick(5_000);
		assert.equal(sources.length, 2);
		sources[1]?.send(['session', session('k')]);
		assert.equal(store.isConnected.value, true);
	});

	it('follows the steps of one join until it is closed', () => {
		const { steps, close } = store.follow('a b');
		const own = sources[1] ?? assert.fail();
		assert.equal(own.path, '/api/joins/a%20b/stream?batch=true');
		own.send(['step', { id: '1', label: 'x' } as Step]);
		own.send(['step', { id: '1', label: 'y' } as Step]);
		assert.deepEqual(
			[...steps.value.values()].map(({ label }) => label),
			['y'],
		);
		close();
		assert.equal(own.readyState, FakeSource.CLOSED);
		own.fail(true);
		close();
		mock.timers.tick(60_000);
		assert.equal(sources.length, 2);
	});

	it('has the cluster, the storm, the experiments and their runs', () => {
		source().send(['cluster', { atMs: 1, rows: {} }]);
		source().send(['storm', { joined: 1 }]);
		source().send(['experiments', { offer: 'run', list: [] }]);
		source().send(['experiment', { experiment: 'a', state: 'running' }]);
		source().send(['experiment', { experiment: 'a', state: 'ended' }]);
		assert.equal(store.cluster.value?.atMs, 1);
		assert.equal(store.storm.value?.joined, 1);
		assert.equal(store.experiments.value?.offer, 'run');
		assert.deepEqual(
			[...store.runs.value.values()].map(({ state }) => state),
			['ended'],
		);
	});
});

describe('requests of the page', () => {
	const asked: { path: string; init: RequestInit | undefined }[] = [];
	const realFetch = globalThis.fetch;
	before(() => {
		globalThis.fetch = (async (path: string, init?: RequestInit) => {
			asked.push({ path, init });
			return Response.json({ done: 'x' });
		}) as typeof fetch;
	});
	after(() => {
		globalThis.fetch = realFetch;
	});
	afterEach(() => mock.timers.reset());
	/** Ends the delays of requests that are sent again, as they begin. */
	async function runTimers(): Promise<void> {
		for (let turn = 0; turn < 10; turn++) {
			await new Promise(setImmediate);
			mock.timers.tick(5_000);
		}
	}

	it('have the key of the session for actions, and escaped names in paths', async () => {
		const fake = new FakeSource('');
		const store = createStore(
			() => fake as unknown as EventSource,
			(work) => work(),
		);
		fake.send(['session', session('key-of-session')]);
		await store.act('approve', { request: 'c' });
		await store.detail('a/b', 'c d');
		const [action, detail] = asked;
		assert.equal(action?.path, '/api/actions/approve');
		assert.equal(action?.init?.method, 'POST');
		assert.equal(new Headers(action?.init?.headers).get('x-kubejoin-session'), 'key-of-session');
		assert.equal(action?.init?.body, '{"request":"c"}');
		assert.equal(detail?.path, '/api/joins/a%2Fb/steps/c%20d');
	});

	it('of data are sent again when the connection fails, those of actions are not', async () => {
		const sent: string[] = [];
		globalThis.fetch = (async (path: string) => {
			sent.push(path);
			if (sent.length < 2) throw new TypeError('Failed to fetch');
			return Response.json({ done: 'x' });
		}) as typeof fetch;
		mock.timers.enable({ apis: ['setTimeout'] });
		const store = createStore(() => new FakeSource('') as unknown as EventSource);
		assert.equal(await store.act('join', {}), undefined);
		sent.length = 0;
		const answer = store.certificates();
		await runTimers();
		assert.deepEqual(await answer, { done: 'x' });
		assert.deepEqual(sent, Array(2).fill('/api/certificates'));
	});

	it('have no answer while the observer is unavailable, or another program answers in its place', async () => {
		const store = createStore(() => new FakeSource('') as unknown as EventSource);
		mock.timers.enable({ apis: ['setTimeout'] });
		const silent = [() => Promise.reject(new TypeError('Failed to fetch')), async () => new Response('<html>')];
		for (const answer of silent) {
			globalThis.fetch = answer as typeof fetch;
			const answers = [store.act('join', {}), store.detail('a', 'b'), store.certificates(), store.certificate('0a')];
			await runTimers();
			assert.deepEqual(await Promise.all(answers), Array(4).fill(undefined));
		}
	});
});
