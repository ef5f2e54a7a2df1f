/** The experiments that there are, and what one would do, as text. */
import type { Entry } from './catalogue.ts';
import { expectedText, padded, wrap } from './console-reporter.ts';
import type { Activity } from './document.ts';
import { isList, isMap, pythonText } from './json.ts';
import { createMask } from './mask.ts';
import { type Plan, verdictKinds } from './validate.ts';

const BAD = '(this document has problems: npm run chaos -- --validate)';

/** Two lines for each: what a person picks by, then its title. */
export function listTable(entries: readonly Entry[]): string {
	const row = (cells: readonly string[]) =>
		cells
			.map((cell, column) => padded(cell, [38, 5, 4, 12, 12][column] ?? 10))
			.join(' ')
			.trimEnd();
	const lines = entries.flatMap(({ name, plan }) =>
		plan === undefined
			? [row([name]), `  ${BAD}`]
			: [
					row([name, plan.about.id, plan.about.tier, ...verdictKinds.map((kind) => expectedText(plan.expected[kind]))]),
					wrap(plan.experiment.title, '  '),
				],
	);
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
						title: plan.experiment.title,
						lesson: plan.about.lesson,
						mirrors: plan.about.mirrors,
						needs: plan.about.needs,
						expected: plan.expected,
					}),
		})),
		null,
		2,
	)}\n`;

/** What would be done; names of secrets are not resolved. */
export function planText({ name, about, experiment, hypothesis, method, rollbacks, values }: Plan): string {
	const mask = createMask(values);
	const part = (heading: string, activities: readonly Activity[]) =>
		activities.length === 0
			? []
			: [
					`  ${heading}`,
					...activities.flatMap((activity) => [
						`    ${activity.type} ${activity.name}`,
						`      ${mask(commandOf(activity))}`,
					]),
				];
	const probes = hypothesis?.probes ?? [];
	return `${[wrap(`${name} (${about.id}): ${experiment.title}`, ''), ...part('before', probes), ...part('method', method), ...part('after', probes), ...part('rollbacks, whatever happens', rollbacks)].join('\n')}\n`;
}

function commandOf({ provider }: Activity): string {
	if (provider.type === 'http') return `${String(provider.method ?? 'GET').toUpperCase()} ${provider.url}`;
	const given = provider.arguments;
	const args = isList(given)
		? given.map(pythonText)
		: isMap(given)
			? Object.entries(given).flat().map(pythonText)
			: given === undefined
				? []
				: [pythonText(given)];
	return `$ ${[String(provider.path), ...args].join(' ')}`;
}
