/**
 * Reads the cluster from a discovery file: a kubeconfig with the address and the CA of the cluster, and with or without
 * a credential. An administrator gave the file to this machine, or the https server of its URL did, so it needs no pin.
 *
 * @source kubeadm discovery/file ValidateConfigInfo, discovery/https, discovery For
 */
import { closeSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { causeText, hasCode, KubejoinError } from '../../../lib/errors.ts';
import { isOpenDescriptor, openForReading, readBytes } from '../../../lib/files.ts';
import {
	type Kubeconfig,
	type KubeconfigCluster,
	type KubeconfigUser,
	parseKubeconfig,
} from '../../../lib/kube/kubeconfig.ts';
import {
	type ClusterAccess,
	checkKeyMaterial,
	currentUser,
	discoveredCluster,
	type UserCredentials,
} from '../../../lib/kube/kubeconfig-access.ts';
import { kubeconfigProblems } from '../../../lib/kube/kubeconfig-validation.ts';
import { limits } from '../../../lib/limits.ts';
import { certificatesText, parseCertificates } from '../../../lib/pki/certificate.ts';
import { spkiPin } from '../../../lib/pki/pin.ts';
import { quoteInput } from '../../../lib/text.ts';
import { setSpanAttributes } from '../../../lib/trace.ts';
import type { Phase } from '../../../lib/workflow.ts';
import type { FileCa } from '../trust.ts';
import { download } from './download.ts';
import type { BootstrapCredential, JoinContext } from './join-context.ts';

interface Needs {
	readonly discoveryFile: string;
	/** Empty: the file has the credential. */
	readonly tlsBootstrapToken: string;
	readonly discoveryTimeoutMs: number;
}
interface Gives {
	readonly fileCa: FileCa;
	/** The API server in the file. */
	readonly namedServer: Pick<ClusterAccess, 'server' | 'endpoint' | 'tlsServerName'>;
	/** The credential in the file, with which cluster-info is requested. */
	readonly fileCredential?: BootstrapCredential | undefined;
	/** For the requests before the node has a certificate. */
	readonly credential: BootstrapCredential;
	/** The file with the files that it names embedded, if the credential is that of the file. */
	readonly fileKubeconfig?: Kubeconfig | undefined;
}

/**
 * @throws DISCOVERY_FILE_INVALID, DISCOVERY_CREDENTIAL_MISSING, KUBECONFIG_INVALID
 * @differs kubeadm accepts a file without a CA, verifies the server with the CAs of the machine or with
 *   insecure-skip-tls-verify not at all, and takes the CA from cluster-info; it follows redirects, and reads the files
 *   that a kubeconfig from a URL names; it resolves relative names of files against the working directory, and does not
 *   trim the token of a tokenFile; it uses a proxy-url, exec plug-ins, passwords and impersonation, and ignores a key
 *   without a certificate, all of which are refused here; it requests cluster-info from the cluster of the current
 *   context also if the file has one without a name, with which it then joins
 */
export const readDiscoveryFile = ({ signal, say }: Pick<JoinContext, 'signal' | 'say'>): Phase<Needs, Gives> => ({
	name: 'discovery/read-file',
	trust: 'the node trusts the CA in the discovery file',
	async run({ discoveryFile: path, tlsBootstrapToken, discoveryTimeoutMs }) {
		const isUrl = /^https:/i.test(path);
		const bytes = isUrl ? await download(path, discoveryTimeoutMs, signal) : readNamed(path);
		const config = parseKubeconfig(bytes, path);
		if (isUrl) refuseFiles(config);
		clusterEntryOf(config);
		refuseInvalid(config, path);
		const { ca, isUnverified, ...namedServer } = discoveredCluster(config, path, { readsFiles: true });
		const user = userOf(config, path);
		checkKeyMaterial({ ca }, user ?? { name: '' }, path);
		const fileCa = readCa(ca, isUnverified);
		const fileCredential = credentialOf(user);
		say(
			fileCredential === undefined
				? '[discovery] The discovery file has no credentials; requesting cluster-info anonymously'
				: '[discovery] Using the credentials of the discovery file to request cluster-info',
		);
		const credential = tlsBootstrapToken === '' ? fileCredential : { token: tlsBootstrapToken };
		if (credential === undefined) throw new KubejoinError('DISCOVERY_CREDENTIAL_MISSING', {});
		const fileKubeconfig = tlsBootstrapToken === '' && user ? withEmbedded(config, fileCa, user) : undefined;
		return { fileCa, namedServer, fileCredential, credential, fileKubeconfig };
	},
});

/** `host:port` in a file of this machine, before any check; undefined for a URL and for a file that cannot be read. */
export function endpointInFile(path: string): string | undefined {
	// A pipe can be read once, which the phase does.
	if (path === '' || /^https:/i.test(path) || isOpenDescriptor(path)) return undefined;
	try {
		return discoveredCluster(parseKubeconfig(readNamed(path), path), path, { readsFiles: true }).endpoint;
	} catch {
		return undefined;
	}
}

/** @throws DISCOVERY_FILE_INVALID */
function readNamed(path: string): Buffer {
	const max = limits.yamlBytes.value;
	let bytes: Buffer;
	try {
		bytes = readBytes(path, max);
	} catch (error) {
		return refuse(`open ${quoteInput(path).slice(1, -1)}: ${causeText(error)}`);
	}
	return bytes.length > max ? refuse(`${quoteInput(path)} is longer than ${max} bytes`) : bytes;
}

/** A server far away cannot choose files of this machine. @throws DISCOVERY_FILE_INVALID */
export function refuseFiles({ clusters, users }: Kubeconfig): void {
	const named = [
		...clusters.map(({ cluster }) => cluster['certificate-authority']),
		...users.flatMap(({ user }) => [user['client-certificate'], user['client-key'], user.tokenFile]),
	];
	if (named.some((one) => one !== undefined))
		refuse('the kubeconfig comes from a URL and names a file of this machine; its data must be embedded');
}

/** Also entries that the join does not use. @throws DISCOVERY_FILE_INVALID */
function refuseInvalid(config: Kubeconfig, path: string): void {
	const whyUnreadable = (file: string): string | undefined => {
		try {
			closeSync(openForReading(resolve(dirname(path), file)));
			return undefined;
		} catch (error) {
			return `open ${quoteInput(file).slice(1, -1)}: ${causeText(error)}`;
		}
	};
	const problems = kubeconfigProblems(config, whyUnreadable);
	if (problems.length > 0)
		throw new KubejoinError('DISCOVERY_FILE_INVALID', {
			problem: `invalid configuration: ${problems.length > 1 ? `[${problems.join(', ')}]` : problems[0]}`,
			remedy: `Correct these entries of ${path}, or remove the ones that the join does not need`,
		});
}

/** @source kubeadm util/kubeconfig GetClusterFromKubeConfig @throws DISCOVERY_FILE_INVALID */
function clusterEntryOf({ clusters, contexts, currentContext }: Kubeconfig): Kubeconfig['clusters'][number] {
	if (clusters.length === 0) return refuse('the provided kubeconfig file must have at least one Cluster defined');
	const unnamed = clusters.find(({ name }) => name === '');
	if (unnamed !== undefined) return unnamed;
	const context = contexts.find(({ name }) => name === currentContext)?.context;
	const malformed = 'the provided kubeconfig file is malformed: ';
	const current = quoteInput(currentContext).slice(1, -1);
	if (context === undefined) return refuse(`${malformed}the current context is invalid: ${current}`);
	return (
		clusters.find(({ name }) => name === context.cluster) ??
		refuse(`${malformed}no matching cluster for the current context: ${current}`)
	);
}

/** Certificates only: another parser could read text around them as a certificate. @throws DISCOVERY_FILE_INVALID */
function readCa(ca: string | undefined, isUnverified: boolean): FileCa {
	const no = 'could not get CA certificate from discovery kubeconfig: ';
	if (isUnverified) return refuse(`${no}it turns TLS verification off (insecure-skip-tls-verify)`);
	if (ca === undefined) return refuse(`${no}data does not contain any valid RSA or ECDSA certificates`);
	try {
		const certificates = parseCertificates(ca, limits.clusterCas.value);
		const pem = certificatesText(certificates);
		setSpanAttributes(() => ({ 'kubejoin.ca.pem': pem, 'kubejoin.ca.presented': certificates.map(spkiPin) }));
		return pem as FileCa;
	} catch (error) {
		return refuse(`${no}${hasCode(error, 'CERTIFICATE_MALFORMED') ? String(error.details.problem) : causeText(error)}`);
	}
}

/** The user of the current context, or undefined. */
function userOf(config: Kubeconfig, path: string): UserCredentials | undefined {
	const wanted = config.contexts.find(({ name }) => name === config.currentContext)?.context.user;
	return config.users.some(({ name }) => name === wanted) ? currentUser(config, path) : undefined;
}

/** @source kubeadm util/kubeconfig HasAuthenticationCredentials: no user is no credential */
function credentialOf({ certificate, key, token }: Partial<UserCredentials> = {}): BootstrapCredential | undefined {
	if (certificate !== undefined && key !== undefined) return { certificate, key, token };
	return token === undefined ? undefined : { token };
}

/**
 * The file with the cluster that it discovers; the files that this cluster and the user name are embedded.
 *
 * @source kubeadm util/kubeconfig EnsureCertificateAuthorityIsEmbedded, EnsureAuthenticationInfoAreEmbedded
 */
function withEmbedded(config: Kubeconfig, ca: FileCa, read: UserCredentials): Kubeconfig {
	const { name: clusterName, cluster } = clusterEntryOf(config);
	return {
		...config,
		clusters: [{ name: clusterName, cluster: embeddedCluster(cluster, ca) }],
		users: config.users.map(({ name, user }) => ({
			name,
			user: name === read.name ? embeddedUser(user, read) : user,
		})),
	};
}

const embeddedCluster = (
	{ 'certificate-authority': file, ...cluster }: KubeconfigCluster,
	ca: FileCa,
): KubeconfigCluster => (file === undefined ? cluster : { ...cluster, 'certificate-authority-data': base64(ca) });

function embeddedUser(
	{ 'client-certificate': certificateFile, 'client-key': keyFile, ...user }: KubeconfigUser,
	{ certificate = '', key = '', token }: Partial<UserCredentials>,
): KubeconfigUser {
	const { tokenFile, ...others } = user;
	return {
		...(user.token === undefined && tokenFile !== undefined ? { ...others, token } : user),
		...(certificateFile === undefined ? {} : { 'client-certificate-data': base64(certificate) }),
		...(keyFile === undefined ? {} : { 'client-key-data': base64(key) }),
	};
}

const base64 = (text: string): string => Buffer.from(text).toString('base64');

function refuse(problem: string): never {
	throw new KubejoinError('DISCOVERY_FILE_INVALID', { problem });
}
