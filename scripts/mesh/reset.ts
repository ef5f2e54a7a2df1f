/**
 * Deletes a cluster that `npm start` keeps in a state directory: only files that kubejoin creates, and none behind
 * a symbolic link.
 */
import { lstat, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { KubejoinError } from '../../lib/errors.ts';
import type { Language } from '../../lib/language.ts';
import { hasCluster, isThere, namesIn, shortened, stateEntries } from './state-files.ts';
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
	if (!isThere(state)) {
		say(words.noCluster(state));
		return true;
	}
	await requireCluster(state);
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
		for (const path of files) if (path !== 'lock') await rm(join(state, path), { force: true });
		for (const path of directories) if (namesIn(join(state, path)).length === 0) await rmdir(join(state, path));
	} finally {
		unlock();
	}
	if (namesIn(state).length === 0) await rmdir(state);
	const { others, files } = isThere(state) ? stateEntries(state) : { others: [], files: [] };
	say(words.deleted(state, ...shortened([...others, ...files])));
	return true;
}

/** @throws STATE_UNKNOWN */
async function requireCluster(state: string): Promise<void> {
	const refuse = (problem: string): never => {
		throw new KubejoinError('STATE_UNKNOWN', { directory: state, problem });
	};
	const stats = await lstat(state);
	if (stats.isSymbolicLink()) refuse('it is a symbolic link');
	if (!stats.isDirectory()) refuse('it is not a directory');
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
