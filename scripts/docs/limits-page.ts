/** docs/limits.md, from the table of limits: one table for each port, and for each program that limits its input. */
import { type Limit, type LimitName, limits } from '../../lib/limits.ts';
import { table } from './table.ts';

/** Headings by value of `where`, in the order of the page. */
const places: Readonly<Record<string, string>> = {
	'6443': 'Port 6443: apiserver-sim',
	'6444': 'Port 6444: ca-service',
	'6445': 'Port 6445: token-store',
	health: 'Health ports, 6453 and up',
	observer: 'observer: the page (8080) and traces (6446)',
	lab: 'The control port of the lab',
};

const BYTES_PER_KIB = 1024;

/** `3 MiB`, `10 s`, `200 per second`. */
export function valueText({ value, unit }: Pick<Limit, 'value' | 'unit'>): string {
	const thousands = (amount: number): string => amount.toLocaleString('en-US');
	if (unit === 'bytes') {
		for (const [size, name] of [
			[BYTES_PER_KIB ** 3, 'GiB'],
			[BYTES_PER_KIB ** 2, 'MiB'],
			[BYTES_PER_KIB, 'KiB'],
		] as const)
			if (value >= size && Number.isInteger((value * 2) / size)) return `${value / size} ${name}`;
		return `${thousands(value)} bytes`;
	}
	if (unit === 'ms') return value % 1_000 === 0 ? `${thousands(value / 1_000)} s` : `${thousands(value)} ms`;
	return unit === 'items' ? thousands(value) : `${thousands(value)} ${unit}`;
}

const escaped = (text: string): string => text.replaceAll('|', '\\|');

function row([name, { of, response, source = '', ...limit }]: [string, Limit]): string[] {
	return [`\`${name}\``, escaped(of), valueText(limit), escaped(response), escaped(source)];
}

const placesOf = (rows: Readonly<Record<string, Limit>> = limits): string[] => {
	const named = [...new Set(Object.values(rows).flatMap(({ where }) => where))].map(groupOf);
	const known = Object.keys(places);
	return [...new Set(named)].toSorted(
		(a, b) =>
			(known.indexOf(a) + 1 || known.length + 1) - (known.indexOf(b) + 1 || known.length + 1) || a.localeCompare(b),
	);
};

/** The heading's key: `observer` for `observer 6446`. */
const groupOf = (where: string): string => Object.keys(places).find((place) => where.startsWith(place)) ?? where;

export function limitsPage(): string {
	const rows = Object.entries(limits) as [LimitName, Limit][];
	const sections = placesOf().map((place) => {
		const own = rows.filter(([, { where }]) => where.some((one) => groupOf(one) === place));
		const header = ['limit', 'of', 'value', 'response', 'upstream'];
		return `## ${places[place] ?? place}\n\n${table(header, own.map(row))}`;
	});
	return `# Limits

The size, count, time and memory of each client's requests are limited. This page is generated from \`lib/limits.ts\`
by \`npm run docs\`. Each limit has a test that exceeds it. Services count refusals in
\`kubejoin_limit_refusals_total\`, with the name of the limit as label. The ports are those of \`npm start\`.

${sections.join('\n\n')}
`;
}
