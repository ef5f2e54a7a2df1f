/** Which kubeconfig is meant, and what it gives: a server, the CA that it must prove itself with, and what this person shows. Nothing is dialled. */
import { delimiter, join } from 'node:path';
import { KubejoinError } from '../../lib/errors.ts';
import { readFileIfThere } from '../../lib/files.ts';
import type { Kubeconfig, UserCredentials } from '../../lib/kube/kubeconfig.ts';

export interface KubeconfigFile {
	readonly path: string;
	/** Named by --kubeconfig, so it must exist for any command that calls the server. */
	readonly isExplicit: boolean;
}

/** How a server is reached and what is shown to it. */
export interface Access {
	/** Of the kubeconfig, for messages. */
	readonly path: string;
	/** `https://host:port` */
	readonly server: string;
	/** `host:port` */
	readonly endpoint: string;
	/** PEM */
	readonly ca: string;
	readonly tlsServerName?: string;
	readonly user: UserCredentials;
	/** Of the context. */
	readonly namespace: string;
}

/**
 * `--kubeconfig`, otherwise $KUBECONFIG, otherwise `~/.kube/config`.
 *
 * @throws KUBECONFIG_INVALID  $KUBECONFIG names several files
 * @differs client-go merges several files
 */
export function locateKubeconfig(
	flag: string | undefined,
	env: Readonly<Record<string, string | undefined>>,
): KubeconfigFile {
	if (flag !== undefined) return { path: flag, isExplicit: true };
	const [path, ...more] = (env.KUBECONFIG ?? '').split(delimiter).filter((one) => one !== '');
	if (more.length > 0)
		throw new KubejoinError('KUBECONFIG_INVALID', {
			path: env.KUBECONFIG ?? '',
			problem: 'KUBECONFIG names several files, and one is read',
		});
	return { path: path ?? join(env.HOME ?? '', '.kube', 'config'), isExplicit: false };
}

/** @returns undefined when there is no such file @throws KUBECONFIG_INVALID, FILE_UNUSABLE */
export async function readKubeconfig(path: string): Promise<Kubeconfig | undefined> {
	const text = await readFileIfThere(path);
	if (text === undefined) return undefined;
	const { parseKubeconfig } = await import('../../lib/kube/kubeconfig.ts');
	return parseKubeconfig(text, path);
}

/**
 * @param context  instead of the current one
 * @returns undefined when no server is named: there is no kubeconfig, or it has no current context
 * @throws KUBECONFIG_INVALID, COMMAND_INVALID, FILE_UNUSABLE
 * @source client-go tools/clientcmd
 * @differs a server that is not to be verified is refused; a user without credentials is anonymous and not asked for a password
 */
export async function readAccess({ path, isExplicit }: KubeconfigFile, context?: string): Promise<Access | undefined> {
	const config = await readKubeconfig(path);
	if (config === undefined && isExplicit) throw commandFailed(`stat ${path}: no such file or directory`);
	const wanted = context ?? config?.currentContext ?? '';
	if (config === undefined || wanted === '') {
		if (context !== undefined) throw noContext(context);
		return undefined;
	}
	const found = config.contexts.find(({ name }) => name === wanted)?.context;
	if (found === undefined) throw noContext(wanted);

	const { currentCluster, currentUser } = await import('../../lib/kube/kubeconfig.ts');
	const chosen = { ...config, currentContext: wanted };
	const { server, ca, tlsServerName, isUnverified } = currentCluster(chosen, path);
	if (isUnverified || ca === undefined) {
		const problem = isUnverified ? 'insecure-skip-tls-verify is set' : 'it names no certificate authority';
		throw new KubejoinError('KUBECONFIG_INVALID', {
			path,
			problem: `cluster "${found.cluster}": ${problem}, and a server that cannot be verified is not spoken to`,
		});
	}
	const { hostname, port } = new URL(server);
	return {
		path,
		server,
		endpoint: `${hostname}:${port || 443}`,
		ca,
		...(tlsServerName === undefined ? {} : { tlsServerName }),
		user: currentUser(chosen, path),
		namespace: found.namespace ?? 'default',
	};
}

const commandFailed = (problem: string): KubejoinError =>
	new KubejoinError('COMMAND_INVALID', {
		problem,
		remedy: 'Name the file with --kubeconfig FILE or in KUBECONFIG; admin.conf is the one of the cluster',
	});

const noContext = (name: string): KubejoinError =>
	new KubejoinError('COMMAND_INVALID', {
		problem: `Error in configuration: context was not found for specified context: ${name}`,
		remedy: 'List the contexts there are: kubectl-sim config get-contexts',
	});
