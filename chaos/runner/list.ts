/** The catalogue and the plan of an experiment, as text. */
import type { Language } from '../../lib/language.ts';
import type { Entry } from './catalogue.ts';
import { padded, wrap } from './console-reporter.ts';
import { type Plan, type Step, verdictKinds } from './plan.ts';
import { runWords, verdictText } from './words.ts';

/** Two lines for each experiment: its properties and its title. */
export function listTable(entries: readonly Entry[], language: Language = 'en'): string {
	const words = runWords[language];
	const { columns } = words;
	const row = (cells: readonly string[]) =>
		cells
			.map((cell, column) => padded(cell, [38, 5, 4, 12, 12][column] ?? 10))
			.join(' ')
			.trimEnd();
	const lines = entries.flatMap(({ name, plan }) => {
		if (plan === undefined) return [row([name]), `  ${words.invalid}`];
		const verdicts = verdictKinds.map((kind) => verdictText(words, plan.expected[kind], plan.expected[kind]));
		return [row([name, plan.about.id, plan.about.tier, ...verdicts]), wrap(words.title(name, plan.title), '  ')];
	});
	return `${[row([columns.name, columns.id, columns.tier, columns.security, columns.availability]), ...lines].join('\n')}\n`;
}

export const listJson = (entries: readonly Entry[]): string =>
	`${JSON.stringify(
		entries.map(({ name, document, plan, problems }) => ({
			name,
			file: document.file,
			...(plan === undefined
				? { problems }
				: {
						id: plan.about.id,
						tier: plan.about.tier,
						title: plan.title,
						lesson: plan.about.lesson,
						mirrors: plan.about.mirrors,
						needs: plan.about.needs,
						expected: plan.expected,
					}),
		})),
		null,
		2,
	)}\n`;

/** The commands that an experiment runs. */
export function planText(
	{ name, about, title, hypothesis, method, rollbacks }: Plan,
	language: Language = 'en',
): string {
	const words = runWords[language];
	const { parts } = words;
	const part = (heading: string, steps: readonly Step[]) =>
		steps.length === 0 ? [] : [`  ${heading}`, ...steps.flatMap(stepLines)];
	return `${[
		wrap(words.heading(name, about.id, words.title(name, title)), ''),
		...part(parts.before, hypothesis.probes),
		...part(parts.method, method),
		...part(parts.after, hypothesis.probes),
		...part(words.everyRollback, rollbacks),
	].join('\n')}\n`;
}

const stepLines = ({ type, name, path, args }: Step): readonly string[] => [
	`    ${type} ${name}`,
	`      $ ${[path, ...args].join(' ')}`,
];
