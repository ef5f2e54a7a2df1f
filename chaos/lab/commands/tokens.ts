/** Commands for bootstrap tokens. */
import type { Command } from 'commander';
import { createToken, deleteToken, expireToken, flushTokens, type TokenFlags, tokenState } from '../tokens.ts';
import { type CommandContext, labName, lookUntil, type Until, untilOptions } from './arguments.ts';

export function addTokens(program: Command, { onNodes, signal }: CommandContext): void {
	const token = program.command('token').description('manage bootstrap tokens by their names in the experiment');
	token
		.command('create')
		.argument('<name>', 'in the experiment', labName)
		.description('create a token; no command line contains it')
		.option('--ttl <duration>', 'its lifetime', '15m')
		.option('--usages <list>', 'signing, authentication')
		.option('--once', 'valid for one node')
		.option('--node-name <name>', 'valid for this node only')
		.action(
			onNodes(
				async (context, name: string, flags: TokenFlags) =>
					`token ${await createToken(context, name, flags)} is created`,
			),
		);
	token
		.command('delete <name>')
		.description('delete the token from the cluster')
		.action(onNodes(async (context, name: string) => `token ${await deleteToken(context, name)} is deleted`));
	token
		.command('expire <name>')
		.description('make the token expire now')
		.action(onNodes(async (context, name: string) => `${name} expired at ${await expireToken(context, name)}`));
	untilOptions(
		token
			.command('state <name>')
			.description('print whether the cluster stores the token and signs cluster-info with it'),
	).action(onNodes((context, name: string, until: Until) => lookUntil(() => tokenState(context, name), until, signal)));
	token
		.command('flush')
		.description('delete every token of the cluster until reset')
		.action(onNodes(async (context) => `deleted ${await flushTokens(context)} tokens`));
}
