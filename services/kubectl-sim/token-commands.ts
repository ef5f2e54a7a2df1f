/** `kubeadm token`, as `kubectl-sim token`. */
import { type Command, Option } from 'commander';
import { examplesText } from '../../lib/cli/run-cli.ts';
import { invalidCommand } from './command-errors.ts';
import { outputOption } from './command-options.ts';
import type { TokenOutput } from './token.ts';
import { discovery, type Tools, withServer } from './with-server.ts';

interface TokenOptions {
	readonly ttl: string;
	readonly usages?: readonly string[];
	readonly groups?: readonly string[];
	readonly description?: string;
	readonly nodeName?: string;
	readonly once?: true;
	readonly printJoinCommand?: true;
	readonly printJoinConfig?: true;
	readonly to?: string;
}

export function addTokenCommands(program: Command, tools: Tools): Command {
	const token = program.command('token').description('create, list and delete bootstrap tokens, with which nodes join');
	addCreate(token, tools);
	addList(token, tools);
	addDelete(token, tools);
	token
		.command('generate')
		.description('print a random token without creating it on the cluster')
		.action(async () => {
			const { id, secret } = (await import('./token.ts')).generateToken();
			tools.output.out(`${id}.${secret}\n`);
		});
	return token;
}

const collect = (value: string, before: readonly string[] = []) => [
	...before,
	...value.split(',').filter((item) => item !== ''),
];

function addCreate(token: Command, tools: Tools): void {
	const { output, clock } = tools;
	token
		.command('create')
		.description('create a bootstrap token on the cluster and print it')
		.argument('[token]', 'default: a random token, which appears in no process list')
		.option('--ttl <duration>', 'lifetime, such as 1h30m; 0: the token never expires', '24h0m0s')
		.option('--usages <list>', 'usages (default: signing,authentication)', collect)
		.option('--groups <list>', 'groups (default: system:bootstrappers:kubeadm:default-node-token)', collect)
		.option('--description <text>', 'a description for people')
		.option('--node-name <name>', 'only a node of this name can join with it')
		.option('--once', 'only the first node can join with it')
		.addOption(new Option('--print-join-command', 'print the command that joins a node').conflicts('printJoinConfig'))
		.option('--print-join-config', 'write a JoinConfiguration for kubelet-sim join --config, mode 0600')
		.option('--to <file>', 'the file for --print-join-config')
		.addHelpText(
			'after',
			examplesText([
				'kubectl-sim token create --print-join-command',
				'kubectl-sim token create --ttl 15m --node-name node-2 --once',
				'kubectl-sim token create --print-join-config --to join.yaml',
			]),
		)
		.action(async (text: string | undefined, options: TokenOptions, command: Command) => {
			const print = tokenOutput(options);
			const { CREATE_RETRY_MS, checkTokenRequest, createToken, tokenDefaults } = await import('./token.ts');
			const request = checkTokenRequest({
				...tokenDefaults,
				...options,
				token: text,
			});
			await withServer(command, tools, discovery.none, ({ api }, target) =>
				createToken(request, print, target, { secrets: api.secrets, output, clock, retryMs: CREATE_RETRY_MS }),
			);
		});
}

function addList(token: Command, tools: Tools): void {
	const { output, clock } = tools;
	token
		.command('list')
		.description('list the bootstrap tokens of the cluster with their secrets')
		.addOption(outputOption('text', 'json', 'yaml').default('text'))
		.action(async ({ output: format }: { readonly output: 'text' | 'json' | 'yaml' }, command: Command) => {
			await withServer(command, tools, discovery.none, async ({ api }) =>
				(await import('./token.ts')).listTokens(format, { secrets: api.secrets, output, clock }),
			);
		});
}

function addDelete(token: Command, tools: Tools): void {
	token
		.command('delete')
		.description('delete bootstrap tokens')
		.argument('[token...]', 'token IDs, the six characters before the dot')
		.action(async (texts: string[], _options: object, command: Command) => {
			await withServer(command, tools, discovery.none, async ({ api }) =>
				(await import('./token.ts')).deleteTokens(texts, { secrets: api.secrets, output: tools.output }),
			);
		});
}

function tokenOutput({ printJoinCommand, printJoinConfig, to, nodeName }: TokenOptions): TokenOutput {
	if ((printJoinConfig === undefined) !== (to === undefined))
		throw invalidCommand('--print-join-config and --to FILE belong together', 'token create');
	if (to !== undefined) return { kind: 'join-config', path: to };
	return printJoinCommand ? { kind: 'join-command', nodeName } : { kind: 'token' };
}
