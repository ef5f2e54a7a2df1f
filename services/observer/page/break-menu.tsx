/** The faults that a reader tries first. Without a runner, an entry opens its experiment, which says how to run it. */
import type { Acting } from './acting.ts';
import type { Word } from './catalogue.ts';
import { wholeSeconds } from './format.ts';
import { Menu } from './menu.tsx';
import { hashOf } from './route.ts';
import type { Store } from './store.ts';
import { useWords } from './words.ts';

const faults = [
	{ word: 'breakToken', experiment: 'expired-token' },
	{ word: 'breakAttacker', experiment: 'forged-cluster-info' },
	{ word: 'breakService', experiment: 'ca-service-down' },
] as const satisfies readonly { readonly word: Word; readonly experiment: string }[];

interface BreakMenuProps {
	readonly store: Store;
	readonly act: Acting['act'];
	readonly isBusy: boolean;
}

export function BreakMenu({ store, act, isBusy }: BreakMenuProps) {
	const { say, messages, duration } = useWords();
	const offered = store.experiments.value;
	const known = faults.filter(({ experiment }) => offered?.list.some(({ name }) => name === experiment));
	const canJoin = store.session.value?.actions.includes('join-with-wrong-pin') === true;
	if (!canJoin && known.length === 0) return null;
	const expected = (experiment: string): string => {
		const ms = store.histories.value.get(experiment)?.expectedMs;
		return ms === undefined ? '' : messages.about(duration(wholeSeconds(ms)));
	};
	return (
		<Menu name={say('breakIt')}>
			{(close) => {
				const run = (name: string, body: object) => {
					close();
					void act(name, body);
				};
				return (
					<ul>
						{canJoin && (
							<li>
								<button type="button" disabled={isBusy} onClick={() => run('join-with-wrong-pin', {})}>
									{say('joinWithWrongPin')}
								</button>
							</li>
						)}
						{known.map(({ word, experiment }) => (
							<li key={experiment}>
								{offered?.offer === 'run' ? (
									<button type="button" disabled={isBusy} onClick={() => run('run-experiment', { experiment })}>
										{say(word)} <span class="quiet">{expected(experiment)}</span>
									</button>
								) : (
									<a href={hashOf('experiments', experiment)} onClick={close}>
										{say(word)} <span class="quiet">{expected(experiment)}</span>
									</a>
								)}
							</li>
						))}
					</ul>
				);
			}}
		</Menu>
	);
}
