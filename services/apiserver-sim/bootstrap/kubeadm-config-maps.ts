/**
 * The ConfigMaps that `kubeadm init` uploads and `kubeadm join` reads.
 *
 * @source kubeadm phases uploadconfig, kubelet, addons/proxy, bootstraptoken/clusterinfo
 */
import { createHash } from 'node:crypto';
import { stringify } from 'yaml';
import { clusterOnlyKubeconfig, writeKubeconfig } from '../../../lib/kube/kubeconfig.ts';
import { type ConfigMap, wellKnown } from '../../../lib/kube/types.ts';

export interface ClusterSettings {
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

const clusterConfiguration = ({ controlPlaneEndpoint, gitVersion }: ClusterSettings) => ({
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

const logging = {
	flushFrequency: 0,
	options: { json: { infoBufferSize: '0' }, text: { infoBufferSize: '0' } },
	verbosity: 0,
};

/** Go writes every duration without omitempty, so the zero ones are part of the bytes. */
const zeroDurations = (...names: readonly string[]) => Object.fromEntries(names.map((name) => [name, '0s']));

const kubeletConfiguration = {
	apiVersion: 'kubelet.config.k8s.io/v1beta1',
	kind: 'KubeletConfiguration',
	authentication: {
		anonymous: { enabled: false },
		webhook: { ...zeroDurations('cacheTTL'), enabled: true },
		x509: { clientCAFile: '/etc/kubernetes/pki/ca.crt' },
	},
	authorization: { mode: 'Webhook', webhook: zeroDurations('cacheAuthorizedTTL', 'cacheUnauthorizedTTL') },
	cgroupDriver: 'systemd',
	clusterDNS: ['10.96.0.10'],
	clusterDomain: 'cluster.local',
	containerRuntimeEndpoint: '',
	crashLoopBackOff: {},
	healthzBindAddress: '127.0.0.1',
	healthzPort: 10248,
	logging,
	memorySwap: {},
	rotateCertificates: true,
	staticPodPath: '/etc/kubernetes/manifests',
	...zeroDurations(
		'cpuManagerReconcilePeriod',
		'evictionPressureTransitionPeriod',
		'fileCheckFrequency',
		'httpCheckFrequency',
		'imageMaximumGCAge',
		'imageMinimumGCAge',
		'nodeStatusReportFrequency',
		'nodeStatusUpdateFrequency',
		'runtimeRequestTimeout',
		'shutdownGracePeriod',
		'shutdownGracePeriodCriticalPods',
		'streamingConnectionIdleTimeout',
		'syncFrequency',
		'volumeStatsAggPeriod',
	),
};

const kubeProxyConfiguration = {
	apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
	kind: 'KubeProxyConfiguration',
	bindAddress: '0.0.0.0',
	bindAddressHardFail: false,
	clientConnection: {
		acceptContentTypes: '',
		burst: 0,
		contentType: '',
		kubeconfig: '/var/lib/kube-proxy/kubeconfig.conf',
		qps: 0,
	},
	clusterCIDR: '',
	...zeroDurations('configSyncPeriod'),
	conntrack: {
		maxPerCore: null,
		min: null,
		tcpBeLiberal: false,
		tcpCloseWaitTimeout: null,
		tcpEstablishedTimeout: null,
		...zeroDurations('udpStreamTimeout', 'udpTimeout'),
	},
	detectLocal: { bridgeInterface: '', interfaceNamePrefix: '' },
	detectLocalMode: '',
	enableProfiling: false,
	healthzBindAddress: '',
	hostnameOverride: '',
	iptables: {
		localhostNodePorts: null,
		masqueradeAll: false,
		masqueradeBit: null,
		...zeroDurations('minSyncPeriod', 'syncPeriod'),
	},
	ipvs: {
		excludeCIDRs: null,
		scheduler: '',
		strictARP: false,
		...zeroDurations('minSyncPeriod', 'syncPeriod', 'tcpFinTimeout', 'tcpTimeout', 'udpTimeout'),
	},
	logging,
	metricsBindAddress: '',
	mode: 'iptables',
	nftables: { masqueradeAll: false, masqueradeBit: null, ...zeroDurations('minSyncPeriod', 'syncPeriod') },
	nodePortAddresses: null,
	oomScoreAdj: null,
	portRange: '',
	showHiddenMetricsForVersion: '',
	winkernel: {
		enableDSR: false,
		forwardHealthCheckVip: false,
		networkName: '',
		rootHnsEndpointName: '',
		sourceVip: '',
	},
};

const serviceAccountDirectory = '/var/run/secrets/kubernetes.io/serviceaccount';
const kubeProxyKubeconfig = (controlPlaneEndpoint: string): string => `apiVersion: v1
kind: Config
clusters:
- cluster:
    certificate-authority: ${serviceAccountDirectory}/ca.crt
    server: https://${controlPlaneEndpoint}
  name: default
contexts:
- context:
    cluster: default
    namespace: default
    user: default
  name: default
current-context: default
users:
- name: default
  user:
    tokenFile: ${serviceAccountDirectory}/token`;

/** @source kubeadm componentconfigs SignConfigMap: the annotation says that no administrator changed the defaults */
const withDefaultsHash = (configMap: ConfigMap): ConfigMap => {
	const hash = createHash('sha256');
	for (const [, text] of Object.entries(configMap.data ?? {}).sort()) hash.update(text);
	const annotations = { 'kubeadm.kubernetes.io/component-config.hash': `sha256:${hash.digest('hex')}` };
	return { ...configMap, metadata: { ...configMap.metadata, annotations } };
};
const kubeProxyConfigMap = ({ controlPlaneEndpoint }: ClusterSettings): ConfigMap => {
	const signed = withDefaultsHash(
		configMap(kubeSystem, 'kube-proxy', {
			'config.conf': yaml(kubeProxyConfiguration).trimEnd(),
			'kubeconfig.conf': kubeProxyKubeconfig(controlPlaneEndpoint),
		}),
	);
	return { ...signed, metadata: { ...signed.metadata, labels: { app: 'kube-proxy' } } };
};

/** The public cluster-info: the address of the cluster and its CA. The bootstrap signer adds the signatures. */
export const clusterInfo = ({ controlPlaneEndpoint, ca }: ClusterSettings): ConfigMap =>
	configMap(kubePublic, wellKnown.clusterInfo, {
		kubeconfig: writeKubeconfig(clusterOnlyKubeconfig(`https://${controlPlaneEndpoint}`, ca)),
	});

export const kubeadmConfigMaps = (settings: ClusterSettings): ConfigMap[] => [
	clusterInfo(settings),
	configMap(kubeSystem, 'kubeadm-config', {
		ClusterConfiguration: yaml(clusterConfiguration(settings)),
	}),
	withDefaultsHash(configMap(kubeSystem, 'kubelet-config', { kubelet: yaml(kubeletConfiguration) })),
	kubeProxyConfigMap(settings),
];
