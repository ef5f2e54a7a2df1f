/**
 * Files that are complete or absent, also after a power failure, and reads that end for every path. No
 * error repeats their contents.
 */
import {
	chmodSync,
	closeSync,
	constants,
	fchmodSync,
	fstatSync,
	fsync,
	mkdirSync,
	openSync,
	readSync,
	renameSync,
	rmSync,
	type Stats,
	statfsSync,
	statSync,
	symlinkSync,
	unlinkSync,
	writeFileSync,
} from 'node:fs';
import { dirname, resolve } from 'node:path';
import { causeText, KubejoinError } from './errors.ts';
import { limits } from './limits.ts';

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
	requireReplaceable(path);
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

/** A program of root would replace `/dev/stdout` and `/dev/null` for all programs of the machine. */
const requireReplaceable = (path: string): void =>
	throwProblem(isOpenDescriptor(path) ? 'is an open file of this program, not a regular file' : irregularity(path));

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
			else reject(fileUnusable(path, error));
		});
	});
}

function blaming<T>(path: string, work: () => T): T {
	try {
		return work();
	} catch (error) {
		throw fileUnusable(path, error);
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
		return readText(path);
	} catch (error) {
		if (isMissing(error)) return undefined;
		throw fileUnusable(path, error);
	}
}

export const isMissing = (error: unknown): boolean =>
	error instanceof Error && 'code' in error && error.code === 'ENOENT';

/**
 * Reads a whole file as text.
 *
 * @throws Error  of Node, or with the kind or the size of a file that is refused
 */
export function readText(path: string, maxBytes = limits.fileBytes.value): string {
	const bytes = readBytes(path, maxBytes);
	if (bytes.length > maxBytes) throw new Error(`is longer than ${maxBytes} bytes`);
	return bytes.toString('utf8');
}

/**
 * Reads a file as bytes.
 *
 * @param maxBytes  a longer file is cut after one byte more
 * @throws Error  of Node, or with the kind of a file that is refused
 */
export function readBytes(path: string, maxBytes: number): Buffer {
	const file = openForReading(path);
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

/**
 * The lines of a file of any length, without their ends.
 *
 * @returns the bytes after the last end of a line
 * @throws Error  of Node, or with the kind of a file that is refused, or for a line that is too long
 */
export function* linesOf(path: string, maxLineBytes: number): Generator<string, Buffer> {
	const file = openForReading(path);
	try {
		const chunk = Buffer.alloc(64 * 1024);
		let rest: Buffer = Buffer.alloc(0);
		for (let number = 1, length = readSync(file, chunk); length > 0; length = readSync(file, chunk)) {
			rest = Buffer.concat([rest, chunk.subarray(0, length)]);
			for (let end = rest.indexOf('\n'); end !== -1; end = rest.indexOf('\n'), number++) {
				yield rest.toString('utf8', 0, end);
				rest = rest.subarray(end + 1);
			}
			if (rest.length > maxLineBytes) throw new Error(`line ${number} is longer than ${maxLineBytes} bytes`);
		}
		return rest;
	} finally {
		closeSync(file);
	}
}

/**
 * Whether the bytes after the last line are the rest of a JSON object after a crash: its beginning, or zeros where
 * the file system had no data yet. Other bytes mean that lines were overwritten.
 */
export const isTornObject = (rest: Uint8Array): boolean => rest[0] === BRACE || rest.every((byte) => byte === 0);
const BRACE = 0x7b;

/**
 * Opens a file whose path is untrusted. Opening a FIFO waits for a writer, and opening a device can have any effect, so
 * both are refused, unless the caller of this program has opened them.
 *
 * @returns a file descriptor
 * @throws Error  of Node, or with the kind of a file that is refused
 */
export function openForReading(path: string): number {
	if (isOpenDescriptor(path)) return openSync(path, 'r');
	throwProblem(irregularity(path));
	// Another program can replace the file between the two calls.
	const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
	try {
		throwProblem(irregularityOf(fstatSync(file)));
		return file;
	} catch (error) {
		closeSync(file);
		throw error;
	}
}

/** `/dev/stdin` and its like, and the path that a shell gives for `<(command)`. A pipe can be read once. */
export const isOpenDescriptor = (path: string): boolean =>
	/^\/(?:dev\/(?:std(?:in|out|err)|fd\/\d+)|proc\/(?:self|\d+)\/fd\/\d+)$/.test(resolve(path));

/**
 * Why a file must not be opened, before it is opened for writing: it is a FIFO, a socket or a device. A path without a
 * file has no problem, and Node refuses a directory.
 *
 * @throws Error  of Node
 */
export function irregularity(path: string): string | undefined {
	const stats = statSync(path, { throwIfNoEntry: false });
	return stats === undefined ? undefined : irregularityOf(stats);
}

function irregularityOf(stats: Stats): string | undefined {
	if (stats.isFile() || stats.isDirectory()) return undefined;
	return `is a ${stats.isFIFO() ? 'FIFO' : stats.isSocket() ? 'socket' : 'device'}, not a regular file`;
}

function throwProblem(problem: string | undefined): void {
	if (problem !== undefined) throw new Error(problem);
}

/**
 * Creates a directory and its missing parents; does nothing if it exists. `mkdirSync` with `recursive` never returns
 * where creating a directory in an existing one answers ENOENT, as in /proc.
 *
 * @throws Error  of Node
 */
export function makeDirectories(path: string, mode = 0o700): void {
	const absolute = resolve(path);
	try {
		mkdirSync(absolute, mode);
	} catch (error) {
		if (isDirectory(absolute)) return;
		const parent = dirname(absolute);
		if (!isMissing(error) || isDirectory(parent)) throw error;
		makeDirectories(parent, mode);
		makeDirectories(absolute, mode);
	}
}

const isDirectory = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;

/** Creates a directory that only its owner can enter, or restricts an existing one. @throws FILE_UNUSABLE */
export async function makePrivateDirectory(path: string): Promise<void> {
	blaming(path, () => {
		makeDirectories(path);
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

/** As `rm -f`, also below a file. Without the call for the state of the file that `rmSync` makes before. */
function unlinkIfThere(path: string): void {
	try {
		unlinkSync(path);
	} catch (error) {
		if (!isMissing(error) && (error as NodeJS.ErrnoException).code !== 'ENOTDIR') throw error;
	}
}

/** The error of an operation on a file, with its cause. @param path  or another name of the file */
export const fileUnusable = (path: string, error: unknown): KubejoinError =>
	new KubejoinError('FILE_UNUSABLE', { path, problem: causeText(error) }, { cause: error });
