/** Verbs about bootstrap tokens. */
import type { Command } from 'commander';
import { secretsOf } from './scan.ts';
import { createToken, deleteToken, expireToken, flushTokens, type TokenFlags, tokenState } from './tokens.ts';
import { labName, lookUntil, type OnNodes, type Until, untilOptions } from './verbs.ts';

export function addTokens(program: Command, there: OnNodes): void {
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
			there(async (place, name: string, flags: TokenFlags) => `token ${await createToken(place, name, flags)} is made`),
		);
	token
		.command('delete <name>')
		.description('delete it from the cluster')
		.action(there(async (place, name: string) => `token ${await deleteToken(place, name)} is deleted`));
	token
		.command('expire <name>')
		.description('let it expire now')
		.action(there(async (place, name: string) => `${name} expired at ${await expireToken(place, name)}`));
	untilOptions(
		token.command('state <name>').description('whether the cluster keeps it, and signs cluster-info with it'),
	).action(there((place, name: string, until: Until) => lookUntil(() => tokenState(place, name), until)));
	token
		.command('flush')
		.description('delete every token of the cluster; reset brings them back')
		.action(there(async (place) => `${await flushTokens(place)} tokens are gone`));
	program
		.command('token-secrets', { hidden: true })
		.action(there(async (place) => JSON.stringify(await secretsOf(place))));
}
