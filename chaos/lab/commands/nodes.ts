/** Verbs about nodes: how one joins, what became of it, and how it is disturbed. */
import type { Command } from 'commander';
import { type JoinFlags, joinNode, nodeText, removeNode } from '../nodes.ts';
import { type YearQuestion, yearText } from '../verdicts/rotation-spread.ts';
import { labName, lookUntil, type OnNodes, type Until, untilOptions, whole } from './arguments.ts';

export function addNodes(program: Command, onNodes: OnNodes): void {
	program
		.command('join')
		.argument('<node>', 'what the experiment calls it', labName)
		.description('start a node; wait until it has joined, was refused, or is paused')
		.requiredOption('--token <name>', 'of the experiment')
		.option('--pin <pin>', 'right, wrong (by one digit), other (another cluster), none, or a text', 'right')
		.option('--through <attacker>', 'dial this attacker instead of the API server')
		.option('--endpoint <host:port>', 'dial this instead of the API server')
		.option('--token-text <text>', 'show this instead of the token')
		.option('--discovery <duration>', 'how long it looks for the cluster', '8s')
		.option('--bootstrap <duration>', 'how long it waits for its certificate', '30s')
		.option('--skip-ca-verification', 'unsafeSkipCAVerification')
		.option('--pause-after <text>', 'pause it when it prints this')
		.option('--clock <offset>', 'its clock is wrong by this: +600s')
		.option('--nodes <number>', 'so many in one process', whole(1, 1_000))
		.option('--node-name <name>', 'default: the name here')
		.option('--no-wait', 'do not wait')
		.option('--within <seconds>', 'how long to wait', whole(0, 600), 100)
		.action(onNodes((context, node: string, flags: JoinFlags) => joinNode(context, node, flags)));
	untilOptions(program.command('node <node>').description('what became of it, and what it printed')).action(
		onNodes((context, node: string, until: Until) =>
			lookUntil(async () => nodeText(await context.control.worker(node)), until),
		),
	);
	for (const [verb, signal, what, help] of [
		['pause', 'SIGSTOP', 'paused', 'stop its process where it is'],
		['continue', 'SIGCONT', 'goes on', 'let it go on after a pause'],
		['kill', 'SIGKILL', 'killed', 'end its process at once'],
	] as const) {
		program
			.command(`${verb} <node>`)
			.description(help)
			.action(
				onNodes(async (context, node: string) => {
					await context.control.signalWorker(node, signal);
					return `${node}: ${what}`;
				}),
			);
	}
	program
		.command('restart <node>')
		.description('start it again after it has ended')
		.action(
			onNodes(async (context, node: string) => {
				await context.control.againWorker(node);
				return `${node}: started again`;
			}),
		);
	program
		.command('remove <node>')
		.description('end it, and take everything of it out of the cluster')
		.action(
			onNodes(async (context, node: string) => {
				await removeNode(context, node);
				return `${node}: removed`;
			}),
		);
	program
		.command('rotations <node>')
		.description('when its nodes rotated their certificates')
		.requiredOption('--nodes <number>', 'that are to rotate', whole(1, 1_000))
		.option('--times <number>', 'how often each', whole(1, 100), 2)
		.option('--within <seconds>', 'for how long at most', whole(1, 600), 60)
		.action(
			onNodes((context, node: string, { within, ...rest }: Omit<YearQuestion, 'withinSeconds'> & { within: number }) =>
				yearText(context, node, { ...rest, withinSeconds: within }),
			),
		);
}
