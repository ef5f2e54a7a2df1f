/** Finds and reads the kubeconfig: the server, its CA, and the credentials of the user. It opens no connection. */

import { delimiter, join } from 'node:path';
import { causeText, fileRemedy } from '../../lib/causes.ts';
import { KubejoinError } from '../../lib/errors.ts';
import { readBytes } from '../../lib/files.ts';
import type { Kubeconfig } from '../../lib/kube/kubeconfig.ts';
import type { UserCredentials } from '../../lib/kube/kubeconfig-access.ts';
import { limits } from '../../lib/limits.ts';
import type { Pem } from '../../lib/pki/pem.ts';
import { printable } from '../../lib/text.ts';

export interface KubeconfigFiles {
	/** The first file has precedence. */
	readonly paths: readonly string[];
	/** Set by --kubeconfig; then the file must exist. */
	readonly isExplicit: boolean;
}

/** A server and the credentials for it. */
export interface Access {
	/** The kubeconfig, for messages. */
	readonly path: string;
	/** `https://host:port` */
	readonly server: string;
	/** `host:port`, an IPv6 address in brackets. */
	readonly endpoint: string;
	readonly ca: Pem;
	readonly tlsServerName?: string;
	readonly user: UserCredentials;
	readonly namespace: string;
}

/**
 * `--kubeconfig`, or the files of $KUBECONFIG, or `~/.kube/config`. An empty value counts as absent.
 *
 * @source client-go tools/clientcmd loader.go NewDefaultClientConfigLoadingRules
 */
export function locateKubeconfig(
	flag: string | undefined,
	env: Readonly<Record<string, string | undefined>>,
): KubeconfigFiles {
	if (flag) return { paths: [flag], isExplicit: true };
	const { KUBECONFIG = '', HOME = '' } = env;
	const paths = KUBECONFIG === '' ? [join(HOME, '.kube', 'config')] : KUBECONFIG.split(delimiter);
	return { paths: [...new Set(paths.filter((path) => path !== ''))], isExplicit: false };
}

/** @returns undefined when the file does not exist @throws KUBECONFIG_INVALID */
async function readKubeconfig(path: string): Promise<Kubeconfig | undefined> {
	const { parseKubeconfig } = await import('../../lib/kube/kubeconfig.ts');
	const max = limits.yamlBytes.value;
	let bytes: Buffer;
	try {
		bytes = readBytes(path, max);
	} catch (error) {
		if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
		const cause = causeText(error);
		const doing = cause === 'is a directory' ? 'read' : 'open';
		throw new KubejoinError('KUBECONFIG_INVALID', {
			path,
			problem: `${doing} ${path}: ${cause}`,
			remedy: fileRemedy(path, cause),
		});
	}
	return parseKubeconfig(bytes, path);
}

export interface LoadedKubeconfig {
	readonly path: string;
	readonly config: Kubeconfig;
}

/** Reads the existing files, in order. @throws KUBECONFIG_INVALID */
export async function readKubeconfigs({ paths }: KubeconfigFiles): Promise<LoadedKubeconfig[]> {
	const loaded: LoadedKubeconfig[] = [];
	for (const path of paths) {
		const config = await readKubeconfig(path);
		if (config !== undefined) loaded.push({ path, config });
	}
	return loaded;
}

/**
 * @param context  overrides the current context
 * @returns undefined when there is no kubeconfig, or it has no current context
 * @throws KUBECONFIG_INVALID, COMMAND_INVALID
 * @source client-go tools/clientcmd
 * @differs a server without verification is refused; a user without credentials is anonymous and is not prompted for a
 *   password
 */
export async function readAccess(files: KubeconfigFiles, context?: string): Promise<Access | undefined> {
	const loaded = await readKubeconfigs(files);
	if (loaded.length === 0 && files.isExplicit) throw commandFailed(`stat ${files.paths[0]}: no such file or directory`);
	const { mergeKubeconfigs, withAbsolutePaths } = await import('../../lib/kube/kubeconfig.ts');
	const merged = mergeKubeconfigs(loaded.map(({ config, path }) => withAbsolutePaths(config, path)));
	const path = loaded.map((one) => one.path).join(delimiter);
	const wanted = context || merged.currentContext;
	if (wanted === '') return undefined;
	const found = merged.contexts.find(({ name }) => name === wanted)?.context;
	if (found === undefined) throw noContext(wanted);

	const { currentCluster, currentUser } = await import('../../lib/kube/kubeconfig-access.ts');
	const chosen = { ...merged, currentContext: wanted };
	const { server, endpoint, ca, tlsServerName, isUnverified } = currentCluster(chosen, path);
	const user = currentUser(chosen, path);
	if (isUnverified || ca === undefined) throw unverified(path, found.cluster, isUnverified);
	return {
		path,
		server,
		endpoint,
		ca,
		tlsServerName,
		user,
		namespace: found.namespace ?? 'default',
	};
}

function unverified(path: string, cluster: string, isUnverified: boolean): KubejoinError {
	const reason = isUnverified ? 'insecure-skip-tls-verify is set' : 'it names no certificate authority';
	const consequence = 'kubejoin does not connect to a server that it cannot verify';
	return new KubejoinError('KUBECONFIG_INVALID', {
		path,
		problem: `cluster "${printable(cluster)}": ${reason}, and ${consequence}`,
		remedy: isUnverified
			? `Replace insecure-skip-tls-verify with certificate-authority-data in ${path}`
			: `Add certificate-authority-data to cluster "${printable(cluster)}" in ${path}: base64 -w0 ca.crt`,
	});
}

const commandFailed = (problem: string): KubejoinError =>
	new KubejoinError('COMMAND_INVALID', {
		problem,
		remedy: 'Give the path of admin.conf with --kubeconfig FILE or in KUBECONFIG',
	});

const noContext = (name: string): KubejoinError =>
	new KubejoinError('COMMAND_INVALID', {
		problem: `Error in configuration: context was not found for specified context: ${name}`,
		remedy: 'List the contexts: kubectl-sim config get-contexts',
	});
