/** A disk of its own for one test: a tmpfs that only the test can see. Needs Linux, and the right to mount. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface SmallDisk {
	readonly path: string;
	/** Writes zeros until the disk has no page left. */
	readonly fill: () => void;
	readonly free: () => void;
	readonly remove: () => void;
}

/**
 * The mount ends with the process that made it, and other processes reach it through the root of that process.
 *
 * @returns undefined where mounting is not permitted
 */
export async function mountSmallDisk(megabytes: number): Promise<SmallDisk | undefined> {
	const mountPoint = mkdtempSync(join(tmpdir(), 'kubejoin-disk-'));
	const script = `mount -t tmpfs -o size=${megabytes}m kubejoin "$0" && echo mounted && exec cat`;
	// A user without rights mounts in a user namespace.
	const args = ['--mount', '--map-root-user', 'sh', '-c', script, mountPoint];
	const holder = spawn('unshare', args, { stdio: ['pipe', 'pipe', 'ignore'] });
	const isMounted = await Promise.race([
		once(holder.stdout, 'data').then(() => true),
		once(holder, 'exit').then(() => false),
	]).catch(() => false);
	if (!isMounted) {
		process.stderr.write('mounting a tmpfs is not permitted: the tests that need a full disk are skipped\n');
		rmSync(mountPoint, { recursive: true });
		return undefined;
	}
	const path = `/proc/${holder.pid}/root${mountPoint}`;
	const filler = join(path, 'filler');
	return {
		path,
		fill: () => fillWithZeros(filler),
		free: () => rmSync(filler, { force: true }),
		remove() {
			holder.kill('SIGKILL');
			rmSync(mountPoint, { recursive: true });
		},
	};
}

/** A block that does not fit is followed by smaller ones. */
const BLOCKS = [1024 * 1024, 4096, 1];

function fillWithZeros(path: string): void {
	const file = openSync(path, 'a');
	try {
		for (const bytes of BLOCKS) writeUntilFull(file, Buffer.alloc(bytes));
	} finally {
		closeSync(file);
	}
}

function writeUntilFull(file: number, block: Buffer): void {
	for (;;) {
		try {
			writeSync(file, block);
		} catch (error) {
			if ((error as NodeJS.ErrnoException).code === 'ENOSPC') return;
			throw error;
		}
	}
}
