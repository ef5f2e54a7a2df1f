/** Commands that inspect the cluster and the mesh as a whole. */
import { type Command, Option } from 'commander';
import { opensslPin, pipelineNames } from '../faults/openssl-pin.ts';
import { runAsUser, setUserKubeconfig } from '../faults/user.ts';
import { kubeconfigOf } from '../nodes.ts';
import { resetMesh } from '../reset.ts';
import { HEARTBEAT_SECONDS } from '../verdicts/judge.ts';
import { plantSecret, removePlantedSecret } from '../verdicts/secret-leak.ts';
import { scanForSecrets } from '../verdicts/secret-scan.ts';
import { steady } from '../verdicts/steady-state.ts';
import { type CommandContext, lookUntil, oneOf, type Until, untilOptions, whole } from './arguments.ts';

export function addInspect(program: Command, context: CommandContext): void {
	addKubectl(program, context);
	addUser(program, context);
	addMesh(program, context);
	addSecrets(program, context);
}

const addKubectl = (program: Command, { onNodes, signal }: CommandContext): Command =>
	untilOptions(
		program
			.command('kubectl [arguments...]')
			.description('run kubectl-sim as the admin')
			.option('--as <node>', 'with the kubeconfig of this node')
			.option('--user', 'as the user of the experiment, with its home directory')
			.passThroughOptions(),
	).action(
		onNodes(async (context, values: string[], { as, user, ...until }: Until & { as?: string; user?: true }) => {
			const run = async () =>
				user === true
					? runAsUser(context, values)
					: context.kubectl(values, as === undefined ? undefined : await kubeconfigOf(context, as));
			if (until.until === undefined) return run();
			return lookUntil(
				async () => {
					const { stdout, stderr } = await run();
					return stdout + stderr;
				},
				until,
				signal,
			);
		}),
	);

function addUser(program: Command, { onNodes }: CommandContext): void {
	program
		.command('kubeconfig <action>')
		.description('add or remove the kubeconfig of the user that kubectl --user runs as')
		.action(
			onNodes(async (context, word: string) => {
				const action = oneOf('action', ['add', 'remove'], word);
				await setUserKubeconfig(context, action === 'add');
				return `the kubeconfig is ${action === 'add' ? 'added' : 'removed'}`;
			}),
		);
	program
		.command('openssl-pin <pipeline>')
		.description('print the pin that openssl computes for a new CA, with rsa or pkey')
		.addOption(new Option('--key <algorithm>', 'of the CA').choices(['RSA-2048', 'ECDSA-P256']).default('ECDSA-P256'))
		.action(
			onNodes(async (context, pipeline: string, { key }: { key: string }) =>
				opensslPin(context, oneOf('pipeline', pipelineNames, pipeline), key),
			),
		);
}

function addMesh(program: Command, { onServices }: CommandContext): void {
	program
		.command('steady')
		.description('check that every service runs unchanged, every node sends heartbeats, and the verdicts match')
		.option('--within <seconds>', 'how long to wait for heartbeats', whole(0, 600), HEARTBEAT_SECONDS)
		.action(onServices((driver, { within }: { within: number }) => steady(driver, within)));
	program
		.command('reset')
		.description('undo every fault and remove everything that experiments created')
		.action(onServices(resetMesh));
}

function addSecrets(program: Command, { onServices, state }: CommandContext): void {
	program
		.command('scan')
		.description('search logs, traces, journals, files of nodes and command lines for secrets')
		.option('--judge', 'print the security verdict')
		.action(
			onServices((driver, { judge }: { judge?: true }) => scanForSecrets(driver, { isJudged: judge === true, state })),
		);
	program
		.command('leak <action>')
		.description('plant a secret that scan must find, or remove it')
		.action(
			onServices((driver, action: string) =>
				oneOf('action', ['plant', 'remove'], action) === 'plant'
					? plantSecret(driver, state)
					: removePlantedSecret(state),
			),
		);
}
