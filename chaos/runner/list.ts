/** The catalogue and the plan of an experiment, as text. */
import type { Entry } from './catalogue.ts';
import { expectedText, padded, wrap } from './console-reporter.ts';
import { type Plan, type Step, verdictKinds } from './plan.ts';

const INVALID = '(this document has problems: npm run chaos -- --validate)';

/** Two lines for each experiment: its properties and its title. */
export function listTable(entries: readonly Entry[]): string {
	const row = (cells: readonly string[]) =>
		cells
			.map((cell, column) => padded(cell, [38, 5, 4, 12, 12][column] ?? 10))
			.join(' ')
			.trimEnd();
	const lines = entries.flatMap(({ name, plan }) => {
		if (plan === undefined) return [row([name]), `  ${INVALID}`];
		const verdicts = verdictKinds.map((kind) => expectedText(plan.expected[kind]));
		return [row([name, plan.about.id, plan.about.tier, ...verdicts]), wrap(plan.title, '  ')];
	});
	return `${[row(['NAME', 'ID', 'TIER', 'SECURITY', 'AVAILABILITY']), ...lines].join('\n')}\n`;
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
export function planText({ name, about, title, hypothesis, method, rollbacks }: Plan): string {
	const part = (heading: string, steps: readonly Step[]) =>
		steps.length === 0 ? [] : [`  ${heading}`, ...steps.flatMap(stepLines)];
	return `${[
		wrap(`${name} (${about.id}): ${title}`, ''),
		...part('before', hypothesis.probes),
		...part('method', method),
		...part('after', hypothesis.probes),
		...part('rollbacks, in every case', rollbacks),
	].join('\n')}\n`;
}

const stepLines = ({ type, name, path, args }: Step): readonly string[] => [
	`    ${type} ${name}`,
	`      $ ${[path, ...args].join(' ')}`,
];
