/** The JavaScript client of Kubernetes, unmodified, with the kubeconfig of the admin unless a test names others. */
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import {
	ApiException,
	AuthenticationV1Api,
	CertificatesV1Api,
	CoordinationV1Api,
	CoreV1Api,
	KubeConfig,
	makeInformer,
	PatchStrategy,
	setHeaderOptions,
	type V1ConfigMap,
	type V1Status,
	Watch,
} from '@kubernetes/client-node';
import { createCsr } from '../../lib/pki/csr.ts';
import { eventually, startTestMesh, type TestMesh } from '../mesh/mesh.ts';

const namespace = 'default';
const configMap = (name: string, data: Record<string, string> = {}, labels: Record<string, string> = {}) => ({
	namespace,
	body: { metadata: { name, labels }, data },
});
const patchedAs = (type: string) => setHeaderOptions('Content-Type', type);

/** The status of the refusal, as the client throws it. */
async function refusal(work: Promise<unknown>): Promise<[number, string | undefined]> {
	try {
		await work;
	} catch (error) {
		assert.ok(error instanceof ApiException, String(error));
		const status: V1Status = JSON.parse(error.body);
		assert.equal(status.code, error.code);
		return [error.code, status.reason];
	}
	return assert.fail('it was not refused');
}

describe('@kubernetes/client-node', () => {
	let mesh: TestMesh;
	let config: KubeConfig;
	let core: CoreV1Api;

	before(async () => {
		mesh = await startTestMesh();
		config = new KubeConfig();
		config.loadFromString(mesh.pki('admin/admin.conf'));
		core = config.makeApiClient(CoreV1Api);
	});
	after(() => mesh?.stopAndRemove());

	it('authenticates with each kubeconfig in the directory of the administrator', async () => {
		const users = {
			admin: 'kubernetes-admin',
			'super-admin': 'kubernetes-super-admin',
			scheduler: 'system:kube-scheduler',
			'kube-proxy': 'system:kube-proxy',
		};
		const directory = join(mesh.state, 'pki/admin');
		const files = readdirSync(directory).filter((file) => file.endsWith('.conf'));
		assert.deepEqual(
			files.toSorted(),
			Object.keys(users)
				.toSorted()
				.map((name) => `${name}.conf`),
		);
		for (const [name, user] of Object.entries(users)) {
			const own = new KubeConfig();
			own.loadFromFile(join(directory, `${name}.conf`));
			const review = own.makeApiClient(AuthenticationV1Api).createSelfSubjectReview({ body: {} });
			assert.equal((await review).status?.userInfo?.username, user);
		}
	});

	it('creates, reads, replaces and deletes an object', async () => {
		const created = await core.createNamespacedConfigMap(configMap('own', { a: '1' }));
		assert.ok(created.metadata?.uid);
		const replaced = await core.replaceNamespacedConfigMap({
			...{ name: 'own', namespace },
			body: { ...created, data: { a: '2' } },
		});
		assert.deepEqual(replaced.data, { a: '2' });
		const deleted = await core.deleteNamespacedConfigMap({ name: 'own', namespace });
		assert.deepEqual([deleted.status, deleted.details?.uid], ['Success', created.metadata?.uid]);
	});

	it('patches with each type of patch', async () => {
		await core.createNamespacedConfigMap(configMap('patched', { a: '1' }));
		const patch = (body: unknown, type: string, more: { fieldManager?: string; force?: boolean } = {}) =>
			core.patchNamespacedConfigMap({ name: 'patched', namespace, body, ...more }, patchedAs(type));
		await patch([{ op: 'add', path: '/data/b', value: '2' }], PatchStrategy.JsonPatch);
		await patch({ data: { c: '3' } }, PatchStrategy.MergePatch);
		await patch({ data: { d: '4' } }, PatchStrategy.StrategicMergePatch);
		const applied = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'patched' }, data: { e: '5' } };
		const { data, metadata } = await patch(applied, PatchStrategy.ServerSideApply, { fieldManager: 'me', force: true });
		assert.deepEqual(data, { a: '1', b: '2', c: '3', d: '4', e: '5' });
		assert.ok(metadata?.managedFields?.some(({ manager, operation }) => manager === 'me' && operation === 'Apply'));
	});

	it('reads a list in pages, and by selectors', async () => {
		for (const name of ['page-1', 'page-2', 'page-3'])
			await core.createNamespacedConfigMap(configMap(name, {}, { page: 'yes' }));
		const selected = { namespace, labelSelector: 'page=yes' };
		const first = await core.listNamespacedConfigMap({ ...selected, limit: 2 });
		const rest = await core.listNamespacedConfigMap({ ...selected, limit: 2, _continue: first.metadata?._continue });
		assert.deepEqual(
			[...first.items, ...rest.items].map(({ metadata }) => metadata?.name),
			['page-1', 'page-2', 'page-3'],
		);
		const { items } = await core.listNamespacedConfigMap({ namespace, fieldSelector: 'metadata.name=page-2' });
		assert.equal(items.length, 1);
		await core.deleteCollectionNamespacedConfigMap(selected);
		assert.deepEqual((await core.listNamespacedConfigMap(selected)).items, []);
	});

	it('writes nothing in a dry run, and deletes by precondition', async () => {
		await core.createNamespacedConfigMap({ ...configMap('dry'), dryRun: 'All' });
		assert.deepEqual(await refusal(core.readNamespacedConfigMap({ name: 'dry', namespace })), [404, 'NotFound']);
		await core.createNamespacedConfigMap(configMap('dry'));
		const other = { preconditions: { uid: '00000000-0000-4000-8000-000000000000' } };
		const wrong = core.deleteNamespacedConfigMap({ name: 'dry', namespace, body: other });
		assert.deepEqual(await refusal(wrong), [409, 'Conflict']);
	});

	it('throws the Status of each refusal', async () => {
		await core.createNamespacedConfigMap(configMap('twice'));
		assert.deepEqual(await refusal(core.createNamespacedConfigMap(configMap('twice'))), [409, 'AlreadyExists']);
		assert.deepEqual(await refusal(core.createNamespacedConfigMap(configMap('Not_Valid'))), [422, 'Invalid']);
		const selector = core.listNode({ fieldSelector: 'spec.nothing=1' });
		assert.deepEqual(await refusal(selector), [400, 'BadRequest']);
		const anonymous = new KubeConfig();
		anonymous.loadFromClusterAndUser(
			{ ...(config.getCurrentCluster() ?? assert.fail('no cluster')) },
			{ name: 'nobody' },
		);
		const nodes = anonymous.makeApiClient(CoreV1Api).listNode();
		assert.deepEqual(await refusal(nodes), [403, 'Forbidden']);
	});

	it('follows a resource with an informer', async () => {
		const informer = makeInformer<V1ConfigMap>(config, `/api/v1/namespaces/${namespace}/configmaps`, () =>
			core.listNamespacedConfigMap({ namespace }),
		);
		const seen: string[] = [];
		for (const verb of ['add', 'update', 'delete'] as const)
			informer.on(verb, ({ metadata }) => void (metadata?.name === 'followed' && seen.push(verb)));
		await informer.start();
		const { metadata } = await core.createNamespacedConfigMap(configMap('followed', { a: '1' }));
		await core.replaceNamespacedConfigMap({
			...{ name: 'followed', namespace },
			body: { metadata: metadata ?? {}, data: { a: '2' } },
		});
		await core.deleteNamespacedConfigMap({ name: 'followed', namespace });
		await eventually(60, () => assert.deepEqual(seen, ['add', 'update', 'delete']));
		await informer.stop();
	});

	it('resumes a watch after the version of a list', async () => {
		const { metadata } = await core.listNamespacedConfigMap({ namespace });
		await core.createNamespacedConfigMap(configMap('missed'));
		const events: string[] = [];
		const path = `/api/v1/namespaces/${namespace}/configmaps`;
		const options = { resourceVersion: metadata?.resourceVersion, timeoutSeconds: 60 };
		const watch = await new Watch(config).watch(
			path,
			options,
			(type, object: V1ConfigMap) => void events.push(`${type} ${object.metadata?.name}`),
			() => undefined,
		);
		await eventually(60, () => assert.deepEqual(events, ['ADDED missed']));
		watch.abort();
	});

	it('requests a certificate, approves it and reads it', async () => {
		const certificates = config.makeApiClient(CertificatesV1Api);
		const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
		const subject = { commonName: 'by-client', organizations: [] };
		const csr = createCsr({ subject }, keys);
		const created = await certificates.createCertificateSigningRequest({
			body: {
				metadata: { generateName: 'client-' },
				spec: {
					request: Buffer.from(csr).toString('base64'),
					// No controller approves requests of this signer.
					signerName: 'kubernetes.io/kube-apiserver-client',
					usages: ['digital signature', 'client auth'],
				},
			},
		});
		const name = created.metadata?.name ?? '';
		const conditions = [{ type: 'Approved', status: 'True', reason: 'Test', message: 'by a test' }];
		await certificates.replaceCertificateSigningRequestApproval({ name, body: { ...created, status: { conditions } } });
		await eventually(60, async () => {
			const { status } = await certificates.readCertificateSigningRequest({ name });
			assert.match(Buffer.from(status?.certificate ?? '', 'base64').toString(), /^-----BEGIN CERTIFICATE-----/);
		});
	});

	it('requests a token and authenticates with it', async () => {
		await core.createNamespacedServiceAccount({ namespace, body: { metadata: { name: 'robot' } } });
		const { status } = await core.createNamespacedServiceAccountToken({
			...{ name: 'robot', namespace },
			body: { spec: { audiences: [], expirationSeconds: 600 } },
		});
		const robot = new KubeConfig();
		robot.loadFromClusterAndUser(config.getCurrentCluster() ?? assert.fail('no cluster'), {
			name: 'robot',
			token: status?.token ?? '',
		});
		const leases = robot.makeApiClient(CoordinationV1Api).listNamespacedLease({ namespace });
		assert.deepEqual(await refusal(leases), [403, 'Forbidden']);
	});
});
