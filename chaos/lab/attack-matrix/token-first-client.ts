/**
 * The client that nobody should write: it shows its token in its very first request, and asks afterwards whom it has shown it to. No node of
 * this project does so. It stands in the attack matrix, for the order of the checks is the lesson: here the pin comes too late.
 */
import { KubejoinError } from '../../../lib/errors.ts';
import { apiClient } from '../../../lib/kube/client.ts';
import { parseKubeconfig } from '../../../lib/kube/kubeconfig.ts';
import { discoveredCluster } from '../../../lib/kube/kubeconfig-access.ts';
import { wellKnown } from '../../../lib/kube/types.ts';
import { parseCertificates } from '../../../lib/pki/certificate.ts';
import { matchesPin, parsePin, spkiPin } from '../../../lib/pki/pin.ts';
import { openUnverifiedChannel } from '../../../lib/rpc/unverified-channel.ts';

/**
 * @param pin  absent: whoever answers is believed
 * @throws CA_HASH_MISMATCH  after the token was sent
 */
export async function joinTokenFirst(endpoint: string, token: string, pin?: string): Promise<void> {
	const channel = openUnverifiedChannel(endpoint);
	try {
		// The mistake itself: a secret on a connection whose other end has proved nothing.
		channel.metadata.set('authorization', `Bearer ${token}`);
		const { data = {} } = await apiClient(channel).configMaps.get(wellKnown.clusterInfo, wellKnown.kubePublic);
		const { ca = '' } = discoveredCluster(
			parseKubeconfig(data.kubeconfig ?? '', wellKnown.clusterInfo),
			wellKnown.clusterInfo,
		);
		const certificates = parseCertificates(ca);
		const pins = pin === undefined ? [] : [parsePin(pin)];
		if (pins.length > 0 && !certificates.some((certificate) => matchesPin(certificate, pins)))
			throw new KubejoinError('CA_HASH_MISMATCH', { presented: certificates.map(spkiPin), pinned: pins });
	} finally {
		channel.close();
	}
}
