/**
 * Reads the cluster from a discovery file: a kubeconfig with the address and the CA of the cluster, and with or without
 * a credential. An administrator gave the file to this machine, or the https server of its URL did, so it needs no pin.
 *
 * @source kubeadm discovery/file ValidateConfigInfo, discovery/https, discovery For
 */
import { causeText, hasCode, KubejoinError } from '../../../lib/errors.ts';
import { isOpenDescriptor, readBytes } from '../../../lib/files.ts';
import { type Kubeconfig, parseKubeconfig } from '../../../lib/kube/kubeconfig.ts';
import { type ClusterAccess, currentUser, discoveredCluster } from '../../../lib/kube/kubeconfig-access.ts';
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
}

/**
 * @throws DISCOVERY_FILE_INVALID, DISCOVERY_CREDENTIAL_MISSING, KUBECONFIG_INVALID
 * @differs kubeadm accepts a file without a CA, verifies the server with the CAs of the machine, and takes the CA from
 *   cluster-info; it follows redirects, and reads the files that a kubeconfig from a URL names
 */
export const readDiscoveryFile = ({ signal, say }: Pick<JoinContext, 'signal' | 'say'>): Phase<Needs, Gives> => ({
	name: 'discovery/read-file',
	trust: 'the node trusts the CA in the discovery file',
	async run({ discoveryFile: path, tlsBootstrapToken, discoveryTimeoutMs }) {
		const isUrl = /^https:/i.test(path);
		const bytes = isUrl ? await download(path, discoveryTimeoutMs, signal) : readNamed(path);
		const config = parseKubeconfig(bytes, path);
		if (isUrl) refuseFiles(config);
		const { ca, isUnverified, ...namedServer } = clusterOf(config, path);
		const fileCa = readCa(ca, isUnverified);
		const fileCredential = credentialOf(config, path);
		say(
			fileCredential === undefined
				? '[discovery] The discovery file has no credentials; requesting cluster-info anonymously'
				: '[discovery] Using the credentials of the discovery file to request cluster-info',
		);
		const credential = tlsBootstrapToken === '' ? fileCredential : { token: tlsBootstrapToken };
		if (credential === undefined) throw new KubejoinError('DISCOVERY_CREDENTIAL_MISSING', {});
		return { fileCa, namedServer, fileCredential, credential };
	},
});

/** `host:port` in a file of this machine, before any check; undefined for a URL and for a file that cannot be read. */
export function endpointInFile(path: string): string | undefined {
	// A pipe can be read once, which the phase does.
	if (path === '' || /^https:/i.test(path) || isOpenDescriptor(path)) return undefined;
	try {
		return clusterOf(parseKubeconfig(readNamed(path), path), path).endpoint;
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

function clusterOf(config: Kubeconfig, path: string): ClusterAccess {
	if (config.clusters.length === 0)
		return refuse('the provided kubeconfig file must have at least one Cluster defined');
	const hasUnnamed = config.clusters.some(({ name }) => name === '');
	const context = config.contexts.find(({ name }) => name === config.currentContext)?.context;
	const malformed = 'the provided kubeconfig file is malformed: ';
	const current = quoteInput(config.currentContext).slice(1, -1);
	if (!hasUnnamed && context === undefined) return refuse(`${malformed}the current context is invalid: ${current}`);
	if (!hasUnnamed && !config.clusters.some(({ name }) => name === context?.cluster))
		return refuse(`${malformed}no matching cluster for the current context: ${current}`);
	return discoveredCluster(config, path, { readsFiles: true });
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

/** @source kubeadm util/kubeconfig HasAuthenticationCredentials: no user is no credential */
function credentialOf(config: Kubeconfig, path: string): BootstrapCredential | undefined {
	const wanted = config.contexts.find(({ name }) => name === config.currentContext)?.context.user;
	if (wanted === undefined || !config.users.some(({ name }) => name === wanted)) return undefined;
	const { certificate, key, token } = currentUser(config, path);
	if (token !== undefined) return { token };
	return certificate === undefined || key === undefined ? undefined : { certificate, key };
}

function refuse(problem: string): never {
	throw new KubejoinError('DISCOVERY_FILE_INVALID', { problem });
}
