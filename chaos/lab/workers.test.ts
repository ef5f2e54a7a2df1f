import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hasCode } from '../../lib/errors.ts';
import { limits } from '../../lib/limits.ts';
import type { ChildPlan, launch } from '../../lib/process-supervisor.ts';
import { createWorkers, type WorkerPlan, type Workers } from './workers.ts';

/** A fake program that a test starts, ends and inspects. */
interface FakeProgram {
	readonly plan: ChildPlan;
	readonly signals: string[];
	readonly print: (line: string) => void;
	readonly serve: () => void;
	readonly end: (exitCode: number | null, how: string) => Promise<void>;
}

function deferred<T>() {
	let resolve: (value: T) => void = () => undefined;
	const promise = new Promise<T>((done) => {
		resolve = done;
	});
	return { promise, resolve };
}

describe('workers', () => {
	let directory: string;
	let workers: Workers;
	let programs: FakeProgram[];
	beforeEach(() => {
		directory = mkdtempSync(join(tmpdir(), 'kubejoin-workers-'));
		programs = [];
		workers = createWorkers(
			directory,
			{
				telemetry: { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://h:1' },
				settingsOf: (program) => ({ TRACES_KEY_FILE: `/keys/${program}` }),
			},
			start,
		);
	});
	afterEach(async () => {
		await workers.stop();
		rmSync(directory, { recursive: true });
	});

	const start = ((plan: ChildPlan, onLine: (name: string, line: string) => void) => {
		const child: { exitCode: number | null; kill: (signal: string) => boolean } = {
			exitCode: null,
			kill(signal) {
				signals.push(signal);
				if (signal === 'SIGKILL' || signal === 'SIGTERM') void end(null, `was ended by ${signal}`);
				return true;
			},
		};
		const signals: string[] = [];
		const ended = deferred<string>();
		const started = deferred<void>();
		const end = async (exitCode: number | null, how: string) => {
			child.exitCode = exitCode;
			ended.resolve(how);
			await turn();
		};
		programs.push({ plan, signals, print: (line) => onLine(plan.name, line), serve: started.resolve, end });
		return { process: child, started: started.promise, ended: ended.promise };
	}) as unknown as typeof launch;
	const turn = () => new Promise((resolve) => setImmediate(resolve));
	const last = (): FakeProgram => programs.at(-1) ?? assert.fail('nothing was started');
	const plan = (changes: Partial<WorkerPlan> = {}): WorkerPlan => ({
		name: 'n',
		program: 'kubelet-sim',
		args: ['join'],
		...changes,
	});
	const startOne = (changes: Partial<WorkerPlan> = {}) => {
		workers.start(plan(changes));
		return last();
	};

	it('start a program of the project with its arguments, traces and key', () => {
		const program = startOne();
		assert.deepEqual(program.plan, {
			...{ name: 'n', program: 'services/kubelet-sim/main.js', args: ['join'] },
			telemetry: { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://h:1' },
			settings: { TRACES_KEY_FILE: '/keys/kubelet-sim' },
		});
		assert.deepEqual(
			[workers.state('n').state, workers.state('n').hasServed, workers.state('n').output],
			['running', false, ''],
		);
	});

	it('refuse other programs with LAB_NOT_FOUND', () => {
		for (const program of ['sh', '../../../bin/sh', 'ca-service', 'constructor', ''])
			assert.throws(
				() => workers.start(plan({ program: program as 'kubelet-sim' })),
				(error) => hasCode(error, 'LAB_NOT_FOUND'),
				program,
			);
		assert.deepEqual([programs.length, workers.all()], [0, []]);
	});

	it('refuse a name that exists with LAB_NAME_TAKEN, also when it has ended', async () => {
		const program = startOne();
		assert.throws(
			() => workers.start(plan()),
			(error) => hasCode(error, 'LAB_NAME_TAKEN'),
		);
		await program.end(1, 'ended with exit code 1');
		assert.throws(
			() => workers.start(plan()),
			(error) => hasCode(error, 'LAB_NAME_TAKEN'),
		);
	});

	it('refuse more than the maximum with LAB_REQUEST_INVALID, until one is removed', async () => {
		const max = limits.labPrograms.value;
		for (let index = 0; index < max; index++) workers.start({ ...plan(), name: `n-${index}` });
		assert.throws(
			() => workers.start({ ...plan(), name: 'one-more' }),
			(error) => hasCode(error, 'LAB_REQUEST_INVALID'),
		);
		await workers.remove('n-0');
		workers.start({ ...plan(), name: 'one-more' });
		assert.equal(workers.all().length, max);
	});

	it('report LAB_NOT_FOUND for an unknown name', async () => {
		startOne();
		const isUnknown = (error: unknown) => hasCode(error, 'LAB_NOT_FOUND') && error.message.endsWith('known: n');
		assert.throws(() => workers.state('m'), isUnknown);
		assert.throws(() => workers.restart('m'), isUnknown);
		await assert.rejects(workers.signal('m', 'SIGSTOP'), isUnknown);
	});

	it('report that a program has served or ended, with its exit code', async () => {
		const program = startOne();
		program.serve();
		await turn();
		assert.equal(workers.state('n').hasServed, true);
		assert.equal(workers.state('n').exitCode, undefined);
		await program.end(3, 'ended with exit code 3');
		const { state, exitCode, output } = workers.state('n');
		assert.deepEqual([state, exitCode, output], ['ended', 3, '(ended with exit code 3)']);
	});

	it('report no exit code after a signal', async () => {
		startOne();
		await workers.signal('n', 'SIGKILL');
		const { state, exitCode, output } = workers.state('n');
		assert.deepEqual([state, exitCode, output], ['ended', undefined, '(was ended by SIGKILL)']);
	});

	it('send no signal to an ended program', async () => {
		const program = startOne();
		await program.end(0, 'ended with exit code 0');
		await workers.signal('n', 'SIGSTOP');
		assert.deepEqual([program.signals, workers.state('n').state], [[], 'ended']);
	});

	it('pause and continue', async () => {
		const program = startOne();
		await workers.signal('n', 'SIGSTOP');
		assert.equal(workers.state('n').state, 'paused');
		await workers.signal('n', 'SIGCONT');
		assert.deepEqual([workers.state('n').state, program.signals], ['running', ['SIGSTOP', 'SIGCONT']]);
	});

	it('pause once, after the line with the given text', async () => {
		const program = startOne({ pauseAfter: '[discovery/confirm]' });
		program.print('[discovery/pin-ca] x');
		assert.equal(workers.state('n').state, 'running');
		program.print('[discovery/confirm] x');
		assert.deepEqual([workers.state('n').state, program.signals], ['paused', ['SIGSTOP']]);
		await workers.signal('n', 'SIGCONT');
		program.print('[discovery/confirm] x');
		assert.deepEqual([workers.state('n').state, program.signals], ['running', ['SIGSTOP', 'SIGCONT']]);
	});

	it('restart an ended program without the pause, and keep its earlier output', async () => {
		const program = startOne({ pauseAfter: 'here' });
		program.print('first');
		program.serve();
		await program.end(1, 'ended with exit code 1');
		workers.restart('n');
		assert.deepEqual([programs.length, last().plan], [2, program.plan]);
		assert.deepEqual([workers.state('n').state, workers.state('n').hasServed], ['running', false]);
		last().print('here');
		assert.deepEqual(
			[workers.state('n').state, workers.state('n').output],
			['running', 'first\n(ended with exit code 1)\nhere'],
		);
	});

	it('do not restart a running program', () => {
		startOne();
		workers.restart('n');
		assert.equal(programs.length, 1);
	});

	it('ignore late output of the first start in the second', async () => {
		const program = startOne();
		await program.end(1, 'ended with exit code 1');
		workers.restart('n');
		program.serve();
		await turn();
		assert.deepEqual([workers.state('n').state, workers.state('n').hasServed], ['running', false]);
	});

	it('keep the last lines in memory, and all lines in a file that only the owner can read', async () => {
		const program = startOne();
		for (let line = 1; line <= limits.labProgramLines.value + 10; line++) program.print(`line ${line}`);
		const lines = workers.state('n').output.split('\n');
		assert.deepEqual(
			[lines.length, lines[0], lines.at(-1)],
			[limits.labProgramLines.value, 'line 11', `line ${limits.labProgramLines.value + 10}`],
		);
		const path = join(directory, 'n.log');
		await workers.remove('n');
		assert.match(
			readFileSync(path, 'utf8'),
			new RegExp(`^line 1\n[\\s\\S]*\nline ${limits.labProgramLines.value + 10}\n\\(was ended by SIGTERM\\)\n$`),
		);
		assert.equal(statSync(path).mode & 0o777, 0o600);
	});

	it('stop and forget a program, also a paused one; removing an unknown name does nothing', async () => {
		const program = startOne();
		await workers.signal('n', 'SIGSTOP');
		await workers.remove('n');
		assert.deepEqual(program.signals, ['SIGSTOP', 'SIGTERM', 'SIGCONT']);
		assert.deepEqual(workers.all(), []);
		await workers.remove('n');
		startOne();
	});

	it('stop all programs', async () => {
		startOne({ name: 'a' });
		startOne({ name: 'b', program: 'attacker-sim' });
		await workers.stop();
		assert.deepEqual(
			programs.map(({ signals }) => signals),
			[
				['SIGTERM', 'SIGCONT'],
				['SIGTERM', 'SIGCONT'],
			],
		);
	});
});
