/**
 * When a program was unavailable: as the probes of its health found it, and as experiments caused it. Bounded. An
 * outage that both report is one, with the reason of the experiment.
 */
import type { Cluster, Experiment, ExperimentRun, JoinOutage, Lane } from './api.ts';

export interface Outage extends Pick<JoinOutage, 'party' | 'why' | 'experiment'> {
	/** Both are Unix times; the end is infinite while the outage lasts. */
	readonly fromMs: number;
	readonly toMs: number;
}

/** Of all experiments, and of all probes. */
const MAX_OUTAGES = 200;
const MAX_OF_JOIN = 20;
const shownFaults = ['killed', 'paused', 'cut', 'skewed'] as const;

export interface OutagesOptions {
	/** Called with the earliest time about which something is new. */
	readonly onChange: (fromMs: number) => void;
}

export class Outages {
	readonly #options: OutagesOptions;
	#probed: Outage[] = [];
	readonly #causedByRunStart = new Map<number, readonly Outage[]>();
	/** Every change of a join asks for it. Undefined after a change of the outages. */
	#merged: readonly Outage[] | undefined;

	constructor(options: OutagesOptions) {
		this.#options = options;
	}

	/** The answers to one round of probes. */
	addProbes(services: Cluster['services'], sentMs: number, answeredMs: number): void {
		for (const { name, health, why } of services) {
			const last = this.#probed.findLast(({ party, toMs }) => party === name && toMs === Number.POSITIVE_INFINITY);
			const isOut = health === 'away' && why !== undefined;
			if (last !== undefined && (!isOut || last.why !== why)) {
				this.#probed = this.#probed.map((one) => (one === last ? { ...one, toMs: answeredMs } : one));
				this.#changed(last.fromMs);
			}
			if (!isOut || last?.why === why) continue;
			const began: Outage = { party: name, why, fromMs: sentMs, toMs: Number.POSITIVE_INFINITY };
			this.#probed = [...this.#probed, began].slice(-MAX_OUTAGES);
			this.#changed(sentMs);
		}
	}

	/** The present state of a run. */
	addRun(run: ExperimentRun, experiment: Experiment | undefined): void {
		if (experiment === undefined) return;
		const caused = outagesOf(run, experiment);
		if (JSON.stringify(caused) === JSON.stringify(this.#causedByRunStart.get(run.startedMs) ?? [])) return;
		this.#causedByRunStart.set(run.startedMs, caused);
		if (this.#causedByRunStart.size > MAX_OUTAGES)
			this.#causedByRunStart.delete(this.#causedByRunStart.keys().next().value ?? 0);
		this.#changed(run.startedMs);
	}

	/** @param isOfJoin  leaves out programs that take no part in the join */
	during(fromMs: number, toMs: number, isOfJoin: (party: Lane) => boolean): readonly JoinOutage[] {
		this.#merged ??= this.#all();
		return this.#merged
			.filter((outage) => outage.fromMs <= toMs && outage.toMs >= fromMs && isOfJoin(outage.party))
			.slice(0, MAX_OF_JOIN)
			.map(({ party, why, experiment, ...times }) => ({
				...{ party, why, startMs: Math.max(0, times.fromMs - fromMs) },
				...(times.toMs > toMs || times.toMs === Number.POSITIVE_INFINITY ? {} : { endMs: times.toMs - fromMs }),
				...(experiment === undefined ? {} : { experiment }),
			}));
	}

	#changed(fromMs: number): void {
		this.#merged = undefined;
		this.#options.onChange(fromMs);
	}

	#all(): readonly Outage[] {
		const left = new Set(this.#probed);
		const merged = [...this.#causedByRunStart.values()].flat().map((outage) => {
			const same = [...left].filter((probed) => isSame(outage, probed));
			for (const probed of same) left.delete(probed);
			return { ...outage, toMs: Math.max(outage.toMs, ...same.map(({ toMs }) => toMs)) };
		});
		return [...merged, ...left].sort((a, b) => a.fromMs - b.fromMs);
	}
}

const isSame = (caused: Outage, { party, fromMs, toMs }: Outage): boolean =>
	caused.party === party && fromMs <= caused.toMs && toMs >= caused.fromMs;

/** A fault begins with its step, and ends with the step that restores the party, or with the first rollback. */
function outagesOf({ startedMs, durationMs, state, activities }: ExperimentRun, experiment: Experiment): Outage[] {
	const steps = new Map(experiment.faults.map((one) => [one.step, one]));
	const found: Outage[] = [];
	const end = (toMs: number, ends: (party: Lane) => boolean) => {
		for (const [index, one] of found.entries())
			if (one.toMs === Number.POSITIVE_INFINITY && ends(one.party)) found[index] = { ...one, toMs };
	};
	for (const activity of activities) {
		const endMs = activity.startedMs + activity.durationMs;
		if (activity.part === 'rollbacks') end(endMs, () => true);
		const step = activity.part === 'method' ? steps.get(activity.name) : undefined;
		if (step === undefined) continue;
		const { party, fault } = step;
		const why = shownFaults.find((one) => one === fault);
		if (why !== undefined || fault === 'restored') end(endMs, (one) => party === '*' || one === party);
		if (why === undefined) continue;
		const toMs = Number.POSITIVE_INFINITY;
		found.push({ party, why, fromMs: activity.startedMs, toMs, experiment: experiment.name });
	}
	if (state === 'ended') end(startedMs + durationMs, () => true);
	return found;
}
