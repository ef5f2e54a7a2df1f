/**
 * Accepts the CA of cluster-info only if a pin is the hash of its public key.
 *
 * @source kubeadm discovery/token, util/pubkeypin
 */
import type { X509Certificate } from 'node:crypto';
import { KubejoinError } from '../../../lib/errors.ts';
import { certificatesText } from '../../../lib/pki/certificate.ts';
import { matchesPin, type Pin, spkiPin } from '../../../lib/pki/pin.ts';
import { setSpanAttributes } from '../../../lib/trace.ts';
import type { Phase } from '../../../lib/workflow.ts';
import type { PinnedCa, SignedKubeconfig } from '../trust.ts';
import type { JoinContext } from './join-context.ts';
import type { NamedServer } from './read-cluster.ts';

interface Needs {
	readonly signedKubeconfig: SignedKubeconfig;
	readonly pins: readonly Pin[];
}
interface Gives {
	readonly pinnedCa: PinnedCa;
	readonly namedServer: NamedServer;
}

export const pinCa = ({ readCluster }: Pick<JoinContext, 'readCluster'>): Phase<Needs, Gives> => ({
	name: 'discovery/pin-ca',
	trust: 'the node trusts the cluster CA',
	run({ signedKubeconfig, pins }) {
		const { claimedCa, namedServer } = readCluster(signedKubeconfig);
		return { pinnedCa: acceptCa(claimedCa, pins), namedServer };
	},
});

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
