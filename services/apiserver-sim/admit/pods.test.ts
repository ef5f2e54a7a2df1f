/** The plug-ins that complete pods, and those of PriorityClasses and trust bundles. */
import assert from 'node:assert/strict';
import { type ApiResource, resources } from '../../../lib/kube/resources.ts';
import type { KubeObject } from '../../../lib/kube/types.ts';
import { fakeAuthorizer, refusalOf, request } from '../fixtures.test.ts';
import type { ObjectReader } from '../request/object-reader.ts';
import { attributesOf, type Operation } from './admission.ts';
import { clusterTrustBundleAttest } from './cluster-trust-bundle-attest.ts';
import { defaultTolerationSeconds } from './default-toleration-seconds.ts';
import { priority } from './priority.ts';

const named = (kind: string, name: string, more: object = {}): KubeObject => ({
	apiVersion: 'v1',
	kind,
	metadata: { name },
	...more,
});
const attributes = (operation: Operation, resource: ApiResource, object: KubeObject, previous?: KubeObject) =>
	attributesOf({
		request: request(operation === 'CREATE' ? 'create' : 'update', resource, { name: object.metadata.name ?? '' }),
		operation,
		object,
		previous,
	});
const classes = [named('PriorityClass', 'high', { value: 1000, preemptionPolicy: 'Never' })];
const reader = (...more: KubeObject[]): ObjectReader => ({
	get: async (_resource, _namespace, name) =>
		[...classes, ...more].find(({ metadata }) => metadata.name === name) as never,
	list: async () => [...classes, ...more] as never[],
});
const standard = named('PriorityClass', 'standard', { value: 7, globalDefault: true });

describe('Priority', () => {
	const admit = async (spec: object, objects = reader(), operation: Operation = 'CREATE', before?: object) => {
		const previous = before && named('Pod', 'p', { spec: before });
		const changed = await priority(objects).mutate?.(
			attributes(operation, resources.pods, named('Pod', 'p', { spec }), previous),
		);
		return (changed as KubeObject & { spec: object }).spec;
	};

	it('gives a pod the priority of its class, or of the default one', async () => {
		const lower = { priority: 0, preemptionPolicy: 'PreemptLowerPriority' };
		assert.deepEqual(await admit({}), lower);
		const high = { priorityClassName: 'high', priority: 1000, preemptionPolicy: 'Never' };
		assert.deepEqual(await admit({ priorityClassName: 'high' }), high);
		assert.deepEqual(await admit({}, reader(standard)), { ...lower, priority: 7, priorityClassName: 'standard' });
		assert.deepEqual(await admit({}, reader(), 'UPDATE', high), { priority: 1000, preemptionPolicy: 'Never' });
	});

	it('403: another priority than that of the class, or an unknown class', async () => {
		const forbidden = '403 Forbidden: pods "p" is forbidden: ';
		const computed = 'must not be provided in pod spec; priority admission controller computed';
		assert.equal(
			await refusalOf(admit({ priority: 5 })),
			`${forbidden}the integer value of priority (5) ${computed} 0 from the given PriorityClass name`,
		);
		assert.equal(
			await refusalOf(admit({ priorityClassName: 'high', preemptionPolicy: 'x' })),
			`${forbidden}the string value of PreemptionPolicy (x) ${computed} Never from the given PriorityClass name`,
		);
		const missing = `${forbidden}no PriorityClass with name none was found`;
		assert.equal(await refusalOf(admit({ priorityClassName: 'none' })), missing);
	});

	it('403: a second default PriorityClass', async () => {
		const validate = async (operation: Operation, name: string) =>
			priority(reader(standard)).validate?.(
				attributes(operation, resources.priorityClasses, named('PriorityClass', name, { globalDefault: true })),
			);
		const text = 'PriorityClass standard is already marked as default. Only one default can exist';
		assert.equal(
			await refusalOf(validate('CREATE', 'other')),
			`403 Forbidden: priorityclasses.scheduling.k8s.io "other" is forbidden: ${text}`,
		);
		await validate('UPDATE', 'standard');
	});
});

describe('DefaultTolerationSeconds', () => {
	const admit = (tolerations: object[]) =>
		defaultTolerationSeconds.mutate?.(
			attributes('CREATE', resources.pods, named('Pod', 'p', { spec: { tolerations } })),
		) as unknown as { spec: { tolerations: object[] } } | undefined;
	const added = (key: string) => ({ key, operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 300 });

	it('adds the tolerations that a pod does not have', () => {
		const both = ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable'];
		assert.deepEqual(admit([])?.spec.tolerations, both.map(added));
		const own = { key: both[0], effect: 'NoExecute', tolerationSeconds: 5 };
		assert.deepEqual(admit([own])?.spec.tolerations, [own, added(both[1] ?? '')]);
		assert.equal(admit([{ operator: 'Exists' }]), undefined);
	});
});

describe('ClusterTrustBundleAttest', () => {
	const bundle = (signerName: string, metadata: object = {}) => ({
		...named('ClusterTrustBundle', 'b', { spec: { signerName } }),
		metadata: { name: 'b', ...metadata },
	});
	const validate = async (operation: Operation, object: KubeObject, previous?: KubeObject, ...allowed: string[]) =>
		clusterTrustBundleAttest(fakeAuthorizer(...allowed)).validate?.(
			attributes(operation, resources.clusterTrustBundles, object, previous),
		);

	it('403: a bundle of a signer, without the permission to attest for it', async () => {
		const refused = await refusalOf(validate('CREATE', bundle('example.com/x')));
		assert.match(
			refused,
			/^403 Forbidden: .* is forbidden: user not permitted to attest for signerName "example\.com\/x"$/,
		);
		await validate('CREATE', bundle('example.com/x'), undefined, 'admin attest signers example.com/*');
	});

	it('admits a bundle without a signer, and an update that only the garbage collector makes', async () => {
		await validate('CREATE', bundle(''));
		const before = bundle('example.com/x', { finalizers: ['a/b'] });
		await validate('UPDATE', bundle('example.com/x'), before);
		const changed = bundle('example.com/x', { labels: { a: 'b' } });
		assert.match(await refusalOf(validate('UPDATE', changed, before)), /^403/);
	});
});
