/**
 * Keeps ended joins in files, so that a restart of the observer does not lose them: for each join a gzip file with its
 * line and then its spans, as OTLP in JSON. At the start only the lines are read; the spans when a reader opens the
 * join. Files are untrusted like requests, and are read by the same parser. Their number and their bytes are bounded.
 * The observer works without them if the disk fails. Traces contain no secret; the files are readable by their owner
 * only.
 */
import { readdirSync, statSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join as joinPath } from 'node:path';
import { promisify } from 'node:util';
import { constants, gunzip, gunzipSync, gzip } from 'node:zlib';
import { causeText } from '../../lib/errors.ts';
import { makePrivateDirectory, readBytes, writeWholeFiles } from '../../lib/files.ts';
import { type CountRefusal, limits } from '../../lib/limits.ts';
import type { Log } from '../../lib/log.ts';
import { tracedPrograms } from '../../lib/traces-key.ts';
import type { Join } from './api.ts';
import { type Joins, lineOf } from './joins.ts';
import { readSpans, type Span } from './otlp.ts';
import { toOtlp } from './otlp-writer.ts';
import { readLine } from './saved-line.ts';

export interface SavedJoinsOptions {
	readonly directory: string;
	readonly joins: Joins;
	/** Maximum number of saved joins. */
	readonly keptJoins: number;
	/** Milliseconds of a monotonic clock. */
	readonly clock: () => number;
	readonly count: CountRefusal;
	readonly log: Log;
}

/** Programs send their spans every 100 ms: after this time the spans of an ended join are complete. */
const SETTLE_MS = 1_000;
const fileName = /^([0-9a-f]{32})\.json\.gz$/;
/** Of an earlier version, or of a write that a crash ended. */
const oldName = /^[0-9a-f]{32}\.json(?:\.gz\.tmp)?$/;
/** Has the line of nearly every join; that of a refused one can be longer. */
const HEAD_BYTES = 2 * 1024;
const LONG_HEAD_BYTES = 64 * 1024;
/** While the lines are read, other programs of the mesh start. */
const READ_AT_ONCE = 50;
const WRITTEN_AT_ONCE = 8;

interface SavedFile {
	readonly line: Join;
	readonly bytes: number;
}

export class SavedJoins {
	readonly #options: SavedJoinsOptions;
	/** Bytes of each file, oldest first. */
	readonly #files = new Map<string, number>();
	/** Joins to write, and from when. */
	readonly #due = new Map<string, number>();
	#work: Promise<void> = Promise.resolve();
	#isWorking = false;
	#isBroken = false;

	private constructor(options: SavedJoinsOptions) {
		this.#options = options;
	}

	/** Restores the lines of the saved joins, oldest first, and saves each join that ends from now on. */
	static async open(options: SavedJoinsOptions): Promise<SavedJoins> {
		const saved = new SavedJoins(options);
		await saved.#restore();
		options.joins.listen({
			join: (join) => saved.#changed(join),
			wantsSteps: () => true,
			step: ({ join }) => saved.#changed(options.joins.find(join)),
		});
		return saved;
	}

	/** The spans of a saved join; none if its file is gone or damaged. */
	async spans(id: string): Promise<readonly Span[]> {
		if (!this.#files.has(id)) return [];
		try {
			return await readJoin(this.#path(id), id);
		} catch (error) {
			await this.#removeDamaged(id, error);
			return [];
		}
	}

	/** Write the joins whose spans are complete; call it a few times a second. */
	save(): void {
		if (this.#isWorking) return;
		const nowMs = this.#options.clock();
		this.#start([...this.#due].filter(([, dueMs]) => dueMs <= nowMs).map(([id]) => id));
	}

	/** Write every ended join now. */
	async close(): Promise<void> {
		await this.#work;
		this.#start([...this.#due.keys()]);
		await this.#work;
	}

	#changed(join: Join | undefined): void {
		if (join === undefined || join.state === 'joining') return;
		if (join.isForgotten) this.#due.delete(join.id);
		else this.#due.set(join.id, this.#options.clock() + SETTLE_MS);
	}

	#start(ids: readonly string[]): void {
		if (ids.length === 0) return;
		this.#isWorking = true;
		this.#work = this.#work.then(async () => {
			for (let at = 0; at < ids.length; at += WRITTEN_AT_ONCE) await this.#write(ids.slice(at, at + WRITTEN_AT_ONCE));
			this.#isWorking = false;
		});
	}

	/** A storm of joins waits for the disk a few times, not once for each. */
	async #write(ids: readonly string[]): Promise<void> {
		const contents = await Promise.all(ids.map((id) => this.#contentsOf(id)));
		const found = contents.filter((one) => one !== undefined);
		const files = found.map(({ join: { id }, bytes }) => ({
			path: this.#path(id),
			contents: bytes,
			mode: 0o600 as const,
		}));
		if (files.length === 0 || !(await this.#attempt('write', () => writeWholeFiles(files)))) return;
		for (const { join, bytes } of found) {
			this.#files.delete(join.id);
			this.#files.set(join.id, bytes.length);
			this.#options.joins.addSaved(join);
		}
		await this.#shrink();
	}

	async #contentsOf(id: string): Promise<{ readonly join: Join; readonly bytes: Buffer } | undefined> {
		const { joins, count } = this.#options;
		this.#due.delete(id);
		const spans = joins.spans(id);
		const join = joins.find(id);
		if (spans.length === 0 || join === undefined) return undefined;
		const text = `${JSON.stringify(lineOf(join))}\n${JSON.stringify(toOtlp(spans))}`;
		if (Buffer.byteLength(text) <= limits.savedJoinBytes.value) return { join, bytes: await promisify(gzip)(text) };
		count('savedJoinBytes');
		return undefined;
	}

	async #shrink(): Promise<void> {
		let bytes = [...this.#files.values()].reduce((sum, one) => sum + one, 0);
		for (const [id, own] of [...this.#files]) {
			if (this.#files.size <= this.#options.keptJoins && bytes <= limits.savedJoinsBytes.value) return;
			if (bytes > limits.savedJoinsBytes.value) this.#options.count('savedJoinsBytes');
			bytes -= own;
			await this.#remove(id);
		}
	}

	async #remove(id: string): Promise<void> {
		this.#files.delete(id);
		this.#options.joins.removeSaved(id);
		await this.#attempt('remove', () => rm(this.#path(id), { force: true }));
	}

	async #removeDamaged(id: string, error: unknown): Promise<void> {
		const file = this.#path(id);
		this.#options.log.warn({ file, problem: causeText(error) }, 'a saved join cannot be read and is removed');
		await this.#remove(id);
	}

	async #restore(): Promise<void> {
		const { directory, joins, log } = this.#options;
		const isOpen = await this.#attempt('open', () => makePrivateDirectory(directory));
		if (!isOpen) return;
		for (const name of readdirSync(directory))
			if (oldName.test(name)) await this.#attempt('remove', () => rm(joinPath(directory, name)));
		const found: SavedFile[] = [];
		for (const [index, id] of savedIds(directory).entries()) {
			if (index % READ_AT_ONCE === 0) await new Promise((resolve) => setImmediate(resolve));
			try {
				const path = this.#path(id);
				found.push({ line: readHead(path, id), bytes: statSync(path).size });
			} catch (error) {
				await this.#removeDamaged(id, error);
			}
		}
		found.sort((a, b) => a.line.startedMs - b.line.startedMs);
		for (const { line, bytes } of found) this.#files.set(line.id, bytes);
		await this.#shrink();
		for (const { line } of found) if (this.#files.has(line.id)) joins.addSaved(line);
		if (this.#files.size > 0) log.info({ joins: this.#files.size, directory }, 'found the joins of an earlier run');
	}

	/** A failure is logged once, until an attempt succeeds. */
	async #attempt(action: string, work: () => Promise<void>): Promise<boolean> {
		try {
			await work();
			this.#isBroken = false;
			return true;
		} catch (error) {
			const { directory, log } = this.#options;
			if (!this.#isBroken)
				log.warn({ directory, action, problem: causeText(error) }, 'joins are not saved; a restart loses them');
			this.#isBroken = true;
			return false;
		}
	}

	#path(id: string): string {
		return joinPath(this.#options.directory, `${id}.json.gz`);
	}
}

const savedIds = (directory: string): readonly string[] =>
	readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
		const id = fileName.exec(entry.name)?.[1];
		return id === undefined || !entry.isFile() ? [] : [id];
	});

/** @throws Error  why the file does not begin with the line of this join */
function readHead(path: string, id: string): Join {
	for (const length of [HEAD_BYTES, LONG_HEAD_BYTES]) {
		// The end of the compressed data is not read.
		const inflating = { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: limits.savedJoinBytes.value };
		const text = gunzipSync(readBytes(path, length), inflating).toString();
		const end = text.indexOf('\n');
		if (end !== -1) return readLine(text.slice(0, end), id);
	}
	throw new Error('it does not begin with the line of a join');
}

/** @throws Error  why the file is not a saved join */
async function readJoin(path: string, id: string): Promise<readonly Span[]> {
	const bytes = readBytes(path, limits.savedJoinBytes.value);
	const text = (await promisify(gunzip)(bytes, { maxOutputLength: limits.savedJoinBytes.value })).toString();
	const body: unknown = JSON.parse(text.slice(text.indexOf('\n') + 1));
	const spans = tracedPrograms.flatMap((program) => readSpans(body, program).spans);
	const own = spans.filter(({ traceId }) => traceId === id);
	if (own.length === 0) throw new Error(`it has no span of the trace ${id}`);
	return own;
}
