/** The commands, their arguments and their help. What a command does is in the file of its group, loaded when it is called, so that help is quick. */
import { Command, CommanderError, Option } from 'commander';
import { guardCommands } from '../../lib/cli.ts';
import type { Clock } from '../../lib/clock.ts';
import { hasCode, KubejoinError } from '../../lib/errors.ts';
import { type Access, type KubeconfigFiles, locateKubeconfig, readAccess } from './access.ts';
import type { AccessQuestion } from './auth.ts';
import type { Connection } from './clients.ts';
import { invalidCommand } from './command-errors.ts';
import type { GetRequest } from './get.ts';
import { type Discovery, discoveryFailures, noServer } from './no-server.ts';
import type { Output } from './output.ts';
import { type ErrorStyle, printError } from './print-error.ts';
import type { TokenOutput } from './token.ts';

export interface Tools {
	readonly output: Output;
	readonly clock: Clock;
	readonly pid: number;
	readonly env: Readonly<Record<string, string | undefined>>;
	/** Ends a watch. */
	readonly signal: AbortSignal;
	readonly connect: (access: Access) => Promise<Connection>;
	/** All of standard input, for `-f -`. */
	readonly readStdin: () => Promise<Buffer>;
}

/**
 * Run one command.
 *
 * @param words  the command line without the program's name
 * @returns the exit code
 */
export async function run(words: readonly string[], tools: Tools): Promise<number> {
	const { output } = tools;
	let style: ErrorStyle = 'kubectl';
	let exitCode = 0;
	const program = new Command('kubectl-sim')
		.description('The command line of a kubejoin cluster, in the words of kubectl and of kubeadm token.')
		.option('--kubeconfig <file>', 'the kubeconfig (default: $KUBECONFIG, then ~/.kube/config)')
		.option('--context <name>', 'the context in it (default: its current-context)')
		.configureHelp({ showGlobalOptions: true })
		.configureOutput({ writeOut: output.out, writeErr: output.err });
	addReading(program, tools);
	addWriting(program, tools);
	addCertificate(program, tools);
	addToken(program, tools).hook('preAction', () => {
		style = 'kubeadm';
	});
	addAuth(program, tools, (isAllowed) => {
		exitCode = isAllowed ? 0 : 1;
	});
	addConfig(program, tools);
	addVersion(program, tools);
	guardCommands(program);
	try {
		await program.parseAsync(words, { from: 'user' });
		return exitCode;
	} catch (error) {
		return error instanceof CommanderError ? error.exitCode : printError(error, output, style);
	}
}

interface GlobalOptions {
	readonly kubeconfig?: string;
	readonly context?: string;
}
const globalsOf = (command: Command): GlobalOptions => command.optsWithGlobals();

/** How often each command of upstream asks for the API groups before it gives up. Observed with kubectl 1.32.4. */
const discovery = {
	get: { attempts: 5 },
	write: { attempts: 5 },
	certificate: { attempts: 4 },
	canI: 2,
	none: { attempts: 0 },
} as const;

async function withServer<T>(
	command: Command,
	tools: Tools,
	needs: Discovery,
	use: (connection: Connection, access: Access) => Promise<T>,
): Promise<T> {
	const { kubeconfig, context } = globalsOf(command);
	const access = await readAccess(locateKubeconfig(kubeconfig, tools.env), context);
	if (access === undefined) {
		tools.output.err(discoveryFailures(needs, tools.clock(), tools.pid));
		throw noServer();
	}
	const connection = await tools.connect(access);
	try {
		return await use(connection, access);
	} catch (error) {
		if (!hasCode(error, 'API_UNAUTHORIZED')) throw error;
		const { localCredentialProblem } = await import('./credential-problem.ts');
		throw new KubejoinError('API_UNAUTHORIZED', { problem: localCredentialProblem(access.user, tools.clock()) });
	} finally {
		connection.close();
	}
}

const outputOption = (...formats: string[]): Option =>
	new Option('-o, --output <format>', 'how it is printed').choices(formats);
type ObjectOption = { readonly output?: 'json' | 'yaml' };

const typeHelp = 'nodes (node, no) or certificatesigningrequests (csr)';
const typesHelp = 'nodes, csr, secrets, configmaps, leases, clusterroles, clusterrolebindings, roles or rolebindings';
const namespaceOption = (): Option => new Option('-n, --namespace <name>', 'where (default: that of the context)');
interface NamespaceOptions {
	readonly namespace?: string;
}
interface GetOptions extends NamespaceOptions {
	readonly output?: GetRequest['format'];
	readonly headers: boolean;
	readonly watch?: true;
	readonly allNamespaces?: true;
}

function addReading(program: Command, tools: Tools): void {
	const { output, clock, signal } = tools;
	program
		.command('get')
		.description('show objects of one type')
		.argument('<type>', typesHelp)
		.argument('[name...]', 'default: all')
		.addOption(outputOption('wide', 'json', 'yaml', 'name'))
		.option('--no-headers', 'rows only')
		.option('-w, --watch', 'go on with every change, until Ctrl-C')
		.addOption(namespaceOption())
		.option('-A, --all-namespaces', 'everywhere')
		.action(async (type: string, names: string[], options: GetOptions, command: Command) => {
			const asked = {
				...oneType(type, names, 'get'),
				format: options.output,
				noHeaders: !options.headers,
				watch: options.watch ?? false,
			};
			await withServer(command, tools, discovery.get, async ({ api }, access) => {
				const namespace = options.allNamespaces ? undefined : (options.namespace ?? access.namespace);
				await (await import('./get.ts')).get({ ...asked, namespace }, { api, output, clock, signal });
			});
		});
	program
		.command('describe')
		.description('show all about nodes or certificate signing requests')
		.argument('<type>', typeHelp)
		.argument('[name...]', 'names, or the beginning of one; default: all')
		.action(async (typed: string, words: string[], _options: object, command: Command) => {
			const { type, names } = oneType(typed, words, 'describe');
			await withServer(command, tools, discovery.get, async ({ api }) =>
				(await import('./describe.ts')).describe(type, names, { api, output }),
			);
		});
}

function addWriting(program: Command, tools: Tools): void {
	const { output } = tools;
	const load = () => import('./write.ts');
	const where = ({ namespace }: NamespaceOptions, access: Access) => namespace ?? access.namespace;
	for (const verb of ['create', 'replace'] as const) {
		program
			.command(verb)
			.description(
				verb === 'create'
					? 'create the objects of a file'
					: 'put the objects of a file in the place of those that there are',
			)
			.requiredOption('-f, --filename <file>', 'YAML or JSON; - for standard input')
			.addOption(namespaceOption())
			.action(async (options: NamespaceOptions & { filename: string }, command: Command) => {
				await withServer(command, tools, discovery.write, async ({ api }, access) =>
					(await load()).writeFile(verb, options.filename, {
						api,
						output,
						readStdin: tools.readStdin,
						namespace: where(options, access),
					}),
				);
			});
	}
	program
		.command('delete')
		.description('delete objects')
		.argument('<type>', typesHelp)
		.argument('[name...]')
		.option('--ignore-not-found', 'what is not there is no failure')
		.addOption(namespaceOption())
		.action(
			async (
				type: string,
				names: string[],
				options: NamespaceOptions & { ignoreNotFound?: true },
				command: Command,
			) => {
				const deletion = { ...oneType(type, names, 'delete'), ignoreNotFound: options.ignoreNotFound ?? false };
				await withServer(command, tools, discovery.write, async ({ api }, access) =>
					(await load()).deleteObjects(deletion, { api, output, namespace: where(options, access) }),
				);
			},
		);
	program
		.command('label')
		.description('set labels of an object, or take them away')
		.argument('<type>', typesHelp)
		.argument('[words...]', 'the name, then KEY=VALUE or KEY-')
		.option('--overwrite', 'also where there is another value')
		.addOption(namespaceOption())
		.action(
			async (typed: string, words: string[], options: NamespaceOptions & { overwrite?: true }, command: Command) => {
				const [type = '', name] = typed.split('/');
				const labelling = {
					type,
					words: name === undefined ? words : [name, ...words],
					overwrite: options.overwrite ?? false,
				};
				await withServer(command, tools, discovery.write, async ({ api }, access) =>
					(await load()).label(labelling, { api, output, namespace: where(options, access) }),
				);
			},
		);
}

/** `nodes n1 n2`, or `node/n1 node/n2`. */
function oneType(type: string, names: readonly string[], command: string): { type: string; names: string[] } {
	if (!type.includes('/')) return { type, names: [...names] };
	const pairs = [type, ...names].map((word) => word.split('/'));
	const [[first = ''] = []] = pairs;
	if (pairs.some(([one, name, ...more]) => one !== first || !name || more.length > 0))
		throw invalidCommand('one type at a time: TYPE NAME..., or TYPE/NAME...', command);
	return { type: first, names: pairs.map(([, name = '']) => name) };
}

function addCertificate(program: Command, tools: Tools): void {
	const { output, clock } = tools;
	const certificate = program.command('certificate').description('decide on certificate signing requests');
	for (const verb of ['approve', 'deny'] as const) {
		certificate
			.command(verb)
			.description(
				verb === 'approve'
					? 'have the certificate signed: whoever holds it can do what it says'
					: 'never have the certificate signed',
			)
			.argument('[name...]')
			.action(async (names: string[], _options: object, command: Command) => {
				await withServer(command, tools, discovery.certificate, async ({ api }) =>
					(await import('./certificate.ts')).decide(verb, names, {
						requests: api.certificateSigningRequests,
						output,
						clock,
					}),
				);
			});
	}
}

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

function addToken(program: Command, tools: Tools): Command {
	const { output, clock } = tools;
	const collect = (value: string, before: readonly string[] = []) => [
		...before,
		...value.split(',').filter((item) => item !== ''),
	];
	const token = program.command('token').description('make, list and delete bootstrap tokens, with which nodes join');
	token
		.command('create')
		.description('create a bootstrap token on the cluster and print it')
		.argument('[token]', 'default: a random one, which no process list shows')
		.option('--ttl <duration>', 'how long it lives, 0 for ever: 1h30m', '24h0m0s')
		.option('--usages <list>', 'what it is for (default: signing,authentication)', collect)
		.option(
			'--groups <list>',
			'whose rights it has (default: system:bootstrappers:kubeadm:default-node-token)',
			collect,
		)
		.option('--description <text>', 'what people should know of it')
		.option('--node-name <name>', 'only a node of this name may join with it')
		.option('--once', 'only one node may join with it, whichever comes first')
		.addOption(
			new Option('--print-join-command', 'print the whole command that joins a node').conflicts('printJoinConfig'),
		)
		.option('--print-join-config', 'write a JoinConfiguration that only you can read, for kubelet-sim join --config')
		.option('--to <file>', 'where --print-join-config writes')
		.action(async (text: string | undefined, options: TokenOptions, command: Command) => {
			const print = tokenOutput(options);
			const { CREATE_RETRY_MS, checkTokenRequest, createToken, tokenDefaults } = await import('./token.ts');
			const request = checkTokenRequest({
				...tokenDefaults,
				...options,
				...(text === undefined ? {} : { token: text }),
			});
			await withServer(command, tools, discovery.none, ({ api }, target) =>
				createToken(request, print, target, { secrets: api.secrets, output, clock, retryMs: CREATE_RETRY_MS }),
			);
		});
	token
		.command('list')
		.description('list the bootstrap tokens of the cluster, secrets and all')
		.addOption(outputOption('text', 'json', 'yaml').default('text'))
		.action(async ({ output: format }: { output: 'text' | 'json' | 'yaml' }, command: Command) => {
			await withServer(command, tools, discovery.none, async ({ api }) =>
				(await import('./token.ts')).listTokens(format, { secrets: api.secrets, output, clock }),
			);
		});
	token
		.command('delete')
		.description('delete bootstrap tokens')
		.argument('[token...]', 'their IDs, the six characters before the dot')
		.action(async (texts: string[], _options: object, command: Command) => {
			await withServer(command, tools, discovery.none, async ({ api }) =>
				(await import('./token.ts')).deleteTokens(texts, { secrets: api.secrets, output }),
			);
		});
	token
		.command('generate')
		.description('print a random token; the cluster is not told')
		.action(async () => {
			const { id, secret } = (await import('./token.ts')).generateToken();
			output.out(`${id}.${secret}\n`);
		});
	return token;
}

function tokenOutput({ printJoinCommand, printJoinConfig, to }: TokenOptions): TokenOutput {
	if ((printJoinConfig === undefined) !== (to === undefined))
		throw invalidCommand('--print-join-config and --to FILE belong together', 'token create');
	if (to !== undefined) return { kind: 'join-config', path: to };
	return { kind: printJoinCommand ? 'join-command' : 'token' };
}

interface CanIOptions {
	readonly namespace?: string;
	readonly allNamespaces?: true;
	readonly subresource?: string;
	readonly quiet?: true;
}

function addAuth(program: Command, tools: Tools, answered: (isAllowed: boolean) => void): void {
	const { output } = tools;
	const auth = program.command('auth').description('ask who you are and what you may do');
	auth
		.command('whoami')
		.description('show who the API server takes you for')
		.addOption(outputOption('json', 'yaml'))
		.action(async (options: ObjectOption, command: Command) => {
			await withServer(command, tools, discovery.none, async ({ api }) =>
				(await import('./auth.ts')).whoAmI(options.output, { reviews: api.selfSubjectReviews, output }),
			);
		});
	auth
		.command('can-i')
		.description('ask whether you may do something; the exit code is 1 if not')
		.argument('<verb>', 'get, list, create, delete, approve...')
		.argument('<object>', 'TYPE, TYPE.GROUP, TYPE/NAME, or a path such as /version')
		.option('-n, --namespace <name>', 'where (default: that of the context)')
		.option('-A, --all-namespaces', 'everywhere')
		.option('--subresource <name>', 'such as approval or status')
		.option('-q, --quiet', 'the exit code only')
		.action(async (verb: string, object: string, options: CanIOptions, command: Command) => {
			const { accessReview, canI } = await import('./auth.ts');
			const { subresource = '', allNamespaces = false, namespace, quiet } = options;
			const question = (here: string): AccessQuestion => ({
				verb,
				object,
				subresource,
				allNamespaces,
				namespace: namespace ?? here,
			});
			const said: Output = quiet ? { ...output, out: () => {} } : output;
			await withServer(command, tools, canIDiscovery(object), async ({ api }, access) =>
				answered(
					await canI(accessReview(question(access.namespace)), { reviews: api.selfSubjectAccessReviews, output: said }),
				),
			);
		});
}

/** Without a server no resource is known. */
const canIDiscovery = (object: string): Discovery =>
	object.startsWith('/')
		? discovery.none
		: { attempts: discovery.canI, warning: `the server doesn't have a resource type '${object.split('/')[0]}'` };

function addConfig(program: Command, tools: Tools): void {
	const { output, env } = tools;
	const filesOf = (command: Command): KubeconfigFiles => locateKubeconfig(globalsOf(command).kubeconfig, env);
	const load = () => import('./kubeconfig-commands.ts');
	const config = program.command('config').description('read the kubeconfig and choose its current context');
	config
		.command('view')
		.description('show the kubeconfig')
		.option('--raw', 'with keys, certificates and tokens')
		.option('--minify', 'only what the context uses')
		.addOption(outputOption('json', 'yaml').default('yaml'))
		.action(async (options: { raw?: true; minify?: true; output: 'json' | 'yaml' }, command: Command) => {
			const { raw = false, minify = false, output: format } = options;
			const { context } = globalsOf(command);
			await (await load()).viewConfig(
				filesOf(command),
				{ format, raw, minify, ...(context === undefined ? {} : { context }) },
				output,
			);
		});
	config
		.command('get-contexts')
		.description('list the contexts')
		.argument('[name...]', 'default: all')
		.addOption(outputOption('name'))
		.option('--no-headers', 'rows only')
		.action(async (names: string[], options: { output?: 'name'; headers: boolean }, command: Command) => {
			await (await load()).getContexts(
				filesOf(command),
				names,
				{ nameOnly: options.output === 'name', noHeaders: !options.headers },
				output,
			);
		});
	config
		.command('current-context')
		.description('print the current context')
		.action(async (_options: object, command: Command) => (await load()).printCurrentContext(filesOf(command), output));
	config
		.command('use-context')
		.alias('use')
		.description('make a context the current one')
		.argument('<name>')
		.action(async (name: string, _options: object, command: Command) =>
			(await load()).useContext(filesOf(command), name, output),
		);
}

function addVersion(program: Command, tools: Tools): void {
	program
		.command('version')
		.description("print this program's version and the server's")
		.option('--client', 'only this program; nobody is asked')
		.addOption(outputOption('json', 'yaml'))
		.action(async (options: ObjectOption & { client?: true }, command: Command) => {
			const ofServer = () => withServer(command, tools, discovery.none, ({ fetchVersion }) => fetchVersion());
			await (await import('./version.ts')).printVersion(
				options.output,
				options.client ? undefined : ofServer,
				tools.output,
			);
		});
}
