/**
 * Experiments that the observer runs for its page: only offered ones, only for the page, one at a time; with the
 * runner on this machine and with the one behind a socket.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { launch, type Running } from '../../lib/process-supervisor.ts';
import { writeExperiments } from './experiments.fixture.ts';
import { eventually, startTestMesh, type TestMesh } from './mesh.ts';

interface Run {
	readonly experiment: string;
	readonly state: string;
	readonly outcome?: string;
	readonly passed?: boolean;
	readonly activities: readonly { readonly part: string; readonly name: string; readonly state: string }[];
}
interface Told {
	session: { readonly key: string; readonly actions: readonly string[] };
	experiments?: { readonly offer: string; readonly list: readonly { readonly name: string }[] };
	readonly runs: Map<string, Run>;
}

describe('experiments of the observer', () => {
	let mesh: TestMesh;
	let directory: string;
	let stopping: AbortController;

	before(async () => {
		directory = writeExperiments();
		const settings = { observer: { EXPERIMENTS_DIRECTORY: directory } };
		mesh = await startTestMesh({ settings, observer: { story: 'off', allowActions: true } });
	});
	after(async () => {
		await mesh?.stopAndRemove();
		rmSync(directory, { recursive: true });
	});
	beforeEach(() => {
		stopping = new AbortController();
	});
	afterEach(() => stopping.abort());

	/** Starts an observer with these settings, and reads its stream. */
	async function start(settings: Readonly<Record<string, string>> = {}): Promise<Told> {
		await mesh.startService('observer', { settings });
		const told: Told = { session: { key: '', actions: [] }, runs: new Map() };
		const response = await fetch(`${mesh.page}/api/stream`, { signal: stopping.signal });
		void (async () => {
			let waiting = '';
			for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
				waiting += chunk;
				for (let end = waiting.indexOf('\n\n'); end !== -1; end = waiting.indexOf('\n\n')) {
					const [, event = '', data = ''] = /^event: (.*)\ndata: (.*)$/m.exec(waiting.slice(0, end)) ?? [];
					if (event === 'session' || event === 'experiments') Object.assign(told, { [event]: JSON.parse(data) });
					if (event === 'experiment') told.runs.set(JSON.parse(data).experiment, JSON.parse(data));
					waiting = waiting.slice(end + 2);
				}
			}
		})().catch(() => undefined);
		await eventually(5, () => assert.notEqual(told.session.key, ''));
		return told;
	}
	async function ask(
		told: Told,
		name: string,
		body: { readonly experiment?: unknown } = {},
		headers: Record<string, string> = {},
	): Promise<string> {
		// The run of an earlier test, which the observer keeps.
		if (typeof body.experiment === 'string') told.runs.delete(body.experiment);
		const response = await fetch(`${mesh.page}/api/actions/${name}`, {
			method: 'POST',
			headers: { 'content-type': 'application/json', 'x-kubejoin-session': told.session.key, ...headers },
			body: JSON.stringify(body),
		});
		const answer = (await response.json()) as { readonly code?: string; readonly done?: string };
		if (answer.code === 'OBSERVER_BUSY') {
			const seconds = Number(response.headers.get('retry-after'));
			await new Promise((resolve) => setTimeout(resolve, seconds * 1_000));
			return ask(told, name, body, headers);
		}
		return `${response.status} ${answer.code ?? answer.done}`;
	}
	const activityIs = (told: Told, experiment: string, name: string, state: string) =>
		eventually(20, () =>
			assert.equal(told.runs.get(experiment)?.activities.find((one) => one.name === name)?.state, state),
		);
	const endsAs = (told: Told, experiment: string, outcome: string) =>
		eventually(20, () =>
			assert.deepEqual([told.runs.get(experiment)?.state, told.runs.get(experiment)?.outcome], ['ended', outcome]),
		);

	it('run one at a time until they are stopped, only if they are offered, and only for the page', async () => {
		const told = await start();
		assert.equal(told.experiments?.offer, 'run');
		assert.deepEqual(
			told.experiments?.list.map(({ name }) => name),
			['no-pin', 'slow', 'unlike'],
		);
		assert.equal(
			await ask(told, 'run-experiment', { experiment: 'slow' }, { 'x-kubejoin-session': 'guessed' }),
			'403 PAGE_REQUEST_REFUSED',
		);
		assert.equal(
			await ask(told, 'run-experiment', { experiment: 'slow' }, { origin: 'http://elsewhere.test' }),
			'403 PAGE_REQUEST_REFUSED',
		);
		for (const experiment of ['absent', 'half-written', '--help', '../package', 7]) {
			assert.equal(await ask(told, 'run-experiment', { experiment }), '400 PAGE_BAD_REQUEST');
		}
		assert.equal(await ask(told, 'stop-experiment'), '400 PAGE_BAD_REQUEST');
		assert.equal(told.runs.size, 0);
		assert.equal(await ask(told, 'run-experiment', { experiment: 'slow' }), '200 slow');
		assert.equal(await ask(told, 'run-experiment', { experiment: 'unlike' }), '409 EXPERIMENT_ALREADY_RUNNING');
		await activityIs(told, 'slow', 'wait-for-long', 'running');
		assert.equal(await ask(told, 'stop-experiment'), '200 slow');
		await endsAs(told, 'slow', 'interrupted');
		await activityIs(told, 'slow', 'put-it-right', 'well');
		assert.equal(await ask(told, 'run-experiment', { experiment: 'unlike' }), '200 unlike');
		await endsAs(told, 'unlike', 'completed');
		assert.equal(told.runs.get('unlike')?.passed, false);
	});

	it('roll back before a stopped observer ends', async () => {
		const told = await start();
		await ask(told, 'run-experiment', { experiment: 'slow' });
		await activityIs(told, 'slow', 'wait-for-long', 'running');
		const ending = mesh.service('observer').stop();
		await activityIs(told, 'slow', 'put-it-right', 'well');
		await ending;
	});

	it('are shown on a read-only page, which runs none', async () => {
		const told = await start({ ALLOW_ACTIONS: 'false' });
		assert.equal(told.experiments?.offer, 'not-allowed');
		assert.equal(await ask(told, 'run-experiment', { experiment: 'slow' }), '403 ACTIONS_DISABLED');
	});

	describe('behind a socket', () => {
		let place: string;
		let door: Running | undefined;
		const socket = () => join(place, 'chaos.sock');
		const openDoor = () => {
			const args = ['--socket', socket(), '--mesh', 'local', '--state', mesh.state, '--catalogue', directory];
			door = launch({ name: 'chaos-door', program: 'chaos/runner/experiment-server.js', args }, () => undefined);
		};
		beforeEach(() => {
			place = mkdtempSync(join(tmpdir(), 'kubejoin-door-'));
		});
		afterEach(async () => {
			door?.process.kill('SIGTERM');
			await door?.ended;
			rmSync(place, { recursive: true });
		});

		it('have a button while the runner is available, run, and stop', async () => {
			const told = await start({ EXPERIMENTS: `unix:${socket()}` });
			assert.equal(told.experiments?.offer, 'no-runner');
			assert.equal(await ask(told, 'run-experiment', { experiment: 'slow' }), '503 EXPERIMENT_RUNNER_UNAVAILABLE');
			openDoor();
			await eventually(10, () => assert.equal(told.experiments?.offer, 'run'));
			assert.equal(await ask(told, 'run-experiment', { experiment: 'unlike' }), '200 unlike');
			await endsAs(told, 'unlike', 'completed');
			assert.equal(await ask(told, 'run-experiment', { experiment: 'slow' }), '200 slow');
			await activityIs(told, 'slow', 'wait-for-long', 'running');
			await ask(told, 'stop-experiment');
			await endsAs(told, 'slow', 'interrupted');
			await activityIs(told, 'slow', 'put-it-right', 'well');
		});

		it('accept one name at a time and nothing else, and are interrupted when the caller leaves', async () => {
			await start({ EXPERIMENTS: `unix:${socket()}` });
			openDoor();
			const knock = (line: string) => {
				const caller = connect(socket());
				caller.write(line);
				return caller;
			};
			await eventually(10, async () =>
				assert.match(await text(knock('--help\n')), /^this is not the name of an experiment$/m),
			);
			for (const line of ['../package\n', `${'a'.repeat(101)}\n`, 'A B\n'])
				assert.match(await text(knock(line)), /^this is not the name/);
			const first = knock('slow\n');
			let said = '';
			first.on('data', (chunk: Buffer) => {
				said += chunk;
			});
			await eventually(20, () => assert.match(said, /activity-started.*wait-for-long/));
			assert.match(await text(knock('unlike\n')), /only one can run at a time/);
			first.destroy();
			await eventually(20, async () => {
				const second = knock('unlike\n');
				assert.match(await text(second), /experiment-ended/);
			});
		});
	});
});
