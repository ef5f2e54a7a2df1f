/** The results in docs/chaos-results.json. `--record` writes them; docs/chaos.md and progress estimates use them. */
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
	/** `YYYY-MM-DD` */
	readonly date: string;
	readonly passed: boolean;
}
/** By experiment, then by mesh. */
export type Results = Readonly<Record<string, Partial<Readonly<Record<MeshKind, Result>>>>>;

export const RESULTS_FILE = 'docs/chaos-results.json';

export const resultOf = ({ kubejoin, duration, start }: Journal): Result => ({
	security: kubejoin.verdicts.security,
	availability: kubejoin.verdicts.availability,
	seconds: Math.round(duration * 10) / 10,
	date: start.slice(0, 10),
	passed: kubejoin.passed,
});

/** The known results, updated with those of a run, by name. An interrupted experiment has no result. */
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
export async function recordResults(mesh: MeshKind, journals: readonly Journal[]): Promise<void> {
	const merged = mergeResults(await readResults(), mesh, journals);
	await writeWholeFile(projectPath(RESULTS_FILE), `${JSON.stringify(merged, null, 2)}\n`, 0o644);
}

/** @returns no results when the file does not exist @throws FILE_UNUSABLE */
export async function readResults(): Promise<Results> {
	const path = projectPath(RESULTS_FILE);
	const text = (await readFileIfThere(path)) ?? '{}';
	try {
		return JSON.parse(text) as Results;
	} catch (error) {
		throw new KubejoinError('FILE_UNUSABLE', { path, problem: 'it is not JSON' }, { cause: error });
	}
}

/** The recorded duration on this kind of mesh, or else on the other. */
export function recordedSeconds(results: Results, name: string, mesh: MeshKind | undefined): number | undefined {
	const known = results[name];
	return (known?.[mesh ?? 'local'] ?? known?.local ?? known?.compose)?.seconds;
}
