/** Verbs about bootstrap tokens. */
import type { Command } from 'commander';
import { createToken, deleteToken, expireToken, flushTokens, type TokenFlags, tokenState } from '../tokens.ts';
import { secretsOf } from '../verdicts/secret-scan.ts';
import { labName, lookUntil, type OnNodes, type Until, untilOptions } from './arguments.ts';

export function addTokens(program: Command, onNodes: OnNodes): void {
	const token = program.command('token').description('bootstrap tokens, each under a name of the experiment');
	token
		.command('create')
		.argument('<name>', 'of the experiment', labName)
		.description('make a token, which no command line shows')
		.option('--ttl <duration>', 'how long it lives', '15m')
		.option('--usages <list>', 'signing, authentication')
		.option('--once', 'good for one node')
		.option('--node-name <name>', 'good for this node only')
		.action(
			onNodes(
				async (context, name: string, flags: TokenFlags) => `token ${await createToken(context, name, flags)} is made`,
			),
		);
	token
		.command('delete <name>')
		.description('delete it from the cluster')
		.action(onNodes(async (context, name: string) => `token ${await deleteToken(context, name)} is deleted`));
	token
		.command('expire <name>')
		.description('let it expire now')
		.action(onNodes(async (context, name: string) => `${name} expired at ${await expireToken(context, name)}`));
	untilOptions(
		token.command('state <name>').description('whether the cluster keeps it, and signs cluster-info with it'),
	).action(onNodes((context, name: string, until: Until) => lookUntil(() => tokenState(context, name), until)));
	token
		.command('flush')
		.description('delete every token of the cluster; reset brings them back')
		.action(onNodes(async (context) => `${await flushTokens(context)} tokens are gone`));
	program
		.command('token-secrets', { hidden: true })
		.action(onNodes(async (context) => JSON.stringify(await secretsOf(context))));
}
