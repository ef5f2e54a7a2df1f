import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hasCode } from '../../lib/errors.ts';
import { limits } from '../../lib/limits.ts';
import type { ChildPlan, launch } from '../../lib/process-supervisor.ts';
import { createWorkers, MAX_LINES, type WorkerPlan, type Workers } from './workers.ts';

/** A program that prints and ends when the test says so, and that ends when it is told to. */
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

	it('start a program of the project, with its arguments where traces go, and its key for them', () => {
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

	it('LAB_NOT_FOUND: a program that is not the project’s own is not started', () => {
		for (const program of ['sh', '../../../bin/sh', 'ca-service', 'constructor', ''])
			assert.throws(
				() => workers.start(plan({ program: program as 'kubelet-sim' })),
				(error) => hasCode(error, 'LAB_NOT_FOUND'),
				program,
			);
		assert.deepEqual([programs.length, workers.all()], [0, []]);
	});

	it('LAB_NAME_TAKEN: no two have a name, also when the first has ended', async () => {
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

	it('LAB_REQUEST_INVALID: more than so many are not kept; one that is removed makes room', async () => {
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

	it('LAB_NOT_FOUND: there is none of that name', async () => {
		startOne();
		const isUnknown = (error: unknown) => hasCode(error, 'LAB_NOT_FOUND') && error.message.endsWith('known: n');
		assert.throws(() => workers.state('m'), isUnknown);
		assert.throws(() => workers.restart('m'), isUnknown);
		await assert.rejects(workers.signal('m', 'SIGSTOP'), isUnknown);
	});

	it('say what became of a program: it has served, it has ended, and with which exit code', async () => {
		const program = startOne();
		program.serve();
		await turn();
		assert.equal(workers.state('n').hasServed, true);
		assert.equal(workers.state('n').exitCode, undefined);
		await program.end(3, 'ended with exit code 3');
		const { state, exitCode, output } = workers.state('n');
		assert.deepEqual([state, exitCode, output], ['ended', 3, '(ended with exit code 3)']);
	});

	it('one that a signal has ended has no exit code', async () => {
		startOne();
		await workers.signal('n', 'SIGKILL');
		const { state, exitCode, output } = workers.state('n');
		assert.deepEqual([state, exitCode, output], ['ended', undefined, '(was ended by SIGKILL)']);
	});

	it('one that has ended hears no signal', async () => {
		const program = startOne();
		await program.end(0, 'ended with exit code 0');
		await workers.signal('n', 'SIGSTOP');
		assert.deepEqual([program.signals, workers.state('n').state], [[], 'ended']);
	});

	it('pause and go on', async () => {
		const program = startOne();
		await workers.signal('n', 'SIGSTOP');
		assert.equal(workers.state('n').state, 'paused');
		await workers.signal('n', 'SIGCONT');
		assert.deepEqual([workers.state('n').state, program.signals], ['running', ['SIGSTOP', 'SIGCONT']]);
	});

	it('pause one after the line that was named, once', async () => {
		const program = startOne({ pauseAfter: '[discovery/confirm]' });
		program.print('[discovery/pin-ca] x');
		assert.equal(workers.state('n').state, 'running');
		program.print('[discovery/confirm] x');
		assert.deepEqual([workers.state('n').state, program.signals], ['paused', ['SIGSTOP']]);
		await workers.signal('n', 'SIGCONT');
		program.print('[discovery/confirm] x');
		assert.deepEqual([workers.state('n').state, program.signals], ['running', ['SIGSTOP', 'SIGCONT']]);
	});

	it('start one again after it has ended: the same, not paused any more, and with what it printed before', async () => {
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

	it('do not start again what runs', () => {
		startOne();
		workers.restart('n');
		assert.equal(programs.length, 1);
	});

	it('what the first start still has to say does not touch the second', async () => {
		const program = startOne();
		await program.end(1, 'ended with exit code 1');
		workers.restart('n');
		program.serve();
		await turn();
		assert.deepEqual([workers.state('n').state, workers.state('n').hasServed], ['running', false]);
	});

	it('keep what was printed, the last lines of it, and all of it in a file that only its owner reads', async () => {
		const program = startOne();
		for (let line = 1; line <= MAX_LINES + 10; line++) program.print(`line ${line}`);
		const lines = workers.state('n').output.split('\n');
		assert.deepEqual([lines.length, lines[0], lines.at(-1)], [MAX_LINES, 'line 11', `line ${MAX_LINES + 10}`]);
		const path = join(directory, 'n.log');
		await workers.remove('n');
		assert.match(
			readFileSync(path, 'utf8'),
			new RegExp(`^line 1\n[\\s\\S]*\nline ${MAX_LINES + 10}\n\\(was ended by SIGTERM\\)\n$`),
		);
		assert.equal(statSync(path).mode & 0o777, 0o600);
	});

	it('remove one: it is told to stop, also when it is paused, and its name is free; removing one that there is not is no failure', async () => {
		const program = startOne();
		await workers.signal('n', 'SIGSTOP');
		await workers.remove('n');
		assert.deepEqual(program.signals, ['SIGSTOP', 'SIGTERM', 'SIGCONT']);
		assert.deepEqual(workers.all(), []);
		await workers.remove('n');
		startOne();
	});

	it('stop all', async () => {
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
