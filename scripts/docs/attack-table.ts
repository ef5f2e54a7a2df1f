/** The tables of docs/attacks.md, from the catalogue of `npm run test:attacks`. */
import { attackGroups } from '../../test/attacks/catalogue.ts';
import { table } from './table.ts';

const limitLinks = (names: readonly string[] = []): string => names.map((name) => `\`${name}\``).join(', ');

export const attackTables = (): string =>
	attackGroups
		.map(({ name, attacks }) => {
			const rows = attacks.map(({ title, attacker, result, limits }) => [title, attacker, result, limitLinks(limits)]);
			return `## ${name}\n\n${table(['attack', 'attacker holds', 'result', 'limits'], rows)}`;
		})
		.join('\n\n');
