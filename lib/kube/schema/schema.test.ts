import assert from 'node:assert/strict';
import { emptyObject, goForm } from './go-form.ts';
import { anyType, type Field, type KubeType, typeOfKind } from './schema.ts';

const node = typeOfKind({ apiVersion: 'v1', kind: 'Node' });

/** The type at a path of fields; through lists, that of an element. */
function typeAt(apiVersion: string, kind: string, ...path: string[]): KubeType {
	const field = fieldAt(apiVersion, kind, ...path);
	return field?.type ?? anyType;
}
function fieldAt(apiVersion: string, kind: string, ...path: string[]): Field | undefined {
	let type: KubeType = typeOfKind({ apiVersion, kind });
	let field: Field | undefined;
	for (const name of path) {
		if (type.form === 'list') type = type.element;
		field = type.form === 'struct' ? type.fields.get(name) : undefined;
		type = field?.type ?? anyType;
	}
	return field;
}

describe('schema of the kinds', () => {
	it('reads lists, keys, patch strategies and defaults', () => {
		const containers = fieldAt('v1', 'Pod', 'spec', 'containers');
		assert.deepEqual(containers?.patchStrategies, ['merge']);
		assert.equal(containers?.patchMergeKey, 'name');
		const ports = typeAt('v1', 'Pod', 'spec', 'containers', 'ports');
		assert.ok(ports.form === 'list' && ports.listType === 'map');
		assert.deepEqual(ports.keys, ['containerPort', 'protocol']);
		assert.equal(fieldAt('v1', 'Pod', 'spec', 'containers', 'ports', 'protocol')?.default, 'TCP');
	});
	it('knows atomic structs, maps and lists', () => {
		const selector = typeAt('v1', 'Pod', 'spec', 'nodeSelector');
		assert.ok(selector.form === 'map' && selector.isAtomic);
		const tolerations = typeAt('v1', 'Pod', 'spec', 'tolerations');
		assert.ok(tolerations.form === 'list' && tolerations.listType === 'atomic');
		const reference = typeAt('v1', 'Event', 'involvedObject');
		assert.ok(reference.form === 'struct' && reference.isAtomic);
	});
	it('treats a kind that it does not have as of any form', () => {
		assert.equal(typeOfKind({ apiVersion: 'example.com/v1', kind: 'Thing' }), anyType);
	});
});

describe('form of Go', () => {
	it('omits empty fields and writes the fields that Go always writes', () => {
		const written = goForm(node, {
			metadata: { name: 'n', labels: {}, finalizers: [] },
			spec: { unschedulable: false, taints: null, podCIDR: '' },
		});
		assert.deepEqual(written, {
			metadata: { name: 'n' },
			spec: {},
			status: {
				daemonEndpoints: { kubeletEndpoint: { Port: 0 } },
				nodeInfo: {
					machineID: '',
					systemUUID: '',
					bootID: '',
					kernelVersion: '',
					osImage: '',
					containerRuntimeVersion: '',
					kubeletVersion: '',
					kubeProxyVersion: '',
					operatingSystem: '',
					architecture: '',
				},
			},
		});
	});
	it('keeps an empty value behind a pointer, and unknown fields', () => {
		const secret = typeOfKind({ apiVersion: 'v1', kind: 'Secret' });
		assert.deepEqual(goForm(secret, { immutable: false, data: { a: '' }, more: null }), {
			metadata: {},
			immutable: false,
			data: { a: '' },
			more: null,
		});
	});
	it('is the empty object of Go for a new object', () => {
		const role = typeOfKind({ apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'RoleBinding' });
		assert.deepEqual(emptyObject(role), { metadata: {}, roleRef: { apiGroup: '', kind: '', name: '' } });
		assert.deepEqual(emptyObject(anyType), {});
	});
});
