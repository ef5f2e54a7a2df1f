/** Every form of a line with its meaning. It is always visible: no option hides protection. */
import type { Word } from '../catalogue.ts';
import type { Form } from '../forms.ts';
import { Icon } from '../icons.tsx';
import { LineSample } from '../seals.tsx';
import { useWords } from '../words.ts';

const forms = [
	['none', 'legendNone'],
	['one-way', 'legendOneWay'],
	['mutual', 'legendMutual'],
	['broken', 'lineBroken'],
	['attacker', 'lineAttacker'],
] as const satisfies readonly (readonly [Form, Word])[];

export function Legend({
	isTable,
	onTable,
	isPaused,
	onPause,
}: {
	readonly isTable: boolean;
	readonly onTable: () => void;
	readonly isPaused: boolean;
	readonly onPause: () => void;
}) {
	const { say } = useWords();
	return (
		<div class="map-legend">
			<ul aria-label={say('protection')}>
				{forms.map(([form, word]) => (
					<li key={form}>
						<LineSample form={form} /> {say(word)}
					</li>
				))}
			</ul>
			<ul class="cas">
				<li>
					<span aria-hidden="true">K</span> {say('clusterCa')}
				</li>
				<li>
					<span aria-hidden="true">M</span> {say('meshCa')}
				</li>
			</ul>
			<button
				type="button"
				class="plain"
				aria-label={say('pauseMessages')}
				title={say('pauseMessages')}
				aria-pressed={isPaused}
				onClick={onPause}
			>
				<Icon name={isPaused ? 'play' : 'pause'} />
			</button>
			<button type="button" class="plain" aria-pressed={isTable} onClick={onTable}>
				{say('tableView')} <kbd>T</kbd>
			</button>
		</div>
	);
}
