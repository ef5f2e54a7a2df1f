/**
 * Kubeconfig files: where a cluster is, which CA it has, and who its reader is. Written as client-go writes them, byte for byte, because the
 * one in cluster-info is signed. What is read may come from a stranger; what it names is not trusted here. File contents are in no error.
 */
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { parse, stringify } from 'yaml';
import { causeText, KubejoinError } from '../errors.ts';

export interface KubeconfigCluster {
	readonly server: string;
	/** PEM in base64. */
	readonly 'certificate-authority-data'?: string;
	readonly 'certificate-authority'?: string;
	readonly 'insecure-skip-tls-verify'?: boolean;
	readonly 'tls-server-name'?: string;
}
export interface KubeconfigUser {
	/** PEM in base64. */
	readonly 'client-certificate-data'?: string;
	readonly 'client-certificate'?: string;
	/** PEM in base64. */
	readonly 'client-key-data'?: string;
	readonly 'client-key'?: string;
	readonly token?: string;
	readonly tokenFile?: string;
}
export interface KubeconfigContext {
	readonly cluster: string;
	readonly user: string;
	readonly namespace?: string;
}
export interface Kubeconfig {
	readonly clusters: readonly { readonly name: string; readonly cluster: KubeconfigCluster }[];
	readonly users: readonly { readonly name: string; readonly user: KubeconfigUser }[];
	readonly contexts: readonly { readonly name: string; readonly context: KubeconfigContext }[];
	readonly currentContext: string;
}

/** A cluster with its CA read. */
export interface ClusterAccess {
	/** `https://host:port`. */
	readonly server: string;
	/** PEM; absent when the file names none. */
	readonly ca?: string;
	readonly tlsServerName?: string;
	readonly isUnverified: boolean;
}
/** What a user shows, with its files read. */
export interface UserCredentials {
	readonly name: string;
	/** PEM. */
	readonly certificate?: string;
	/** PEM. */
	readonly key?: string;
	readonly token?: string;
}

/** As large as an object of the Kubernetes API may be. */
const maxLength = 1024 * 1024;

/**
 * Read a kubeconfig, YAML or JSON.
 *
 * @param path  for messages, and what relative paths in the file are relative to
 * @throws KUBECONFIG_INVALID
 * @differs fields that kubejoin does not use are passed over, as are `exec` and `auth-provider`: nothing in a kubeconfig makes it run a program
 */
export function parseKubeconfig(text: string, path: string): Kubeconfig {
	const config = parseYaml(text, path);
	if (!isRecord(config)) return refuse(path, 'it is not a kubeconfig');
	if ((config.kind ?? 'Config') !== 'Config' || (config.apiVersion ?? 'v1') !== 'v1')
		return refuse(path, 'it is not of kind Config, apiVersion v1');
	const items = (list: string, item: string) => namedItems(config[list], path, list, item);
	return {
		clusters: items('clusters', 'cluster').map(({ name, fields }) => ({
			name,
			cluster: {
				server: fields.text('server') ?? '',
				...defined('certificate-authority-data', fields.text('certificate-authority-data')),
				...defined('certificate-authority', fields.text('certificate-authority')),
				...(fields.flag('insecure-skip-tls-verify') ? { 'insecure-skip-tls-verify': true } : {}),
				...defined('tls-server-name', fields.text('tls-server-name')),
			},
		})),
		users: items('users', 'user').map(({ name, fields }) => ({
			name,
			user: {
				...defined('client-certificate-data', fields.text('client-certificate-data')),
				...defined('client-certificate', fields.text('client-certificate')),
				...defined('client-key-data', fields.text('client-key-data')),
				...defined('client-key', fields.text('client-key')),
				...defined('token', fields.text('token')),
				...defined('tokenFile', fields.text('tokenFile')),
			},
		})),
		contexts: items('contexts', 'context').map(({ name, fields }) => ({
			name,
			context: {
				cluster: fields.text('cluster') ?? '',
				user: fields.text('user') ?? '',
				...defined('namespace', fields.text('namespace')),
			},
		})),
		currentContext: fieldsOf(config, path, 'the file').text('current-context') ?? '',
	};
}

/** YAML as client-go writes it: keys in alphabetical order, empty lists as null. @source client-go tools/clientcmd Write */
export function writeKubeconfig({ clusters, users, contexts, currentContext }: Kubeconfig): string {
	const orNull = (list: readonly object[]) => (list.length === 0 ? null : list);
	const config = {
		apiVersion: 'v1',
		kind: 'Config',
		preferences: {},
		clusters: orNull(clusters),
		contexts: orNull(contexts),
		users: orNull(users),
		'current-context': currentContext,
	};
	return stringify(config, { sortMapEntries: true, indentSeq: false, lineWidth: 0, aliasDuplicateObjects: false });
}

/** A kubeconfig that holds nothing but a cluster, without a name: what cluster-info publishes. @param ca PEM */
export const clusterOnlyKubeconfig = (server: string, ca: string): Kubeconfig => ({
	clusters: [{ name: '', cluster: { 'certificate-authority-data': base64(ca), server } }],
	users: [],
	contexts: [],
	currentContext: '',
});

/** A kubeconfig of one user, everything embedded, with the names that kubeadm gives. @param ca PEM @source kubeadm util/kubeconfig CreateWithCerts */
export function userKubeconfig(
	server: string,
	ca: string,
	user: string,
	credentials: { readonly certificate: string; readonly key: string } | { readonly token: string },
): Kubeconfig {
	const shown =
		'token' in credentials
			? credentials
			: { 'client-certificate-data': base64(credentials.certificate), 'client-key-data': base64(credentials.key) };
	return {
		clusters: [{ name: 'kubernetes', cluster: { 'certificate-authority-data': base64(ca), server } }],
		users: [{ name: user, user: shown }],
		contexts: [{ name: `${user}@kubernetes`, context: { cluster: 'kubernetes', user } }],
		currentContext: `${user}@kubernetes`,
	};
}

/** The cluster of the current context. @throws KUBECONFIG_INVALID  no such context or cluster, or a file that cannot be read */
export function currentCluster(config: Kubeconfig, path: string): ClusterAccess {
	const wanted = currentContext(config, path).cluster;
	const cluster = config.clusters.find(({ name }) => name === wanted)?.cluster;
	return cluster === undefined ? refuse(path, `cluster "${wanted}" does not exist`) : clusterAccess(cluster, path);
}

/**
 * The cluster that a kubeconfig of cluster-info means: the one without a name, otherwise that of the current context. Files that it names are
 * not read, for it comes from a stranger.
 *
 * @throws KUBECONFIG_INVALID
 * @source kubeadm util/kubeconfig GetClusterFromKubeConfig
 */
export function discoveredCluster(config: Kubeconfig, path: string): ClusterAccess {
	const clusters = config.clusters.map(({ name, cluster: { 'certificate-authority': _file, ...cluster } }) => ({
		name,
		cluster,
	}));
	const unnamed = clusters.find(({ name }) => name === '')?.cluster;
	return unnamed === undefined ? currentCluster({ ...config, clusters }, path) : clusterAccess(unnamed, path);
}

/** The user of the current context. @throws KUBECONFIG_INVALID  no such context or user, or a file that cannot be read */
export function currentUser(config: Kubeconfig, path: string): UserCredentials {
	const wanted = currentContext(config, path).user;
	const user = config.users.find(({ name }) => name === wanted)?.user;
	if (user === undefined) return refuse(path, `user "${wanted}" does not exist`);
	const tokenOfFile = user.tokenFile === undefined ? undefined : readNamed(user.tokenFile, path).trim();
	return {
		name: wanted,
		...defined('certificate', dataOrFile(user['client-certificate-data'], user['client-certificate'], path)),
		...defined('key', dataOrFile(user['client-key-data'], user['client-key'], path)),
		...defined('token', user.token ?? tokenOfFile),
	};
}

function currentContext(config: Kubeconfig, path: string): KubeconfigContext {
	if (config.currentContext === '') return refuse(path, 'current-context is not set');
	const found = config.contexts.find(({ name }) => name === config.currentContext);
	return found?.context ?? refuse(path, `context "${config.currentContext}" does not exist`);
}

function clusterAccess(cluster: KubeconfigCluster, path: string): ClusterAccess {
	if (!URL.canParse(cluster.server) || !cluster.server.startsWith('https://'))
		return refuse(path, `server "${cluster.server}" is not an address that starts with https://`);
	return {
		server: cluster.server,
		isUnverified: cluster['insecure-skip-tls-verify'] ?? false,
		...defined('ca', dataOrFile(cluster['certificate-authority-data'], cluster['certificate-authority'], path)),
		...defined('tlsServerName', cluster['tls-server-name']),
	};
}

/** Data wins over a file, as in client-go. */
function dataOrFile(data: string | undefined, file: string | undefined, path: string): string | undefined {
	if (data === undefined || data === '') return file === undefined || file === '' ? undefined : readNamed(file, path);
	const bytes = Buffer.from(data, 'base64');
	return bytes.toString('base64') === data
		? bytes.toString('utf8')
		: refuse(path, 'a field whose name ends in -data is not base64');
}

function readNamed(file: string, path: string): string {
	try {
		return readFileSync(resolve(dirname(path), file), 'utf8');
	} catch (error) {
		return refuse(path, `unable to read ${file}: ${causeText(error)}`);
	}
}

function parseYaml(text: string, path: string): unknown {
	if (text.length > maxLength) return refuse(path, `it is longer than ${maxLength} characters`);
	try {
		return parse(text, { maxAliasCount: 0, logLevel: 'error', prettyErrors: false });
	} catch (error) {
		return refuse(path, causeText(error));
	}
}

interface Fields {
	text(field: string): string | undefined;
	flag(field: string): boolean;
}

function fieldsOf(record: Record<string, unknown>, path: string, where: string): Fields {
	const read = (field: string): unknown => (Object.hasOwn(record, field) ? record[field] : undefined);
	return {
		text: (field) => {
			const value = read(field) ?? undefined;
			return value === undefined || typeof value === 'string'
				? value
				: refuse(path, `${field} of ${where} is not a text`);
		},
		flag: (field) => {
			const value = read(field) ?? false;
			return typeof value === 'boolean' ? value : refuse(path, `${field} of ${where} is not true or false`);
		},
	};
}

function namedItems(
	list: unknown,
	path: string,
	listName: string,
	itemName: string,
): { name: string; fields: Fields }[] {
	if (list === undefined || list === null) return [];
	if (!Array.isArray(list)) return refuse(path, `${listName} is not a list`);
	return list.map((item: unknown) => {
		if (!isRecord(item) || typeof item.name !== 'string') return refuse(path, `an item of ${listName} has no name`);
		const value = item[itemName] ?? {};
		const where = `${itemName} "${item.name}"`;
		return isRecord(value)
			? { name: item.name, fields: fieldsOf(value, path, where) }
			: refuse(path, `${where} has no fields`);
	});
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
	typeof value === 'object' && value !== null && !Array.isArray(value);
const base64 = (text: string): string => Buffer.from(text, 'utf8').toString('base64');
const defined = <K extends string, V>(key: K, value: V | undefined): Partial<Record<K, V>> =>
	value === undefined ? {} : ({ [key]: value } as Record<K, V>);

function refuse(path: string, problem: string): never {
	throw new KubejoinError('KUBECONFIG_INVALID', { path, problem });
}
