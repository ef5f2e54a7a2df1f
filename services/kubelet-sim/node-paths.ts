/** Where a node keeps its files: as on a real node, below a root directory. */
import { join, resolve } from 'node:path';

export interface NodePaths {
	readonly root: string;
	readonly kubernetesDirectory: string;
	readonly bootstrapKubeconfig: string;
	readonly kubeconfig: string;
	readonly clusterCa: string;
	readonly certificateDirectory: string;
	readonly currentCertificate: string;
	/** The key of a request that is not signed yet; kept, so that a restart asks for the same certificate again. */
	readonly pendingKey: string;
	/** The same, of a request that the node made with its own certificate. */
	readonly pendingRotationKey: string;
}

/** @param directory  `/` on a real node; kubelet.conf names files below it, so its paths are absolute */
export function nodePaths(directory: string): NodePaths {
	const root = resolve(directory);
	const kubernetesDirectory = join(root, 'etc/kubernetes');
	const certificateDirectory = join(root, 'var/lib/kubelet/pki');
	return {
		root,
		kubernetesDirectory,
		bootstrapKubeconfig: join(kubernetesDirectory, 'bootstrap-kubelet.conf'),
		kubeconfig: join(kubernetesDirectory, 'kubelet.conf'),
		clusterCa: join(kubernetesDirectory, 'pki/ca.crt'),
		certificateDirectory,
		currentCertificate: join(certificateDirectory, 'kubelet-client-current.pem'),
		pendingKey: join(certificateDirectory, 'kubelet-client.key.tmp'),
		pendingRotationKey: join(certificateDirectory, 'kubelet-client-rotation.key.tmp'),
	};
}
