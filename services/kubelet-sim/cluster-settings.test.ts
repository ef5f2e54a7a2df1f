import assert from 'node:assert/strict';
import { hasCode } from '../../lib/errors.ts';
import { makePrivateDirectory } from '../../lib/files.ts';
import type { ConfigMap } from '../../lib/kube/types.ts';
import {
	clusterSettings,
	clusterSettingsReader,
	readKubeletVersion,
	settingsText,
	writeKubeletFiles,
} from './cluster-settings.ts';
import { type TestTools, testSettings, testTools } from './join/fixtures.test.ts';

const configMap = (data: Record<string, string>): ConfigMap => ({
	apiVersion: 'v1',
	kind: 'ConfigMap',
	metadata: {},
	data,
});
const cluster = 'clusterName: kubernetes\nkubernetesVersion: v1.36.3\n';
const kubelet = 'clusterDomain: cluster.local\nclusterDNS:\n- 10.96.0.10\nserverTLSBootstrap: true\n';
const read = (ofCluster = cluster, ofKubelet = kubelet) =>
	clusterSettings(configMap({ ClusterConfiguration: ofCluster }), configMap({ kubelet: ofKubelet }));
const refuses = (work: () => unknown, message: RegExp) =>
	assert.throws(work, (error) => hasCode(error, 'CLUSTER_CONFIGURATION_INVALID') && message.test(error.message));

describe('the settings of the cluster', () => {
	it('are those of kubeadm-config and kubelet-config', () => {
		const settings = read();
		assert.deepEqual(settings, {
			...testSettings,
			serverTlsBootstrap: true,
			kubeletConfiguration: kubelet,
		});
		assert.equal(
			settingsText(settings),
			'Kubernetes v1.36.3; cluster domain "cluster.local", DNS "10.96.0.10"; serving certificate requested from the cluster',
		);
	});

	it('are parsed once for equal texts', () => {
		const reader = clusterSettingsReader();
		const readBy = (ofCluster = cluster, ofKubelet = kubelet) =>
			reader(configMap({ ClusterConfiguration: ofCluster }), configMap({ kubelet: ofKubelet }));
		const first = readBy();
		assert.equal(readBy(), first);
		assert.equal(readBy(cluster.replace('kubernetes', 'other')).clusterName, 'other');
		assert.equal(readBy(cluster, kubelet.replace('true', 'false')).serverTlsBootstrap, false);
		refuses(() => readBy('clusterName: [', kubelet), /kubeadm-config/);
		assert.deepEqual(readBy(), first);
	});

	it('are refused with kubeadm’s text when a key is missing', () => {
		refuses(
			() => clusterSettings(configMap({}), configMap({ kubelet })),
			/^unexpected error when reading kubeadm-config ConfigMap: ClusterConfiguration key value pair missing$/,
		);
		refuses(
			() => clusterSettings(configMap({ ClusterConfiguration: cluster }), configMap({})),
			/^unexpected error when reading kubelet-config ConfigMap: kubelet key value pair missing$/,
		);
	});

	it('are refused when a field has another type, or the version is none', () => {
		refuses(() => read('kubernetesVersion: 1.36\n'), /kubernetesVersion is not a string$/);
		refuses(() => read('kubernetesVersion: "v1.36.3 now"\n'), /"v1.36.3 now" is no version$/);
		refuses(() => read(''), /"" is no version$/);
		refuses(() => read(cluster, 'clusterDNS: 10.96.0.10\n'), /clusterDNS is not a list of strings$/);
		refuses(() => read(cluster, 'serverTLSBootstrap: "yes"\n'), /serverTLSBootstrap is not true or false$/);
		refuses(() => read(cluster, 'a: [\n'), /^kubelet-config: yaml: line /);
	});

	it('have the zero values of Go where a field is absent or null', () => {
		const { clusterDomain, clusterDns, serverTlsBootstrap } = read(cluster, 'clusterDNS: null\n');
		assert.deepEqual([clusterDomain, clusterDns, serverTlsBootstrap], ['', [], false]);
	});
});

describe('the version of a node', () => {
	let tools: TestTools;
	beforeEach(() => {
		tools = testTools();
	});
	afterEach(() => tools.remove());

	it('is that of the control plane it joined, also after a restart', async () => {
		assert.match(await readKubeletVersion(tools.paths), /^v1\.37\./);
		await makePrivateDirectory(tools.paths.kubeletDirectory);
		await writeKubeletFiles(tools.paths, testSettings);
		assert.equal(await readKubeletVersion(tools.paths), 'v1.36.3');
	});
});
