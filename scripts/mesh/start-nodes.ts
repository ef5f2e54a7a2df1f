/** Starts the nodes of `npm start`: one process each for a few nodes, one process for many, with their output. */
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { EventSourceParserStream } from 'eventsource-parser/stream';
import { type JoinProgress, startJoinProgress } from '../../lib/cli/join-progress.ts';
import { microClock } from '../../lib/clock.ts';
import { KubejoinError } from '../../lib/errors.ts';
import type { Language } from '../../lib/language.ts';
import { poll } from '../../lib/poll.ts';
import type { LocalMesh } from './local-mesh.ts';
import { nodeName } from './node-names.ts';
import type { Story } from './story.ts';
import { startWords } from './words.ts';

export interface NodesOptions {
	readonly mesh: LocalMesh;
	/** Absolute path of the state directory. */
	readonly state: string;
	readonly count: number;
	readonly story: Story;
	readonly pageUrl: string;
	readonly language: Language;
	readonly signal: AbortSignal;
}

/** More nodes share one process, and the terminal shows their number instead of their names. */
export const MAX_NODES_IN_DETAIL = 5;
const READY_MS = 30_000;
const READY_RETRY_MS = 100;
/** The observer counts the last joins this much later than the nodes have joined, at most. */
const LAST_COUNT_MS = 5_000;

/** Start the nodes, wait until each is Ready, and show them. @throws SERVICE_FAILED */
export async function startNodes(options: NodesOptions): Promise<void> {
	const { mesh, count, story, signal, language } = options;
	if (count === 0) return;
	const joinConfig = await mesh.makeJoinConfig();
	const names = Array.from({ length: count }, (_, index) => nodeName(index));
	const joining = new Set(names.filter((name) => !hasJoined(options.state, name)));
	story.expectJoins(joining);
	if (count > MAX_NODES_IN_DETAIL) await startMany(options, names, joining, joinConfig);
	else await Promise.all(names.map((name, index) => mesh.startNode(name, index, joinConfig)));
	const problem = (text: string) => new KubejoinError('SERVICE_FAILED', { service: 'npm start', problem: text });
	// The observer prints the end of the joins while the nodes are listed.
	const told = story.told();
	let listed = '';
	try {
		listed = await poll(() => listReady(mesh, names), {
			retryMs: READY_RETRY_MS,
			timeoutMs: READY_MS,
			signal,
			say: () => undefined,
		});
	} catch (error) {
		if (signal.aborted) return;
		const found = error instanceof Error ? error.message : String(error);
		throw problem(`waited ${READY_MS / 1000} s for ${count} Ready nodes and found:\n${found}`);
	}
	await told;
	story.say(`\n$ kubectl-sim get nodes\n${nodesText(listed, names, language)}`);
}

/** @throws while not every node is Ready */
async function listReady(mesh: LocalMesh, names: readonly string[]): Promise<string> {
	const { code, stdout, stderr } = await mesh.kubectl('get', 'nodes');
	const ready = new Set(stdout.split('\n').flatMap((line) => (/ Ready /.test(line) ? [nameOf(line)] : [])));
	const missing = names.filter((name) => !ready.has(name));
	if (code === 0 && missing.length === 0) return stdout;
	const some = missing.slice(0, MAX_NODES_IN_DETAIL).join(', ');
	throw new Error(stderr === '' ? `${missing.length} of ${names.length} nodes are not Ready: ${some}` : stderr);
}

/** The rows of a few nodes of this start, and a count of all others. */
export function nodesText(listed: string, names: readonly string[], language: Language): string {
	const [header = '', ...rows] = listed.split('\n').filter((line) => line !== '');
	const isShown = (row: string) => names.length <= MAX_NODES_IN_DETAIL && names.includes(nameOf(row));
	const shown = rows.filter(isShown);
	const others = rows.filter((row) => !isShown(row));
	const ready = others.filter((row) => / Ready /.test(row)).length;
	const isRest = names.length <= MAX_NODES_IN_DETAIL;
	const count = others.length === 0 ? [] : [startWords[language].nodeCount(others.length, ready, isRest)];
	return [...(shown.length === 0 ? [] : [header]), ...shown, ...count, ''].join('\n');
}

const nameOf = (row: string): string => row.split(' ')[0] ?? '';

/** Shows one line of progress while the nodes join. @throws SERVICE_FAILED  some were refused */
async function startMany(
	{ mesh, story, pageUrl, signal, language }: NodesOptions,
	names: readonly string[],
	joining: ReadonlySet<string>,
	joinConfig: string,
): Promise<void> {
	const kept = names.length - joining.size;
	if (kept > 0) story.say(startWords[language].joinedBefore(kept, names.length));
	const stopped = new AbortController();
	const ending = AbortSignal.any([signal, stopped.signal]);
	const progress = startJoinProgress(process.stdout, joining.size, microClock, language);
	story.showProgress(progress);
	try {
		// It connects before the first node joins, because it counts each join once.
		const { refused, all } = await countJoins(pageUrl, ending, joining, progress);
		await Promise.race([mesh.startNodes(names.length, joinConfig).started(), refused]);
		const late = delay(LAST_COUNT_MS, undefined, { signal: ending }).catch(() => undefined);
		await Promise.race([all, refused, late]);
	} finally {
		stopped.abort();
		progress.end();
		story.showProgress(undefined);
	}
}

const hasJoined = (state: string, name: string): boolean =>
	existsSync(join(state, 'nodes', name, 'etc', 'kubernetes', 'kubelet.conf'));

interface Counts {
	/** Rejects when all joins have ended and some were refused. */
	readonly refused: Promise<never>;
	/** Resolves when all joins have ended. */
	readonly all: Promise<void>;
}

async function countJoins(
	pageUrl: string,
	signal: AbortSignal,
	names: ReadonlySet<string>,
	progress: JoinProgress,
): Promise<Counts> {
	const response = await fetch(new URL('/api/stream', pageUrl), { signal });
	const ended = new Set<string>();
	let refusals = 0;
	const count = ({ node, state, durationMs, failure }: JoinEvent) => {
		if (state === 'joining' || ended.has(node) || !names.has(node)) return;
		ended.add(node);
		if (state === 'joined') progress.joined(durationMs);
		else {
			refusals++;
			progress.refused(failure?.code ?? 'UNKNOWN');
		}
	};
	const all = new Promise<void>((resolve) => {
		const read = async () => {
			const text = response.body?.pipeThrough(new TextDecoderStream()).pipeThrough(new EventSourceParserStream());
			for await (const { event, data } of text ?? []) {
				if (event === 'join') count(JSON.parse(data) as JoinEvent);
				if (ended.size === names.size) resolve();
			}
		};
		// Without the observer there is no progress; the nodes do not need it.
		read().catch(() => undefined);
		if (names.size === 0) resolve();
	});
	const refused = new Promise<never>((_, reject) => {
		void all.then(() => {
			const problem = `${refusals} of ${names.size} nodes were refused`;
			if (refusals > 0) reject(new KubejoinError('SERVICE_FAILED', { service: 'kubelet-sim', problem }));
		});
	});
	refused.catch(() => undefined);
	return { refused, all };
}

/** The observer's `Join`, as far as it is used here. */
interface JoinEvent {
	readonly node: string;
	readonly state: 'joining' | 'joined' | 'refused';
	readonly durationMs: number;
	readonly failure?: { readonly code: string };
}

/** Names of the nodes in the cluster, and of those with files in the state directory. */
export async function takenNames(mesh: LocalMesh, state: string): Promise<ReadonlySet<string>> {
	const { stdout } = await mesh.kubectl('get', 'nodes', '-o', 'name');
	const onDisk = await readdir(join(state, 'nodes')).catch(() => []);
	return new Set([...stdout.split('\n').map((line) => line.replace(/^node\//, '')), ...onDisk]);
}
