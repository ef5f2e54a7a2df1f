/** `kubectl config`: prints the kubeconfig without its secrets, and sets the current context. */
import { realpath } from 'node:fs/promises';
import { KubejoinError } from '../../lib/errors.ts';
import { readText, writeWholeFile } from '../../lib/files.ts';
import { emptyKubeconfig, type Kubeconfig, mergeKubeconfigs, writeKubeconfig } from '../../lib/kube/kubeconfig.ts';
import { limits } from '../../lib/limits.ts';
import { maskSecrets, printable, printableCell, quoteInput } from '../../lib/text.ts';
import { withTopField } from '../../lib/yaml.ts';
import { type KubeconfigFiles, readKubeconfigs } from './access.ts';
import { invalidCommand, throwAll } from './command-errors.ts';
import type { Output } from './output.ts';
import { toJson } from './print-object.ts';
import { alignTabs, tableTabs } from './tabwriter.ts';

/** Merges the files; without a file the kubeconfig is empty. @throws KUBECONFIG_INVALID */
const readMerged = async (files: KubeconfigFiles): Promise<Kubeconfig> => {
	const loaded = await readKubeconfigs(files);
	return loaded.length === 0 ? emptyKubeconfig : mergeKubeconfigs(loaded.map(({ config }) => config));
};

export interface ViewRequest {
	readonly format: 'json' | 'yaml';
	/** Includes keys, certificates and tokens. */
	readonly raw: boolean;
	/** Only the entries that the context refers to. */
	readonly minify: boolean;
	/** For `minify`; default: the current context. */
	readonly context?: string;
}

/**
 * @throws COMMAND_INVALID  the context for `minify` does not exist
 * @source kubectl pkg/cmd/config/view.go; client-go tools/clientcmd/api helpers.go
 * @differs omits extensions; masks secrets of exec, auth-provider and proxy-url, too
 */
export async function viewConfig(
	files: KubeconfigFiles,
	{ format, raw, minify, context }: ViewRequest,
	output: Output,
): Promise<void> {
	const whole = await readMerged(files);
	const chosen = minify ? minified({ ...whole, currentContext: context ?? whole.currentContext }) : whole;
	const config = byName(raw ? chosen : redacted(chosen));
	output.out(format === 'json' ? configJson(config) : writeKubeconfig(config));
}

function minified(config: Kubeconfig): Kubeconfig {
	const { currentContext } = config;
	if (currentContext === '') throw invalidCommand('current-context must exist in order to minify', 'config view');
	const find = <T extends { readonly name: string }>(list: readonly T[], kind: string, wanted: string): T =>
		list.find(({ name }) => name === wanted) ?? refuse(`cannot locate ${kind} ${wanted}`);
	const context = find(config.contexts, 'context', currentContext);
	const { cluster, user } = context.context;
	return {
		currentContext,
		contexts: [context],
		users: user === '' ? [] : [find(config.users, 'user', user)],
		clusters: cluster === '' ? [] : [find(config.clusters, 'cluster', cluster)],
	};
}

const refuse = (problem: string): never => {
	throw invalidCommand(problem, 'config view');
};

const masks: Readonly<Record<string, string>> = {
	'certificate-authority-data': 'DATA+OMITTED',
	'client-certificate-data': 'DATA+OMITTED',
	'client-key-data': 'DATA+OMITTED',
	token: 'REDACTED',
	password: 'REDACTED',
};
/** Plugins keep secrets in the values of `env` in exec, and of `config` in auth-provider. */
const values = (field: string, value: unknown): unknown => {
	if (field === 'proxy-url') return maskSecrets(String(value));
	if (field !== 'exec' && field !== 'auth-provider') return value;
	return JSON.parse(JSON.stringify(value), (key, item: unknown) =>
		key === 'value' || (key !== 'name' && field === 'auth-provider' && typeof item === 'string') ? 'REDACTED' : item,
	);
};
const masked = <T extends object>(fields: T): T =>
	Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, masks[key] ?? values(key, value)])) as T;

const redacted = (config: Kubeconfig): Kubeconfig => ({
	...config,
	clusters: config.clusters.map(({ name, cluster }) => ({ name, cluster: masked(cluster) })),
	users: config.users.map(({ name, user }) => ({ name, user: masked(user) })),
});

const sorted = <T extends { readonly name: string }>(list: readonly T[]): T[] =>
	list.toSorted((a, b) => (a.name < b.name ? -1 : 1));
const byName = (config: Kubeconfig): Kubeconfig => ({
	...config,
	clusters: sorted(config.clusters),
	users: sorted(config.users),
	contexts: sorted(config.contexts),
});

/** The order of client-go's fields. @source client-go tools/clientcmd/api/v1 types.go */
const fieldOrder = [
	...['server', 'tls-server-name', 'insecure-skip-tls-verify', 'certificate-authority', 'certificate-authority-data'],
	...['proxy-url', 'disable-compression'],
	...[
		'client-certificate',
		'client-certificate-data',
		'client-key',
		'client-key-data',
		'token',
		'tokenFile',
		'as',
		'as-uid',
		'as-groups',
		'as-user-extra',
		'username',
		'password',
		'auth-provider',
		'exec',
		'cluster',
		'user',
		'namespace',
	],
];
const inOrder = (fields: object): object =>
	Object.fromEntries(Object.entries(fields).sort(([a], [b]) => fieldOrder.indexOf(a) - fieldOrder.indexOf(b)));

const configJson = ({ clusters, users, contexts, currentContext }: Kubeconfig): string => {
	const orNull = (list: readonly object[]) => (list.length === 0 ? null : list);
	return toJson({
		kind: 'Config',
		apiVersion: 'v1',
		clusters: orNull(clusters.map(({ name, cluster }) => ({ name, cluster: inOrder(cluster) }))),
		users: orNull(users.map(({ name, user }) => ({ name, user: inOrder(user) }))),
		contexts: orNull(contexts.map(({ name, context }) => ({ name, context: inOrder(context) }))),
		'current-context': currentContext,
	});
};

/**
 * @param names  default: all
 * @throws COMMAND_INVALID  missing contexts, after the others were printed
 * @source kubectl pkg/cmd/config/get_contexts.go
 */
export async function getContexts(
	files: KubeconfigFiles,
	names: readonly string[],
	{ nameOnly, noHeaders }: { readonly nameOnly: boolean; readonly noHeaders: boolean },
	output: Output,
): Promise<void> {
	const { contexts, currentContext } = await readMerged(files);
	const shown = sorted(contexts).filter(({ name }) => names.length === 0 || names.includes(name));
	if (nameOnly) output.out(shown.map(({ name }) => `${printable(name)}\n`).join(''));
	else {
		const rows = shown.map(({ name, context: { cluster, user, namespace = '' } }) => [
			name === currentContext ? '*' : ' ',
			name,
			cluster,
			user,
			namespace,
		]);
		const lines = [...(noHeaders ? [] : [['CURRENT', 'NAME', 'CLUSTER', 'AUTHINFO', 'NAMESPACE']]), ...rows];
		output.out(alignTabs(lines.map((cells) => `${cells.map(printableCell).join('\t')}\n`).join(''), tableTabs));
	}
	const missing = names.filter((name) => !contexts.some((context) => context.name === name));
	throwAll(missing.map((name) => invalidCommand(`context ${name} not found`, 'config get-contexts')));
}

/** @throws COMMAND_INVALID  no current context */
export async function printCurrentContext(files: KubeconfigFiles, output: Output): Promise<void> {
	const { currentContext } = await readMerged(files);
	if (currentContext === '')
		throw new KubejoinError('COMMAND_INVALID', {
			problem: 'current-context is not set',
			remedy: 'Set a context: kubectl-sim config use-context NAME',
		});
	output.out(`${currentContext}\n`);
}

/**
 * Change the line of a file atomically. Of several files, it is the one whose current context takes effect.
 *
 * @throws COMMAND_INVALID  unknown context
 * @source client-go tools/clientcmd config.go ModifyConfig
 * @differs kubectl rewrites the file and drops its comments
 */
export async function useContext(files: KubeconfigFiles, name: string, output: Output): Promise<void> {
	const loaded = await readKubeconfigs(files);
	if (!loaded.some(({ config }) => config.contexts.some((context) => context.name === name))) {
		const remedy = 'List the contexts: kubectl-sim config get-contexts';
		throw new KubejoinError('COMMAND_INVALID', {
			problem: `no context exists with the name: ${quoteInput(name)}`,
			remedy,
		});
	}
	const path = (loaded.find(({ config }) => config.currentContext !== '') ?? loaded[0])?.path ?? '';
	// A symbolic link must not be replaced by a file.
	const file = await realpath(path);
	const changed = withTopField(file, readText(file, limits.yamlBytes.value), 'current-context', name);
	await writeWholeFile(file, changed, 0o600);
	output.out(`Switched to context "${name}".\n`);
}
