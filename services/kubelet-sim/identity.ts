/**
 * The node's identity on disk, laid out as a real kubelet does: each certificate in a file of its own with its key, a link to the current one
 * that is switched in one step, and a kubeconfig that names the link. A crash leaves the old identity or the new one, never half of one.
 * @source client-go util/certificate certificate_store.go; kubelet certificate/bootstrap writeKubeconfigFromBootstrapping
 */
import { rename, rm, symlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Clock } from '../../lib/clock.ts';
import { causeText, KubejoinError } from '../../lib/errors.ts';
import { makePrivateDirectory, readFileIfThere, writeWholeFile } from '../../lib/files.ts';
import { currentCluster, currentUser, parseKubeconfig, writeKubeconfig } from '../../lib/kube/kubeconfig.ts';
import { wellKnown } from '../../lib/kube/types.ts';
import { parseCertificates, readSubject } from '../../lib/pki/certificate.ts';
import { readPrivateKey } from '../../lib/pki/keys.ts';
import { readPem, writePem } from '../../lib/pki/pem.ts';
import { note } from '../../lib/trace.ts';
import { trustedServer } from './join/confirm.ts';
import type { PinnedCa, TrustedServer } from './join/trust.ts';
import type { NodePaths } from './node-paths.ts';

export interface NodeIdentity {
	readonly nodeName: string;
	/** PEM. */
	readonly certificate: string;
	/** PEM. */
	readonly key: string;
	readonly server: TrustedServer;
	/** Milliseconds since the epoch. */
	readonly notAfter: number;
}

const notAfterOf = (certificate: string): number => Date.parse(parseCertificates(certificate)[0].validTo);

/** Write certificate and key, switch to them, and say so in kubelet.conf. @throws FILE_UNUSABLE */
export async function storeIdentity(paths: NodePaths, identity: Omit<NodeIdentity, 'notAfter'>, nowMs: number): Promise<NodeIdentity> {
	const { certificate, key, server, nodeName } = identity;
	await makePrivateDirectory(paths.certificateDirectory);
	await makePrivateDirectory(dirname(paths.clusterCa));
	const stamp = new Date(nowMs).toISOString().slice(0, 19).replace(/[T:]/g, '-');
	const file = join(paths.certificateDirectory, `kubelet-client-${stamp}.pem`);
	await writeWholeFile(file, `${certificate.trimEnd()}\n${key.trimEnd()}\n`, 0o600);
	await switchLink(paths.currentCertificate, basename(file));
	await storeServer(paths, server);
	return { certificate, key, server, nodeName, notAfter: notAfterOf(certificate) };
}

/** Say in kubelet.conf where the API server is. @throws FILE_UNUSABLE */
export async function storeServer(paths: NodePaths, server: TrustedServer): Promise<void> {
	await writeWholeFile(paths.clusterCa, server.ca, 0o644);
	const kubeconfig = writeKubeconfig(kubeconfigOf(paths, server));
	note({ 'kubejoin.kubeconfig': kubeconfig });
	await writeWholeFile(paths.kubeconfig, kubeconfig, 0o600);
}

const kubeconfigOf = ({ currentCertificate }: NodePaths, { url, ca }: TrustedServer) => ({
	clusters: [{ name: 'default-cluster', cluster: { 'certificate-authority-data': Buffer.from(ca).toString('base64'), server: url } }],
	users: [{ name: 'default-auth', user: { 'client-certificate': currentCertificate, 'client-key': currentCertificate } }],
	contexts: [{ name: 'default-context', context: { cluster: 'default-cluster', namespace: 'default', user: 'default-auth' } }],
	currentContext: 'default-context',
});

async function switchLink(link: string, target: string): Promise<void> {
	const next = `${link}.tmp`;
	try {
		await rm(next, { force: true });
		await symlink(target, next);
		await rename(next, link);
	} catch (error) {
		throw new KubejoinError('FILE_UNUSABLE', { path: link, problem: causeText(error) }, { cause: error });
	}
}

/**
 * The identity that an earlier join left, expired or not; undefined when there is none.
 *
 * @throws KUBECONFIG_INVALID, CERTIFICATE_MALFORMED, KEY_MALFORMED  it is there and cannot be used
 */
export async function loadIdentity(paths: NodePaths): Promise<NodeIdentity | undefined> {
	const text = await readFileIfThere(paths.kubeconfig);
	if (text === undefined) return undefined;
	const config = parseKubeconfig(text, paths.kubeconfig);
	const { server, ca, isUnverified, tlsServerName } = currentCluster(config, paths.kubeconfig);
	const { certificate: pem = '' } = currentUser(config, paths.kubeconfig);
	if (ca === undefined || isUnverified)
		throw new KubejoinError('KUBECONFIG_INVALID', { path: paths.kubeconfig, problem: 'it names no CA to verify the API server with' });
	const blocks = readPem(pem) ?? [];
	const certificate = blocks.flatMap(({ type, der }) => (type === 'CERTIFICATE' ? [writePem(type, der)] : [])).join('');
	const key = blocks.flatMap(({ type, der }) => (type.endsWith('PRIVATE KEY') ? [writePem(type, der)] : [])).join('');
	const [leaf] = parseCertificates(certificate);
	if (!leaf.checkPrivateKey(readPrivateKey(key)))
		throw new KubejoinError('CERTIFICATE_MALFORMED', { problem: `${paths.currentCertificate} holds the key of another certificate` });
	const { commonName } = readSubject(leaf);
	// What the node itself wrote after it had pinned it is still pinned.
	const trusted = trustedServer({ server, ...(tlsServerName === undefined ? {} : { tlsServerName }) }, ca as PinnedCa);
	return { nodeName: commonName.slice(wellKnown.nodeUserPrefix.length), certificate, key, server: trusted, notAfter: notAfterOf(certificate) };
}

export const isExpired = ({ notAfter }: Pick<NodeIdentity, 'notAfter'>, clock: Clock): boolean => clock() >= notAfter;
