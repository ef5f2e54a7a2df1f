/** The faults that a reader tries first. Without a runner, an entry opens its experiment, which says how to run it. */
import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import type { Acting } from './acting.ts';
import type { Word } from './catalogue.ts';
import { Icon } from './icons.tsx';
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
	const { say, duration } = useWords();
	const isOpen = useSignal(false);
	const root = useRef<HTMLDivElement>(null);
	useEffect(() => {
		if (!isOpen.value) return;
		const close = ({ target }: Event) => {
			if (!(target instanceof Node) || root.current?.contains(target) !== true) isOpen.value = false;
		};
		addEventListener('pointerdown', close);
		addEventListener('focusin', close);
		return () => {
			removeEventListener('pointerdown', close);
			removeEventListener('focusin', close);
		};
	}, [isOpen.value]);
	const offered = store.experiments.value;
	const known = faults.filter(({ experiment }) => offered?.list.some(({ name }) => name === experiment));
	const canJoin = store.session.value?.actions.includes('join-with-wrong-pin') === true;
	if (!canJoin && known.length === 0) return null;
	const run = (name: string, body: object) => {
		isOpen.value = false;
		void act(name, body);
	};
	const lastTook = (experiment: string): string => {
		const last = store.runs.value.get(experiment);
		return last?.state === 'ended' ? duration(last.durationMs) : '';
	};
	return (
		// biome-ignore lint/a11y/noStaticElementInteractions: the keys are those of its buttons
		<div
			class="menu"
			ref={root}
			onKeyDown={(event) => {
				if (event.key !== 'Escape' || !isOpen.value) return;
				event.stopPropagation();
				isOpen.value = false;
				root.current?.querySelector('button')?.focus();
			}}
		>
			<button type="button" aria-expanded={isOpen.value} onClick={() => (isOpen.value = !isOpen.value)}>
				{say('breakIt')}
				<Icon name="down" />
			</button>
			{isOpen.value && (
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
									{say(word)} <span class="quiet">{lastTook(experiment)}</span>
								</button>
							) : (
								<a href={hashOf('experiments', experiment)} onClick={() => (isOpen.value = false)}>
									{say(word)}
								</a>
							)}
						</li>
					))}
				</ul>
			)}
		</div>
	);
}
