/** The events of the observer as signals. Changes are applied once a frame. */
import { type Signal, signal } from '@preact/signals';
import type {
	ActionResult,
	Cluster,
	ExperimentRun,
	Experiments,
	Join,
	Refusal,
	Session,
	Step,
	StepDetail,
	Storm,
} from '../api.ts';

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
	readonly isConnected: Signal<boolean>;
	/** Follow the steps of one join until `close`. */
	readonly follow: (id: string) => { readonly steps: Signal<ReadonlyMap<string, Step>>; readonly close: () => void };
	readonly detail: (join: string, step: string) => Promise<StepDetail | Refusal>;
	readonly act: (name: string, body: object) => Promise<ActionResult | Refusal>;
}

const FRAME_MS = 50;
const RECONNECT_MS = 5_000;
/** @source https://html.spec.whatwg.org/multipage/server-sent-events.html EventSource.CLOSED */
const CLOSED = 2;

type Connect = (path: string) => EventSource;

/** @param connect  default: the event source of the browser */
export function createStore(connect: Connect = (path) => new EventSource(path)): Store {
	const joins = signal<readonly Join[]>([]);
	const session = signal<Session | undefined>(undefined);
	const storm = signal<Storm | undefined>(undefined);
	const cluster = signal<Cluster | undefined>(undefined);
	const experiments = signal<Experiments | undefined>(undefined);
	const runs = signal<ReadonlyMap<string, ExperimentRun>>(new Map());
	const isConnected = signal(false);
	const known = new Map<string, Join>();
	const showJoins = batched(() => {
		joins.value = [...known.values()].sort((a, b) => b.startedMs - a.startedMs);
	});
	const source = reconnecting('/api/stream', connect, (isOpen) => {
		if (!isOpen) isConnected.value = false;
	});
	on<Session>(source, 'session', (value) => {
		// Another observer knows other joins.
		if (session.value !== undefined && session.value.key !== value.key) {
			known.clear();
			showJoins();
			experiments.value = undefined;
			runs.value = new Map();
		}
		session.value = value;
		isConnected.value = true;
	});
	on<Join>(source, 'join', (value) => {
		known.set(value.id, value);
		showJoins();
	});
	on<Storm>(source, 'storm', (value) => {
		storm.value = value;
	});
	on<Cluster>(source, 'cluster', (value) => {
		cluster.value = value;
	});
	on<Experiments>(source, 'experiments', (value) => {
		experiments.value = value;
	});
	on<ExperimentRun>(source, 'experiment', (value) => {
		runs.value = new Map(runs.value).set(value.experiment, value);
	});
	return {
		joins,
		session,
		storm,
		cluster,
		experiments,
		runs,
		isConnected,
		follow(id) {
			const steps = signal<ReadonlyMap<string, Step>>(new Map());
			const all = new Map<string, Step>();
			const show = batched(() => {
				steps.value = new Map(all);
			});
			const own = reconnecting(`/api/joins/${encodeURIComponent(id)}/stream`, connect);
			on<Step>(own, 'step', (step) => {
				all.set(step.id, step);
				show();
			});
			return { steps, close: () => own.close() };
		},
		detail: async (join, step) =>
			(await fetch(`/api/joins/${encodeURIComponent(join)}/steps/${encodeURIComponent(step)}`)).json(),
		async act(name, body) {
			const headers = { 'content-type': 'application/json', 'x-kubejoin-session': session.value?.key ?? '' };
			return (await fetch(`/api/actions/${name}`, { method: 'POST', headers, body: JSON.stringify(body) })).json();
		},
	};
}

interface Source {
	readonly on: (event: string, take: (data: string) => void) => void;
	readonly close: () => void;
}

/** A browser gives up a stream that is refused. The observer can be less busy later. */
function reconnecting(path: string, open: Connect, onChange: (isOpen: boolean) => void = () => undefined): Source {
	const takers: [event: string, take: (data: string) => void][] = [];
	let timer: ReturnType<typeof setTimeout> | undefined;
	let isClosed = false;
	let source = connect();
	function connect(): EventSource {
		const next = open(path);
		for (const [event, take] of takers) listen(next, event, take);
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
		on(event, take) {
			takers.push([event, take]);
			listen(source, event, take);
		},
		close() {
			isClosed = true;
			clearTimeout(timer);
			source.close();
		},
	};
}

function listen(source: EventSource, event: string, take: (data: string) => void): void {
	source.addEventListener(event, ({ data }: MessageEvent<string>) => take(data));
}

function on<T>(source: Source, event: string, take: (value: T) => void): void {
	source.on(event, (data) => take(JSON.parse(data)));
}

/** At most once for each frame. */
function batched(show: () => void): () => void {
	let isWaiting = false;
	return () => {
		if (isWaiting) return;
		isWaiting = true;
		setTimeout(() => {
			isWaiting = false;
			show();
		}, FRAME_MS);
	};
}
