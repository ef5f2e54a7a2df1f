/** Builds the command line. The code of a command is loaded when the command runs, so that help is fast. */
import { Command } from 'commander';
import { runCli } from '../../lib/cli/run-cli.ts';
import { type KubeconfigFiles, locateKubeconfig } from './access.ts';
import { addAuthCommands } from './auth-commands.ts';
import { outputOption } from './command-options.ts';
import { moveLeadingFlags } from './leading-flags.ts';
import { type ErrorStyle, reportError } from './print-error.ts';
import { addReadCommands } from './read-commands.ts';
import { addTokenCommands } from './token-commands.ts';
import { discovery, globalsOf, type Tools, withServer } from './with-server.ts';
import { addWriteCommands } from './write-commands.ts';

/** kubectl's exit code for a command line that it refuses, and for `auth can-i` that answers no. */
const FAILURE_EXIT_CODE = 1;

/**
 * Run one command.
 *
 * @param words  the command line without the program's name
 * @returns the exit code
 */
export async function run(words: readonly string[], tools: Tools): Promise<number> {
	const { output } = tools;
	let style: ErrorStyle = 'kubectl';
	let isDenied = false;
	const program = new Command('kubectl-sim')
		.description('Manage a kubejoin cluster with the commands of kubectl and of kubeadm token.')
		.option('--kubeconfig <file>', 'the kubeconfig (default: $KUBECONFIG, then ~/.kube/config)')
		.option('--context <name>', 'context of the kubeconfig (default: its current context)')
		.configureHelp({ showGlobalOptions: true })
		.configureOutput({ writeOut: output.out, writeErr: output.err });
	addReadCommands(program, tools);
	addWriteCommands(program, tools);
	addTokenCommands(program, tools).hook('preAction', () => {
		style = 'kubeadm';
	});
	addAuthCommands(program, tools, (isAllowed) => {
		isDenied = !isAllowed;
	});
	addConfigCommands(program, tools);
	addVersion(program, tools);
	const exitCode = await runCli(program, {
		words: moveLeadingFlags(program, words),
		executable: 'kubectl-sim',
		examples: [
			'kubectl-sim get nodes',
			'kubectl-sim token create --print-join-command',
			'kubectl-sim certificate approve NAME',
		],
		usageExitCode: FAILURE_EXIT_CODE,
		writeError: output.err,
		report: (thrown) => reportError(thrown, style, tools.findAdminConf),
	});
	return exitCode === 0 && isDenied ? FAILURE_EXIT_CODE : exitCode;
}

interface ViewOptions {
	readonly raw?: true;
	readonly minify?: true;
	readonly output: 'json' | 'yaml';
}

function addConfigCommands(program: Command, tools: Tools): void {
	const { output, env } = tools;
	const filesOf = (command: Command): KubeconfigFiles => locateKubeconfig(globalsOf(command).kubeconfig, env);
	const load = () => import('./kubeconfig-commands.ts');
	const config = program.command('config').description('show the kubeconfig and choose its current context');
	config
		.command('view')
		.description('show the kubeconfig')
		.option('--raw', 'include keys, certificates and tokens')
		.option('--minify', 'only the entries of the context')
		.addOption(outputOption('json', 'yaml').default('yaml'))
		.action(async (options: ViewOptions, command: Command) => {
			const { raw = false, minify = false, output: format } = options;
			const { context } = globalsOf(command);
			const request = { format, raw, minify, context };
			await (await load()).viewConfig(filesOf(command), request, output);
		});
	config
		.command('get-contexts')
		.description('list the contexts')
		.argument('[name...]', 'default: all')
		.addOption(outputOption('name'))
		.option('--no-headers', 'print no header line')
		.action(async (names: string[], options: { output?: 'name'; headers: boolean }, command: Command) => {
			const shown = { nameOnly: options.output === 'name', noHeaders: !options.headers };
			await (await load()).getContexts(filesOf(command), names, shown, output);
		});
	config
		.command('current-context')
		.description('print the current context')
		.action(async (_options: object, command: Command) => (await load()).printCurrentContext(filesOf(command), output));
	config
		.command('use-context')
		.alias('use')
		.description('set the current context')
		.argument('<name>')
		.action(async (name: string, _options: object, command: Command) =>
			(await load()).useContext(filesOf(command), name, output),
		);
}

interface VersionOptions {
	readonly client?: true;
	readonly output?: 'json' | 'yaml';
}

function addVersion(program: Command, tools: Tools): void {
	program
		.command('version')
		.description('print the Kubernetes version of the client and of the server')
		.option('--client', 'do not connect to the server')
		.addOption(outputOption('json', 'yaml'))
		.action(async (options: VersionOptions, command: Command) => {
			const ofServer = () => withServer(command, tools, discovery.none, ({ fetchVersion }) => fetchVersion());
			const { printVersion } = await import('./version.ts');
			await printVersion(options.output, options.client ? undefined : ofServer, tools.output);
		});
}
