/**
 * How a kubeconfig reaches a cluster: the server, its CA, and the credential of the user, with client-go's rules. A
 * field that changes the target or the user of requests is used, or refused by its name. This module dials no server
 * and runs no program; no error repeats the contents of a file.
 */
import { dirname, resolve } from 'node:path';
import { ipVersion } from '../address.ts';
import { decodeBase64 } from '../base64.ts';
import { causeText, fileRemedy } from '../causes.ts';
import { KubejoinError } from '../errors.ts';
import { readBytes } from '../files.ts';
import { limits } from '../limits.ts';
import { caProblem, keyPairProblem } from '../pki/key-pair.ts';
import { printable, quoteInput } from '../text.ts';
import type {
	Kubeconfig,
	KubeconfigCluster,
	KubeconfigContext,
	KubeconfigProblem,
	KubeconfigUser,
} from './kubeconfig.ts';

/** A cluster with its CA read. */
export interface ClusterAccess {
	readonly server: string;
	/** `host:port`, an IPv6 address in brackets. */
	readonly endpoint: string;
	/** PEM; absent when the file names none. */
	readonly ca?: string;
	readonly tlsServerName?: string;
	readonly isUnverified: boolean;
}
/** A user with its files read. */
export interface UserCredentials {
	readonly name: string;
	readonly certificate?: string;
	readonly key?: string;
	readonly token?: string;
}

/**
 * The cluster of the current context.
 *
 * @throws KUBECONFIG_INVALID  there is no such context or cluster, or it is unusable
 */
export function currentCluster(config: Kubeconfig, path: string): ClusterAccess {
	const wanted = currentContext(config, path).cluster;
	const cluster = config.clusters.find(({ name }) => name === wanted)?.cluster;
	if (cluster === undefined)
		return refuse(path, {
			problem: `cluster ${quoteInput(wanted)} does not exist`,
			remedy: `Name a cluster of ${path} in its current context: kubectl-sim config view`,
		});
	return clusterAccess({ name: wanted, cluster }, path);
}

/**
 * The cluster of a kubeconfig from cluster-info or of a discovery file: the unnamed one, otherwise that of the current
 * context.
 *
 * @param readsFiles  false for a document from an untrusted server, whose file names are ignored
 *
 * @throws KUBECONFIG_INVALID
 * @source kubeadm util/kubeconfig GetClusterFromKubeConfig
 */
export function discoveredCluster(config: Kubeconfig, path: string, { readsFiles = false } = {}): ClusterAccess {
	const clusters = readsFiles
		? config.clusters
		: config.clusters.map(({ name, cluster: { 'certificate-authority': _file, ...cluster } }) => ({ name, cluster }));
	const unnamed = clusters.find(({ name }) => name === '');
	return unnamed === undefined ? currentCluster({ ...config, clusters }, path) : clusterAccess(unnamed, path);
}

/**
 * The user of the current context; without a credential it is anonymous.
 *
 * @throws KUBECONFIG_INVALID  no such context or user, half a credential, or one that cannot be used
 * @source client-go tools/clientcmd validation.go validateAuthInfo, client_config.go getUserIdentificationPartialConfig
 * @differs exec, auth-provider, username and password, and impersonation are refused by name; a certificate is compared
 *   with its key before anything is sent; a token that gRPC metadata cannot hold is refused
 */
export function currentUser(config: Kubeconfig, path: string): UserCredentials {
	const wanted = currentContext(config, path).user;
	const user = config.users.find(({ name }) => name === wanted)?.user;
	if (user === undefined)
		return refuse(path, {
			problem: `user ${quoteInput(wanted)} does not exist`,
			remedy: `Name a user of ${path} in its current context: kubectl-sim config view`,
		});
	const at: Place = { path, name: printable(wanted), kind: 'user' };
	refuseUnused(user, at);
	const certificate = credentialFile(user, 'client-certificate', at);
	const key = credentialFile(user, 'client-key', at);
	refuseHalf(certificate, key, at);
	const token = tokenOf(user, at);
	if (token !== undefined) checkToken(token, at);
	return {
		name: wanted,
		certificate,
		key,
		token,
	};
}

interface Place {
	readonly path: string;
	/** Of the user or the cluster, printable. */
	readonly name: string;
	readonly kind: 'user' | 'cluster';
}
const refuse = (path: string, { problem, remedy }: KubeconfigProblem, cause?: unknown): never => {
	throw new KubejoinError('KUBECONFIG_INVALID', { path, problem, remedy, isRead: true }, { cause });
};

function currentContext(config: Kubeconfig, path: string): KubeconfigContext {
	const { currentContext: wanted, contexts } = config;
	if (wanted === '')
		return refuse(path, {
			problem: 'current-context is not set',
			remedy: `Choose a context of ${path}: kubectl-sim config use-context NAME`,
		});
	return (
		contexts.find(({ name }) => name === wanted)?.context ??
		refuse(path, {
			problem: `context ${quoteInput(wanted)} does not exist`,
			remedy: `Choose another context of ${path}: kubectl-sim config get-contexts`,
		})
	);
}

function clusterAccess(
	{ name, cluster }: { readonly name: string; readonly cluster: KubeconfigCluster },
	path: string,
): ClusterAccess {
	const at: Place = { path, name: printable(name), kind: 'cluster' };
	if (cluster['proxy-url'] !== undefined)
		return refuse(path, {
			problem: `cluster "${at.name}" has proxy-url, and kubejoin connects without a proxy`,
			remedy: `Remove proxy-url from cluster "${at.name}" in ${path}; it works if the server can be reached directly`,
		});
	const endpoint = endpointOf(cluster.server, at);
	const ca = credentialFile(cluster, 'certificate-authority', at);
	const isUnverified = cluster['insecure-skip-tls-verify'] ?? false;
	if (isUnverified && ca !== undefined)
		return refuse(path, {
			problem: 'specifying a root certificates file with the insecure flag is not allowed',
			remedy: `Remove insecure-skip-tls-verify from cluster "${at.name}" in ${path}`,
		});
	return {
		server: cluster.server,
		endpoint,
		isUnverified,
		ca,
		tlsServerName: cluster['tls-server-name'],
	};
}

/**
 * Whether TLS can use the CA, and the certificate with its key.
 *
 * @throws KUBECONFIG_INVALID  with Go's text, which distinguishes the causes
 */
export function checkKeyMaterial(
	{ ca }: Pick<ClusterAccess, 'ca'>,
	{ name, certificate, key }: UserCredentials,
	path: string,
): void {
	const ofCa = ca === undefined ? undefined : caProblem(ca);
	if (ofCa !== undefined) refuse(path, { problem: ofCa.problem, remedy: `In ${path}, ${ofCa.remedy}` });
	const ofPair = certificate === undefined || key === undefined ? undefined : keyPairProblem(certificate, key);
	if (ofPair !== undefined)
		refuse(path, { problem: ofPair.problem, remedy: `For user "${printable(name)}" in ${path}, ${ofPair.remedy}` });
}

/**
 * `host:port` of `https://host[:port]`.
 *
 * @source client-go rest DefaultServerURL; net/url for brackets and case
 * @differs only https, and no path: gRPC has no prefix
 */
function endpointOf(server: string, at: Place): string {
	const [, scheme, authority = '', rest = ''] = /^([a-z][a-z0-9+.-]*):\/\/([^/?#]*)(.*)$/is.exec(server) ?? [];
	const bad = (what: string, remedy: string): never => {
		const shown = quoteInput(server.replace(/\/\/[^/]*@/, '//****@'));
		return refuse(at.path, {
			problem:
				server === '' ? `no server found for cluster "${at.name}"` : `server ${shown} of cluster "${at.name}" ${what}`,
			remedy: `In ${at.path}, ${remedy}`,
		});
	};
	const give = 'give the server as https://HOST:PORT';
	if (server !== server.trim()) return bad('begins or ends with a blank', 'remove the blanks around the server');
	if (scheme === undefined) return bad('has no scheme', give);
	if (scheme.toLowerCase() !== 'https') return bad('is not an https:// address', give);
	if (authority.includes('@'))
		return bad('has a user in it', 'put credentials into the user entry, not into the server');
	if (/^\/*$/.exec(rest) === null)
		return bad(
			'has a path or a query, which gRPC cannot send',
			'give the address of the API server itself, not that of a proxy below a path',
		);
	const [, bracketed, plain, port = ''] = /^(?:\[([^\]]*)\]|([^:[\]]*))(?::(\d*))?$/.exec(authority) ?? [];
	if (bracketed?.includes('%')) return bad('has an IPv6 zone', 'give an address without a zone');
	if (bracketed !== undefined && ipVersion(bracketed) !== 6)
		return bad('has brackets, but no IPv6 address in them', give);
	if (bracketed === undefined && ipVersion(authority.replace(/:\d+$/, '')) === 6)
		return bad('has an IPv6 address without brackets', 'put the IPv6 address in brackets: https://[HOST]:PORT');
	if (bracketed === undefined && (plain === undefined || !/^[a-z0-9._-]+$/i.test(plain)))
		return bad('has no valid host', give);
	const number = port === '' ? HTTPS_PORT : Number(port);
	if (number < 1 || number > 65_535) return bad('has no valid port', 'give a port from 1 to 65535');
	return `${bracketed === undefined ? plain : `[${bracketed}]`}:${number}`;
}
const HTTPS_PORT = 443;

/** Without impersonation, an exec plugin or a password, the request would run as another user or as anonymous. */
function refuseUnused(user: KubeconfigUser, { path, name }: Place): void {
	const no = (problem: string, remedy: string): never =>
		refuse(path, { problem, remedy: `For user "${name}" in ${path}, ${remedy}` });
	const methods = [
		...(user.token === undefined ? [] : ['token']),
		...(user.username === undefined && user.password === undefined ? [] : ['basicAuth']),
	];
	if (methods.length > 1)
		no(
			`more than one authentication method found for ${name}; found [${methods.join(' ')}], only one is allowed`,
			'keep one of them',
		);
	const isImpersonating =
		user['as-uid'] !== undefined || user['as-groups'] !== undefined || user['as-user-extra'] !== undefined;
	if (isImpersonating && user.as === undefined)
		no(
			`requesting uid, groups or user-extra for ${name} without impersonating a user`,
			'remove as-uid, as-groups and as-user-extra',
		);
	const unused: readonly [keyof KubeconfigUser, string][] = [
		['as', 'remove the fields that begin with as'],
		['exec', 'put a token or a client certificate in place of exec'],
		['auth-provider', 'put a token or a client certificate in place of auth-provider'],
		['username', 'put a token or a client certificate in place of username and password'],
		['password', 'put a token or a client certificate in place of username and password'],
	];
	for (const [field, remedy] of unused)
		if (user[field] !== undefined) no(`user "${name}" has ${field}, which kubejoin does not use`, remedy);
}

function refuseHalf(certificate: string | undefined, key: string | undefined, at: Place): void {
	const { path, name } = at;
	if ((certificate === undefined) !== (key === undefined)) {
		const missing = certificate === undefined ? 'client-certificate' : 'client-key';
		refuse(path, {
			problem: `${missing}-data or ${missing} must be specified for ${name} to use the clientCert authentication method.`,
			remedy: `Add ${missing}-data or ${missing} to user "${name}" in ${path}`,
		});
	}
}

const shortNames = {
	'client-certificate': 'client-cert',
	'client-key': 'client-key',
	'certificate-authority': 'certificate-authority',
} as const;

/** The PEM of `FIELD-data`, or of the file that `FIELD` names. */
function credentialFile(
	fields: KubeconfigCluster | KubeconfigUser,
	field: keyof typeof shortNames,
	{ path, name, kind }: Place,
): string | undefined {
	const { [field]: file, [`${field}-data`]: data } = fields as Record<string, string | undefined>;
	const short = shortNames[field];
	if (data !== undefined && file !== undefined)
		return refuse(path, {
			problem: `${short}-data and ${short} are both specified for ${name}. ${short}-data will override.`,
			remedy: `Remove ${field} or ${field}-data from ${kind} "${name}" in ${path}`,
		});
	if (file !== undefined)
		return readNamed(
			file,
			path,
			(problem) => `unable to read ${short} ${printable(file)} for ${name} due to ${problem}`,
		);
	if (data === undefined) return undefined;
	const bytes = decodeBase64(data);
	if (!('corruptAt' in bytes)) return bytes.toString('utf8');
	return refuse(path, {
		problem: `${field}-data of ${kind} "${name}": illegal base64 data at input byte ${bytes.corruptAt}`,
		remedy: `Write ${field}-data in ${path} with: base64 -w0 FILE`,
	});
}

/** @source client-go transport NewBearerAuthWithRefreshRoundTripper: the file has precedence while it can be read */
function tokenOf({ token, tokenFile }: KubeconfigUser, at: Place): string | undefined {
	if (tokenFile === undefined) return token;
	try {
		return tokenOfFile(tokenFile, at);
	} catch (error) {
		if (token === undefined) throw error;
		return token;
	}
}

/** Client-go reads a token file again and again, and trims it each time. */
function tokenOfFile(file: string, { path, name }: Place): string {
	const token = readNamed(file, path, (problem) => problem).trim();
	if (token !== '') return token;
	return refuse(path, {
		problem: `the token file ${printable(file)} of user "${name}" is empty`,
		remedy: `Write a token into ${printable(file)}`,
	});
}

/** @source Go net/http: a header value has no control characters. @differs gRPC metadata has ASCII only */
function checkToken(token: string, { path, name }: Place): void {
	const found = /[^\x20-\x7e]/.exec(token)?.[0];
	if (found === undefined) return;
	const isControl = /[\p{Cc}]/u.test(found) && found !== '\t';
	const what = /[\r\n]/.test(found)
		? 'line break'
		: isControl || found === '\t'
			? 'control character'
			: 'character outside ASCII';
	refuse(path, {
		problem: isControl
			? 'Unable to connect to the server: net/http: invalid header field value for "Authorization"'
			: `the token of user "${name}" has a ${what}, which gRPC metadata cannot hold`,
		remedy: `Remove the ${what} from the token of user "${name}" in ${path}${
			what === 'line break' ? ': write it on one line, between double quotes' : ''
		}`,
	});
}

function readNamed(file: string, path: string, tell: (problem: string) => string): string {
	const max = limits.yamlBytes.value;
	const shown = printable(file);
	try {
		const bytes = readBytes(resolve(dirname(path), file), max);
		if (bytes.length <= max) return bytes.toString('utf8');
	} catch (error) {
		const cause = causeText(error);
		const problem = `${cause === 'is a directory' ? 'read' : 'open'} ${shown}: ${cause}`;
		const told = cause === 'is a directory' ? problem : tell(problem);
		return refuse(path, { problem: told, remedy: fileRemedy(shown, cause) }, error);
	}
	return refuse(path, {
		problem: `${shown} is longer than ${max} bytes`,
		remedy: `Name another file than ${shown} in ${path}`,
	});
}
