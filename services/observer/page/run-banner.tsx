/** The experiment in progress, on each view but its own: its step, its faults, and a link to it. */
import { faultsOf, faultWords } from './faults.ts';
import { hashOf } from './route.ts';
import type { Store } from './store.ts';
import { useWords } from './words.ts';

export function RunBanner({ store }: { readonly store: Store }) {
	const { say, messages, experiment: translated } = useWords();
	const run = [...store.runs.value.values()].find(({ state }) => state !== 'ended');
	const experiment = store.experiments.value?.list.find(({ name }) => name === run?.experiment);
	if (run === undefined || experiment === undefined) return null;
	const faults = [...faultsOf(experiment, run)].map(([party, fault]) =>
		messages.faultOf(party === '*' ? '' : party, say(faultWords[fault])),
	);
	return (
		<p class="banner run-banner">
			<span class="live" aria-hidden="true" />
			<a href={hashOf('experiments', experiment.name, String(run.startedMs))}>
				{translated(experiment.name)?.title ?? experiment.title}
			</a>
			<span>{[messages.stepOf(run.activities.length, experiment.steps), ...faults].join(' · ')}</span>
		</p>
	);
}
