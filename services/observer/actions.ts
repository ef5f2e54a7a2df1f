/**
 * What the page may do, when the observer was told that it may: join a node, decide a request. It does so as a person would, by running the
 * project's own programs with the admin's kubeconfig, so there is nothing here that a command line could not do. No token is ever an argument.
 */
import { randomBytes } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { KubejoinError } from '../../lib/errors.ts';
import { writeWholeFile } from '../../lib/files.ts';
import type { Log } from '../../lib/log.ts';
import { type Child, runProgram, startChild } from '../../lib/process-supervisor.ts';
import { printableLines } from '../../lib/text.ts';
import type { Action, ActionResult } from './api.ts';
import { isExperimentName } from './experiment-files.ts';
import type { ExperimentRunner } from './experiments.ts';

export interface ActionOptions {
	/** Path of the admin's kubeconfig. */
	readonly kubeconfig: string;
	/** Absent: none are run. */
	readonly experiments?: Pick<ExperimentRunner, 'run' | 'stop'> | undefined;
	/** Absent: no nodes are joined. */
	readonly nodesDirectory?: string | undefined;
	/** The standard OTEL_ variables for the nodes. */
	readonly telemetry: Readonly<Record<string, string>>;
	/** With which the nodes send their traces. */
	readonly tracesKey: string;
	/** @returns a TCP port of 127.0.0.1 that nobody has */
	readonly freePort: () => Promise<number>;
	readonly log: Log;
}
export interface Actions {
	readonly names: readonly Action['name'][];
	/** @throws ACTION_REFUSED  the program that was run says why @throws EXPERIMENT_ALREADY_RUNNING, EXPERIMENT_RUNNER_UNAVAILABLE, PAGE_BAD_REQUEST */
	readonly run: (action: Action) => Promise<ActionResult>;
	readonly stop: () => Promise<void>;
}

/** More would make of a page a machine that is out of memory. */
const MAX_NODES = 20;

export function createActions({
	kubeconfig,
	experiments,
	nodesDirectory,
	telemetry,
	tracesKey,
	freePort,
	log,
}: ActionOptions): Actions {
	const nodes = new Map<string, Child>();

	async function kubectl(...args: string[]): Promise<string> {
		const { code, stdout, stderr } = await runProgram({
			name: 'kubectl-sim',
			program: 'services/kubectl-sim/main.js',
			args: ['--kubeconfig', kubeconfig, ...args],
		});
		if (code !== 0)
			throw new KubejoinError('ACTION_REFUSED', {
				command: `kubectl-sim ${args.join(' ')}`,
				problem: printableLines(stderr.trim()),
			});
		return stdout;
	}
	async function startNode(directory: string, pin: 'right' | 'wrong'): Promise<ActionResult> {
		if (nodes.size >= MAX_NODES)
			throw new KubejoinError('ACTION_REFUSED', {
				command: 'kubelet-sim join',
				problem: `the page has joined ${MAX_NODES} nodes, and joins no more`,
			});
		const name = `page-${randomBytes(3).toString('hex')}`;
		const root = join(directory, name);
		await mkdir(root, { recursive: true, mode: 0o700 });
		const config = join(root, 'join.yaml');
		await kubectl('token', 'create', '--ttl', '15m', '--print-join-config', '--to', config);
		if (pin === 'wrong') await writeWholeFile(config, withWrongPin(await readFile(config, 'utf8')), 0o600);
		const keyFile = join(root, 'traces-key');
		await writeWholeFile(keyFile, `${tracesKey}\n`, 0o600);
		const args = [
			'join',
			'--config',
			config,
			'--node-name',
			name,
			'--root',
			root,
			'--healthz-port',
			String(await freePort()),
		];
		const forget = () => void nodes.delete(name);
		const node = startChild(
			{ name, program: 'services/kubelet-sim/main.js', args, telemetry, settings: { TRACES_KEY_FILE: keyFile } },
			{
				onLine: (_, line) => log.debug({ node: name, line }, 'a node that the page joined says'),
				onCrash: (_, how) => log.warn({ node: name, how }, 'a node that the page joined is started again'),
				onGiveUp: forget,
			},
		);
		nodes.set(name, node);
		// How it went is told by its trace.
		node.started().catch(forget);
		return { done: name };
	}
	const withNodes = (run: (directory: string) => Promise<ActionResult>): Promise<ActionResult> => {
		if (nodesDirectory === undefined)
			throw new KubejoinError('ACTION_REFUSED', {
				command: 'kubelet-sim join',
				problem: 'there is no directory for its files',
			});
		return run(nodesDirectory);
	};
	const desk = () => {
		if (experiments === undefined)
			throw new KubejoinError('PAGE_BAD_REQUEST', { problem: 'no experiments are offered' });
		return experiments;
	};
	return {
		names: [
			...(nodesDirectory === undefined ? [] : (['join', 'join-with-wrong-pin'] as const)),
			...(['approve', 'deny'] as const),
			...(experiments === undefined ? [] : (['run-experiment', 'stop-experiment'] as const)),
		],
		async run(action) {
			const { name, ...what } = action;
			log.info({ action: name, ...what }, 'the page asks');
			switch (action.name) {
				case 'join':
					return withNodes((directory) => startNode(directory, 'right'));
				case 'join-with-wrong-pin':
					return withNodes((directory) => startNode(directory, 'wrong'));
				case 'approve':
				case 'deny':
					await kubectl('certificate', action.name, '--', action.request);
					return { done: action.request };
				case 'run-experiment':
					await desk().run(action.experiment);
					return { done: action.experiment };
				case 'stop-experiment':
					return { done: desk().stop() };
			}
		},
		stop: async () => {
			await Promise.all([...nodes.values()].map((node) => node.stop()));
		},
	};
}

/** The same JoinConfiguration with the pin of nobody's key. */
export function withWrongPin(joinConfig: string): string {
	const config = parse(joinConfig) as { discovery: { bootstrapToken: { caCertHashes: string[] } } };
	config.discovery.bootstrapToken.caCertHashes = [`sha256:${randomBytes(32).toString('hex')}`];
	return stringify(config);
}

/** What a page asked for; undefined when it is nothing that can be done. */
export function readAction(name: string, body: unknown): Action | undefined {
	if (name === 'join' || name === 'join-with-wrong-pin' || name === 'stop-experiment') return { name };
	const asked: { readonly request?: unknown; readonly experiment?: unknown } =
		typeof body === 'object' && body !== null ? body : {};
	const { request, experiment } = asked;
	if (name === 'run-experiment' && typeof experiment === 'string' && isExperimentName(experiment))
		return { name, experiment };
	if (
		(name === 'approve' || name === 'deny') &&
		typeof request === 'string' &&
		/^[a-zA-Z0-9][-a-zA-Z0-9_.:]{0,252}$/.test(request)
	)
		return { name, request };
	return undefined;
}
