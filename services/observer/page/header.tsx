/** The head of every view: the views, the two actions that a reader begins with, and the language. */
import type { Acting } from './acting.ts';
import { Brand } from './brand.tsx';
import { BreakMenu } from './break-menu.tsx';
import type { Word } from './catalogue.ts';
import { FailureBand } from './failure.tsx';
import type { Navigation } from './navigation.ts';
import { ReadOnlyMenu } from './read-only.tsx';
import { hashOf, type ViewName } from './route.ts';
import type { Store } from './store.ts';
import { useWords } from './words.ts';

interface HeaderProps {
	readonly store: Store;
	readonly navigation: Navigation;
	readonly views: readonly { readonly name: ViewName; readonly word: Word }[];
	readonly acting: Acting;
	readonly onLanguage: () => void;
	readonly onHelp: () => void;
}

export function Header({ store, navigation, views, acting, onLanguage, onHelp }: HeaderProps) {
	const { say, guideTexts, language } = useWords();
	const current = navigation.route.value.view;
	const isExperimenting = [...store.runs.value.values()].some(({ state }) => state !== 'ended');
	const other = language === 'zh' ? 'en' : 'zh';
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
			<Actions store={store} acting={acting} />
			<button type="button" class="language" aria-label={guideTexts.help} title={guideTexts.help} onClick={onHelp}>
				?
			</button>
			<button type="button" class="language" lang={other === 'zh' ? 'zh-CN' : 'en'} onClick={onLanguage}>
				{other === 'zh' ? '中文' : 'EN'}
			</button>
		</header>
	);
}

function Actions({ store, acting }: Pick<HeaderProps, 'store' | 'acting'>) {
	const { say } = useWords();
	const session = store.session.value;
	if (session === undefined) return null;
	const { act, isBusy, refusal } = acting;
	return (
		<>
			{session.actions.includes('join') && (
				<button type="button" class="primary" disabled={isBusy.value} onClick={() => void act('join')}>
					{say('joinANode')}
				</button>
			)}
			{session.readOnly !== undefined && <ReadOnlyMenu readOnly={session.readOnly} />}
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
