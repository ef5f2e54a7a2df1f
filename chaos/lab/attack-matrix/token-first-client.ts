/**
 * A deliberately insecure client for the attack matrix: it sends its token in the first request and verifies the server
 * afterwards. It shows why the order of the checks matters: here the pin comes too late.
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
 * @param pin  absent: trust any server
 * @throws CA_HASH_MISMATCH  after the token was sent
 */
export async function joinTokenFirst(endpoint: string, token: string, pin?: string): Promise<void> {
	const channel = openUnverifiedChannel(endpoint);
	try {
		// The mistake: a secret is sent over a connection to an unverified server.
		const withToken = { ...channel, metadata: { authorization: `Bearer ${token}` } };
		const { data = {} } = await apiClient(withToken).configMaps.get(wellKnown.clusterInfo, wellKnown.kubePublic);
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
