/**
 * The actions of the page, if the settings of the observer allow them: join a node, decide a certificate signing
 * request, run an experiment. Each runs a program of the project with the kubeconfig of the admin, as a command
 * line would.
 */
import { KubejoinError } from '../../lib/errors.ts';
import type { Log } from '../../lib/log.ts';
import { runProgram, startChild } from '../../lib/process-supervisor.ts';
import { printableLines } from '../../lib/text.ts';
import type { Action, ActionResult } from './api.ts';
import { isExperimentName } from './experiment-files.ts';
import type { ExperimentRunner } from './experiments.ts';
import { PageNodes, type PageNodesOptions } from './page-nodes.ts';

export interface ActionOptions extends Pick<PageNodesOptions, 'telemetry' | 'tracesKey' | 'freePort' | 'count'> {
	/** Path of the kubeconfig of the admin. */
	readonly kubeconfig: string;
	/** Absent: the page runs no experiments. */
	readonly experiments?: Pick<ExperimentRunner, 'run' | 'stop'> | undefined;
	/** Absent: the page joins no nodes. */
	readonly nodesDirectory?: string | undefined;
	readonly log: Log;
	/** Default: the programs of the project. */
	readonly programs?: Programs;
}
interface Programs {
	readonly runProgram: typeof runProgram;
	readonly startChild: typeof startChild;
}
export interface Actions {
	readonly names: readonly Action['name'][];
	/**
	 * @throws ACTION_REFUSED  with the output of the program
	 * @throws EXPERIMENT_ALREADY_RUNNING, EXPERIMENT_RUNNER_UNAVAILABLE, PAGE_BAD_REQUEST
	 */
	readonly run: (action: Action) => Promise<ActionResult>;
	readonly stop: () => Promise<void>;
}

export function createActions(options: ActionOptions): Actions {
	const { kubeconfig, experiments, nodesDirectory, log, programs = { runProgram, startChild } } = options;
	const kubectl = kubectlWith(kubeconfig, programs);
	const nodes =
		nodesDirectory === undefined
			? undefined
			: new PageNodes({ ...options, directory: nodesDirectory, kubectl, startChild: programs.startChild });
	const run = async (action: Action): Promise<string> => {
		switch (action.name) {
			case 'join':
				return existing(nodes).join('right');
			case 'join-with-wrong-pin':
				return existing(nodes).join('wrong');
			case 'approve':
			case 'deny':
				await kubectl('certificate', action.name, '--', action.request);
				return action.request;
			case 'run-experiment':
				await existing(experiments).run(action.experiment);
				return action.experiment;
			case 'stop-experiment':
				return existing(experiments).stop();
		}
	};
	return {
		names: [
			...(nodes === undefined ? [] : (['join', 'join-with-wrong-pin'] as const)),
			...(['approve', 'deny'] as const),
			...(experiments === undefined ? [] : (['run-experiment', 'stop-experiment'] as const)),
		],
		async run(action) {
			const { name, ...details } = action;
			log.info({ action: name, ...details }, 'an action of the page');
			return { done: await run(action) };
		},
		stop: async () => nodes?.stop(),
	};
}

function existing<T>(part: T | undefined): T {
	if (part === undefined)
		throw new KubejoinError('PAGE_BAD_REQUEST', { problem: 'this observer does not have this action' });
	return part;
}

const kubectlWith =
	(kubeconfig: string, { runProgram: runOne }: Programs) =>
	async (...args: string[]): Promise<string> => {
		const { code, stdout, stderr } = await runOne({
			name: 'kubectl-sim',
			program: 'services/kubectl-sim/main.js',
			args: ['--kubeconfig', kubeconfig, ...args],
		});
		if (code === 0) return stdout;
		const command = `kubectl-sim ${args.join(' ')}`;
		throw new KubejoinError('ACTION_REFUSED', { command, problem: printableLines(stderr.trim()) });
	};

/** @returns undefined for a request that names no action, or lacks the object of the action */
export function readAction(name: string, body: unknown): Action | undefined {
	if (name === 'join' || name === 'join-with-wrong-pin' || name === 'stop-experiment') return { name };
	const { request, experiment }: { readonly request?: unknown; readonly experiment?: unknown } =
		typeof body === 'object' && body !== null ? body : {};
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
