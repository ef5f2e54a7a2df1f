/** The file paths of a real node, below a root directory. */
import { join, relative, resolve } from 'node:path';

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

/** In one piece: `join` returns a string of many pieces, which take 7 KB for each node of a process. */
const joined = (...parts: readonly string[]): string => Buffer.from(join(...parts)).toString();

/** @param directory  `/` on a real node. The paths are absolute, because kubelet.conf contains them. */
export function nodePaths(directory: string): NodePaths {
	const root = resolve(directory);
	const kubernetesDirectory = joined(root, 'etc/kubernetes');
	const kubeletDirectory = joined(root, 'var/lib/kubelet');
	const certificateDirectory = joined(kubeletDirectory, 'pki');
	return {
		root,
		kubernetesDirectory,
		bootstrapKubeconfig: joined(kubernetesDirectory, 'bootstrap-kubelet.conf'),
		kubeconfig: joined(kubernetesDirectory, 'kubelet.conf'),
		clusterCa: joined(kubernetesDirectory, 'pki/ca.crt'),
		kubeletDirectory,
		kubeletConfiguration: joined(kubeletDirectory, 'config.yaml'),
		kubeletVersion: joined(kubeletDirectory, 'version'),
		certificateDirectory,
		currentCertificate: joined(certificateDirectory, 'kubelet-client-current.pem'),
		pendingKey: joined(certificateDirectory, 'kubelet-client.key.tmp'),
		pendingRotationKey: joined(certificateDirectory, 'kubelet-client-rotation.key.tmp'),
		selfSignedCertificate: joined(certificateDirectory, 'kubelet.crt'),
		selfSignedKey: joined(certificateDirectory, 'kubelet.key'),
		servingCertificate: joined(certificateDirectory, 'kubelet-server-current.pem'),
		pendingServingKey: joined(certificateDirectory, 'kubelet-server.key.tmp'),
	};
}

/** The files of a node, relative to its root. The target of a `-current.pem` has a time in place of `current`. */
export function nodeFiles(): readonly string[] {
	const { root, kubernetesDirectory, kubeletDirectory, certificateDirectory, ...files } = nodePaths('/');
	return Object.values(files).map((path) => relative(root, path));
}
