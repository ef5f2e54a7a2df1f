import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { hasCode } from '../../lib/errors.ts';
import { limits } from '../../lib/limits.ts';
import { keptLog } from './app.fixture.ts';
import { EVENTS_FILE, receiveRun } from './received-run.ts';
import { TerminalRuns } from './terminal-runs.ts';

describe('a run that another machine reports', () => {
	let directory: string;
	beforeEach(() => {
		directory = mkdtempSync(join(tmpdir(), 'received-runs-'));
	});
	afterEach(() => rmSync(directory, { recursive: true }));
	const receive = (name: string, ...lines: readonly string[]) =>
		receiveRun(directory, name, Readable.from(lines.map((line) => `${line}\n`)));
	const read = () => {
		const [heard, lost]: [string[], string[]] = [[], []];
		const runs = new TerminalRuns({
			directory,
			onEvent: (run, { event }) => void heard.push(`${run} ${event}`),
			onLost: (run) => void lost.push(run),
			count: () => undefined,
			log: keptLog().log,
		});
		runs.read();
		runs.read();
		return { heard, lost };
	};
	const name = '2026-01-31T12-00-00-1';
	const started = '{"event":"run-started","pid":4194304,"processStart":"x/1"}';

	it('is read as a run of this machine, from its first event to its last', async () => {
		await receive(name, started, 'no event', '{"event":"run-ended","report":"r"}');
		assert.deepEqual(read(), { heard: [`${name} run-started`, `${name} run-ended`], lost: [] });
		assert.equal(statSync(join(directory, name, EVENTS_FILE)).mode & 0o777, 0o600);
	});

	it('names the receiving process as its runner, which the observer can watch', async () => {
		await receive(name, started);
		assert.deepEqual(read().lost, []);
		const { pid } = JSON.parse(readFileSync(join(directory, name, EVENTS_FILE), 'utf8')) as { pid: number };
		assert.equal(pid, process.pid);
	});

	it('is refused with a name that is no time: it is a path', async () => {
		for (const bad of ['', '..', '../x', 'a', '2026-01-31T12-00-00/../x', `${name}/x`])
			await assert.rejects(receive(bad, started), (error: unknown) => hasCode(error, 'PAGE_BAD_REQUEST'));
		assert.deepEqual(readdirSync(directory), []);
	});

	it('is bounded in bytes and in number', async () => {
		const long = JSON.stringify({ event: 'run-ended', report: 'r'.repeat(1024 * 1024) });
		await receive(name, started, ...Array.from({ length: 8 }, () => long));
		assert.ok(statSync(join(directory, name, EVENTS_FILE)).size <= limits.terminalRunBytes.value);
		for (let index = 0; index < limits.terminalRuns.value + 5; index++)
			mkdirSync(join(directory, `2025-01-31T12-00-00-${100 + index}`));
		await receive('2026-01-31T12-00-00-2', started);
		const names = readdirSync(directory);
		assert.equal(names.length, limits.terminalRuns.value);
		assert.ok(names.includes(name) && names.includes('2026-01-31T12-00-00-2'));
	});
});
