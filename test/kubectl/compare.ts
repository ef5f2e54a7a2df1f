/** Compares the answers of a client with the recorded ones and with the table of differences. */
import type { ClientVersion } from './clients.ts';
import type { Difference } from './differences.ts';
import { type Answer, type Output, type RecordedCommand, type ReviewedAnswer, recordedExit } from './recorded.ts';
import { WATCH_ENDED } from './run.ts';

/**
 * Their lines follow the order of a map in Go or of random names, or that of managed fields: by manager within a
 * second, and else by time.
 */
const unordered = new Set([
	'get-cm-cluster-info',
	...['label-list', 'describe-cm', 'get-csr-2', 'get-csr-fs', 'describe-csr-2', 'events', 'events-watch'],
]);

interface Lines {
	readonly exit: number;
	readonly stdout: readonly string[];
	readonly stderr: readonly string[];
	/** Only the first lines of standard output are known, or compared. */
	readonly isCut: boolean;
}

function linesOf({ stdout, stderr }: Output, exit: number, { name, ...command }: RecordedCommand): Lines {
	const lines = (text: string) => text.split('\n').filter((line) => line !== '');
	return {
		exit,
		stdout: unordered.has(name) ? lines(stdout).sort() : lines(stdout),
		stderr: lines(stderr),
		// A watch can print more events before it ends.
		isCut: command.isCut === true || exit === WATCH_ENDED,
	};
}

function isEqual(expected: Lines, actual: Lines): boolean {
	const stdout = expected.isCut ? actual.stdout.slice(0, expected.stdout.length) : actual.stdout;
	return (
		expected.exit === actual.exit &&
		expected.stdout.join('\n') === stdout.join('\n') &&
		expected.stderr.join('\n') === actual.stderr.join('\n')
	);
}

/** The recorded answers, normalized. That of any client is valid for all, because text of kubectl itself differs. */
function expectedAnswers(command: RecordedCommand, client: ClientVersion): Lines[] {
	const exit = recordedExit(command, client);
	const { older } = command;
	const own = linesOf(command, exit, command);
	return older === undefined
		? [own]
		: [own, linesOf(older, exit, { ...command, ...(older.isCut ? { isCut: true } : {}) })];
}

export type Verdict =
	| { readonly kind: 'same' }
	| { readonly kind: 'listed'; readonly row: Difference }
	/** It differs, and the table has a row, but the answer was never recorded. */
	| { readonly kind: 'unreviewed'; readonly row: Difference }
	| { readonly kind: 'unknown'; readonly text: string };

export interface Judge {
	readonly client: ClientVersion;
	readonly rows: readonly Difference[];
	/** For a row without patterns. */
	readonly reviewed: readonly ReviewedAnswer[];
}

export function judge(command: RecordedCommand, answer: Answer, { client, rows, reviewed }: Judge): Verdict {
	const expected = expectedAnswers(command, client);
	const actual = linesOf(answer, answer.exit, command);
	if (expected.some((one) => isEqual(one, actual))) return { kind: 'same' };
	const row = differenceOf(rows, command.name, client);
	if (row === undefined) return { kind: 'unknown', text: differenceText(nearest(expected, actual), actual) };
	if (hasPatterns(row)) {
		if (expected.some((one) => isExplained(one, actual, row))) return { kind: 'listed', row };
		return { kind: 'unknown', text: differenceText(nearest(expected, actual), actual) };
	}
	const own = reviewed.find(({ name, clients }) => name === command.name && clients.includes(client));
	if (own === undefined) return { kind: 'unreviewed', row };
	const known = linesOf(own, own.exit, { ...command, ...(own.isCut ? { isCut: true } : {}) });
	if (isEqual(known, actual)) return { kind: 'listed', row };
	return { kind: 'unknown', text: `other than reviewed:\n${differenceText(known, actual)}` };
}

export const differenceOf = (
	rows: readonly Difference[],
	name: string,
	client: ClientVersion,
): Difference | undefined =>
	rows.find(({ commands, clients = [client] }) => commands.includes(name) && clients.includes(client));

export const hasPatterns = ({ missing, extra }: Difference): boolean => missing !== undefined || extra !== undefined;

function isExplained(expected: Lines, actual: Lines, { missing, extra, exit = expected.exit }: Difference): boolean {
	const withoutMatches = (lines: readonly string[], pattern?: RegExp) =>
		lines.filter((line) => !(pattern?.test(line) ?? false));
	const reduced = (lines: Lines, pattern?: RegExp): Lines => ({
		...lines,
		stdout: withoutMatches(lines.stdout, pattern),
		stderr: withoutMatches(lines.stderr, pattern),
	});
	return isEqual({ ...reduced(expected, missing), exit }, reduced(actual, extra));
}

const allLines = ({ stdout, stderr }: Lines): readonly string[] => [...stdout, ...stderr];
const without = (lines: readonly string[], others: readonly string[]): string[] => {
	const rest = [...others];
	return lines.filter((line) => {
		const index = rest.indexOf(line);
		if (index >= 0) rest.splice(index, 1);
		return index < 0;
	});
};
const distance = (one: Lines, other: Lines): number =>
	without(allLines(one), allLines(other)).length + without(allLines(other), allLines(one)).length;
const nearest = (expected: readonly Lines[], actual: Lines): Lines =>
	expected.reduce((best, one) => (distance(one, actual) < distance(best, actual) ? one : best));

function differenceText(expected: Lines, actual: Lines): string {
	const absent = without(allLines(expected), allLines(actual)).map((line) => `    - ${line}`);
	const added = without(allLines(actual), allLines(expected)).map((line) => `    + ${line}`);
	const exits = expected.exit === actual.exit ? [] : [`    exit code ${expected.exit}, here ${actual.exit}`];
	const order = absent.length + added.length + exits.length === 0 ? ['    the lines have another order'] : [];
	return [...exits, ...absent, ...added, ...order].join('\n');
}
