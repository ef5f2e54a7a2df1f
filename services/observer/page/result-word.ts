import type { ExperimentRun } from '../api.ts';
import type { Word } from './catalogue.ts';

/** The state or result of a run. */
export const resultWord = ({ state, outcome, passed }: ExperimentRun): Word =>
	state === 'stopping'
		? 'stopping'
		: state === 'running'
			? 'running'
			: outcome === 'interrupted'
				? 'interrupted'
				: passed
					? 'asPredicted'
					: 'notAsPredicted';
