/** Files that are complete or absent, also after a power failure. No error repeats their contents. */
import { closeSync, openSync, readSync, statfsSync } from 'node:fs';
import { type FileHandle, mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { causeText, KubejoinError } from './errors.ts';

/** 0600 for keys and other secrets, 0644 for public files. */
export type FileMode = 0o600 | 0o644;

/**
 * Replaces a file. Readers see the old contents or the new, never a part; the new contents are on the disk when it
 * returns.
 *
 * @throws FILE_UNUSABLE
 */
export async function writeWholeFile(path: string, contents: string, mode: FileMode): Promise<void> {
	const temporary = `${path}.tmp`;
	try {
		await rm(temporary, { force: true });
		await withFile(temporary, 'wx', mode, async (file) => {
			await file.chmod(mode);
			await file.writeFile(contents);
			await file.sync();
		});
		await rename(temporary, path);
		await withFile(dirname(path), 'r', undefined, (directory) => directory.sync());
	} catch (error) {
		await rm(temporary, { force: true }).catch(() => undefined);
		throw unusable(path, error);
	}
}

/** Reads a file as text; undefined if it does not exist. @throws FILE_UNUSABLE */
export async function readFileIfThere(path: string): Promise<string | undefined> {
	try {
		return await readFile(path, 'utf8');
	} catch (error) {
		if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
		throw unusable(path, error);
	}
}

/**
 * Reads a file whose path is untrusted: it can be a device without end.
 *
 * @param maxBytes  a longer file is cut after one byte more
 * @throws the error of Node
 */
export function readBytes(path: string, maxBytes: number): Buffer {
	const file = openSync(path, 'r');
	try {
		const chunks: Buffer[] = [];
		for (let left = maxBytes + 1; left > 0; ) {
			const chunk = Buffer.alloc(Math.min(left, 64 * 1024));
			const length = readSync(file, chunk);
			if (length === 0) break;
			chunks.push(chunk.subarray(0, length));
			left -= length;
		}
		return Buffer.concat(chunks);
	} finally {
		closeSync(file);
	}
}

/** Creates a directory that only its owner can enter, or restricts an existing one. @throws FILE_UNUSABLE */
export async function makePrivateDirectory(path: string): Promise<void> {
	try {
		await mkdir(path, { recursive: true, mode: 0o700 });
		await withFile(path, 'r', undefined, (directory) => directory.chmod(0o700));
	} catch (error) {
		throw unusable(path, error);
	}
}

/** With less free space than this, writes of one page fail. */
const FULL_BYTES = 64 * 1024;

/** True if the disk of the directory has no space left; false if that is unknown. */
export function isDiskFull(directory: string): boolean {
	try {
		const { bavail, bsize } = statfsSync(directory);
		return bavail * bsize < FULL_BYTES;
	} catch {
		return false;
	}
}

async function withFile(
	path: string,
	flags: string,
	mode: number | undefined,
	use: (file: FileHandle) => Promise<void>,
): Promise<void> {
	const file = await open(path, flags, mode);
	await use(file).finally(() => file.close());
}

const unusable = (path: string, error: unknown): KubejoinError =>
	new KubejoinError('FILE_UNUSABLE', { path, problem: causeText(error) }, { cause: error });
