/** The faults that a run of an experiment has injected and not ended. */
import type { Experiment, ExperimentRun, FaultStep } from '../api.ts';
import type { Word } from './catalogue.ts';

export type Fault = Exclude<FaultStep['fault'], 'restored'>;

export const faultWords = {
	killed: 'faultKilled',
	paused: 'faultPaused',
	cut: 'faultCut',
	skewed: 'faultSkewed',
	changed: 'faultChanged',
	attacked: 'faultAttacked',
} as const satisfies Record<Fault, Word>;

/** By party. A fault begins with its step, and ends with the step that restores the party, or with the rollbacks. */
export function faultsOf(
	{ faults }: Pick<Experiment, 'faults'>,
	{ state, activities }: Pick<ExperimentRun, 'state' | 'activities'>,
): ReadonlyMap<string, Fault> {
	const found = new Map<string, Fault>();
	if (state === 'ended' || activities.some(({ part }) => part === 'rollbacks')) return found;
	const steps = new Map(faults.map((one) => [one.step, one]));
	for (const { part, name } of activities) {
		const step = part === 'method' ? steps.get(name) : undefined;
		if (step === undefined) continue;
		const { party, fault } = step;
		if (fault !== 'restored') found.set(party, fault);
		else if (party === '*') found.clear();
		else found.delete(party);
	}
	return found;
}
