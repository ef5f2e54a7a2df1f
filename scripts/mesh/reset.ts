/**
 * Deletes a cluster that `npm start` keeps in a state directory: only files that kubejoin creates, and none behind
 * a symbolic link.
 */
import { lstatSync, readdirSync } from 'node:fs';
import { lstat, readdir, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { KubejoinError } from '../../lib/errors.ts';
import type { Language } from '../../lib/language.ts';
import { serviceNames } from './services.ts';
import { lockState } from './state-lock.ts';
import { startWords } from './words.ts';

export interface ResetOptions {
	/** Absolute path of the state directory. */
	readonly state: string;
	/** For messages and for the command in a remedy. */
	readonly shownState: string;
	/** Whether to delete without a question. */
	readonly isConfirmed: boolean;
	/** Answers whether to delete; absent where no person can answer. */
	readonly ask?: ((question: string) => Promise<boolean>) | undefined;
	readonly say: (text: string) => void;
	readonly language: Language;
}

/** Entries that kubejoin creates in a state directory. */
const knownEntries: ReadonlySet<string> = new Set([
	...[...serviceNames, 'observer', 'pki', 'nodes', 'logs', 'lab', 'chaos', 'join.yaml', 'observer.json', 'lock'],
]);
/** Other programs have directories named `logs` or `nodes` too: a state directory has one of these. */
const markers: readonly string[] = [
	...['pki/ca-service', 'pki/observer', 'lab/control.json', 'join.yaml'],
	...['apiserver-sim/registry.mdb', 'token-store/tokens.mdb', 'ca-service/ledger.jsonl'],
];

/**
 * @returns false when the question was answered with no
 * @throws STATE_IN_USE, STATE_UNKNOWN, RESET_UNCONFIRMED, FILE_UNUSABLE
 */
export async function resetState(options: ResetOptions): Promise<boolean> {
	const { state, shownState, isConfirmed, ask, say } = options;
	const words = startWords[options.language];
	if (!isThere(state)) {
		say(words.noCluster(shownState));
		return true;
	}
	const entries = await ownEntries(state, shownState);
	const unlock = await lockState(state);
	try {
		if (!isConfirmed) {
			if (ask === undefined) throw new KubejoinError('RESET_UNCONFIRMED', { directory: shownState });
			if (!(await ask(words.question(shownState, await countNodes(state))))) {
				say(words.nothingDeleted);
				return false;
			}
		}
		// `rm` deletes a symbolic link and not the file behind it. The lock comes last: it is held until then.
		for (const name of entries) if (name !== 'lock') await rm(join(state, name), { recursive: true, force: true });
	} finally {
		unlock();
	}
	const others = await readdir(state);
	if (others.length === 0) await rmdir(state);
	say(words.deleted(shownState, others.slice(0, 5)));
	return true;
}

function isThere(path: string): boolean {
	try {
		return lstatSync(path) !== undefined;
	} catch {
		return false;
	}
}

/** Whether kubejoin created a cluster in this directory. */
export function hasCluster(state: string): boolean {
	const nodes = isThere(join(state, 'nodes', '.')) ? readdirSync(join(state, 'nodes')) : [];
	const marks = [...markers, ...nodes.map((name) => join('nodes', name, 'etc', 'kubernetes'))];
	return marks.some((mark) => isThere(join(state, mark)));
}

/** @throws STATE_UNKNOWN */
async function ownEntries(state: string, shownState: string): Promise<readonly string[]> {
	const refuse = (problem: string): never => {
		throw new KubejoinError('STATE_UNKNOWN', { directory: shownState, problem });
	};
	const stats = await lstat(state);
	if (stats.isSymbolicLink()) refuse('it is a symbolic link');
	if (!stats.isDirectory()) refuse('it is not a directory');
	const entries = (await readdir(state)).filter((name) => knownEntries.has(name) || /^lock\.\d+$/.test(name));
	if (!hasCluster(state)) refuse('it has none of the files that kubejoin creates');
	return entries;
}

const countNodes = async (state: string): Promise<number> =>
	(await readdir(join(state, 'nodes')).catch(() => [])).length;

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
