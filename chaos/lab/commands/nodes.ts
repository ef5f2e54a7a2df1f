/** Commands that join nodes, disturb them and print their outcome. */
import type { Command } from 'commander';
import { type JoinFlags, joinNode, nodeText, removeNode } from '../nodes.ts';
import { type RotationQuestion, rotationText } from '../verdicts/rotation-spread.ts';
import { type CommandContext, labName, lookUntil, type Until, untilOptions, whole } from './arguments.ts';

const signals = [
	['pause', 'SIGSTOP', 'paused', 'send SIGSTOP to its process'],
	['continue', 'SIGCONT', 'runs again', 'send SIGCONT after a pause'],
	['kill', 'SIGKILL', 'killed', 'send SIGKILL to its process'],
] as const;

export function addNodes(program: Command, context: CommandContext): void {
	addJoin(program, context);
	addNode(program, context);
	addRotations(program, context);
}

const addJoin = (program: Command, { onNodes }: CommandContext): Command =>
	program
		.command('join')
		.argument('<node>', 'its name in the experiment', labName)
		.description('start a node and wait until it has joined, was refused, or is paused')
		.requiredOption('--token <name>', 'of the experiment')
		.option('--pin <pin>', 'right, wrong (by one digit), other (another cluster), none, or a text', 'right')
		.option('--through <attacker>', 'connect to this attacker instead of the API server')
		.option('--endpoint <host:port>', 'connect to this address instead of the API server')
		.option('--token-text <text>', 'send this instead of the token')
		.option('--discovery <duration>', 'timeout of discovery', '8s')
		.option('--bootstrap <duration>', 'timeout of the TLS bootstrap', '30s')
		.option('--skip-ca-verification', 'unsafeSkipCAVerification')
		.option('--pause-after <text>', 'pause the node when it prints this')
		.option('--clock <offset>', 'shift its clock: +600s')
		.option('--nodes <number>', 'run this many nodes in one process', whole(1, 1_000))
		.option('--node-name <name>', 'default: its name in the experiment')
		.option('--no-wait', 'do not wait')
		.option('--within <seconds>', 'how long to wait', whole(0, 600), 100)
		.action(onNodes((context, node: string, flags: JoinFlags) => joinNode(context, node, flags)));

function addNode(program: Command, { onNodes, signal }: CommandContext): void {
	untilOptions(program.command('node <node>').description('print the outcome and the output of a node')).action(
		onNodes((context, node: string, until: Until) =>
			lookUntil(async () => nodeText(await context.control.worker(node)), until, signal),
		),
	);
	for (const [verb, name, outcome, help] of signals) {
		program
			.command(`${verb} <node>`)
			.description(help)
			.action(
				onNodes(async (context, node: string) => {
					await context.control.signalWorker(node, name);
					return `${node}: ${outcome}`;
				}),
			);
	}
	program
		.command('restart <node>')
		.description('start a node again after it has ended')
		.action(
			onNodes(async (context, node: string) => {
				await context.control.restartWorker(node);
				return `${node}: started again`;
			}),
		);
	program
		.command('remove <node>')
		.description('stop a node and remove it from the cluster')
		.action(
			onNodes(async (context, node: string) => {
				await removeNode(context, node);
				return `${node}: removed`;
			}),
		);
}

const addRotations = (program: Command, { onNodes }: CommandContext): Command =>
	program
		.command('rotations <node>')
		.description('print how the certificate rotations of its nodes are spread over time')
		.requiredOption('--nodes <number>', 'that must rotate', whole(1, 1_000))
		.option('--times <number>', 'how often each must rotate', whole(1, 100), 2)
		.option('--within <seconds>', 'how long to wait', whole(1, 600), 60)
		.action(
			onNodes(
				(context, node: string, { within, ...rest }: Omit<RotationQuestion, 'withinSeconds'> & { within: number }) =>
					rotationText(context, node, { ...rest, withinSeconds: within }),
			),
		);
