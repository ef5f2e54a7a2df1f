/**
 * Locks a state directory, because two meshes would write the same store and ledger. The lock is a file with the id
 * and the start time of the process: after a crash or a reboot, another program can have that id. The lock of an
 * ended process is stale.
 */
import { chmodSync, rmSync, statSync } from 'node:fs';
import { link, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { KubejoinError } from '../../lib/errors.ts';
import { fileUnusable, makeDirectories, readText } from '../../lib/files.ts';
import { isProcessRunning, processStart } from '../../lib/process-identity.ts';

const MAX_ATTEMPTS = 3;
const LOCK_BYTES = 1024;

/** @returns releases the lock @throws STATE_IN_USE, FILE_UNUSABLE */
export async function lockState(directory: string): Promise<() => void> {
	const path = join(directory, 'lock');
	const own = `${path}.${process.pid}`;
	try {
		makeDirectories(directory);
		requireOwnDirectory(directory);
		await writeFile(own, `${process.pid} ${processStart(process.pid) ?? ''}`.trim(), { mode: 0o600 });
		for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
			// A link is created with its contents or not at all, and never replaces a file.
			if (await linked(own, path)) return () => rmSync(path, { force: true });
			const pid = stateHolder(directory);
			if (pid !== undefined) throw new KubejoinError('STATE_IN_USE', { directory, pid });
			await rm(path, { force: true }).catch((error: unknown) => {
				throw fileUnusable(path, error);
			});
		}
		throw new Error('the lock changes hands too quickly');
	} catch (error) {
		if (error instanceof KubejoinError) throw error;
		throw fileUnusable(directory, error);
	} finally {
		await rm(own, { force: true }).catch(() => undefined);
	}
}

/**
 * A user that can write a directory can put a symbolic link in the place of a log, and its own keys in that of ours.
 * In `/tmp` such a user can be the first to make the directory.
 *
 * @throws Error  it belongs to another user
 */
function requireOwnDirectory(directory: string): void {
	const { uid, mode } = statSync(directory);
	const own = process.geteuid?.() ?? uid;
	if (uid !== own && uid !== ROOT) throw new Error('it belongs to another user');
	if (uid === own && (mode & WRITABLE_BY_OTHERS) !== 0) chmodSync(directory, mode & ~WRITABLE_BY_OTHERS);
}
const ROOT = 0;
const WRITABLE_BY_OTHERS = 0o022;

const linked = (from: string, to: string): Promise<boolean> =>
	link(from, to).then(
		() => true,
		(error: NodeJS.ErrnoException) => {
			if (error.code === 'EEXIST') return false;
			throw error;
		},
	);

/** The running process that holds the lock of a state directory, if any. */
export function stateHolder(directory: string): number | undefined {
	const [, id, start] = /^(\d+)(?: (\S+))?$/.exec(readLock(directory)) ?? [];
	const pid = Number(id);
	// A lock with the id of this process, which has just started, is from before a reboot or from another container.
	if (id === undefined || pid === 0 || pid === process.pid) return undefined;
	return isProcessRunning(pid, start) ? pid : undefined;
}

function readLock(directory: string): string {
	try {
		return readText(join(directory, 'lock'), LOCK_BYTES);
	} catch {
		return '';
	}
}
