import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ChaosEvent } from '../../chaos/runner/events.ts';
import type { Journal, Run } from '../../chaos/runner/journal.ts';
import { environment } from '../../lib/config.ts';
import { projectPath } from '../../lib/paths.ts';

const fixture = readFileSync(projectPath('chaos/runner/fixtures/all-holds.yaml'), 'utf8');
const NO_OBSERVER = 'http://127.0.0.1:1';

const stdoutOf = (run: Run | undefined): unknown => (run?.output as { readonly stdout: string } | undefined)?.stdout;

interface Ended {
	readonly code: number | null;
	readonly stdout: string;
	readonly stderr: string;
}

describe('npm run chaos', function () {
	this.timeout('5m');
	let folder: string;
	beforeEach(() => {
		folder = mkdtempSync(join(tmpdir(), 'kubejoin-chaos-'));
		mkdirSync(join(folder, 'c'));
		writeFileSync(join(folder, 'c', 'good.yaml'), fixture);
	});
	afterEach(() => rmSync(folder, { recursive: true }));

	function chaos(
		args: readonly string[],
		onOutput: (text: string, kill: (signal: NodeJS.Signals) => void) => void = () => undefined,
		variables: Readonly<Record<string, string>> = {},
	): Promise<Ended> {
		const where = ['--catalogue', join(folder, 'c'), '--journal', join(folder, 'j'), '--observer', NO_OBSERVER];
		const child = spawn(process.execPath, ['--import', 'tsx', projectPath('scripts/chaos.ts'), ...where, ...args], {
			env: { ...environment(), NO_COLOR: '1', ...variables },
		});
		let [stdout, stderr] = ['', ''];
		child.stdout.on('data', (chunk) => {
			stdout += chunk;
			onOutput(stdout, (signal) => child.kill(signal));
		});
		child.stderr.on('data', (chunk) => (stderr += chunk));
		return new Promise((resolve, reject) =>
			child.once('error', reject).once('close', (code) => resolve({ code, stdout, stderr })),
		);
	}
	const journalOf = (name: string): Journal => JSON.parse(readFileSync(join(folder, 'j', `${name}.json`), 'utf8'));

	it('ends with 0 when all experiments pass, and writes a journal and a report for the owner only', async () => {
		const { code, stdout, stderr } = await chaos(['--seed', '5']);
		assert.equal(code, 0, stdout + stderr);
		assert.match(stdout, /1 passed, 0 failed, in .*; seed 5/);
		assert.ok(stdout.split('\n').every((line) => line.length <= 80 || line.startsWith('Report:')));
		assert.deepEqual([journalOf('good').status, journalOf('good').kubejoin.seed], ['completed', 5]);
		for (const file of ['good.json', 'report.html', 'report.md'])
			assert.equal(statSync(join(folder, 'j', file)).mode & 0o777, 0o600);
		assert.match(
			readFileSync(join(folder, 'j', 'report.md'), 'utf8'),
			/the observer at http:\/\/127\.0\.0\.1:1 cannot be reached/,
		);
	});

	it('ends with 1 when an experiment fails, and prints its events as JSON', async () => {
		writeFileSync(
			join(folder, 'c', 'bad.yaml'),
			fixture.replace('X99', 'X97').replace('security: held n', 'security: violated n'),
		);
		const { code, stdout } = await chaos(['--progress', 'json']);
		assert.equal(code, 1);
		const events = stdout
			.trim()
			.split('\n')
			.map((line) => JSON.parse(line) as ChaosEvent);
		const last = events.at(-1);
		assert.ok(last?.event === 'run-ended');
		assert.deepEqual([last.passed, last.failed, last.isInterrupted], [['good'], ['bad'], false]);
	});

	it('ends with 2 for an invalid document and 3 for invalid arguments, without running a step', async () => {
		writeFileSync(join(folder, 'c', 'bad.yaml'), 'title: x\n');
		for (const args of [[], ['--validate']]) {
			const { code, stdout, stderr } = await chaos(args);
			assert.equal(code, 2);
			assert.match(stderr, /bad\.yaml:1:1: \$ needs description/);
			assert.match(stderr, /CHAOS_DOCUMENT_INVALID/);
			assert.equal(stdout, '');
		}
		assert.equal((await chaos(['good', '--validate'])).code, 0);
		for (const args of [['nothing-like-it'], ['--seed', '-1'], ['--no-such-flag'], ['good', '--record']])
			assert.equal((await chaos(args)).code, 3, args.join(' '));
	});

	it('begins no experiment that uses the lab without a mesh, and prints how to start one', async () => {
		const lab = "path: bin/lab, arguments: ['steady']";
		writeFileSync(join(folder, 'c', 'good.yaml'), fixture.replace("path: node, arguments: ['-e', '0']", lab));
		for (const [mesh, code] of [
			[[], 1],
			[['--mesh', 'local'], 1],
			[['--mesh', 'compose'], 2],
		] as const) {
			const ended = await chaos([...mesh, '--state', join(folder, 's')], undefined, {
				DOCKER_HOST: `unix://${join(folder, 'none.sock')}`,
			});
			assert.deepEqual([ended.code, ended.stdout, existsSync(join(folder, 'j'))], [code, '', false]);
			assert.match(ended.stderr, code === 1 ? /LAB_UNREACHABLE\n.*: npm start/ : /DOCKER_UNREACHABLE\n.*: npm start/);
		}
		assert.equal((await chaos(['--dry-run'])).code, 0);
	});

	it('passes seed, mesh and state to the steps', async () => {
		const script =
			"'const e = process.env; console.log([e.CHAOS_SEED, e.CHAOS_MESH, e.CHAOS_STATE, e.CHAOS_EXPERIMENT].join())'";
		writeFileSync(join(folder, 'c', 'good.yaml'), fixture.replace('\'console.log("put back")\'', script));
		assert.equal((await chaos(['--seed', '9', '--mesh', 'local', '--state', join(folder, 's')])).code, 0);
		assert.equal(stdoutOf(journalOf('good').rollbacks[0]), `9,local,${join(folder, 's')},good\n`);
	});

	for (const signal of ['SIGINT', 'SIGTERM'] as const) {
		it(`${signal} stops the method, rolls back despite further signals, and ends with 130`, async () => {
			const waits =
				'    - { type: action, name: waits, provider: { type: process, path: node,\n' +
				"        arguments: ['-e', 'setInterval(() => 0, 1000)'] } }\n";
			// The rollback waits for a file that this test creates after the second signal.
			const file = join(folder, 'go');
			const back = `'const fs = require("node:fs"); const done = () => fs.existsSync(${JSON.stringify(file)});
        const t = setInterval(() => done() && (clearInterval(t), console.log("put back")), 20)'`;
			writeFileSync(
				join(folder, 'c', 'good.yaml'),
				fixture.replace('method:\n', `method:\n${waits.slice(2)}`).replace('\'console.log("put back")\'', back),
			);
			writeFileSync(join(folder, 'c', 'later.yaml'), fixture.replace('X99', 'X999'));
			const sent = new Set<string>();
			const once = (what: string, act: () => void) => {
				if (!sent.has(what)) act();
				sent.add(what);
			};
			const { code, stdout } = await chaos(['--progress', 'json'], (output, kill) => {
				if (output.includes('"part":"method","index":0')) once('first', () => kill(signal));
				// A signal within 300 ms counts as the same Ctrl-C, forwarded by npm.
				if (output.includes('"part":"rollbacks"')) once('second', () => setTimeout(() => kill(signal), 500));
				if (output.includes('"isFirst":false')) once('go', () => writeFileSync(file, ''));
			});
			assert.equal(code, 130, stdout);
			const journal = journalOf('good');
			assert.deepEqual([journal.status, journal.kubejoin.passed, journal.run.length], ['interrupted', false, 1]);
			assert.equal(stdoutOf(journal.rollbacks[0]), 'put back\n');
			const last = JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as ChaosEvent;
			assert.ok(last.event === 'run-ended');
			assert.deepEqual(
				[last.isInterrupted, last.failed, last.interrupted, last.notRun],
				[true, [], ['good'], ['later']],
			);
		});
	}
});
