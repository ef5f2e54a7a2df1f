/**
 * Keeps ended joins in files, so that a restart of the observer does not lose them: one file of OTLP as JSON for
 * each join. Files are untrusted like requests, and are read by the same parser. They are as many as the joins in
 * memory, and their bytes are bounded. The observer works without them if the disk fails. Traces contain no secret;
 * the files are readable by their owner only.
 */
import { readdirSync, statSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join as joinPath } from 'node:path';
import { causeText } from '../../lib/errors.ts';
import { makePrivateDirectory, readBytes, writeWholeFile } from '../../lib/files.ts';
import { type CountRefusal, limits } from '../../lib/limits.ts';
import type { Log } from '../../lib/log.ts';
import { tracedPrograms } from '../../lib/traces-key.ts';
import type { Join } from './api.ts';
import type { Joins } from './joins.ts';
import { readSpans, type Span } from './otlp.ts';
import { toOtlp } from './otlp-writer.ts';

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
const fileName = /^([0-9a-f]{32})\.json$/;

interface SavedFile {
	readonly id: string;
	readonly bytes: number;
	readonly modifiedMs: number;
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

	/** Restores the saved joins, oldest first, and saves each join that ends from now on. */
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
		if (join.isForgotten) {
			this.#due.delete(join.id);
			if (this.#files.has(join.id)) this.#work = this.#work.then(() => this.#remove(join.id));
		} else this.#due.set(join.id, this.#options.clock() + SETTLE_MS);
	}

	#start(ids: readonly string[]): void {
		if (ids.length === 0) return;
		this.#isWorking = true;
		this.#work = this.#work.then(async () => {
			for (const id of ids) await this.#write(id);
			this.#isWorking = false;
		});
	}

	async #write(id: string): Promise<void> {
		this.#due.delete(id);
		const spans = this.#options.joins.spans(id);
		const json = JSON.stringify(toOtlp(spans));
		const bytes = Buffer.byteLength(json);
		if (spans.length === 0) return;
		if (bytes > limits.savedJoinBytes.value) {
			this.#options.count('savedJoinBytes');
			return;
		}
		await this.#attempt(id, 'write', () => writeWholeFile(this.#path(id), json, 0o600));
		this.#files.delete(id);
		this.#files.set(id, bytes);
		await this.#shrink();
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
		await this.#attempt(id, 'remove', () => rm(this.#path(id), { force: true }));
	}

	async #restore(): Promise<void> {
		const { directory, joins, log } = this.#options;
		const isOpen = await this.#attempt('', 'open', () => makePrivateDirectory(directory));
		if (!isOpen) return;
		for (const { id, bytes } of savedFiles(directory)) this.#files.set(id, bytes);
		await this.#shrink();
		for (const id of [...this.#files.keys()]) {
			try {
				joins.add(readJoin(this.#path(id), id));
			} catch (error) {
				log.warn({ file: this.#path(id), problem: causeText(error) }, 'a saved join cannot be read and is removed');
				await this.#remove(id);
			}
			while (joins.hasChanges()) joins.flush();
		}
		if (this.#files.size > 0) log.info({ joins: this.#files.size, directory }, 'restored the joins of an earlier run');
	}

	/** A failure is logged once, until an attempt succeeds. */
	async #attempt(id: string, action: string, work: () => Promise<void>): Promise<boolean> {
		try {
			await work();
			this.#isBroken = false;
			return true;
		} catch (error) {
			const { directory, log } = this.#options;
			if (!this.#isBroken)
				log.warn(
					{ directory, join: id, action, problem: causeText(error) },
					'joins are not saved; a restart loses them',
				);
			this.#isBroken = true;
			return false;
		}
	}

	#path(id: string): string {
		return joinPath(this.#options.directory, `${id}.json`);
	}
}

/** Oldest first; of no other file is anything read. */
function savedFiles(directory: string): readonly SavedFile[] {
	return readdirSync(directory)
		.flatMap((name) => {
			const id = fileName.exec(name)?.[1];
			const stat = statSync(joinPath(directory, name), { throwIfNoEntry: false });
			return id === undefined || !stat?.isFile() ? [] : [{ id, bytes: stat.size, modifiedMs: stat.mtimeMs }];
		})
		.sort((a, b) => a.modifiedMs - b.modifiedMs || (a.id < b.id ? -1 : 1));
}

/** @throws Error  why the file is not a saved join */
function readJoin(path: string, id: string): readonly Span[] {
	const bytes = readBytes(path, limits.savedJoinBytes.value);
	if (bytes.length > limits.savedJoinBytes.value)
		throw new Error(`it has more than ${limits.savedJoinBytes.value} bytes`);
	const body: unknown = JSON.parse(bytes.toString());
	const spans = tracedPrograms.flatMap((program) => readSpans(body, program).spans);
	const own = spans.filter(({ traceId }) => traceId === id);
	if (own.length === 0) throw new Error(`it has no span of the trace ${id}`);
	return own;
}
