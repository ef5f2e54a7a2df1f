/** Upstream's texts and objects, @source plugin/pkg/admission/serviceaccount/admission.go */
import assert from 'node:assert/strict';
import { resources } from '../../../lib/kube/resources.ts';
import type { KubeObject } from '../../../lib/kube/types.ts';
import { refusalOf } from '../fixtures.test.ts';
import type { ObjectReader } from '../request/object-reader.ts';
import { admitPod, objectOf, podOf, readerOf, writeOf } from './fixtures.test.ts';
import { serviceAccount } from './service-account.ts';

const account = (name: string, more: object = {}) => objectOf(resources.serviceAccounts, name, more);
const noWait = async () => undefined;
const pluginOf = (...accounts: KubeObject[]) => serviceAccount(readerOf(...accounts), noWait);
const containers = [{ name: 'c' }];
const forbidden = '403 Forbidden: pods "p" is forbidden: ';

describe('ServiceAccount', () => {
	it('runs a pod as the default account, with a token in each container', async () => {
		const spec = { containers, initContainers: [{ name: 'i', volumeMounts: [{ name: 'v', mountPath: '/v' }] }] };
		const admitted = (await admitPod(pluginOf(account('default')), podOf(spec))).spec;
		const [volume] = admitted.volumes as { name: string }[];
		assert.match(volume?.name ?? '', /^kube-api-access-[bcdfghjklmnpqrstvwxz2456789]{5}$/);
		const mount = {
			...{ name: volume?.name, readOnly: true, mountPath: '/var/run/secrets/kubernetes.io/serviceaccount' },
		};
		assert.deepEqual(admitted, {
			serviceAccountName: 'default',
			serviceAccount: 'default',
			containers: [{ name: 'c', volumeMounts: [mount] }],
			initContainers: [{ name: 'i', volumeMounts: [{ name: 'v', mountPath: '/v' }, mount] }],
			volumes: [
				{
					name: volume?.name,
					projected: {
						defaultMode: 420,
						sources: [
							{ serviceAccountToken: { expirationSeconds: 3607, path: 'token' } },
							{ configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
							{
								downwardAPI: {
									items: [{ path: 'namespace', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } }],
								},
							},
						],
					},
				},
			],
		});
	});

	it('mounts no token where the pod or its account does not want it, or a container has a mount of its own', async () => {
		const off = { automountServiceAccountToken: false };
		const mounts = [{ name: 'mine', mountPath: '/var/run/secrets/kubernetes.io/serviceaccount' }];
		const volumesOf = async (accountFields: object, spec: object) =>
			((await admitPod(pluginOf(account('default', accountFields)), podOf(spec))).spec.volumes as object[]) ?? [];
		assert.equal((await volumesOf(off, { containers })).length, 0);
		assert.equal((await volumesOf({}, { containers, ...off })).length, 0);
		assert.equal((await volumesOf(off, { containers, automountServiceAccountToken: true })).length, 1);
		assert.equal((await volumesOf({}, { containers: [{ name: 'c', volumeMounts: mounts }] })).length, 0);
	});

	it('uses the token volume that a pod has', async () => {
		const volumes = [{ name: 'kube-api-access-mine', emptyDir: {} }];
		const { spec } = await admitPod(pluginOf(account('default')), podOf({ containers, volumes }));
		assert.deepEqual(spec.volumes, volumes);
		const [{ volumeMounts: [mount] = [] } = {}] = spec.containers as { volumeMounts?: { name: string }[] }[];
		assert.equal(mount?.name, 'kube-api-access-mine');
	});

	it('gives a pod the pull secrets of its account, unless it names some', async () => {
		const plugin = pluginOf(account('a', { imagePullSecrets: [{ name: 'pull' }] }));
		const spec = { containers, serviceAccountName: 'a' };
		assert.deepEqual((await admitPod(plugin, podOf(spec))).spec.imagePullSecrets, [{ name: 'pull' }]);
		const own = [{ name: 'own' }];
		assert.deepEqual((await admitPod(plugin, podOf({ ...spec, imagePullSecrets: own }))).spec.imagePullSecrets, own);
	});

	it('403: an account that does not exist', async () => {
		assert.equal(
			await refusalOf(admitPod(pluginOf(), podOf({ containers, serviceAccountName: 'none' }))),
			`${forbidden}error looking up service account ns/none: serviceaccount "none" not found`,
		);
	});

	it('waits for the default account, which the controller creates after the namespace', async () => {
		const lookups = { count: 0 };
		const reader: ObjectReader = {
			...readerOf(),
			get: async () => (++lookups.count < 5 ? undefined : (account('default') as never)),
		};
		const waits: number[] = [];
		const plugin = serviceAccount(reader, async (ms) => void waits.push(ms));
		await plugin.mutate?.(writeOf(resources.pods, podOf({ containers })));
		assert.deepEqual(waits, [150, 150, 150, 150]);
		const never = serviceAccount(readerOf(), async (ms) => void waits.push(ms));
		assert.match(
			await refusalOf(admitPod(never, podOf({ containers }))),
			/ns\/default: serviceaccount "default" not found$/,
		);
		assert.equal(waits.length, 4 + 9);
	});

	it('leaves mirror pods alone, and refuses those that refer to accounts or secrets', async () => {
		const mirror = { annotations: { 'kubernetes.io/config.mirror': 'x' } };
		const refusal = (spec: object) => refusalOf(admitPod(pluginOf(account('default')), podOf(spec, mirror)));
		const plain = podOf({ containers }, mirror);
		assert.deepEqual(await admitPod(pluginOf(), plain), plain);
		const text = `${forbidden}a mirror pod may not `;
		assert.equal(await refusal({ serviceAccountName: 'a' }), `${text}reference service accounts`);
		assert.equal(await refusal({ volumes: [{ secret: { secretName: 's' } }] }), `${text}reference secrets`);
		assert.equal(
			await refusal({ volumes: [{ projected: { sources: [{ serviceAccountToken: {} }] } }] }),
			`${text}use ServiceAccountToken volume projections`,
		);
	});

	describe('with an account that limits secrets', () => {
		const limited = account('default', {
			metadata: { annotations: { 'kubernetes.io/enforce-mountable-secrets': 'true' } },
			secrets: [{ name: 'mine' }],
		});
		const ofSecret = (name: string) => [{ name: 'V', valueFrom: { secretKeyRef: { name } } }];
		const rest = 'is not allowed because service account default does not reference that';
		const refused: [string, object, string][] = [
			['a volume', { volumes: [{ secret: { secretName: 'x' } }] }, `volume with secret.secretName="x" ${rest} secret`],
			[
				'a variable',
				{ containers: [{ name: 'c', env: ofSecret('x') }] },
				`container c with envVar V referencing secret.secretName="x" ${rest} secret`,
			],
			[
				'all variables of an init container',
				{ initContainers: [{ name: 'i', envFrom: [{ secretRef: { name: 'x' } }] }] },
				`init container i with envFrom referencing secret.secretName="x" ${rest} secret`,
			],
			['a pull secret', { imagePullSecrets: [{ name: 'x' }] }, `imagePullSecrets[0].name="x" ${rest} imagePullSecret`],
		];
		for (const [title, spec, text] of refused)
			it(`403: ${title}`, async () =>
				assert.equal(await refusalOf(admitPod(pluginOf(limited), podOf(spec))), `${forbidden}${text}`));
		it('admits the secrets that the account lists', async () => {
			await admitPod(pluginOf(limited), podOf({ containers: [{ name: 'c', env: ofSecret('mine') }] }));
		});
		it('403: a secret of an ephemeral container', async () => {
			const pod = podOf({
				serviceAccountName: 'default',
				ephemeralContainers: [{ name: 'd', env: ofSecret('x') }],
			});
			const update = { operation: 'UPDATE', subresource: 'ephemeralcontainers', previous: pod } as const;
			const text = `ephemeral container d with envVar V referencing secret.secretName="x" ${rest} secret`;
			assert.equal(await refusalOf(admitPod(pluginOf(limited), pod, update)), `${forbidden}${text}`);
		});
	});
});
