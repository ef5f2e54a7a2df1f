/**
 * Locks a state directory, because two meshes would write the same store and ledger. The lock is a file with the id
 * and the start time of the process: after a crash or a reboot, another program can have that id. The lock of an
 * ended process is stale.
 */
import { readFileSync, rmSync } from 'node:fs';
import { link, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { causeText, KubejoinError } from '../../lib/errors.ts';

const MAX_ATTEMPTS = 3;

/** @returns releases the lock @throws STATE_IN_USE, FILE_UNUSABLE */
export async function lockState(directory: string): Promise<() => void> {
	const path = join(directory, 'lock');
	const own = `${path}.${process.pid}`;
	try {
		await mkdir(directory, { recursive: true, mode: 0o700 });
		await writeFile(own, `${process.pid} ${startOf(process.pid) ?? ''}`.trim(), { mode: 0o600 });
		for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
			// A link is created with its contents or not at all, and never replaces a file.
			if (await linked(own, path)) return () => rmSync(path, { force: true });
			const pid = stateHolder(directory);
			if (pid !== undefined) throw new KubejoinError('STATE_IN_USE', { directory, pid });
			await rm(path, { force: true });
		}
		throw new Error('the lock changes hands too quickly');
	} catch (error) {
		if (error instanceof KubejoinError) throw error;
		throw new KubejoinError('FILE_UNUSABLE', { path: directory, problem: causeText(error) }, { cause: error });
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

/** The running process that holds the lock of a state directory, if any. */
export function stateHolder(directory: string): number | undefined {
	const [, id, start] = /^(\d+)(?: (\S+))?$/.exec(readLock(directory)) ?? [];
	const pid = Number(id);
	if (id === undefined || pid === 0 || !isAlive(pid)) return undefined;
	const found = startOf(pid);
	return start === undefined || found === undefined || start === found ? pid : undefined;
}

function readLock(directory: string): string {
	try {
		return readFileSync(join(directory, 'lock'), 'utf8');
	} catch {
		return '';
	}
}

/** The start of a process: id of the boot, and clock ticks since then. Undefined on machines without /proc. */
function startOf(pid: number): string | undefined {
	try {
		const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
		const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
		// The name of the program, in parentheses, can contain blanks; the start time is the 20th field after it.
		const ticks = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
		return ticks === undefined ? undefined : `${boot}/${ticks}`;
	} catch {
		return undefined;
	}
}

/** A lock with the id of this process, which has just started, is from before a reboot or from another container. */
function isAlive(pid: number): boolean {
	try {
		process.kill(pid, 0);
		return pid !== process.pid;
	} catch (error) {
		return error instanceof Error && 'code' in error && error.code === 'EPERM';
	}
}
