/**
 * The ConfigMaps that `kubeadm init` uploads and `kubeadm join` reads.
 *
 * @source kubeadm phases uploadconfig, kubelet, addons/proxy, bootstraptoken/clusterinfo
 */
import { stringify } from 'yaml';
import { clusterOnlyKubeconfig, writeKubeconfig } from '../../../lib/kube/kubeconfig.ts';
import { type ConfigMap, wellKnown } from '../../../lib/kube/types.ts';

export interface ClusterFacts {
	/** HOST:PORT at which nodes reach the API server. */
	readonly controlPlaneEndpoint: string;
	readonly ca: string;
	/** Of the release, for example `v1.37.2`. */
	readonly gitVersion: string;
}

const { kubeSystem, kubePublic } = wellKnown;
const yaml = (document: object): string =>
	stringify(document, { sortMapEntries: true, indentSeq: false, lineWidth: 0 });
const configMap = (namespace: string, name: string, data: Record<string, string>): ConfigMap => ({
	apiVersion: 'v1',
	kind: 'ConfigMap',
	metadata: { name, namespace },
	data,
});

const clusterConfiguration = ({ controlPlaneEndpoint, gitVersion }: ClusterFacts) => ({
	apiVersion: 'kubeadm.k8s.io/v1beta4',
	kind: 'ClusterConfiguration',
	apiServer: {},
	caCertificateValidityPeriod: '87600h0m0s',
	certificateValidityPeriod: '8760h0m0s',
	certificatesDir: '/etc/kubernetes/pki',
	clusterName: 'kubernetes',
	controlPlaneEndpoint,
	controllerManager: {},
	dns: {},
	encryptionAlgorithm: 'RSA-2048',
	etcd: { local: { dataDir: '/var/lib/etcd' } },
	imageRepository: 'registry.k8s.io',
	kubernetesVersion: gitVersion,
	networking: { dnsDomain: 'cluster.local', serviceSubnet: '10.96.0.0/12' },
	proxy: {},
	scheduler: {},
});

/** JSON, so that a real kubelet sends bodies that the REST side can read. */
const kubeletConfiguration = {
	apiVersion: 'kubelet.config.k8s.io/v1beta1',
	kind: 'KubeletConfiguration',
	authentication: {
		anonymous: { enabled: false },
		webhook: { enabled: true },
		x509: { clientCAFile: '/etc/kubernetes/pki/ca.crt' },
	},
	authorization: { mode: 'Webhook' },
	clusterDNS: ['10.96.0.10'],
	clusterDomain: 'cluster.local',
	contentType: 'application/json',
	rotateCertificates: true,
	staticPodPath: '/etc/kubernetes/manifests',
};

const kubeProxyConfiguration = {
	apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
	kind: 'KubeProxyConfiguration',
	clusterCIDR: '',
};

/** The public cluster-info: the address of the cluster and its CA. The bootstrap signer adds the signatures. */
export const clusterInfo = ({ controlPlaneEndpoint, ca }: ClusterFacts): ConfigMap =>
	configMap(kubePublic, wellKnown.clusterInfo, {
		kubeconfig: writeKubeconfig(clusterOnlyKubeconfig(`https://${controlPlaneEndpoint}`, ca)),
	});

export const kubeadmConfigMaps = (facts: ClusterFacts): ConfigMap[] => [
	clusterInfo(facts),
	configMap(kubeSystem, 'kubeadm-config', {
		ClusterConfiguration: yaml(clusterConfiguration(facts)),
	}),
	configMap(kubeSystem, 'kubelet-config', { kubelet: yaml(kubeletConfiguration) }),
	configMap(kubeSystem, 'kube-proxy', { 'config.conf': yaml(kubeProxyConfiguration) }),
];
