/** `kubectl create`, `replace`, `delete`, `label` and `certificate`. */
import type { Command } from 'commander';
import { KubejoinError } from '../../lib/errors.ts';
import { quoteInput, shellWord } from '../../lib/text.ts';
import type { Access } from './access.ts';
import { invalidCommand, missingType } from './command-errors.ts';
import { namespaceOption, parseTypeAndNames, typeArgument } from './command-options.ts';
import { allTypes } from './resource-types.ts';
import { discovery, type NamespaceOptions, type Tools, withServer } from './with-server.ts';

const load = () => import('./write.ts');
const namespaceOf = ({ namespace }: NamespaceOptions, access: Access): string => namespace ?? access.namespace;

export function addWriteCommands(program: Command, tools: Tools): void {
	addFileCommand(program, tools, 'create', 'create the objects of a file');
	addFileCommand(program, tools, 'replace', 'replace existing objects by those of a file');
	addDelete(program, tools);
	addLabel(program, tools);
	const certificate = program.command('certificate').description('decide on certificate signing requests');
	addDecision(certificate, tools, 'approve', 'approve requests; the client obtains the certificate that it requested');
	addDecision(certificate, tools, 'deny', 'deny requests; they are never signed');
}

function addFileCommand(program: Command, tools: Tools, verb: 'create' | 'replace', description: string): void {
	const { output, readStdin } = tools;
	program
		.command(verb)
		.description(description)
		.allowExcessArguments()
		.option(
			'-f, --filename <file>',
			'YAML or JSON: a file, a directory, or - for standard input; can be repeated',
			moreFiles,
		)
		.option('-R, --recursive', 'read directories in these directories too')
		.addOption(namespaceOption())
		.action(async (options: FileOptions, command: Command) => {
			const { filename, recursive } = options;
			// kubectl replace ignores words, too.
			if (verb === 'create' && command.args.length > 0) throw unexpectedWords(command.args);
			if (filename === undefined) throw noFile(verb);
			await withServer(command, tools, discovery.write, async ({ api }, access) =>
				(await load()).writeFiles(verb, filename, {
					recursive,
					api,
					output,
					readStdin,
					namespace: namespaceOf(options, access),
					requiredNamespace: options.namespace,
				}),
			);
		});
}

interface FileOptions extends NamespaceOptions {
	readonly filename?: readonly string[];
	readonly recursive?: true;
}

/** The commands below `kubectl create`, with their aliases. */
const subcommands: ReadonlySet<string> = new Set([
	...[
		'clusterrole',
		'clusterrolebinding',
		'configmap',
		'cm',
		'cronjob',
		'cj',
		'deployment',
		'deploy',
		'ingress',
		'ing',
	],
	...['job', 'namespace', 'ns', 'poddisruptionbudget', 'pdb', 'priorityclass', 'pc', 'quota', 'resourcequota', 'role'],
	...['rolebinding', 'secret', 'service', 'svc', 'serviceaccount', 'sa', 'token'],
]);

/** @source kubectl pkg/cmd/create: `Unexpected args`, and its subcommands */
function unexpectedWords(words: readonly string[]): KubejoinError {
	const [first = ''] = words;
	if (!subcommands.has(first)) return invalidCommand(`Unexpected args: [${words.map(shown).join(' ')}]`, 'create');
	return new KubejoinError('COMMAND_INVALID', {
		problem: `kubectl-sim has no subcommand "create ${first}": it creates the objects of files`,
		remedy: `Use kubectl with the same kubeconfig: kubectl create ${words.map(shellWord).join(' ')}`,
	});
}
const shown = (word: string): string => quoteInput(word).slice(1, -1);

/** @source cli-runtime pkg/resource FilenameOptions.RequireFilenameOrKustomize @differs there is no -k */
const noFile = (verb: string): KubejoinError =>
	new KubejoinError('COMMAND_INVALID', {
		problem: 'must specify one of -f and -k',
		remedy: `Name a file: kubectl-sim ${verb} -f FILE`,
	});

/** @source pflag StringSlice: `-f a.yaml,b.yaml` are two files */
const moreFiles = (value: string, before: readonly string[] = []): readonly string[] => [
	...before,
	...value.split(','),
];

interface DeleteOptions extends NamespaceOptions {
	readonly ignoreNotFound?: true;
}

function addDelete(program: Command, tools: Tools): void {
	const { output } = tools;
	program
		.command('delete')
		.description('delete objects')
		.addArgument(typeArgument(allTypes))
		.argument('[name...]')
		.option('--ignore-not-found', 'do not fail when an object does not exist')
		.addOption(namespaceOption())
		.action(async (type: string | undefined, names: string[], options: DeleteOptions, command: Command) => {
			const deletion = {
				...parseTypeAndNames(type, names, 'delete'),
				ignoreNotFound: options.ignoreNotFound ?? false,
			};
			await withServer(command, tools, discovery.write, async ({ api }, access) =>
				(await load()).deleteObjects(deletion, { api, output, namespace: namespaceOf(options, access) }),
			);
		});
}

interface LabelOptions extends NamespaceOptions {
	readonly overwrite?: true;
}

function addLabel(program: Command, tools: Tools): void {
	const { output } = tools;
	program
		.command('label')
		.description('set or remove labels of an object')
		.addArgument(typeArgument(allTypes))
		.argument('[words...]', 'the name, then KEY=VALUE or KEY-')
		.option('--overwrite', 'replace an existing value')
		.addOption(namespaceOption())
		.action(async (typed: string | undefined, words: string[], options: LabelOptions, command: Command) => {
			if (typed === undefined) throw missingType('label');
			const [type = '', name] = typed.split('/');
			const labelling = {
				type,
				words: name === undefined ? words : [name, ...words],
				overwrite: options.overwrite ?? false,
			};
			await withServer(command, tools, discovery.write, async ({ api }, access) =>
				(await load()).label(labelling, { api, output, namespace: namespaceOf(options, access) }),
			);
		});
}

function addDecision(certificate: Command, tools: Tools, verb: 'approve' | 'deny', description: string): void {
	const { output, clock } = tools;
	certificate
		.command(verb)
		.description(description)
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
