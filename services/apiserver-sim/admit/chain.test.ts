import assert from 'node:assert/strict';
import { setImmediate as turn } from 'node:timers/promises';
import { resources } from '../../../lib/kube/resources.ts';
import type { KubeObject } from '../../../lib/kube/types.ts';
import { createCsrReader } from '../../../lib/pki/csr-reader.ts';
import { unionOf } from '../authorize/union.ts';
import { clock, request } from '../fixtures.test.ts';
import { type AdmissionPlugin, attributesOf, notAdmitted } from './admission.ts';
import { admitted } from './admitted.ts';
import { createAdmission, defaultPlugins } from './chain.ts';

const object: KubeObject = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' } };
const labelled = (name: string): AdmissionPlugin => ({
	name,
	mutate({ object: sent }) {
		const labels = { ...sent?.metadata.labels, [name]: String(Object.keys(sent?.metadata.labels ?? {})) };
		return { ...object, metadata: { ...sent?.metadata, labels } };
	},
});
const write = {
	request: request('create', resources.configMaps, { namespace: 'ns' }),
	operation: 'CREATE',
	object,
	previous: undefined,
} as const;

describe('the admission chain', () => {
	it('has the plug-ins of upstream in its order', () => {
		const none = { get: async () => undefined, list: async () => [] };
		const authorizer = unionOf({});
		const readCsr = createCsrReader();
		const plugins = defaultPlugins({ objects: none, authorizer, updateQuota: async () => undefined, clock, readCsr });
		assert.deepEqual(
			plugins.map(({ name }) => name),
			[
				...['NamespaceLifecycle', 'LimitRanger', 'ServiceAccount', 'NodeRestriction', 'TaintNodesByCondition'],
				...['Priority', 'DefaultTolerationSeconds', 'RuntimeClass', 'CertificateApproval', 'CertificateSigning'],
				...['ClusterTrustBundleAttest', 'CertificateSubjectRestriction', 'PodTopologyLabels', 'ResourceQuota'],
			],
		);
	});

	it('passes the object of each plug-in to the next one', async () => {
		const silent: AdmissionPlugin = { name: 'silent', mutate: () => undefined };
		const { metadata } = await createAdmission([labelled('one'), silent, labelled('two')]).mutate(write);
		assert.deepEqual(metadata.labels, { one: '', two: 'one' });
	});

	it('waits for the object and the refusal of a plug-in that reads other objects', async () => {
		const later: AdmissionPlugin = {
			name: 'later',
			async mutate() {
				await turn();
				return { ...object, metadata: { name: 'b' } };
			},
			async validate(attributes) {
				await turn();
				throw notAdmitted(attributes, 'later');
			},
		};
		const { mutate, validate } = createAdmission([later, labelled('next')]);
		assert.deepEqual((await mutate(write)).metadata, { name: 'b', labels: { next: '' } });
		await assert.rejects(validate(write), { message: 'configmaps "a" is forbidden: later' });
	});

	it('ends at the first refusal', async () => {
		const refusing = (because: string): AdmissionPlugin => ({
			name: because,
			mutate(attributes) {
				throw notAdmitted(attributes, because);
			},
			validate(attributes) {
				throw notAdmitted(attributes, because);
			},
		});
		const { mutate, validate } = createAdmission([refusing('first'), refusing('second')]);
		for (const work of [mutate(write), validate(write)])
			await assert.rejects(work, { message: 'configmaps "a" is forbidden: first' });
	});

	it('names a refused object by its name, its generateName or Unknown', () => {
		const refused = (metadata: KubeObject['metadata']) =>
			notAdmitted(attributesOf({ ...write, object: { ...object, metadata } }), 'no').message;
		assert.equal(refused({ name: 'n', generateName: 'g-' }), 'configmaps "n" is forbidden: no');
		assert.equal(refused({ generateName: 'g-' }), 'configmaps "g-" is forbidden: no');
		assert.equal(refused({}), 'configmaps "Unknown" is forbidden: no');
	});

	it('guards a storage that is not the registry', async () => {
		const seen: string[] = [];
		const plugin: AdmissionPlugin = {
			name: 'Test',
			mutate: ({ operation }) => void seen.push(`mutate ${operation}`),
			validate: ({ operation, previous }) => void seen.push(`validate ${operation} ${previous?.metadata.name}`),
		};
		const answer = async () => {
			seen.push('answered');
			return object;
		};
		const storage = admitted(
			{ subresources: [], create: answer, delete: answer, get: async () => object },
			createAdmission([plugin]),
		);
		await storage.create?.(write.request);
		await storage.delete?.(request('delete', resources.configMaps, { namespace: 'ns', name: 'a' }));
		const created = ['mutate CREATE', 'validate CREATE undefined', 'answered'];
		assert.deepEqual(seen, [...created, 'mutate DELETE', 'validate DELETE a', 'answered']);
	});
});
