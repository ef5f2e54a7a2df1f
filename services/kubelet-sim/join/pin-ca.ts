/**
 * Accepts the CA of cluster-info only if a pin is the hash of its public key.
 *
 * @source kubeadm discovery/token, util/pubkeypin
 */
import type { X509Certificate } from 'node:crypto';
import { causeText, KubejoinError } from '../../../lib/errors.ts';
import { parseKubeconfig } from '../../../lib/kube/kubeconfig.ts';
import { type ClusterAccess, discoveredCluster } from '../../../lib/kube/kubeconfig-access.ts';
import { limits } from '../../../lib/limits.ts';
import { certificatesText, parseCertificates } from '../../../lib/pki/certificate.ts';
import { matchesPin, type Pin, spkiPin } from '../../../lib/pki/pin.ts';
import { setSpanAttributes } from '../../../lib/trace.ts';
import type { Phase } from '../../../lib/workflow.ts';
import type { PinnedCa, SignedKubeconfig } from '../trust.ts';

interface Needs {
	readonly signedKubeconfig: SignedKubeconfig;
	readonly pins: readonly Pin[];
}
interface Gives {
	readonly pinnedCa: PinnedCa;
	/** The API server in cluster-info. */
	readonly namedServer: Pick<ClusterAccess, 'server' | 'tlsServerName'>;
}

export const pinCa: Phase<Needs, Gives> = {
	name: 'discovery/pin-ca',
	trust: 'the node trusts the cluster CA',
	run({ signedKubeconfig, pins }) {
		const { claimedCa, namedServer } = readCluster(signedKubeconfig);
		return { pinnedCa: acceptCa(claimedCa, pins), namedServer };
	},
};

/**
 * Accept the claimed cluster CAs if each has a pinned public key, or a certificate signed by a CA that has.
 *
 * @returns the same certificates as PEM, branded as pinned
 * @throws CA_HASH_MISMATCH  with the hashes of the keys that are not pinned
 * @source  kubeadm util/pubkeypin; SPKI per RFC 7469 section 2.4
 * @differs kubeadm trusts every certificate beside a pinned one, so that a holder of the token can add another CA
 */
export function acceptCa(claimedCa: readonly X509Certificate[], pins: readonly Pin[]): PinnedCa {
	const pem = certificatesText(claimedCa);
	setSpanAttributes(() => ({
		'kubejoin.ca.pem': pem,
		'kubejoin.ca.presented': claimedCa.map(spkiPin),
		'kubejoin.ca.pinned': [...pins],
	}));
	const pinned = claimedCa.filter((certificate) => matchesPin(certificate, pins));
	const isEarned = (one: X509Certificate) =>
		pinned.includes(one) || pinned.some((ca) => one.ca && one.checkIssued(ca) && one.verify(ca.publicKey));
	const unearned = claimedCa.filter((certificate) => !isEarned(certificate));
	if (unearned.length === 0) return pem as PinnedCa;
	throw new KubejoinError('CA_HASH_MISMATCH', { presented: unearned.map(spkiPin), pinned: pins });
}

/** @throws CLUSTER_INFO_INVALID  not certificates in PEM */
export function parseClaimedCa(claimedCa: string): readonly X509Certificate[] {
	try {
		return parseCertificates(claimedCa, limits.clusterCas.value);
	} catch (error) {
		return refuse(causeText(error));
	}
}

/**
 * The server and the claimed CA of a signed cluster-info. Text around the certificates is not passed on: another parser
 * could read it as a certificate.
 *
 * @throws CLUSTER_INFO_INVALID
 */
export function readCluster(signedKubeconfig: SignedKubeconfig): {
	readonly claimedCa: readonly X509Certificate[];
	readonly namedServer: Gives['namedServer'];
} {
	const { ca, server, tlsServerName } = parseCluster(signedKubeconfig);
	if (ca === undefined) return refuse('it has no certificate-authority-data');
	const namedServer = { server, ...(tlsServerName === undefined ? {} : { tlsServerName }) };
	return { claimedCa: parseClaimedCa(ca), namedServer };
}

/** The address in a cluster-info that is not needed; undefined if it has none. */
export function clusterInfoServer(kubeconfig: string | undefined): string | undefined {
	try {
		return kubeconfig === undefined || kubeconfig.length > limits.yamlBytes.value
			? undefined
			: parseCluster(kubeconfig).server;
	} catch {
		return undefined;
	}
}

function parseCluster(kubeconfig: string): ClusterAccess {
	try {
		return discoveredCluster(parseKubeconfig(kubeconfig, 'cluster-info'), 'cluster-info');
	} catch (error) {
		throw new KubejoinError(
			'CLUSTER_INFO_INVALID',
			{ problem: `couldn't parse the kubeconfig file in the cluster-info ConfigMap: ${causeText(error)}` },
			{ cause: error },
		);
	}
}

function refuse(problem: string): never {
	throw new KubejoinError('CLUSTER_INFO_INVALID', {
		problem: `failed to parse cluster CA from the cluster-info ConfigMap: ${problem}`,
	});
}
