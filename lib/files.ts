/** Files that must be whole or absent, whenever the power goes. Contents are in no error. */
import { closeSync, openSync, readSync, statfsSync } from 'node:fs';
import { type FileHandle, mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { causeText, KubejoinError } from './errors.ts';

/** 0600 for keys and other secrets, 0644 for what everybody may read. */
export type FileMode = 0o600 | 0o644;

/**
 * Replace a file: readers see the old contents or the new, never a part, and what is written has reached the disk.
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

/** The contents as text; undefined when there is no such file. @throws FILE_UNUSABLE */
export async function readFileIfThere(path: string): Promise<string | undefined> {
	try {
		return await readFile(path, 'utf8');
	} catch (error) {
		if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
		throw unusable(path, error);
	}
}

/**
 * The bytes of a file that somebody else named, which may be a device without end.
 *
 * @param maxBytes  one byte more is returned of what is longer
 * @throws what Node throws
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

/** Make a directory that only its owner may enter, or make it so. @throws FILE_UNUSABLE */
export async function makePrivateDirectory(path: string): Promise<void> {
	try {
		await mkdir(path, { recursive: true, mode: 0o700 });
		await withFile(path, 'r', undefined, (directory) => directory.chmod(0o700));
	} catch (error) {
		throw unusable(path, error);
	}
}

/** Less than this is left for programs: writes of one page fail. */
const FULL_BYTES = 64 * 1024;

/** True if the disk that holds the directory has no space left; false when that is not known. */
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
