/**
 * The ledger of issued certificates: one JSON line for each, append-only, and on the disk before a certificate leaves
 * the service. It ensures that a request is signed once. It never contains a key.
 */
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { KubejoinError } from '../../lib/errors.ts';
import { fileUnusable, irregularity, isTornObject } from '../../lib/files.ts';
import { limits } from '../../lib/limits.ts';

export interface LedgerEntry {
	/** RFC 3339, as all times of an entry. */
	readonly time: string;
	/** UID of the CertificateSigningRequest. */
	readonly requestId: string;
	readonly signerName: string;
	/** As `subjectText` writes it. */
	readonly subject: string;
	readonly serial: string;
	readonly notBefore: string;
	readonly notAfter: string;
	/** SHA-256 of the DER certificate, hexadecimal. */
	readonly fingerprint: string;
	/** SHA-256 of the request, hexadecimal. */
	readonly requestDigest: string;
	readonly certificate: string;
}

const fields = [
	'time',
	'requestId',
	'signerName',
	'subject',
	'serial',
	'notBefore',
	'notAfter',
	'fingerprint',
	'requestDigest',
	'certificate',
];

/** Where the lines of the file are; the lines themselves are not kept in memory. */
interface Contents {
	/** Offset of the end of each line, in bytes. */
	readonly ends: number[];
	/** Index of the line by requestId. */
	readonly indexes: Map<string, number>;
	/** Bytes after the last whole line. */
	readonly tornBytes: number;
}

interface Append {
	readonly entry: LedgerEntry;
	readonly resolve: () => void;
	readonly reject: (error: KubejoinError) => void;
}

/**
 * Open a ledger, creating the file where there is none. One process at a time.
 *
 * @param path      mode 0600
 * @param openFile  for tests of disks that fail
 * @throws FILE_UNUSABLE  it cannot be opened, or a line other than a torn last one is broken
 */
export async function openLedger(path: string, openFile: typeof open = open): Promise<Ledger> {
	const problem = irregularity(path);
	if (problem !== undefined) throw fileUnusable(path, new Error(problem));
	const file = await openFile(path, constants.O_RDWR | constants.O_CREAT, 0o600).catch((error: unknown) => {
		throw fileUnusable(path, error);
	});
	try {
		// So that the file's name survives a crash as its contents do.
		const directory = await openFile(dirname(path), 'r');
		await directory.sync().finally(() => directory.close());
		const contents = await readContents(file);
		if (contents.tornBytes > 0) await file.truncate(contents.ends.at(-1) ?? 0);
		return new Ledger(path, file, contents);
	} catch (error) {
		await file.close();
		throw fileUnusable(path, error);
	}
}

export class Ledger {
	/** Lines that a crash had torn and that were cut off at opening: 0 or 1. None of them had been answered. */
	readonly tornLines: number;
	readonly #path: string;
	readonly #file: FileHandle;
	readonly #ends: number[];
	readonly #indexes: Map<string, number>;
	#waiting: Append[] = [];
	#writing: Promise<void> | undefined;
	/** True while the file may hold more than the whole lines. */
	#hasPartialWrite = false;

	constructor(path: string, file: FileHandle, contents: Contents) {
		this.#path = path;
		this.#file = file;
		this.#ends = contents.ends;
		this.#indexes = contents.indexes;
		this.tornLines = contents.tornBytes > 0 ? 1 : 0;
	}

	get size(): number {
		return this.#ends.length;
	}

	/**
	 * Resolves once the entry is on the disk. Appends that come while a write is under way share the next one, and its
	 * one fsync.
	 *
	 * @throws FILE_UNUSABLE  the disk is full or failing; the entry is not in the ledger then, and the ledger is as it
	 *   was before
	 */
	append(entry: LedgerEntry): Promise<void> {
		return new Promise((resolve, reject) => {
			this.#waiting.push({ entry, resolve, reject });
			this.#writing ??= this.#writeWaiting();
		});
	}

	/** @throws FILE_UNUSABLE */
	async find(requestId: string): Promise<LedgerEntry | undefined> {
		const index = this.#indexes.get(requestId);
		return index === undefined ? undefined : (await this.list(index, 1))[0];
	}

	/** Oldest first. @param from  index of the first entry wanted, from 0 @throws FILE_UNUSABLE */
	async list(from: number, limit: number): Promise<LedgerEntry[]> {
		const end = this.#ends[Math.min(from + limit, this.#ends.length) - 1];
		if (from >= this.#ends.length || limit < 1 || end === undefined) return [];
		const start = this.#startOf(from);
		try {
			const { buffer, bytesRead } = await this.#file.read(Buffer.alloc(end - start), 0, end - start, start);
			return buffer.toString('utf8', 0, bytesRead).trimEnd().split('\n').map(parseEntry);
		} catch (error) {
			throw fileUnusable(this.#path, error);
		}
	}

	/** Waits for the appends under way. */
	async close(): Promise<void> {
		await this.#writing;
		await this.#file.close();
	}

	#startOf(index: number): number {
		return this.#ends[index - 1] ?? 0;
	}

	async #writeWaiting(): Promise<void> {
		// One turn of the event loop, so that everything that arrives together is written together.
		await new Promise(setImmediate);
		while (this.#waiting.length > 0) {
			const batch = this.#waiting;
			this.#waiting = [];
			try {
				await this.#write(batch.map(({ entry }) => entry));
				for (const { resolve } of batch) resolve();
			} catch (error) {
				await this.#cutPartialWrite().catch(() => undefined);
				for (const { reject } of batch) reject(fileUnusable(this.#path, error));
			}
		}
		this.#writing = undefined;
	}

	async #write(entries: readonly LedgerEntry[]): Promise<void> {
		await this.#cutPartialWrite();
		const lines = entries.map((entry) => Buffer.from(`${JSON.stringify(entry)}\n`));
		this.#hasPartialWrite = true;
		await writeAll(this.#file, Buffer.concat(lines), this.#startOf(this.#ends.length));
		await this.#file.datasync();
		this.#hasPartialWrite = false;
		entries.forEach((entry, i) => {
			this.#indexes.set(entry.requestId, this.#ends.length);
			this.#ends.push(this.#startOf(this.#ends.length) + (lines[i]?.length ?? 0));
		});
	}

	async #cutPartialWrite(): Promise<void> {
		if (!this.#hasPartialWrite) return;
		await this.#file.truncate(this.#startOf(this.#ends.length));
		this.#hasPartialWrite = false;
	}
}

/** A disk that fills up takes a part of a write. */
async function writeAll(file: FileHandle, bytes: Buffer, position: number): Promise<void> {
	for (let written = 0; written < bytes.length; ) {
		written += (await file.write(bytes, written, bytes.length - written, position + written)).bytesWritten;
	}
}

async function readContents(file: FileHandle): Promise<Contents> {
	const ends: number[] = [];
	const indexes = new Map<string, number>();
	let rest = Buffer.alloc(0);
	for await (const chunk of file.createReadStream({ autoClose: false, start: 0 })) {
		rest = Buffer.concat([rest, chunk as Buffer]);
		for (let newline = rest.indexOf('\n'); newline !== -1; newline = rest.indexOf('\n')) {
			indexes.set(parseEntry(rest.toString('utf8', 0, newline), ends.length).requestId, ends.length);
			ends.push((ends.at(-1) ?? 0) + newline + 1);
			rest = rest.subarray(newline + 1);
		}
		const max = limits.ledgerLineBytes.value;
		if (rest.length > max) throw new Error(`line ${ends.length + 1} is longer than ${max} bytes`);
	}
	if (!isTornObject(rest)) throw new Error(`line ${ends.length + 1} is not an entry of a ledger`);
	return { ends, indexes, tornBytes: rest.length };
}

function parseEntry(line: string, index: number): LedgerEntry {
	try {
		const entry: Partial<Record<string, unknown>> = JSON.parse(line);
		if (fields.every((field) => typeof entry[field] === 'string')) return entry as unknown as LedgerEntry;
	} catch {
		// Said below, for both.
	}
	throw new Error(`line ${index + 1} is not an entry of a ledger`);
}
