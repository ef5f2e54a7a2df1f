/**
 * Server-sent events for one reader: the present state, then every change, until it disconnects. The number of
 * readers is bounded. A slow reader is disconnected; it connects again and receives everything from the beginning.
 */
import type { Request, Response } from 'express';
import { type CountRefusal, type LimitName, limits } from '../../lib/limits.ts';
import { refuseBusy } from './admission.ts';
import type {
	ClusterChange,
	ExperimentHistory,
	ExperimentRun,
	Experiments,
	Join,
	Session,
	Step,
	Storm,
	Traffic,
} from './api.ts';
import type { ClusterView } from './cluster.ts';
import type { ExperimentRunner } from './experiments.ts';
import type { Joins } from './joins.ts';
import type { OpenJoins } from './open-joins.ts';
import type { Traffic as JoinTraffic } from './traffic.ts';

export interface StreamSource {
	readonly joins: Joins;
	readonly openJoins: OpenJoins;
	readonly cluster: ClusterView;
	readonly session: Session;
	/** Absent: the observer has no experiments. */
	readonly experiments?: Pick<ExperimentRunner, 'offered' | 'runs' | 'find' | 'histories' | 'listen'> | undefined;
	/** Absent: the page shows no messages on the map. */
	readonly traffic?: Pick<JoinTraffic, 'present' | 'listen'> | undefined;
	readonly clock: () => number;
}
type Events = {
	readonly session: Session;
	readonly experiments: Experiments;
	readonly experiment: ExperimentRun;
	readonly history: ExperimentHistory;
	readonly join: Join;
	readonly step: Step;
	readonly traffic: Traffic;
	readonly storm: Storm;
	readonly cluster: ClusterChange;
};

const STORM_MS = 1_000;
const HEARTBEAT_MS = 15_000;
/** The present state is sent in pieces of this size; each waits until the reader has received the one before. */
const PIECE_BYTES = 256 * 1024;
const RETRY_SECONDS = 5;

export interface Stream {
	readonly send: <E extends keyof Events>(event: E, data: Events[E], json?: string) => void;
	/** Resolves when the buffer has room, or the reader has disconnected. */
	readonly room: () => Promise<void>;
	/** Aborts when the reader has disconnected. */
	readonly gone: AbortSignal;
}
export interface Streams {
	/** @throws OBSERVER_BUSY */
	readonly open: (request: Request, response: Response) => Stream;
}

/**
 * Sends every event, and with `withSteps` the steps of every join.
 * @param sinceMs  leaves out the joins that ended before
 */
export function streamAll(source: StreamSource, stream: Stream, withSteps: boolean, sinceMs = 0): void {
	const { joins, cluster, session, experiments, traffic, clock } = source;
	const { send, room, gone } = stream;
	send('session', session);
	if (experiments !== undefined) {
		send('experiments', experiments.offered());
		for (const run of experiments.runs()) send('experiment', run);
		for (const history of experiments.histories()) send('history', history);
		const listener = {
			offered: (offered: Experiments) => send('experiments', offered),
			run: (run: ExperimentRun) => send('experiment', run),
			history: (history: ExperimentHistory) => send('history', history),
		};
		gone.addEventListener('abort', experiments.listen(listener));
	}
	const stop = joins.listen({
		join: (join) => send('join', join),
		wantsSteps: () => withSteps,
		step: (step, json) => send('step', step, json),
	});
	gone.addEventListener('abort', stop);
	if (traffic !== undefined) {
		send('traffic', traffic.present());
		gone.addEventListener(
			'abort',
			traffic.listen((changed) => send('traffic', changed)),
		);
	}
	void sendKnown(source, stream, withSteps, sinceMs).then(() => {
		if (gone.aborted) return;
		// A reader recognizes the end of the present state by the first `storm`.
		sendStorms(joins, stream, clock);
		void cluster.follow((change) => {
			send('cluster', change);
			return room();
		}, gone);
	});
}

/** Sends one join and its steps. */
export function streamJoin(source: StreamSource, stream: Stream, id: string): void {
	const { joins } = source;
	const { send, gone } = stream;
	void sendJoin(source, stream, id, true);
	const stop = joins.listen({
		join: (changed) => changed.id === id && send('join', changed),
		wantsSteps: (wanted) => wanted === id,
		step: (step, json) => step.join === id && send('step', step, json),
	});
	gone.addEventListener('abort', stop);
}

async function sendKnown(source: StreamSource, stream: Stream, withSteps: boolean, sinceMs: number): Promise<void> {
	for (const { id, startedMs, durationMs } of source.joins.list()) {
		if (startedMs + durationMs >= sinceMs) await sendJoin(source, stream, id, withSteps);
		if (stream.gone.aborted) return;
	}
}

async function sendJoin(
	source: StreamSource,
	{ send, room, gone }: Stream,
	id: string,
	withSteps: boolean,
): Promise<void> {
	const { joins, openJoins } = source;
	const join = joins.find(id);
	if (join !== undefined) send('join', join);
	for (const step of withSteps ? (await openJoins.open(id)).steps : []) {
		if (gone.aborted) return;
		send('step', step);
		await room();
	}
	await room();
}

function sendStorms(joins: Joins, { send, gone }: Stream, clock: () => number): void {
	let last = '';
	const sendStorm = () => {
		const storm = joins.storm(clock());
		const json = JSON.stringify(storm);
		if (json !== last) send('storm', storm, json);
		last = json;
	};
	sendStorm();
	const timer = setInterval(sendStorm, STORM_MS);
	gone.addEventListener('abort', () => clearInterval(timer));
}

/** Counts the readers, in total and for each address. */
export function createStreams(count: CountRefusal): Streams {
	const open = new Map<string, number>();
	const refuse = (name: LimitName): never => refuseBusy(name, RETRY_SECONDS, count);
	return {
		open(request, response) {
			const address = request.socket.remoteAddress ?? '';
			const own = open.get(address) ?? 0;
			const all = [...open.values()].reduce((sum, number) => sum + number, 0);
			if (all >= limits.pageStreams.value) refuse('pageStreams');
			if (own >= limits.pageStreamsPerAddress.value) refuse('pageStreamsPerAddress');
			open.set(address, own + 1);
			response.once('close', () => {
				const left = (open.get(address) ?? 1) - 1;
				if (left === 0) open.delete(address);
				else open.set(address, left);
			});
			return openStream(response, count, request.query.batch === 'true');
		},
	};
}

/** @source https://html.spec.whatwg.org/multipage/server-sent-events.html */
function openStream(response: Response, count: CountRefusal, isBatched: boolean): Stream {
	const gone = new AbortController();
	response.writeHead(200, {
		'content-type': 'text/event-stream; charset=utf-8',
		'cache-control': 'no-store',
		'x-accel-buffering': 'no',
	});
	response.write('retry: 1000\n\n');
	// A comment keeps proxies from closing the connection, and fails when the reader has disconnected.
	const heartbeat = setInterval(() => response.write(': \n\n'), HEARTBEAT_MS);
	let stalled: NodeJS.Timeout | undefined;
	const drop = (name: LimitName) => {
		count(name);
		response.destroy();
	};
	response.on('drain', () => {
		clearTimeout(stalled);
		stalled = undefined;
	});
	response.once('close', () => {
		clearInterval(heartbeat);
		clearTimeout(stalled);
		gone.abort();
	});
	const write = (event: string, json: string) => {
		if (gone.signal.aborted || response.destroyed) return;
		if (response.writableLength > limits.pageStreamBytes.value) {
			drop('pageStreamBytes');
			return;
		}
		if (!response.write(`event: ${event}\ndata: ${json}\n\n`))
			stalled ??= setTimeout(drop, limits.pageStreamStalledMs.value, 'pageStreamStalledMs');
	};
	const batch = isBatched ? new Batch((json) => write('batch', json)) : undefined;
	gone.signal.addEventListener('abort', () => batch?.close());
	return {
		send(event, data, json = JSON.stringify(data)) {
			if (batch === undefined) write(event, json);
			else batch.add(`["${event}",${json}]`);
		},
		async room() {
			if (response.writableLength < PIECE_BYTES || gone.signal.aborted) return;
			await new Promise<void>((resolve) => {
				response.once('drain', resolve);
				response.once('close', resolve);
			});
		},
		gone: gone.signal,
	};
}

const BATCH_MS = 100;

/** Collects events for at most 100 ms, so that a reader parses and draws ten times a second, however many there are. */
class Batch {
	readonly #write: (json: string) => void;
	#items: string[] = [];
	#bytes = 0;
	#timer: NodeJS.Timeout | undefined;

	constructor(write: (json: string) => void) {
		this.#write = write;
	}

	add(item: string): void {
		this.#items.push(item);
		this.#bytes += item.length;
		if (this.#bytes > PIECE_BYTES) this.flush();
		else this.#timer ??= setTimeout(() => this.flush(), BATCH_MS);
	}

	flush(): void {
		clearTimeout(this.#timer);
		this.#timer = undefined;
		if (this.#items.length === 0) return;
		const json = `[${this.#items.join(',')}]`;
		this.#items = [];
		this.#bytes = 0;
		this.#write(json);
	}

	close(): void {
		clearTimeout(this.#timer);
	}
}
