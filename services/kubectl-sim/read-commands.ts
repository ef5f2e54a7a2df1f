/** `kubectl get` and `kubectl describe`. */
import type { Command } from 'commander';
import { examplesText } from '../../lib/cli/run-cli.ts';
import { namespaceOption, outputOption, parseTypeAndNames, typeArgument } from './command-options.ts';
import type { GetRequest } from './get.ts';
import { allTypes, describableTypes } from './resource-types.ts';
import { discovery, type NamespaceOptions, type Tools, withServer } from './with-server.ts';

interface GetOptions extends NamespaceOptions {
	readonly output?: GetRequest['format'];
	readonly headers: boolean;
	readonly showManagedFields?: true;
	readonly watch?: true;
	readonly allNamespaces?: true;
}

export function addReadCommands(program: Command, tools: Tools): void {
	const { output, clock, signal } = tools;
	program
		.command('get')
		.description('list objects of one type')
		.addArgument(typeArgument(allTypes))
		.argument('[name...]', 'default: all')
		.addOption(outputOption('wide', 'json', 'yaml', 'name'))
		.option('--no-headers', 'print no header line')
		.option('--show-managed-fields', 'print metadata.managedFields with -o json and -o yaml')
		.option('-w, --watch', 'print every change until Ctrl-C')
		.addOption(namespaceOption())
		.option('-A, --all-namespaces', 'in all namespaces')
		.addHelpText(
			'after',
			examplesText([
				'kubectl-sim get nodes -o wide',
				'kubectl-sim get csr -w',
				'kubectl-sim get secrets -n kube-system',
			]),
		)
		.action(async (type: string | undefined, names: string[], options: GetOptions, command: Command) => {
			const request = {
				...parseTypeAndNames(type, names, 'get'),
				format: options.output,
				noHeaders: !options.headers,
				showManagedFields: options.showManagedFields ?? false,
				watch: options.watch ?? false,
			};
			await withServer(command, tools, discovery.get, async ({ api }, access) => {
				const namespace = options.allNamespaces ? undefined : (options.namespace ?? access.namespace);
				await (await import('./get.ts')).get({ ...request, namespace }, { api, output, clock, signal });
			});
		});
	program
		.command('describe')
		.description('show the details of nodes or certificate signing requests')
		.addArgument(typeArgument(describableTypes))
		.argument('[name...]', 'names, or a prefix of names; default: all')
		.action(async (type: string | undefined, words: string[], _options: object, command: Command) => {
			const { type: parsed, names } = parseTypeAndNames(type, words, 'describe');
			await withServer(command, tools, discovery.get, async ({ api }) =>
				(await import('./describe.ts')).describe(parsed, names, { api, output, clock }),
			);
		});
}
