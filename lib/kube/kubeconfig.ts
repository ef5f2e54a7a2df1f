/**
 * Kubeconfig files: read, merged and written as client-go does, byte for byte, because the one in cluster-info is
 * signed. The input can come from an untrusted server. kubeconfig-access.ts interprets a cluster and a user.
 */
import { dirname, resolve } from 'node:path';
import { stringify } from 'yaml';
import { KubejoinError } from '../errors.ts';
import { isJsonObject } from '../json-object.ts';
import { quoteInput } from '../text.ts';
import { type Path, readFirstYaml, type YamlDocument } from '../yaml.ts';

/** Fields that are absent or empty are not there. */
export interface KubeconfigCluster {
	readonly server: string;
	readonly 'certificate-authority-data'?: string;
	readonly 'certificate-authority'?: string;
	readonly 'insecure-skip-tls-verify'?: boolean;
	readonly 'tls-server-name'?: string;
	readonly 'proxy-url'?: string;
	readonly 'disable-compression'?: boolean;
}
export interface KubeconfigUser {
	readonly 'client-certificate-data'?: string;
	readonly 'client-certificate'?: string;
	readonly 'client-key-data'?: string;
	readonly 'client-key'?: string;
	readonly token?: string;
	readonly tokenFile?: string;
	readonly as?: string;
	readonly 'as-uid'?: string;
	readonly 'as-groups'?: readonly string[];
	readonly 'as-user-extra'?: Readonly<Record<string, unknown>>;
	readonly username?: string;
	readonly password?: string;
	readonly 'auth-provider'?: Readonly<Record<string, unknown>>;
	readonly exec?: Readonly<Record<string, unknown>>;
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

/** Why a kubeconfig is refused. */
export interface KubeconfigProblem {
	readonly problem: string;
	readonly remedy: string;
}

const refuseKubeconfig = (path: string, { problem, remedy }: KubeconfigProblem): never => {
	throw new KubejoinError('KUBECONFIG_INVALID', { path, problem, remedy });
};

/**
 * Read a kubeconfig, YAML or JSON. Of several YAML documents the first counts, as in client-go. A field that is empty
 * or null is absent.
 *
 * @param input  bytes, in UTF-8 or UTF-16; or text
 * @param path   for messages, and what relative paths in the file are relative to
 * @throws KUBECONFIG_INVALID
 * @differs extensions, preferences and fields that client-go does not know are ignored, and not shown by `config view`
 */
export function parseKubeconfig(input: string | Uint8Array, path: string): Kubeconfig {
	const document = readFirstYaml(input, {
		refuse: ({ text, remedy }) => refuseKubeconfig(path, { problem: text, remedy: `In ${path}: ${remedy}` }),
	});
	if (document === undefined || document.value === null) return emptyKubeconfig;
	const config = document.value;
	if (!isJsonObject(config)) return refuseKubeconfig(path, notAMap(config, path));
	const { kind = '', apiVersion = '' } = config;
	if ((kind || 'Config') !== 'Config' || (apiVersion || 'v1') !== 'v1')
		return refuseKubeconfig(path, {
			problem: `no kind ${quoteInput(String(kind))} is registered for version ${quoteInput(String(apiVersion))}`,
			remedy: `Name a kubeconfig, which has kind: Config and apiVersion: v1, in place of ${path}`,
		});
	const reader = new Reader(document, path);
	return {
		clusters: reader
			.items(config, 'clusters', 'cluster')
			.map(({ name, fields }) => ({ name, cluster: clusterOf(fields) })),
		users: reader.items(config, 'users', 'user').map(({ name, fields }) => ({ name, user: userOf(fields) })),
		contexts: reader.items(config, 'contexts', 'context').map(({ name, fields }) => ({
			name,
			context: {
				cluster: fields.text('cluster') ?? '',
				user: fields.text('user') ?? '',
				...present({ namespace: fields.text('namespace') }),
			},
		})),
		currentContext: reader.fields(config, []).text('current-context') ?? '',
	};
}

export const emptyKubeconfig: Kubeconfig = { clusters: [], users: [], contexts: [], currentContext: '' };

const clusterOf = (fields: Fields): KubeconfigCluster => ({
	server: fields.text('server') ?? '',
	...present({
		'certificate-authority-data': fields.text('certificate-authority-data'),
		'certificate-authority': fields.text('certificate-authority'),
		'insecure-skip-tls-verify': fields.flag('insecure-skip-tls-verify'),
		'tls-server-name': fields.text('tls-server-name'),
		'proxy-url': fields.text('proxy-url'),
		'disable-compression': fields.flag('disable-compression'),
	}),
});

const userOf = (fields: Fields): KubeconfigUser =>
	present({
		'client-certificate-data': fields.text('client-certificate-data'),
		'client-certificate': fields.text('client-certificate'),
		'client-key-data': fields.text('client-key-data'),
		'client-key': fields.text('client-key'),
		token: fields.text('token'),
		tokenFile: fields.text('tokenFile'),
		as: fields.text('as'),
		'as-uid': fields.text('as-uid'),
		'as-groups': fields.texts('as-groups'),
		'as-user-extra': fields.record('as-user-extra'),
		username: fields.text('username'),
		password: fields.text('password'),
		'auth-provider': fields.record('auth-provider'),
		exec: fields.record('exec'),
	});

/**
 * Merges several files. The first entry of a name counts as a whole; the first current context that is set counts.
 *
 * @source client-go tools/clientcmd loader.go Load, merge.go
 */
export function mergeKubeconfigs(configs: readonly Kubeconfig[]): Kubeconfig {
	const first = <T extends { readonly name: string }>(lists: readonly (readonly T[])[]): T[] => {
		const found = new Map<string, T>();
		for (const item of lists.flat()) if (!found.has(item.name)) found.set(item.name, item);
		return [...found.values()];
	};
	return {
		clusters: first(configs.map(({ clusters }) => clusters)),
		users: first(configs.map(({ users }) => users)),
		contexts: first(configs.map(({ contexts }) => contexts)),
		currentContext: configs.find(({ currentContext }) => currentContext !== '')?.currentContext ?? '',
	};
}

/**
 * The same, with its file names resolved against its own directory.
 *
 * @source client-go tools/clientcmd ResolveLocalPaths
 */
export function withAbsolutePaths(config: Kubeconfig, path: string): Kubeconfig {
	const absolute = <T extends object>(fields: T): T =>
		Object.fromEntries(
			Object.entries(fields).map(([key, value]) => [
				key,
				pathFields.includes(key) ? resolve(dirname(path), value) : value,
			]),
		) as T;
	return {
		...config,
		clusters: config.clusters.map(({ name, cluster }) => ({ name, cluster: absolute(cluster) })),
		users: config.users.map(({ name, user }) => ({ name, user: absolute(user) })),
	};
}
const pathFields = ['certificate-authority', 'client-certificate', 'client-key', 'tokenFile'];

/**
 * YAML as client-go writes it: keys in alphabetical order, empty lists as null.
 *
 * @source client-go tools/clientcmd Write
 */
export function writeKubeconfig({ clusters, users, contexts, currentContext }: Kubeconfig): string {
	const orNull = (list: readonly object[]) => (list.length === 0 ? null : list);
	const config = {
		apiVersion: 'v1',
		kind: 'Config',
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

/**
 * A kubeconfig of one user with embedded data and the names of kubeadm.
 *
 * @param ca PEM
 * @source kubeadm util/kubeconfig CreateWithCerts
 */
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

const notAMap = (value: unknown, path: string): KubeconfigProblem => ({
	problem:
		`it holds ${Array.isArray(value) ? 'a list' : 'one value'}, ` +
		'and a kubeconfig is a map of clusters, users and contexts',
	remedy: `Name a kubeconfig in place of ${path}`,
});

interface Fields {
	text(field: string): string | undefined;
	/** Returns true, or undefined if it is absent. */
	flag(field: string): true | undefined;
	texts(field: string): readonly string[] | undefined;
	record(field: string): Readonly<Record<string, unknown>> | undefined;
}

/** Reads the parts of one file; a problem names the line. */
class Reader {
	readonly #document: YamlDocument;
	readonly #path: string;

	constructor(document: YamlDocument, path: string) {
		this.#document = document;
		this.#path = path;
	}

	refuse(at: Path, what: string, remedy: string): never {
		const { line, column } = this.#document.positionOf(at);
		return refuseKubeconfig(this.#path, {
			problem: `line ${line}: ${what}`,
			remedy: `At line ${line}, column ${column} of ${this.#path}, ${remedy}`,
		});
	}

	fields(record: Readonly<Record<string, unknown>>, at: Path): Fields {
		const read = (field: string): unknown => (Object.hasOwn(record, field) ? record[field] : undefined) ?? undefined;
		const expect = (field: string, what: string, remedy: string) =>
			this.refuse([...at, field], `${field} must be ${what}`, remedy);
		return {
			text: (field) => {
				const value = read(field);
				if (value === undefined || value === '') return undefined;
				return typeof value === 'string' ? value : expect(field, 'a text', 'put the value in double quotes');
			},
			flag: (field) => {
				const value = read(field) ?? false;
				if (typeof value !== 'boolean') return expect(field, 'true or false', 'write true or false without quotes');
				return value || undefined;
			},
			texts: (field) => {
				const value = read(field);
				if (value === undefined || (Array.isArray(value) && value.length === 0)) return undefined;
				return Array.isArray(value) && value.every((item) => typeof item === 'string')
					? value
					: expect(field, 'a list of texts', 'write a list of texts in double quotes');
			},
			record: (field) => {
				const value = read(field);
				return value === undefined || isJsonObject(value) ? value : expect(field, 'a map', 'write a map of fields');
			},
		};
	}

	/** @source client-go tools/clientcmd/api/v1 conversion.go: two items of one name are an error */
	items(
		config: Readonly<Record<string, unknown>>,
		listName: string,
		itemName: string,
	): { name: string; fields: Fields }[] {
		const list = (Object.hasOwn(config, listName) ? config[listName] : undefined) ?? [];
		if (!Array.isArray(list))
			return this.refuse([listName], `${listName} must be a list`, `begin each item of ${listName} with "- "`);
		const names = new Set<string>();
		return list.map((item: unknown, index) => {
			const at = [listName, index];
			if (!isJsonObject(item))
				return this.refuse(at, `an item of ${listName} must be a map`, `write name: and ${itemName}: below it`);
			const name = item.name ?? '';
			if (typeof name !== 'string')
				return this.refuse([...at, 'name'], 'name must be a text', 'put the name in double quotes');
			if (names.has(name))
				return this.refuse([...at, 'name'], `duplicate name ${quoteInput(name)} in ${listName}`, 'keep one of the two');
			names.add(name);
			const value = item[itemName] ?? {};
			if (!isJsonObject(value))
				return this.refuse([...at, itemName], `${itemName} must be a map`, `write its fields below ${itemName}:`);
			return { name, fields: this.fields(value, [...at, itemName]) };
		});
	}
}

const base64 = (text: string) => Buffer.from(text).toString('base64');

type Present<T> = { [Field in keyof T]?: Exclude<T[Field], undefined> };
const present = <T extends object>(fields: T): Present<T> =>
	Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Present<T>;
