/** Reads the kubeconfig of cluster-info: an API server, and a CA that is a claim. */
import type { X509Certificate } from 'node:crypto';
import { causeText, KubejoinError } from '../../../lib/errors.ts';
import { parseKubeconfig } from '../../../lib/kube/kubeconfig.ts';
import { type ClusterAccess, discoveredCluster } from '../../../lib/kube/kubeconfig-access.ts';
import { limits } from '../../../lib/limits.ts';
import { parseCertificates } from '../../../lib/pki/certificate.ts';
import type { SignedKubeconfig } from '../trust.ts';

/** The API server in cluster-info. kubeadm uses no other field of its cluster than this and the CA. */
export type NamedServer = Pick<ClusterAccess, 'server'>;
interface ReadCluster {
	readonly claimedCa: readonly X509Certificate[];
	readonly namedServer: NamedServer;
}

/** As `readCluster`. The nodes of a process read the same text, which is parsed once; each checks it. */
export function clusterReader(): typeof readCluster {
	let last: { readonly text: SignedKubeconfig; readonly cluster: ReadCluster } | undefined;
	return (text) => {
		if (last?.text !== text) last = { text, cluster: readCluster(text) };
		return last.cluster;
	};
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
export function readCluster(signedKubeconfig: SignedKubeconfig): ReadCluster {
	const { ca, server } = parseCluster(signedKubeconfig);
	if (ca === undefined) return refuse('it has no certificate-authority-data');
	return { claimedCa: parseClaimedCa(ca), namedServer: { server } };
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
