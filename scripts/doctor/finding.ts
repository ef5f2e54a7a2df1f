import { printedText } from '../../lib/chinese/index.ts';
import type { Language } from '../../lib/language.ts';

export interface Finding {
	readonly path: string;
	/** Must contain no secret: it is printed. */
	readonly problem: string;
	/** The consequence for the mesh. */
	readonly meaning: string;
	/** One imperative sentence, with a command that works when pasted where there is one. */
	readonly remedy: string;
}

export function findingText({ path, ...texts }: Finding, language: Language): string {
	const [problem, meaning, remedy] = [texts.problem, texts.meaning, texts.remedy].map((one) =>
		printedText(one, language),
	);
	return language === 'zh'
		? `${path}：${problem}。${meaning}。${remedy}`
		: `${path}: ${problem}. ${meaning}. ${remedy}`;
}
