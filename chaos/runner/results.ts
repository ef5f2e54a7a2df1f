/** The last measured results, for the catalogue of docs/chaos.md: `--record` writes them. */
import { KubejoinError } from '../../lib/errors.ts';
import { readFileIfThere, writeWholeFile } from '../../lib/files.ts';
import { projectPath } from '../../lib/paths.ts';
import type { Verdict } from './events.ts';
import type { Journal } from './journal.ts';

export const meshKinds = ['local', 'compose'] as const;
export type MeshKind = (typeof meshKinds)[number];

export interface Result {
	readonly security: Verdict;
	readonly availability: Verdict;
	readonly seconds: number;
	/** YYYY-MM-DD. */
	readonly date: string;
	readonly passed: boolean;
}
/** By the name of the experiment, then by the kind of mesh. */
export type Results = Readonly<Record<string, Partial<Readonly<Record<MeshKind, Result>>>>>;

export const RESULTS_FILE = 'docs/chaos-results.json';

export const resultOf = ({ kubejoin, duration, start }: Journal): Result => ({
	security: kubejoin.verdicts.security,
	availability: kubejoin.verdicts.availability,
	seconds: Math.round(duration * 10) / 10,
	date: start.slice(0, 10),
	passed: kubejoin.passed,
});

/** The results with those of a run, in the order of their names. What was interrupted measured nothing. */
export function mergeResults(known: Results, mesh: MeshKind, journals: readonly Journal[]): Results {
	const measured = journals
		.filter(({ status }) => status !== 'interrupted')
		.map((journal): [string, Results[string]] => {
			const { name } = journal.kubejoin;
			return [name, { ...known[name], [mesh]: resultOf(journal) }];
		});
	return Object.fromEntries(
		[...Object.entries(known).filter(([name]) => !measured.some(([other]) => other === name)), ...measured].sort(
			([one], [other]) => one.localeCompare(other),
		),
	);
}

/** @throws FILE_UNUSABLE */
export async function recordResults(
	mesh: MeshKind,
	journals: readonly Journal[],
	path = projectPath(RESULTS_FILE),
): Promise<void> {
	let known: Results = {};
	try {
		known = JSON.parse((await readFileIfThere(path)) ?? '{}') as Results;
	} catch (error) {
		if (error instanceof KubejoinError) throw error;
		throw new KubejoinError('FILE_UNUSABLE', { path, problem: 'it is not JSON' }, { cause: error });
	}
	await writeWholeFile(path, `${JSON.stringify(mergeResults(known, mesh, journals), null, 2)}\n`, 0o644);
}
