/** Is this the cluster that the operator meant? Its CA's public key must be one whose hash was given. @source kubeadm discovery/token, util/pubkeypin */
import { causeText, KubejoinError } from '../../../lib/errors.ts';
import { type ClusterAccess, discoveredCluster, parseKubeconfig } from '../../../lib/kube/kubeconfig.ts';
import { parseCertificates } from '../../../lib/pki/certificate.ts';
import { matchesPin, type Pin, spkiPin } from '../../../lib/pki/pin.ts';
import type { Phase } from '../../../lib/workflow.ts';
import type { PinnedCa, SignedKubeconfig } from './trust.ts';

interface Needs {
	readonly signedKubeconfig: SignedKubeconfig;
	readonly pins: readonly Pin[];
}
interface Gives {
	readonly pinnedCa: PinnedCa;
	/** The API server that cluster-info names. */
	readonly namedServer: Pick<ClusterAccess, 'server' | 'tlsServerName'>;
}

export const pinCa: Phase<Needs, Gives> = {
	name: 'discovery/pin-ca',
	trust: 'the node trusts the cluster CA',
	run({ signedKubeconfig, pins }) {
		const { ca: claimedCa, server, tlsServerName } = readCluster(signedKubeconfig);
		if (claimedCa === undefined) return refuse('it holds no certificate-authority-data');
		return { pinnedCa: acceptCa(claimedCa, pins), namedServer: { server, ...(tlsServerName === undefined ? {} : { tlsServerName }) } };
	},
};

/**
 * Accept the claimed cluster CA if the public key of one of its certificates is one that the operator pinned.
 *
 * @param claimedCa  certificates as PEM, unverified
 * @returns          the same certificates, branded as pinned
 * @throws CA_HASH_MISMATCH  no pin matches; facts carry the presented hashes
 * @throws CLUSTER_INFO_INVALID  it is not certificates in PEM
 * @source  kubeadm util/pubkeypin; SPKI per RFC 7469 section 2.4
 */
export function acceptCa(claimedCa: string, pins: readonly Pin[]): PinnedCa {
	const certificates = parseClaimed(claimedCa);
	if (certificates.some((certificate) => matchesPin(certificate, pins))) return claimedCa as PinnedCa;
	throw new KubejoinError('CA_HASH_MISMATCH', { presented: certificates.map(spkiPin), pinned: pins });
}

function parseClaimed(claimedCa: string) {
	try {
		return parseCertificates(claimedCa);
	} catch (error) {
		return refuse(causeText(error));
	}
}

function readCluster(kubeconfig: string): ClusterAccess {
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
	throw new KubejoinError('CLUSTER_INFO_INVALID', { problem: `failed to parse cluster CA from the cluster-info ConfigMap: ${problem}` });
}
