/** Server-sent events to one reader: what is known, then every change, until it goes. A reader that does not keep up is let go; it comes back and is told all again. */
import type { Response } from 'express';
import type { Cluster, ExperimentRun, Experiments, Join, Session, Step, Storm } from './api.ts';
import type { ClusterView } from './cluster.ts';
import type { ExperimentDesk } from './experiments.ts';
import type { Joins } from './joins.ts';

export interface StreamSource {
	readonly joins: Joins;
	readonly cluster: ClusterView;
	readonly session: Session;
	/** Absent: none are offered. */
	readonly experiments?: Pick<ExperimentDesk, 'offered' | 'runs' | 'listen'>;
	readonly clock: () => number;
}
type Events = {
	readonly session: Session;
	readonly experiments: Experiments;
	readonly experiment: ExperimentRun;
	readonly join: Join;
	readonly step: Step;
	readonly storm: Storm;
	readonly cluster: Cluster;
};

const MAX_WAITING_BYTES = 16 * 1024 * 1024;
const STORM_MS = 1_000;

/** Everything: `session`, `experiments`, `experiment`, `join`, `storm`, `cluster`, and `step` of every join where they are wanted. */
export function streamAll(
	{ joins, cluster, session, experiments, clock }: StreamSource,
	response: Response,
	withSteps: boolean,
): void {
	const { send, gone } = open(response);
	send('session', session);
	if (experiments !== undefined) {
		send('experiments', experiments.offered());
		for (const run of experiments.runs()) send('experiment', run);
		gone.addEventListener(
			'abort',
			experiments.listen({ offered: (offered) => send('experiments', offered), run: (run) => send('experiment', run) }),
		);
	}
	for (const join of joins.list()) {
		send('join', join);
		if (withSteps) for (const step of joins.steps(join.id)) send('step', step);
	}
	const stop = joins.listen({
		join: (join) => send('join', join),
		wantsSteps: () => withSteps,
		step: (step) => send('step', step),
	});
	let told = '';
	const tellStorm = () => {
		const storm = joins.storm(clock());
		const json = JSON.stringify(storm);
		if (json !== told) send('storm', storm);
		told = json;
	};
	tellStorm();
	const timer = setInterval(tellStorm, STORM_MS);
	gone.addEventListener('abort', () => {
		stop();
		clearInterval(timer);
	});
	void cluster.follow((now) => send('cluster', now), gone);
}

/** One join and its steps. */
export function streamJoin({ joins }: StreamSource, response: Response, id: string): void {
	const { send, gone } = open(response);
	const join = joins.find(id);
	if (join !== undefined) send('join', join);
	for (const step of joins.steps(id)) send('step', step);
	const stop = joins.listen({
		join: (changed) => changed.id === id && send('join', changed),
		wantsSteps: (wanted) => wanted === id,
		step: (step) => step.join === id && send('step', step),
	});
	gone.addEventListener('abort', stop);
}

interface Stream {
	readonly send: <E extends keyof Events>(event: E, data: Events[E]) => void;
	/** Aborts when the reader has gone. */
	readonly gone: AbortSignal;
}

/** @source https://html.spec.whatwg.org/multipage/server-sent-events.html */
function open(response: Response): Stream {
	const gone = new AbortController();
	response.writeHead(200, {
		'content-type': 'text/event-stream; charset=utf-8',
		'cache-control': 'no-store',
		'x-accel-buffering': 'no',
	});
	response.write('retry: 1000\n\n');
	response.once('close', () => gone.abort());
	return {
		send(event, data) {
			if (gone.signal.aborted) return;
			if (response.writableLength > MAX_WAITING_BYTES) response.destroy();
			else response.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
		},
		gone: gone.signal,
	};
}
