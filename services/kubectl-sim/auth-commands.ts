/** `kubectl auth whoami` and `kubectl auth can-i`. */
import type { Command } from 'commander';
import type { AccessQuestion } from './auth.ts';
import { namespaceOption, outputOption } from './command-options.ts';
import type { Discovery } from './no-server.ts';
import type { Output } from './output.ts';
import { discovery, type NamespaceOptions, type Tools, withServer } from './with-server.ts';

interface CanIOptions extends NamespaceOptions {
	readonly allNamespaces?: true;
	readonly subresource?: string;
	readonly quiet?: true;
}

/** @param onAnswer  called with the answer of `can-i`, for the exit code */
export function addAuthCommands(program: Command, tools: Tools, onAnswer: (isAllowed: boolean) => void): void {
	const { output } = tools;
	const auth = program.command('auth').description('check your identity and your permissions');
	auth
		.command('whoami')
		.description('show the user that the API server authenticates you as')
		.addOption(outputOption('json', 'yaml'))
		.action(async (options: { readonly output?: 'json' | 'yaml' }, command: Command) => {
			await withServer(command, tools, discovery.none, async ({ api }) =>
				(await import('./auth.ts')).whoAmI(options.output, { reviews: api.selfSubjectReviews, output }),
			);
		});
	auth
		.command('can-i')
		.description('check whether a request is allowed; the exit code is 1 if it is not')
		.argument('<verb>', 'get, list, create, delete, approve...')
		.argument('<object>', 'TYPE, TYPE.GROUP, TYPE/NAME, or a path such as /version')
		.addOption(namespaceOption())
		.option('-A, --all-namespaces', 'in all namespaces')
		.option('--subresource <name>', 'such as approval or status')
		.option('-q, --quiet', 'print nothing')
		.action(async (verb: string, object: string, options: CanIOptions, command: Command) => {
			const { accessReview, canI } = await import('./auth.ts');
			const { subresource = '', allNamespaces = false, namespace, quiet } = options;
			const question = (ofContext: string): AccessQuestion => ({
				verb,
				object,
				subresource,
				allNamespaces,
				namespace: namespace ?? ofContext,
			});
			const answers: Output = quiet ? { ...output, out: () => {} } : output;
			await withServer(command, tools, canIDiscovery(object), async ({ api }, access) => {
				const reviews = api.selfSubjectAccessReviews;
				onAnswer(await canI(accessReview(question(access.namespace)), { reviews, output: answers }));
			});
		});
}

/** Without a server kubectl knows no resource, and warns. */
const canIDiscovery = (object: string): Discovery =>
	object.startsWith('/')
		? discovery.none
		: { attempts: discovery.canI, warning: `the server doesn't have a resource type '${object.split('/')[0]}'` };
