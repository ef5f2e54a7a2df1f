import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { parse } from 'yaml';
import { KubejoinError } from '../../lib/errors.ts';
import { limits } from '../../lib/limits.ts';
import type { ChildEvents, ChildPlan } from '../../lib/process-supervisor.ts';
import { type ActionOptions, createActions, readAction } from './actions.ts';
import type { Action } from './api.ts';
import { keptLog } from './app.fixture.ts';
import { withWrongPin } from './page-nodes.ts';

describe('a request for an action', () => {
	it('is one of six actions, with the name of a request or an experiment where one is needed', () => {
		assert.deepEqual(readAction('join', { request: 'ignored' }), { name: 'join' });
		assert.deepEqual(readAction('deny', { request: 'node-csr-x_Y9' }), { name: 'deny', request: 'node-csr-x_Y9' });
		for (const body of [
			undefined,
			null,
			'x',
			{},
			{ request: 7 },
			{ request: '' },
			{ request: '--all' },
			{ request: 'a b' },
			{ request: 'a'.repeat(254) },
		]) {
			assert.equal(readAction('approve', body), undefined);
		}
		assert.equal(readAction('delete', { request: 'x' }), undefined);
		assert.deepEqual(readAction('run-experiment', { experiment: 'wrong-pin', more: 1 }), {
			name: 'run-experiment',
			experiment: 'wrong-pin',
		});
		for (const experiment of [undefined, 7, '', '--all', '../chaos', 'a b', 'wrong-pin\n'])
			assert.equal(readAction('run-experiment', { experiment }), undefined);
		assert.deepEqual(readAction('stop-experiment', undefined), { name: 'stop-experiment' });
	});

	it('never becomes a flag of a command', () => {
		fc.assert(
			fc.property(fc.constantFrom('approve', 'deny', 'run-experiment'), fc.anything(), (name, text) => {
				const action = readAction(name, { request: text, experiment: text });
				for (const value of Object.values(action ?? {})) assert.ok(!value.startsWith('-'), value);
			}),
		);
	});

	it('a wrong pin belongs to no CA, and the rest of the configuration stays', () => {
		const config = {
			kind: 'JoinConfiguration',
			discovery: { bootstrapToken: { token: 't', caCertHashes: [`sha256:${'a'.repeat(64)}`] } },
		};
		const wrong = parse(withWrongPin('join.yaml', JSON.stringify(config))) as typeof config;
		assert.match(wrong.discovery.bootstrapToken.caCertHashes[0] ?? '', /^sha256:[0-9a-f]{64}$/);
		assert.notDeepEqual(wrong.discovery.bootstrapToken.caCertHashes, config.discovery.bootstrapToken.caCertHashes);
		assert.equal(wrong.discovery.bootstrapToken.token, 't');
	});
});

describe('actions', () => {
	let directory: string;
	let ran: string[][];
	let started: { plan: ChildPlan; events: ChildEvents }[];
	let exitCode: number;
	beforeEach(() => {
		directory = mkdtempSync(join(tmpdir(), 'actions-'));
		ran = [];
		started = [];
		exitCode = 0;
	});
	afterEach(() => rmSync(directory, { recursive: true }));

	const joinConfig = `discovery: { bootstrapToken: { token: t, caCertHashes: ["sha256:${'a'.repeat(64)}"] } }`;
	function open(options: Partial<ActionOptions> = {}) {
		const kept = keptLog();
		const actions = createActions({
			kubeconfig: '/pki/admin.conf',
			nodesDirectory: directory,
			telemetry: { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://x' },
			tracesKey: 'secret-key',
			freePort: async () => 4242,
			log: kept.log,
			programs: {
				async runProgram({ args = [] }) {
					ran.push([...args]);
					const to = args.at(-1) ?? '';
					if (args.includes('--print-join-config')) writeFileSync(to, joinConfig);
					return { code: exitCode, stdout: '', stderr: 'error: it does not exist\u001b[2J\n' };
				},
				startChild(plan, events) {
					started.push({ plan, events });
					const isUp = exitCode === 0 ? Promise.resolve() : Promise.reject(new Error('refused'));
					return {
						name: plan.name,
						pid: () => 1,
						kill: () => undefined,
						started: () => isUp,
						stop: async () => undefined,
					};
				},
			},
			...options,
		});
		return { actions, lines: kept.lines };
	}
	const argument = (name: string) => {
		const args = started[0]?.plan.args ?? [];
		return args[args.indexOf(name) + 1] ?? '';
	};

	it('join starts a node with its own token, which is in a file and in no argument', async () => {
		const { actions } = open();
		const { done } = await actions.run({ name: 'join' });
		assert.match(done, /^page-[0-9a-f]{6}$/);
		assert.deepEqual(ran[0]?.slice(0, 4), ['--kubeconfig', '/pki/admin.conf', 'token', 'create']);
		assert.equal(argument('--node-name'), done);
		assert.equal(argument('--healthz-port'), '4242');
		assert.equal(readFileSync(argument('--config'), 'utf8'), joinConfig);
		const keyFile = String(started[0]?.plan.settings?.TRACES_KEY_FILE);
		assert.equal(readFileSync(keyFile, 'utf8'), 'secret-key\n');
		assert.equal(statSync(keyFile).mode & 0o777, 0o600);
		assert.ok(!JSON.stringify(started[0]?.plan).includes('secret-key'));
	});

	it('join-with-wrong-pin starts a node with another pin', async () => {
		await open().actions.run({ name: 'join-with-wrong-pin' });
		const config = readFileSync(argument('--config'), 'utf8');
		assert.match(config, /token: t/);
		assert.match(config, /sha256:[0-9a-f]{64}/);
		assert.doesNotMatch(config, /a{64}/);
	});

	it('refuses more nodes than the limit with ACTION_REFUSED, also at the same time, until one ends', async () => {
		const { value: most } = limits.pageNodes;
		const exceeded: string[] = [];
		const { actions } = open({ count: (limit) => exceeded.push(limit) });
		const joins = await Promise.allSettled(Array.from({ length: most + 1 }, () => actions.run({ name: 'join' })));
		const refused = joins.filter((join) => join.status === 'rejected');
		assert.deepEqual(
			refused.map(({ reason }) => reason.code),
			['ACTION_REFUSED'],
		);
		assert.deepEqual(exceeded, ['pageNodes']);
		started[0]?.events.onGiveUp(new KubejoinError('ACTIONS_DISABLED', {}));
		await actions.run({ name: 'join' });
	});

	it('approve and deny run kubectl-sim, with the name after the end of the flags', async () => {
		const { actions } = open();
		for (const name of ['approve', 'deny'] as const) await actions.run({ name, request: 'node-csr-x' });
		assert.deepEqual(
			ran.map((args) => args.slice(2)),
			[
				['certificate', 'approve', '--', 'node-csr-x'],
				['certificate', 'deny', '--', 'node-csr-x'],
			],
		);
	});

	it('ACTION_REFUSED: has the command and the printable output of a program that failed', async () => {
		exitCode = 1;
		await assert.rejects(open().actions.run({ name: 'approve', request: 'x' }), (error: unknown) => {
			assert.ok(error instanceof KubejoinError && error.code === 'ACTION_REFUSED');
			assert.match(error.message, /kubectl-sim certificate approve -- x/);
			assert.match(error.message, /it does not exist\^\[\[2J/);
			return true;
		});
	});

	it('run-experiment and stop-experiment call the runner', async () => {
		const asked: string[] = [];
		const experiments = { run: async (name: string) => void asked.push(name), stop: () => 'slow' };
		const { actions } = open({ experiments });
		assert.deepEqual(await actions.run({ name: 'run-experiment', experiment: 'slow' }), { done: 'slow' });
		assert.deepEqual([await actions.run({ name: 'stop-experiment' }), asked], [{ done: 'slow' }, ['slow']]);
	});

	it('refuses an action that it does not offer with PAGE_BAD_REQUEST', async () => {
		const { actions } = open({ nodesDirectory: undefined });
		assert.deepEqual(actions.names, ['approve', 'deny']);
		for (const action of [{ name: 'join' }, { name: 'stop-experiment' }] satisfies Action[])
			await assert.rejects(actions.run(action), { code: 'PAGE_BAD_REQUEST' });
		assert.equal(open().actions.names.length, 4);
	});

	it('are in the log', async () => {
		const { actions, lines } = open();
		await actions.run({ name: 'deny', request: 'node-csr-x' });
		assert.ok(lines.some((line) => line.includes('deny') && line.includes('node-csr-x')));
	});
});
