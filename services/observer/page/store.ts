/** The events of the observer as signals. They arrive in batches, ten times a second; a batch is one change. */
import { batch, type Signal, signal } from '@preact/signals';
import type {
	ActionResult,
	CertificateDetail,
	Certificates,
	Cluster,
	ClusterChange,
	ExperimentHistory,
	ExperimentRun,
	Experiments,
	Join,
	Refusal,
	Session,
	Step,
	StepDetail,
	Storm,
	Traffic,
} from '../api.ts';
import { again } from './again.ts';
import { changedCluster, emptyCluster } from './cluster-state.ts';
import { SortedJoins } from './sorted-joins.ts';

export interface Store {
	/** Sorted by start, newest first. */
	readonly joins: Signal<readonly Join[]>;
	readonly session: Signal<Session | undefined>;
	readonly storm: Signal<Storm | undefined>;
	readonly cluster: Signal<Cluster | undefined>;
	/** Undefined: the observer has none. */
	readonly experiments: Signal<Experiments | undefined>;
	/** The last run of each experiment, by its name. */
	readonly runs: Signal<ReadonlyMap<string, ExperimentRun>>;
	/** Of each experiment that has run, or whose duration is known. */
	readonly histories: Signal<ReadonlyMap<string, ExperimentHistory>>;
	readonly traffic: Signal<Traffic>;
	readonly isConnected: Signal<boolean>;
	/** Follow the steps of one join until `close`. */
	readonly follow: (id: string) => { readonly steps: Signal<ReadonlyMap<string, Step>>; readonly close: () => void };
	readonly detail: (join: string, step: string) => Promise<Answer<StepDetail>>;
	readonly certificates: () => Promise<Answer<Certificates>>;
	readonly certificate: (serial: string) => Promise<Answer<CertificateDetail>>;
	/** A run that is not the last of its experiment. */
	readonly run: (experiment: string, startedMs: string) => Promise<Answer<ExperimentRun>>;
	readonly act: (name: string, body: object) => Promise<Answer<ActionResult>>;
}

/** Undefined: the observer does not answer, as the page says while its stream is interrupted. */
export type Answer<T> = T | Refusal | undefined;

export const refusalIn = (answer: Answer<object>): Refusal | undefined =>
	answer !== undefined && 'code' in answer ? answer : undefined;

const RECONNECT_MS = 5_000;
/** @source https://html.spec.whatwg.org/multipage/server-sent-events.html EventSource.CLOSED */
const CLOSED = 2;

type Connect = (path: string) => EventSource;

const FRAME_MS = 1_000;

/**
 * Runs work in the next frame; at once in a hidden page, which has no frames. A page that becomes hidden before the
 * frame runs it later, so work can run twice.
 */
export const atNextFrame = (work: () => void): void => {
	if (document.hidden) {
		work();
		return;
	}
	requestAnimationFrame(work);
	setTimeout(work, FRAME_MS);
};

/** @param connect  default: the event source of the browser @param schedule  when the events that arrived are shown */
export function createStore(
	connect: Connect = (path) => new EventSource(path),
	schedule: (work: () => void) => void = atNextFrame,
): Store {
	const joins = signal<readonly Join[]>([]);
	const session = signal<Session | undefined>(undefined);
	const storm = signal<Storm | undefined>(undefined);
	const cluster = signal<Cluster | undefined>(undefined);
	const experiments = signal<Experiments | undefined>(undefined);
	const runs = signal<ReadonlyMap<string, ExperimentRun>>(new Map());
	const histories = signal<ReadonlyMap<string, ExperimentHistory>>(new Map());
	const isConnected = signal(false);
	const traffic = signal<Traffic>({ lines: [], messages: [], refusedConnections: [] });
	const known = new SortedJoins();
	/** Each stream begins with everything. */
	let streamed = emptyCluster;
	let arrived: Traffic | undefined;
	const source = reconnecting('/api/stream?batch=true', connect, schedule, (isOpen) => {
		if (!isOpen) isConnected.value = false;
	});
	source.onBatch(() => {
		if (known.hasChanged) joins.value = known.take();
		if (arrived !== undefined) traffic.value = arrived;
		arrived = undefined;
	});
	on<Session>(source, 'session', (value) => {
		// Another observer knows other joins.
		if (session.value !== undefined && session.value.key !== value.key) {
			known.clear();
			experiments.value = undefined;
			runs.value = new Map();
			histories.value = new Map();
		}
		session.value = value;
		streamed = emptyCluster;
		isConnected.value = true;
	});
	on<Join>(source, 'join', (value) => known.set(value));
	on<Traffic>(source, 'traffic', ({ messages, ...rest }) => {
		arrived = { ...rest, messages: [...(arrived?.messages ?? []), ...messages] };
	});
	on<Storm>(source, 'storm', (value) => {
		storm.value = value;
	});
	on<ClusterChange>(source, 'cluster', (change) => {
		cluster.value = streamed = changedCluster(streamed, change);
	});
	on<Experiments>(source, 'experiments', (value) => {
		experiments.value = value;
	});
	on<ExperimentRun>(source, 'experiment', (value) => {
		runs.value = new Map(runs.value).set(value.experiment, value);
	});
	on<ExperimentHistory>(source, 'history', (value) => {
		histories.value = new Map(histories.value).set(value.experiment, value);
	});
	return {
		joins,
		session,
		storm,
		cluster,
		experiments,
		runs,
		histories,
		traffic,
		isConnected,
		follow(id) {
			const steps = signal<ReadonlyMap<string, Step>>(new Map());
			const all = new Map<string, Step>();
			const own = reconnecting(`/api/joins/${encodeURIComponent(id)}/stream?batch=true`, connect, schedule);
			on<Step>(own, 'step', (step) => void all.set(step.id, step));
			own.onBatch(() => {
				steps.value = new Map(all);
			});
			return { steps, close: () => own.close() };
		},
		detail: (join, step) => ask(`/api/joins/${encodeURIComponent(join)}/steps/${encodeURIComponent(step)}`),
		certificates: () => ask('/api/certificates'),
		certificate: (serial) => ask(`/api/certificates/${encodeURIComponent(serial)}`),
		run: (experiment, startedMs) =>
			ask(`/api/experiments/${encodeURIComponent(experiment)}/runs/${encodeURIComponent(startedMs)}`),
		act(name, body) {
			const headers = { 'content-type': 'application/json', 'x-kubejoin-session': session.value?.key ?? '' };
			return ask(`/api/actions/${name}`, { method: 'POST', headers, body: JSON.stringify(body) });
		},
	};
}

async function ask<T>(path: string, init?: RequestInit): Promise<Answer<T>> {
	try {
		const send = () => fetch(path, init);
		// An action is not repeated: its answer can be lost after it is done.
		return await (await (init ? send() : again(send))).json();
	} catch {
		return undefined;
	}
}

interface Source {
	readonly on: (event: string, take: (data: unknown) => void) => void;
	/** Called after the events of one or more batches. */
	readonly onBatch: (show: () => void) => void;
	readonly close: () => void;
}

/** A browser gives up a stream that is refused. The observer can be less busy later. */
function reconnecting(
	path: string,
	open: Connect,
	schedule: (work: () => void) => void,
	onChange: (isOpen: boolean) => void = () => undefined,
): Source {
	const takers = new Map<string, (data: unknown) => void>();
	const shows: (() => void)[] = [];
	let timer: ReturnType<typeof setTimeout> | undefined;
	let isClosed = false;
	let waiting: [event: string, data: unknown][] = [];
	const showAll = () => {
		const events = waiting;
		waiting = [];
		if (events.length === 0 || isClosed) return;
		batch(() => {
			for (const [event, value] of events) takers.get(event)?.(value);
			for (const show of shows) show();
		});
	};
	// On a busy machine several batches arrive in one frame: they are drawn once.
	const take = ({ data }: MessageEvent<string>) => {
		const events: [event: string, data: unknown][] = JSON.parse(data);
		const isFirst = waiting.length === 0;
		waiting.push(...events);
		if (isFirst) schedule(showAll);
	};
	let source = connect();
	function connect(): EventSource {
		const next = open(path);
		next.addEventListener('batch', take);
		next.onopen = () => onChange(true);
		next.onerror = () => {
			onChange(false);
			if (next.readyState !== CLOSED || isClosed) return;
			timer = setTimeout(() => {
				source = connect();
			}, RECONNECT_MS);
		};
		return next;
	}
	return {
		on: (event, taker) => void takers.set(event, taker),
		onBatch: (show) => void shows.push(show),
		close() {
			isClosed = true;
			clearTimeout(timer);
			source.close();
		},
	};
}

function on<T>(source: Source, event: string, take: (value: T) => void): void {
	source.on(event, (data) => take(data as T));
}
