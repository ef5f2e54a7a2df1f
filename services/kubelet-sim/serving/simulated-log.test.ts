import assert from 'node:assert/strict';
import { limits } from '../../../lib/limits.ts';
import { LINE_INTERVAL_MS, type LogOptions, lineRange, readLog, type SimulatedContainer } from './simulated-log.ts';

const startedMs = Date.UTC(2026, 0, 1);
const container: SimulatedContainer = { image: 'nginx', startedMs };
const all: LogOptions = {
	...{ follow: false, timestamps: false, tailLines: undefined, limitBytes: undefined, sinceMs: undefined },
};
const first = 'kubelet-sim: this container is simulated: nginx was not pulled, no process runs\n';
const afterSeconds = (seconds: number) => `kubelet-sim: simulated for ${seconds} s\n`;

describe('the log of a simulated container', () => {
	let nowMs: number;
	const read = async (options: Partial<LogOptions>, of: SimulatedContainer | undefined = container) => {
		const tools = {
			...{ container: () => of, nowMs: () => nowMs, signal: new AbortController().signal },
			waitUntil: () => assert.fail(),
		};
		const lines: string[] = [];
		for await (const line of readLog({ ...all, ...options }, tools)) lines.push(line);
		return lines;
	};
	beforeEach(() => {
		nowMs = startedMs + 3 * LINE_INTERVAL_MS + 1;
	});

	it('has a line for the start, which names the image, and one for each interval since', async () => {
		assert.deepEqual(await read({}), [first, afterSeconds(10), afterSeconds(20), afterSeconds(30)]);
		assert.deepEqual(await read({}, { ...container, endedMs: startedMs + LINE_INTERVAL_MS }), [
			first,
			afterSeconds(10),
		]);
		nowMs = startedMs;
		assert.deepEqual(await read({}), [first]);
		const [line = ''] = await read({}, { ...container, image: `\u001b[31m${'x'.repeat(5000)}` });
		assert.ok(!line.includes('\u001b') && line.length < 500);
	});

	it('has the newest lines, those since a time, and a number of bytes', async () => {
		assert.deepEqual(await read({ tailLines: 2 }), [afterSeconds(20), afterSeconds(30)]);
		assert.deepEqual(await read({ tailLines: 0 }), []);
		assert.deepEqual(await read({ sinceMs: startedMs + 1 }), [afterSeconds(10), afterSeconds(20), afterSeconds(30)]);
		assert.deepEqual(await read({ sinceMs: startedMs + 20_000 }), [afterSeconds(20), afterSeconds(30)]);
		assert.deepEqual(await read({ sinceMs: nowMs + 1 }), []);
		assert.equal((await read({ limitBytes: 90 })).join('').length, 90);
		assert.deepEqual(await read({ limitBytes: 3 }), ['kub']);
	});

	it('has a time before each line if it is asked for', async () => {
		const [line = ''] = await read({ timestamps: true, tailLines: 1 });
		assert.equal(line, `2026-01-01T00:00:30.000000000Z ${afterSeconds(30)}`);
	});

	it('leaves out lines above the limit', () => {
		const count = limits.simulatedLogLines.value;
		const later = startedMs + 2 * count * LINE_INTERVAL_MS;
		for (const tailLines of [undefined, count + 1, Number.MAX_SAFE_INTEGER]) {
			const { from, to } = lineRange(container, { tailLines, sinceMs: undefined }, later);
			assert.deepEqual([to - from, to], [count, 2 * count + 1]);
		}
	});

	it('waits for each next line when it is followed, until the container ends or the caller goes', async () => {
		for (const end of ['ended', 'gone', 'left'] as const) {
			nowMs = startedMs;
			let present: SimulatedContainer | undefined = container;
			const leaving = new AbortController();
			const waitUntil = async (atMs: number) => {
				nowMs = atMs;
				if (nowMs < startedMs + 2 * LINE_INTERVAL_MS) return;
				if (end === 'ended') present = { ...container, endedMs: nowMs };
				else if (end === 'gone') present = undefined;
				else leaving.abort();
			};
			const tools = { container: () => present, nowMs: () => nowMs, waitUntil, signal: leaving.signal };
			const lines: string[] = [];
			for await (const line of readLog({ ...all, follow: true }, tools)) lines.push(line);
			assert.deepEqual(
				lines,
				end === 'ended' ? [first, afterSeconds(10), afterSeconds(20)] : [first, afterSeconds(10)],
			);
		}
	});
});
