/** The sections of docs/trust.md and docs/trust.zh.md for the page. */

export interface TrustItem {
	readonly label: string;
	/** Commands and names between backticks, no other Markdown. */
	readonly text: string;
	/** True for a possible attack. */
	readonly isAttack: boolean;
}
export type TrustTexts = Readonly<Record<string, readonly TrustItem[]>>;

/** The items below each heading that is the name of a phase: `- **Label:** text`. */
export function trustTexts(page: string): TrustTexts {
	const sections = page.split(/^###? /m).slice(1);
	return Object.fromEntries(
		sections.flatMap((section) => {
			const [, phase, body = ''] = /^`([^`]+)`\n([\s\S]*)/.exec(section) ?? [];
			return phase === undefined ? [] : [[phase, itemsOf(body)]];
		}),
	);
}

/** @throws Error  the translation has other phases, or a phase has another number of items or attacks */
export function translatedTrustTexts(page: string, translation: string): TrustTexts {
	const translated = trustTexts(translation);
	const shape = (texts: TrustTexts) =>
		JSON.stringify(Object.entries(texts).map(([phase, items]) => [phase, items.map(({ isAttack }) => isAttack)]));
	if (shape(translated) !== shape(trustTexts(page)))
		throw new Error('docs/trust.zh.md does not have the phases and items of docs/trust.md, in the same order');
	return translated;
}

export const trustFile = (texts: TrustTexts): string => `${JSON.stringify(texts, undefined, 2)}\n`;

const attackers = /\battacker\b|^(?:Passive|Active|Token holder|Foreign CA)\b|攻击者|令牌持有者|^自建 CA 者/iu;

function itemsOf(body: string): readonly TrustItem[] {
	const items = body.split(/^- /m).slice(1);
	return items.map((item) => {
		const [, label = '', text = ''] = /^\*\*([^*]+)\*\*([\s\S]*)/.exec(joined(item)) ?? [];
		return {
			label: label.replace(/[:：.。，,]$/u, ''),
			text: capitalized(plain(text)),
			isAttack: attackers.test(label),
		};
	});
}

/**
 * An item as one line: beside full-width punctuation, and between two Chinese characters, a line ends without a space.
 */
const joined = (item: string): string =>
	(item.split(/\n(?! )/)[0] ?? '')
		.replaceAll(/(?<=[，。：；？、）”])\n\s*|(?<=\p{Script=Han})\n\s*(?=[\p{Script=Han}（“])/gu, '')
		.replaceAll(/\s+/g, ' ');

const plain = (text: string): string =>
	text
		.replaceAll(/\[(`?)([^\]]+?)\1\]\([^)]*\)/g, (_, _quote: string, name: string) =>
			/^[A-Z_]+$|\//.test(name) ? `\`${name}\`` : name,
		)
		.replaceAll('**', '')
		.replaceAll(/(?<=[，。：；？、）”]) /gu, '')
		.trim();

/** The name of a program stays as it is. */
const capitalized = (text: string): string =>
	/^[a-z]+-/.test(text) ? text : text.charAt(0).toUpperCase() + text.slice(1);
