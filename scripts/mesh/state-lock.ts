/** One kubejoin per state directory: two would write the same store and ledger. The lock is a file with the process id; one that a dead process left is taken over. */
import { readFileSync, rmSync } from 'node:fs';
import { link, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { KubejoinError } from '../../lib/errors.ts';

const MAX_ATTEMPTS = 3;

/** @returns gives the state up @throws STATE_IN_USE, FILE_UNUSABLE */
export async function lockState(directory: string): Promise<() => void> {
	const path = join(directory, 'lock');
	const own = `${path}.${process.pid}`;
	try {
		await mkdir(directory, { recursive: true, mode: 0o700 });
		await writeFile(own, String(process.pid), { mode: 0o600 });
		for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
			// A link appears with its contents or not at all, and never replaces another.
			if (await linked(own, path)) return () => rmSync(path, { force: true });
			const pid = holderOf(path);
			if (pid !== undefined && isAlive(pid)) throw new KubejoinError('STATE_IN_USE', { directory, pid });
			await rm(path, { force: true });
		}
		throw new Error('the lock changes hands too quickly');
	} catch (error) {
		if (error instanceof KubejoinError) throw error;
		throw new KubejoinError(
			'FILE_UNUSABLE',
			{ path, problem: error instanceof Error ? error.message : String(error) },
			{ cause: error },
		);
	} finally {
		await rm(own, { force: true }).catch(() => undefined);
	}
}

const linked = (from: string, to: string): Promise<boolean> =>
	link(from, to).then(
		() => true,
		(error: NodeJS.ErrnoException) => {
			if (error.code === 'EEXIST') return false;
			throw error;
		},
	);

function holderOf(path: string): number | undefined {
	try {
		const pid = Number(readFileSync(path, 'utf8'));
		return Number.isInteger(pid) && pid > 0 ? pid : undefined;
	} catch {
		return undefined;
	}
}

/** The own number in the file was another process’s, before a reboot or in another container: this one has just begun. */
function isAlive(pid: number): boolean {
	try {
		process.kill(pid, 0);
		return pid !== process.pid;
	} catch (error) {
		return error instanceof Error && 'code' in error && error.code === 'EPERM';
	}
}
