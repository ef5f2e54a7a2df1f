/**
 * Deletes a cluster that `npm start` keeps in a state directory: only files that kubejoin creates, and none behind
 * a symbolic link.
 */
import { constants, type Stats } from 'node:fs';
import { access, lstat, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { KubejoinError } from '../../lib/errors.ts';
import { fileUnusable, isMissing } from '../../lib/files.ts';
import type { Language } from '../../lib/language.ts';
import { hasCluster, namesIn, shortened, stateEntries } from './state-files.ts';
import { lockState } from './state-lock.ts';
import { startWords } from './words.ts';

export interface ResetOptions {
	/** Absolute path of the state directory. */
	readonly state: string;
	/** Whether to delete without a question. */
	readonly isConfirmed: boolean;
	/** Answers whether to delete; absent where no person can answer. */
	readonly ask?: ((question: string) => Promise<boolean>) | undefined;
	readonly say: (text: string) => void;
	readonly language: Language;
}

/**
 * @returns false when the question was answered with no
 * @throws STATE_IN_USE, STATE_UNKNOWN, RESET_UNCONFIRMED, FILE_UNUSABLE
 */
export async function resetState(options: ResetOptions): Promise<boolean> {
	const { state, isConfirmed, ask, say } = options;
	const words = startWords[options.language];
	const stats = await statsOf(state);
	if (stats === undefined) {
		say(words.noCluster(state));
		return true;
	}
	await requireCluster(state, stats);
	const unlock = await lockState(state);
	try {
		if (!isConfirmed) {
			if (ask === undefined) throw new KubejoinError('RESET_UNCONFIRMED', { directory: state });
			if (!(await ask(words.question(state, namesIn(join(state, 'nodes')).length)))) {
				say(words.nothingDeleted);
				return false;
			}
		}
		const { files, directories } = stateEntries(state);
		// `rm` deletes a symbolic link and not the file behind it. The lock comes last: it is held until then.
		for (const path of files)
			if (path !== 'lock') await blaming(join(state, path), (file) => rm(file, { force: true }));
		for (const path of directories)
			if (namesIn(join(state, path)).length === 0) await blaming(join(state, path), rmdir);
	} finally {
		unlock();
	}
	if (namesIn(state).length === 0) await blaming(state, rmdir);
	const isKept = (await statsOf(state)) !== undefined;
	const { others, files } = isKept ? stateEntries(state) : { others: [], files: [] };
	say(words.deleted(state, ...shortened([...others, ...files])));
	return true;
}

/** @throws FILE_UNUSABLE */
const blaming = <T>(path: string, work: (path: string) => Promise<T>): Promise<T> =>
	work(path).catch((error: unknown) => {
		throw fileUnusable(path, error);
	});

/** Undefined if nothing is there. @throws FILE_UNUSABLE  this user cannot find out */
const statsOf = (path: string): Promise<Stats | undefined> =>
	blaming(path, () =>
		lstat(path).catch((error: unknown) => {
			if (isMissing(error)) return undefined;
			throw error;
		}),
	);

/** @throws STATE_UNKNOWN, FILE_UNUSABLE */
async function requireCluster(state: string, stats: Stats): Promise<void> {
	const refuse = (problem: string): never => {
		throw new KubejoinError('STATE_UNKNOWN', { directory: state, problem });
	};
	if (stats.isSymbolicLink()) refuse('it is a symbolic link');
	if (!stats.isDirectory()) refuse('it is not a directory');
	await blaming(state, (path) => access(path, constants.R_OK | constants.W_OK | constants.X_OK));
	if (!hasCluster(state)) refuse('it has none of the files that kubejoin creates');
}

/** Asks on the terminal; the end of input and Ctrl-C mean no. Undefined in a pipe. */
export function terminalQuestion(): ResetOptions['ask'] {
	const { stdin: input, stdout: output } = process;
	if (!input.isTTY || !output.isTTY) return undefined;
	return async (question) => {
		const prompt = createInterface({ input, output });
		const closed = new AbortController();
		prompt.once('close', () => closed.abort());
		try {
			return /^y(es)?$/i.test((await prompt.question(question, { signal: closed.signal })).trim());
		} catch {
			output.write('\n');
			return false;
		} finally {
			prompt.close();
		}
	};
}
