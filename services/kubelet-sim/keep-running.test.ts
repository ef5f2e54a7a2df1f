import assert from 'node:assert/strict';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KubejoinError } from '../../lib/errors.ts';
import type { Lease } from '../../lib/kube/types.ts';
import { nodePaths } from '../../lib/node-paths.ts';
import type { NodeIdentity } from './identity.ts';
import type { JoinContext } from './join/join-context.ts';
import { type InTurn, stay } from './keep-running.ts';

const start = Date.UTC(2026, 5, 1);
const hour = 3_600_000;
const lease: Lease = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name: 'n' } };
const unavailable = () => new KubejoinError('CONNECTION_REFUSED', { target: 'h:6443', problem: 'refused' });

type Answer = 'renewed' | 'unavailable' | 'deleted';

interface RunOptions {
	readonly pauseMs?: number;
	readonly reconnectInTurn?: InTurn;
	readonly stopping?: AbortController;
	readonly say?: (sentence: string) => void;
	readonly known?: Lease | undefined;
	readonly onRenewal?: (afterMs: number) => void;
}

/** Runs a node that has joined, until each answer to a renewal of its Lease was given. @returns its calls */
async function run(answers: readonly Answer[], options: RunOptions = {}): Promise<string[]> {
	const { pauseMs = 0, reconnectInTurn, stopping = new AbortController(), say = () => undefined } = options;
	const known = 'known' in options ? options.known : lease;
	let nowMs = start;
	const calls: string[] = [];
	const left = [...answers];
	const node = { metadata: { name: 'n', uid: 'u' }, status: {} };
	const called = <T>(name: string, answer: T): Promise<T> => {
		calls.push(name);
		return Promise.resolve(answer);
	};
	const leases = {
		create: () => called('create lease', lease),
		get: () => called('get lease', lease),
		async renew(): Promise<Lease> {
			const answer = left.shift();
			if (answer === undefined) stopping.abort();
			else options.onRenewal?.(nowMs - start);
			calls.push(answer ?? 'stopped');
			nowMs += pauseMs;
			if (answer === 'unavailable') throw unavailable();
			if (answer === 'deleted')
				throw new KubejoinError('API_NOT_FOUND', { resource: 'leases', group: 'coordination.k8s.io', name: 'n' });
			return lease;
		},
	};
	const nodes = {
		create: () => called('create node', node),
		get: () => called('get node', node),
		update: () => called('update node', node),
		updateStatus: () => called('report status', node),
	};
	const context = {
		dial: { asNode: () => ({ api: { leases, nodes, events: { create: async () => ({}) } }, close: () => undefined }) },
		paths: nodePaths(join(tmpdir(), 'kubejoin-no-such-node')),
		say,
		clock: () => nowMs,
		signal: stopping.signal,
		retryMs: 0,
		async waitUntil(atMs: number, signal: AbortSignal) {
			if (atMs < start + hour) nowMs = Math.max(nowMs, atMs);
			else if (!signal.aborted) await once(signal, 'abort');
		},
	} as unknown as JoinContext;
	const identity = { nodeName: 'n', server: {}, notBefore: start, notAfter: start + 100 * hour };
	const none = () => undefined;
	await stay(context, {
		...{ identity: identity as NodeIdentity, onBeat: none, onRotated: none, onRefused: none },
		registration: { nodeUid: 'u', becameReady: false, ...(known === undefined ? {} : { lease: known }) },
		reconnectInTurn,
	});
	return calls.slice(0, calls.indexOf('stopped'));
}

describe('a node that runs', () => {
	it('renews its Lease with one call after the API server was unavailable', async () => {
		const answers: readonly Answer[] = ['renewed', 'unavailable', 'unavailable', 'renewed'];
		assert.deepEqual(await run(answers), answers);
	});

	it('creates its Lease after its join without another registration', async () => {
		assert.deepEqual(await run(['renewed'], { known: undefined }), ['create lease', 'renewed']);
	});

	it('registers again when its Lease is deleted', async () => {
		const calls = await run(['deleted', 'renewed']);
		assert.deepEqual(calls, ['deleted', 'create node', 'create lease', 'renewed']);
	});

	it('reports its status at once after a silence longer than the duration of its Lease', async () => {
		const calls = await run(['unavailable', 'renewed'], { pauseMs: 41_000 });
		assert.deepEqual(calls, ['unavailable', 'renewed', 'get node', 'report status']);
	});

	/** @returns the interval between two renewals that each take this time */
	async function intervalMs(pauseMs: number): Promise<number> {
		const times: number[] = [];
		await run(['renewed', 'renewed'], { pauseMs, onRenewal: (afterMs) => times.push(afterMs) });
		return (times[1] ?? Number.NaN) - (times[0] ?? Number.NaN);
	}

	it('sends the heartbeat after a late one at its time', async () => {
		const ms = await intervalMs(4_000);
		assert.ok(ms >= 10_000 && ms < 10_400, `${ms} ms`);
	});

	it('waits again after a heartbeat that took longer than the interval', async () => {
		const ms = await intervalMs(15_000);
		assert.ok(ms >= 25_000 && ms < 25_400, `${ms} ms`);
	});

	it('connects again in turn with the other nodes of its process', async () => {
		let turns = 0;
		const reconnectInTurn: InTurn = (work) => {
			turns++;
			return work();
		};
		await run(['renewed', 'unavailable', 'unavailable', 'renewed', 'renewed'], { reconnectInTurn });
		assert.equal(turns, 2);
	});

	it('does not report an API server that it did not reach before it was stopped', async () => {
		const stopping = new AbortController();
		const said: string[] = [];
		const reconnectInTurn: InTurn = (work) => {
			stopping.abort();
			return work();
		};
		await run(['unavailable'], { stopping, reconnectInTurn, say: (sentence) => said.push(sentence) });
		assert.equal(said.length, 1);
		assert.match(said[0] ?? '', /Waiting for the API server/);
	});
});
