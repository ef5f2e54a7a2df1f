/** The head of every view: the views, the two actions that a reader begins with, and the language. */
import { useSignal } from '@preact/signals';
import type { Refusal } from '../api.ts';
import { Brand } from './brand.tsx';
import { BreakMenu } from './break-menu.tsx';
import type { Word } from './catalogue.ts';
import { FailureBand } from './failure.tsx';
import type { Navigation } from './navigation.ts';
import { hashOf, type ViewName } from './route.ts';
import type { Store } from './store.ts';
import { type Languages, useWords } from './words.ts';

interface HeaderProps {
	readonly store: Store;
	readonly navigation: Navigation;
	readonly views: readonly { readonly name: ViewName; readonly word: Word }[];
	readonly choose: Languages['choose'];
	readonly onHelp: () => void;
}

export function Header({ store, navigation, views, choose, onHelp }: HeaderProps) {
	const { say, guideTexts, language } = useWords();
	const current = navigation.route.value.view;
	const isExperimenting = [...store.runs.value.values()].some(({ state }) => state !== 'ended');
	const other = language === 'zh' ? 'en' : 'zh';
	const chooseOther = () => {
		navigation.unset('lang');
		void choose(other);
	};
	return (
		<header class="top">
			<a class="brand" href={hashOf('map')} aria-label={say('title')}>
				<Brand />
				<span>{say('title')}</span>
			</a>
			<nav aria-label={say('views')}>
				{views.map(({ name, word }) => (
					<a key={name} href={hashOf(name)} aria-current={name === current ? 'page' : undefined}>
						{say(word)}
						{name === 'experiments' && isExperimenting && <span class="live" role="img" aria-label={say('running')} />}
					</a>
				))}
			</nav>
			<Actions store={store} navigation={navigation} />
			<button type="button" class="language" aria-label={guideTexts.help} title={guideTexts.help} onClick={onHelp}>
				?
			</button>
			<button type="button" class="language" lang={other === 'zh' ? 'zh-CN' : 'en'} onClick={chooseOther}>
				{other === 'zh' ? '中文' : 'EN'}
			</button>
		</header>
	);
}

function Actions({ store, navigation }: Pick<HeaderProps, 'store' | 'navigation'>) {
	const { say } = useWords();
	const refusal = useSignal<Refusal | undefined>(undefined);
	const isBusy = useSignal(false);
	const session = store.session.value;
	if (session === undefined) return null;
	const act = async (name: string, body: object = {}) => {
		isBusy.value = true;
		const answer = await store.act(name, body);
		isBusy.value = false;
		refusal.value = 'code' in answer ? answer : undefined;
		// Both views show the newest join when none is chosen.
		if (!('code' in answer)) navigation.go(navigation.route.value.view === 'joins' ? 'joins' : 'map');
	};
	return (
		<>
			{session.actions.includes('join') && (
				<button type="button" class="primary" disabled={isBusy.value} onClick={() => void act('join')}>
					{say('joinANode')}
				</button>
			)}
			{session.actions.length === 0 && <span class="quiet read-only">{say('readOnly')}</span>}
			<BreakMenu store={store} act={act} isBusy={isBusy.value} />
			{refusal.value !== undefined && (
				<div class="refusal" role="alert">
					<FailureBand failure={refusal.value} />
					<button type="button" aria-label={say('close')} onClick={() => (refusal.value = undefined)}>
						✕
					</button>
				</div>
			)}
		</>
	);
}
