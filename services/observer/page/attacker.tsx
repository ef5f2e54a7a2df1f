/** The tab "Attacker" of a step: the section of its phase in docs/trust.md, in the language of the reader. */
import { again } from './again.ts';
import { Marked } from './marked.tsx';
import { LockShape } from './seals.tsx';
import { useAnswer } from './use-answer.ts';
import { usePanelTexts } from './use-panel-texts.tsx';
import { useWords } from './words.ts';

interface TrustItem {
	readonly label: string;
	readonly text: string;
	readonly isAttack: boolean;
}
type TrustTexts = Readonly<Record<string, readonly TrustItem[]>>;

const load = {
	en: async (): Promise<TrustTexts> => (await import('./trust-en.json', { with: { type: 'json' } })).default,
	zh: async (): Promise<TrustTexts> => (await import('./trust-zh.json', { with: { type: 'json' } })).default,
};

export function AttackerPart({ phase }: { readonly phase: string }) {
	const { language } = useWords();
	const say = usePanelTexts();
	const texts = useAnswer(() => again(load[language]).catch(() => undefined), [language]);
	if (texts === undefined) return null;
	const items = new Map(Object.entries(texts)).get(phase) ?? [];
	return (
		<>
			<h3>
				{say.inThisPhase}{' '}
				<span class="quiet" lang="en">
					{phase}
				</span>
			</h3>
			<Items items={items.filter(({ isAttack }) => !isAttack)} />
			<section class="attacks">
				<h3>
					<svg class="lock attacker" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" focusable="false">
						<LockShape form="attacker" />
					</svg>{' '}
					{say.attacks}
				</h3>
				<Items items={items.filter(({ isAttack }) => isAttack)} />
			</section>
			<p class="quiet">{say.trustDocument}</p>
		</>
	);
}

const Items = ({ items }: { readonly items: readonly TrustItem[] }) => (
	<dl>
		{items.map(({ label, text }) => (
			<div key={label} class="field">
				<dt>{label}</dt>
				<dd>
					<Marked text={text} />
				</dd>
			</div>
		))}
	</dl>
);
