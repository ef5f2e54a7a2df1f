/** Files that are complete or absent, also after a power failure. No error repeats their contents. */
import {
	chmodSync,
	closeSync,
	fchmodSync,
	fsync,
	mkdirSync,
	openSync,
	readFileSync,
	readSync,
	renameSync,
	rmSync,
	statfsSync,
	symlinkSync,
	unlinkSync,
	writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { causeText, KubejoinError } from './errors.ts';

/** 0600 for keys and other secrets, 0644 for public files. */
export type FileMode = 0o600 | 0o644;

export interface NewFile {
	readonly path: string;
	readonly contents: string | Buffer;
	readonly mode: FileMode;
}
export interface NewLink {
	readonly path: string;
	readonly target: string;
}

/**
 * Replaces a file. Readers see the old contents or the new, never a part; the new contents are on the disk when it
 * returns.
 *
 * @throws FILE_UNUSABLE
 */
export const writeWholeFile = (path: string, contents: string | Buffer, mode: FileMode): Promise<void> =>
	writeWholeFiles([{ path, contents, mode }]);

/**
 * Replaces files and links in this order, each as a whole; all are on the disk when it returns. After a crash the first
 * of them are new and the others old. They wait for the disk together: all contents before the first replacement, then
 * the directories.
 *
 * @throws FILE_UNUSABLE  some files may be replaced
 */
export async function writeWholeFiles(entries: readonly (NewFile | NewLink)[]): Promise<void> {
	const paths = entries.map(({ path }) => path);
	try {
		// All must have ended before the temporary files are removed.
		const prepared = await Promise.allSettled(entries.map(prepare));
		for (const result of prepared) if (result.status === 'rejected') throw result.reason;
		for (const path of paths) blaming(path, () => renameSync(temporary(path), path));
		await Promise.all([...new Set(paths.map(dirname))].map(flushDirectory));
	} catch (error) {
		for (const path of paths) removeQuietly(temporary(path));
		throw error;
	}
}

/**
 * Replaces a file that is deleted or written again after a crash of the machine: it does not wait for the disk.
 *
 * @throws FILE_UNUSABLE
 */
export function writeUnflushedFile(file: NewFile): void {
	const { path } = file;
	try {
		blaming(path, () => closeSync(openTemporary(file)));
		blaming(path, () => renameSync(temporary(path), path));
	} catch (error) {
		removeQuietly(temporary(path));
		throw error;
	}
}

const temporary = (path: string): string => `${path}.tmp`;

async function prepare(entry: NewFile | NewLink): Promise<void> {
	const { path } = entry;
	if ('target' in entry) {
		blaming(path, () => {
			unlinkIfThere(temporary(path));
			symlinkSync(entry.target, temporary(path));
		});
		return;
	}
	const file = blaming(path, () => openTemporary(entry));
	await flush(path, file);
}

/** Only the waits for the disk are asynchronous: the other operations cost less than a turn of the thread pool. */
function openTemporary({ path, contents, mode }: NewFile): number {
	unlinkIfThere(temporary(path));
	const file = openSync(temporary(path), 'wx', mode);
	try {
		fchmodSync(file, mode);
		writeFileSync(file, contents);
		return file;
	} catch (error) {
		closeSync(file);
		throw error;
	}
}

const flushDirectory = (path: string): Promise<void> =>
	flush(
		path,
		blaming(path, () => openSync(path, 'r')),
	);

function flush(path: string, file: number): Promise<void> {
	return new Promise((resolve, reject) => {
		fsync(file, (error) => {
			closeSync(file);
			if (error === null) resolve();
			else reject(unusable(path, error));
		});
	});
}

function blaming<T>(path: string, work: () => T): T {
	try {
		return work();
	} catch (error) {
		throw unusable(path, error);
	}
}

function removeQuietly(path: string): void {
	try {
		rmSync(path, { force: true });
	} catch {
		// The error that is thrown already is the reason.
	}
}

/** Reads a file as text; undefined if it does not exist. @throws FILE_UNUSABLE */
export async function readFileIfThere(path: string): Promise<string | undefined> {
	try {
		return readFileSync(path, 'utf8');
	} catch (error) {
		if (isAbsent(error)) return undefined;
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
	blaming(path, () => {
		mkdirSync(path, { recursive: true, mode: 0o700 });
		chmodSync(path, 0o700);
	});
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

/** Deletes a file if it exists. @throws FILE_UNUSABLE */
export const removeFile = (path: string): void => blaming(path, () => unlinkIfThere(path));

/** Without the call for the state of the file that `rmSync` makes before. */
function unlinkIfThere(path: string): void {
	try {
		unlinkSync(path);
	} catch (error) {
		if (!isAbsent(error)) throw error;
	}
}

const isAbsent = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === 'ENOENT';

const unusable = (path: string, error: unknown): KubejoinError =>
	new KubejoinError('FILE_UNUSABLE', { path, problem: causeText(error) }, { cause: error });
