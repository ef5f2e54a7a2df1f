import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import {
	chmodSync,
	mkdtempSync,
	readdirSync,
	readFileSync,
	rmSync,
	statSync,
	symlinkSync,
	truncateSync,
	utimesSync,
	writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { type LimitName, limits } from '../../lib/limits.ts';
import { keptLog } from './app.fixture.ts';
import { createJoins } from './joins.ts';
import { OpenJoins } from './open-joins.ts';
import { readSpans, type Span } from './otlp.ts';
import { toOtlp } from './otlp-writer.ts';
import { SavedJoins } from './saved-joins.ts';
import { joinedSpans, refusedSpans, span, traceId } from './spans.fixture.ts';

const idOf = (number: number): string => number.toString(16).padStart(32, '0');
/** By ID, in the JSON form: a field without a value is not in the file. */
const byId = (spans: readonly Span[]): unknown =>
	JSON.parse(JSON.stringify(spans.toSorted((a, b) => (a.spanId < b.spanId ? -1 : 1))));
const ofTrace = (id: string, spans: readonly Span[]): Span[] => spans.map((one) => ({ ...one, traceId: id }));

describe('saved joins', () => {
	let parent: string;
	let directory: string;
	let nowMs: number;
	let counted: LimitName[];
	beforeEach(() => {
		parent = mkdtempSync(join(tmpdir(), 'saved-joins-'));
		directory = join(parent, 'joins');
		nowMs = 0;
		counted = [];
	});
	afterEach(() => {
		chmodSync(parent, 0o700);
		rmSync(parent, { recursive: true });
	});

	async function start({ keptJoins = 10, inMemory = 10 } = {}) {
		const { log, lines } = keptLog();
		const joins = createJoins({ keptJoins: inMemory, keptLines: 100, areSaved: true, clock: () => nowMs });
		const count = (name: LimitName) => void counted.push(name);
		const saved = await SavedJoins.open({ directory, joins, keptJoins, clock: () => nowMs, count, log });
		const add = (spans: readonly Span[]) => {
			joins.add(spans);
			joins.flush();
		};
		return { joins, saved, open: new OpenJoins(joins, saved), add, lines };
	}
	const files = () => readdirSync(directory).sort();
	const path = (id: string) => join(directory, `${id}.json.gz`);

	it('are there after a restart, with the same line and steps, and the bytes of every span', async () => {
		const first = await start();
		first.add(joinedSpans);
		first.add(ofTrace(idOf(2), refusedSpans));
		await first.saved.close();
		const second = await start();
		for (const id of [traceId, idOf(2)]) {
			assert.deepEqual(second.joins.find(id), JSON.parse(JSON.stringify(first.joins.find(id))));
			const { steps, spans } = await second.open.open(id);
			assert.deepEqual(steps, first.joins.steps(id));
			assert.deepEqual(byId(spans), byId(first.joins.spans(id)));
		}
		assert.equal(second.joins.find(idOf(2))?.failure?.code, 'CA_HASH_MISMATCH');
	});

	it('are written a second after the last span, although the observer is killed then; a join in progress is not', async () => {
		const { saved, add } = await start();
		add(joinedSpans.slice(1));
		saved.save();
		nowMs = 5_000;
		saved.save();
		await saved.close();
		assert.deepEqual(files(), []);
		add(joinedSpans);
		nowMs += 999;
		saved.save();
		assert.deepEqual(files(), []);
		nowMs += 1;
		saved.save();
		while (!files().includes(`${traceId}.json.gz`)) await new Promise((resolve) => setImmediate(resolve));
	});

	it('are readable by their owner only', async () => {
		const { saved, add } = await start();
		add(joinedSpans);
		await saved.close();
		assert.equal(statSync(directory).mode & 0o777, 0o700);
		assert.equal(statSync(path(traceId)).mode & 0o777, 0o600);
	});

	it('leave the memory: only a line stays, and the file is read when the join is opened', async () => {
		const { joins, saved, open, add } = await start({ inMemory: 2 });
		for (let number = 1; number <= 4; number++) {
			add(ofTrace(idOf(number), joinedSpans));
			await saved.close();
		}
		joins.flush();
		assert.deepEqual([joins.spans(idOf(1)), joins.find(idOf(1))?.isForgotten], [[], false]);
		const { steps, spans } = await open.open(idOf(1));
		assert.deepEqual([steps.length, spans.length], [joins.find(idOf(1))?.steps, joinedSpans.length]);
		add(ofTrace(idOf(1), joinedSpans.slice(0, 1)));
		assert.deepEqual(joins.spans(idOf(1)), []);
	});

	it('stay in memory until they are in their file', async () => {
		const { joins, saved, add } = await start({ inMemory: 2 });
		for (let number = 1; number <= 4; number++) add(ofTrace(idOf(number), joinedSpans));
		assert.equal(joins.spans(idOf(1)).length, joinedSpans.length);
		await saved.close();
		joins.flush();
		assert.deepEqual(
			[1, 2, 3, 4].map((number) => joins.spans(idOf(number)).length > 0),
			[false, false, true, true],
		);
	});

	it('are as many as the joins that are kept, the newest; of the others a line stays', async () => {
		const { joins: all, saved, add } = await start({ keptJoins: 3, inMemory: 1 });
		for (let number = 1; number <= 6; number++) {
			const laterMs = number * 1_000;
			const later = joinedSpans.map((one) => ({ ...one, startMs: one.startMs + laterMs, endMs: one.endMs + laterMs }));
			add(ofTrace(idOf(number), later));
			await saved.close();
		}
		all.flush();
		assert.deepEqual(
			files(),
			[4, 5, 6].map((number) => `${idOf(number)}.json.gz`),
		);
		assert.deepEqual(
			all.list().map(({ isForgotten }) => isForgotten),
			[true, true, true, false, false, false],
		);
		for (const number of [4, 5, 6]) utimesSync(path(idOf(number)), 10 - number, 10 - number);
		const { joins } = await start({ keptJoins: 2 });
		assert.deepEqual(
			joins.list().map(({ id }) => id),
			[idOf(5), idOf(6)],
		);
		assert.equal(files().length, 2);
	});

	it('are listed by their start, the oldest first', async () => {
		const { saved, add } = await start();
		for (const [index, id] of [idOf(3), idOf(2), idOf(1)].entries())
			add(ofTrace(id, joinedSpans).map((one) => ({ ...one, startMs: one.startMs + index * 1_000 })));
		await saved.close();
		const { joins } = await start();
		assert.deepEqual(
			joins.list().map(({ id }) => id),
			[idOf(3), idOf(2), idOf(1)],
		);
	});

	it('exclude a file that is no saved join, which is logged and removed, and keep files of other names', async () => {
		const first = await start();
		first.add(joinedSpans);
		await first.saved.close();
		const whole = readFileSync(path(traceId));
		const line = String(gunzipSync(whole)).split('\n')[0] ?? '';
		const phase = randomBytes(4 * 1024).toString('hex');
		const bad: Record<string, string | Buffer> = {
			[idOf(1)]: '',
			[idOf(2)]: whole.subarray(0, 10),
			[idOf(3)]: whole,
			[idOf(4)]: gzipSync('{"resourceSpans":7}\n'),
			[idOf(5)]: 'x'.repeat(limits.savedJoinBytes.value + 1),
			// Its line is valid and long, and the rest is 32 MiB of zeros.
			[idOf(12)]: gzipSync(`${JSON.stringify({ ...JSON.parse(line), id: idOf(12), phase })}\n${'\0'.repeat(32 << 20)}`),
			[idOf(7)]: gzipSync(`${JSON.stringify({ ...JSON.parse(line), id: idOf(7), node: 7 })}\n{}`),
			[idOf(8)]: gzipSync(`${JSON.stringify({ ...JSON.parse(line), id: idOf(8), failure: {} })}\n{}`),
			[idOf(9)]: gzipSync(`${JSON.stringify({ ...JSON.parse(line), id: idOf(9), outages: [7] })}\n{}`),
			[idOf(13)]: gzipSync(`${JSON.stringify({ ...JSON.parse(line), id: idOf(13), refusedConnections: [7] })}\n{}`),
		};
		for (const [id, text] of Object.entries(bad)) writeFileSync(path(id), text);
		writeFileSync(join(directory, 'notes.txt'), 'mine');
		writeFileSync(join(directory, `${idOf(10)}.json`), 'of an earlier version');
		writeFileSync(join(directory, `${idOf(10)}.json.gz.tmp`), 'of a crash');
		symlinkSync('/dev/zero', path(idOf(6)));
		symlinkSync(path(idOf(11)), path(idOf(11)));
		const { joins, lines } = await start();
		assert.deepEqual(
			joins.list().map(({ id }) => id),
			[traceId],
		);
		assert.deepEqual(
			files(),
			[idOf(6), idOf(11), traceId]
				.map((id) => `${id}.json.gz`)
				.concat('notes.txt')
				.sort(),
		);
		for (const id of Object.keys(bad))
			assert.ok(
				lines.some((line) => line.includes(id)),
				id,
			);
	});

	it('lose a file whose spans cannot be read when it is opened: its line stays', async () => {
		const first = await start();
		first.add(joinedSpans);
		await first.saved.close();
		const [line] = String(gunzipSync(readFileSync(path(traceId)))).split('\n');
		for (const rest of ['', 'no JSON', '{}', 'x'.repeat(limits.savedJoinBytes.value)]) {
			writeFileSync(path(traceId), gzipSync(`${line}\n${rest}`));
			const { joins, open } = await start();
			assert.equal(joins.find(traceId)?.isForgotten, false);
			assert.deepEqual((await open.open(traceId)).steps, []);
			assert.equal(joins.find(traceId)?.isForgotten, true);
			assert.deepEqual(files(), []);
		}
	});

	it('exclude a join above savedJoinBytes', async () => {
		const { joins, saved, add } = await start();
		const long = span(99, 'm', { attributes: { a: 'x'.repeat(limits.savedJoinBytes.value) } });
		Object.assign(joins, { spans: () => [...joinedSpans, long] });
		add(joinedSpans);
		await saved.close();
		assert.deepEqual([files(), counted], [[], ['savedJoinBytes']]);
	});

	it('lose their oldest files above savedJoinsBytes', async () => {
		const first = await start({ keptJoins: 100 });
		const own = limits.savedJoinBytes.value;
		const enough = limits.savedJoinsBytes.value / own + 2;
		for (let number = 1; number <= enough; number++) {
			first.add(ofTrace(idOf(number), joinedSpans));
			await first.saved.close();
			truncateSync(path(idOf(number)), own);
		}
		const { joins } = await start({ keptJoins: 1_000 });
		assert.deepEqual(counted, ['savedJoinsBytes', 'savedJoinsBytes']);
		assert.equal(joins.list().length, enough - 2);
	});

	it('are not required: an unusable directory is logged once', async () => {
		writeFileSync(directory, 'a file');
		const { joins, saved, add, lines } = await start();
		add(joinedSpans);
		await saved.close();
		assert.equal(joins.find(traceId)?.state, 'joined');
		assert.equal(lines.filter((line) => line.includes('are not saved')).length, 1);
	});
});

describe('spans in OTLP', () => {
	it('are read as they were written', () => {
		const text = fc.string({ maxLength: 20 }).map((one) => one.replaceAll(/[^\x20-\x7e]/g, 'x'));
		const value = fc.oneof(
			text,
			fc.boolean(),
			fc.double({ noNaN: true, noDefaultInfinity: true }),
			fc.array(text, { maxLength: 3 }),
		);
		const attributes = fc.dictionary(fc.constantFrom('a', 'b', 'kubejoin.tls'), value);
		const ms = fc.integer({ min: 1_600_000_000_000_000, max: 1_900_000_000_000_000 }).map((us) => us / 1_000);
		const anySpan = fc
			.record({
				name: text,
				kind: fc.constantFrom('internal', 'server', 'client', 'producer', 'consumer'),
				times: fc.tuple(ms, ms),
				failed: fc.option(
					text.map((one) => one.trim()),
					{ nil: undefined },
				),
				attributes,
				events: fc.array(fc.record({ name: text, atMs: ms, attributes }), { maxLength: 3 }),
			})
			.map(({ times, failed, ...rest }, index = 1) => ({
				...span(index, 'x'),
				...rest,
				startMs: Math.min(...times),
				endMs: Math.max(...times),
				...(failed === undefined ? {} : { failed }),
			})) as fc.Arbitrary<Span>;
		fc.assert(
			fc.property(fc.array(anySpan, { maxLength: 5 }), (spans) => {
				const { spans: read, refused } = readSpans(JSON.parse(JSON.stringify(toOtlp(spans))), 'kubelet-sim');
				assert.equal(refused, 0);
				assert.equal(JSON.stringify(read), JSON.stringify(read.length === 0 ? [] : spans.map(ordered)));
			}),
		);
	});
});

/** In the order of fields that the reader makes. */
const ordered = ({
	traceId: id,
	spanId,
	parentId,
	name,
	kind,
	service,
	startMs,
	endMs,
	failed,
	attributes,
	events,
}: Span) => ({
	traceId: id,
	spanId,
	parentId,
	name,
	kind,
	service,
	startMs,
	endMs,
	...(failed === undefined ? {} : { failed }),
	attributes,
	events,
});
