/** The file paths of a real node, below a root directory. */
import { join, resolve } from 'node:path';

export interface NodePaths {
	readonly root: string;
	readonly kubernetesDirectory: string;
	readonly bootstrapKubeconfig: string;
	readonly kubeconfig: string;
	readonly clusterCa: string;
	readonly kubeletDirectory: string;
	readonly kubeletConfiguration: string;
	/** The version of the simulated kubelet. */
	readonly kubeletVersion: string;
	readonly certificateDirectory: string;
	readonly currentCertificate: string;
	/** The key of a pending request; after a restart the node continues with the same request. */
	readonly pendingKey: string;
	/** The key of a pending request of a rotation. */
	readonly pendingRotationKey: string;
	readonly selfSignedCertificate: string;
	readonly selfSignedKey: string;
	/** Link to the certificate for the kubelet's port that the cluster has issued, with its key. */
	readonly servingCertificate: string;
	readonly pendingServingKey: string;
}

/** @param directory  `/` on a real node. The paths are absolute, because kubelet.conf contains them. */
export function nodePaths(directory: string): NodePaths {
	const root = resolve(directory);
	const kubernetesDirectory = join(root, 'etc/kubernetes');
	const kubeletDirectory = join(root, 'var/lib/kubelet');
	const certificateDirectory = join(kubeletDirectory, 'pki');
	return {
		root,
		kubernetesDirectory,
		bootstrapKubeconfig: join(kubernetesDirectory, 'bootstrap-kubelet.conf'),
		kubeconfig: join(kubernetesDirectory, 'kubelet.conf'),
		clusterCa: join(kubernetesDirectory, 'pki/ca.crt'),
		kubeletDirectory,
		kubeletConfiguration: join(kubeletDirectory, 'config.yaml'),
		kubeletVersion: join(kubeletDirectory, 'version'),
		certificateDirectory,
		currentCertificate: join(certificateDirectory, 'kubelet-client-current.pem'),
		pendingKey: join(certificateDirectory, 'kubelet-client.key.tmp'),
		pendingRotationKey: join(certificateDirectory, 'kubelet-client-rotation.key.tmp'),
		selfSignedCertificate: join(certificateDirectory, 'kubelet.crt'),
		selfSignedKey: join(certificateDirectory, 'kubelet.key'),
		servingCertificate: join(certificateDirectory, 'kubelet-server-current.pem'),
		pendingServingKey: join(certificateDirectory, 'kubelet-server.key.tmp'),
	};
}
