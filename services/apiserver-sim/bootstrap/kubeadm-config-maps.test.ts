import assert from 'node:assert/strict';
import { kubeadmConfigMaps } from './kubeadm-config-maps.ts';

const settings = { controlPlaneEndpoint: '127.0.0.1:6443', ca: 'PEM', gitVersion: 'v1.37.2' };
const found = (wanted: string) =>
	kubeadmConfigMaps(settings).find(({ metadata: { name } }) => name === wanted) ?? assert.fail(wanted);

describe('the ConfigMaps of kubeadm', () => {
	it('have the bytes that kubeadm 1.37.2 uploads to a cluster with this endpoint', () => {
		const hashes = {
			'kubelet-config': 'sha256:26488e9fc7c5cb5fdda9996cda2e6651a9af5febce07ea02de11bd3ef3f49e9c',
			'kube-proxy': 'sha256:a249504c59b1fee1660ff9cbfd2d3bc8ca0b9bce2fc4cf4217092b9228ebce6d',
		};
		for (const [name, hash] of Object.entries(hashes))
			assert.deepEqual(found(name).metadata.annotations, { 'kubeadm.kubernetes.io/component-config.hash': hash });
	});
});
