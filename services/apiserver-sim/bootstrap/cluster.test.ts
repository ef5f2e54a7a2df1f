import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ConfigMap, Role, RoleBinding } from '../../../lib/kube/types.ts';
import { openStore } from '../../../lib/store/open.ts';
import type { Store } from '../../../lib/store/store.ts';
import { bootstrapCluster } from './cluster.ts';

const settings = { controlPlaneEndpoint: 'h:6443', ca: 'PEM', gitVersion: 'v1.36.3' };
const clock = () => Date.UTC(2026, 0, 1);
const clusterInfoKey = 'configmaps/kube-public/cluster-info';
const rbac = 'rbac.authorization.k8s.io';

describe('the birth of a cluster', () => {
	let directory: string;
	let store: Store;
	beforeEach(async () => {
		directory = mkdtempSync(join(tmpdir(), 'kubejoin-birth-'));
		store = await openStore({ url: `lmdb:${directory}`, keyspace: 'registry' });
		await bootstrapCluster(store, settings, clock);
	});
	afterEach(async () => {
		await store.close();
		rmSync(directory, { recursive: true });
	});
	const everything = async () => (await store.list('')).items.map(({ key, revision }) => [key, revision]);
	const keys = async (prefix: string) => (await store.list(prefix)).items.map(({ key }) => key.slice(prefix.length));

	it('makes the namespaces, and what kubeadm uploads', async () => {
		assert.deepEqual(await keys('namespaces/'), ['default', 'kube-node-lease', 'kube-public', 'kube-system']);
		assert.deepEqual(await keys('configmaps/'), [
			'kube-public/cluster-info',
			'kube-system/extension-apiserver-authentication',
			'kube-system/kube-proxy',
			'kube-system/kubeadm-config',
			'kube-system/kubelet-config',
		]);
		assert.deepEqual(await keys('serviceaccounts/'), ['kube-system/kube-proxy']);
		assert.ok((await keys(`clusterrolebindings.${rbac}/`)).includes('kubeadm:node-autoapprove-bootstrap'));
	});

	it('publishes the cluster in the bytes that client-go writes, because they are signed', async () => {
		const { value } = (await store.get<ConfigMap>(clusterInfoKey)) ?? assert.fail();
		assert.deepEqual(value.data, {
			kubeconfig:
				'apiVersion: v1\nclusters:\n- cluster:\n    certificate-authority-data: UEVN\n' +
				'    server: https://h:6443\n  name: ""\n' +
				'contexts: null\ncurrent-context: ""\nkind: Config\nusers: null\n',
		});
		assert.equal(value.metadata.creationTimestamp, '2026-01-01T00:00:00Z');
	});

	it('names kube-apiserver and kubeadm as the managers of the fields', async () => {
		const managerOf = async (key: string) => {
			const { metadata } = (await store.get<ConfigMap>(key))?.value ?? assert.fail(key);
			const { managedFields } = metadata as { managedFields?: readonly { manager: string; operation: string }[] };
			return managedFields?.map(({ manager, operation }) => `${manager} ${operation}`);
		};
		assert.deepEqual(await managerOf('namespaces/kube-system'), ['kube-apiserver Update']);
		assert.deepEqual(await managerOf(`clusterroles.${rbac}/cluster-admin`), ['kube-apiserver Update']);
		assert.deepEqual(await managerOf(clusterInfoKey), ['kubeadm Update']);
		const binding = `clusterrolebindings.${rbac}/kubeadm:node-autoapprove-bootstrap`;
		assert.deepEqual(await managerOf(binding), ['kubeadm Update']);
	});

	it('happens once: a second start, and one from another replica at the same time, change nothing', async () => {
		const before = await everything();
		await Promise.all([bootstrapCluster(store, settings, clock), bootstrapCluster(store, settings, clock)]);
		assert.deepEqual(await everything(), before);
	});

	it('leaves a binding of kubeadm’s deleted, for deleting it is how one asks for approval by hand', async () => {
		const key = `clusterrolebindings.${rbac}/kubeadm:node-autoapprove-bootstrap`;
		await store.delete(key);
		await bootstrapCluster(store, settings, clock);
		assert.equal(await store.get(key), undefined);
	});

	it('gives an older cluster the bindings of newer controllers', async () => {
		const key = `clusterrolebindings.${rbac}/kubejoin:controller-manager:namespace-controller`;
		await store.delete(key);
		await bootstrapCluster(store, settings, clock);
		assert.ok(await store.get(key));
	});

	it('repairs the roles and bindings of the server itself, and removes nothing', async () => {
		const roleKey = `clusterroles.${rbac}/system:node-bootstrapper`;
		const bindingKey = `clusterrolebindings.${rbac}/system:basic-user`;
		await store.delete(`clusterroles.${rbac}/system:discovery`);
		const role = (await store.get<Role>(roleKey)) ?? assert.fail();
		const mine = { verbs: ['get'], apiGroups: [''], resources: ['nodes'] };
		await store.update(roleKey, { ...role.value, rules: [mine] }, role.revision);
		const binding = (await store.get<RoleBinding>(bindingKey)) ?? assert.fail();
		await store.update(bindingKey, { ...binding.value, subjects: [] }, binding.revision);
		await bootstrapCluster(store, settings, clock);
		assert.ok(await store.get(`clusterroles.${rbac}/system:discovery`));
		assert.deepEqual((await store.get<Role>(roleKey))?.value.rules, [mine, ...(role.value.rules ?? [])]);
		assert.deepEqual((await store.get<RoleBinding>(bindingKey))?.value.subjects, binding.value.subjects);
	});

	it('leaves a role alone that says so', async () => {
		const key = `clusterroles.${rbac}/system:discovery`;
		const role = (await store.get<Role>(key)) ?? assert.fail();
		const annotations = { 'rbac.authorization.kubernetes.io/autoupdate': 'false' };
		await store.update(
			key,
			{ ...role.value, metadata: { ...role.value.metadata, annotations }, rules: [] },
			role.revision,
		);
		await bootstrapCluster(store, settings, clock);
		assert.deepEqual((await store.get<Role>(key))?.value.rules, []);
	});

	it('publishes the CA of client certificates for other servers, and another CA at a later start', async () => {
		const published = async () => {
			const { value } = (await store.get<ConfigMap>('configmaps/kube-system/extension-apiserver-authentication')) ?? {};
			return value?.data;
		};
		assert.deepEqual(await published(), { 'client-ca-file': 'PEM' });
		await bootstrapCluster(store, { ...settings, ca: 'OTHER' }, clock);
		assert.deepEqual(await published(), { 'client-ca-file': 'OTHER' });
	});

	it('publishes another address, without the signatures over the old one', async () => {
		const found = (await store.get<ConfigMap>(clusterInfoKey)) ?? assert.fail();
		await store.update(
			clusterInfoKey,
			{ ...found.value, data: { ...found.value.data, 'jws-kubeconfig-abcdef': 'x' } },
			found.revision,
		);
		await bootstrapCluster(store, { ...settings, controlPlaneEndpoint: 'h:7443' }, clock);
		const { data = {} } = (await store.get<ConfigMap>(clusterInfoKey))?.value ?? {};
		assert.deepEqual(Object.keys(data), ['kubeconfig']);
		assert.match(data.kubeconfig ?? '', /server: https:\/\/h:7443\n/);
	});
});
