import assert from 'node:assert/strict';
import type { KubejoinError } from '../../../lib/errors.ts';
import { type ApiResource, resources } from '../../../lib/kube/resources.ts';
import type { Namespace } from '../../../lib/kube/types.ts';
import { refusalOf, request } from '../fixtures.test.ts';
import type { ObjectReader } from '../request/object-reader.ts';
import { attributesOf, type Operation } from './admission.ts';
import { namespaceLifecycle } from './namespace-lifecycle.ts';

const phases: Record<string, string> = { ns: 'Active', ended: 'Terminating' };
const objects: ObjectReader = {
	async get(_resource, _namespace, name) {
		const phase = phases[name];
		const found: Namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name }, status: { phase: `${phase}` } };
		return phase === undefined ? undefined : (found as never);
	},
	list: async () => [],
};

async function admit(operation: Operation, resource: ApiResource, namespace: string, name = 'x'): Promise<void> {
	const object = { apiVersion: 'v1', kind: resource.kind, metadata: { name } };
	const verb = operation === 'CREATE' ? 'create' : 'delete';
	const [sent, previous] = operation === 'CREATE' ? [object, undefined] : [undefined, object];
	const named = { namespace, name: operation === 'CREATE' ? '' : name };
	const write = { request: request(verb, resource, named), operation, object: sent, previous };
	await namespaceLifecycle(objects).mutate?.(attributesOf(write));
}

describe('NamespaceLifecycle', () => {
	it('404: refuses a creation in a missing namespace', async () => {
		const refusal = await refusalOf(admit('CREATE', resources.configMaps, 'none'));
		assert.equal(refusal, '404 NotFound: namespaces "none" not found');
	});

	it('403: refuses a creation in a namespace that is being deleted', async () => {
		const work = admit('CREATE', resources.configMaps, 'ended');
		const because = 'unable to create new content in namespace ended because it is being terminated';
		assert.equal(await refusalOf(work), `403 Forbidden: configmaps "x" is forbidden: ${because}`);
		await assert.rejects(work, ({ details }: KubejoinError) => {
			const [cause] = details.causes as object[];
			assert.deepEqual(cause, {
				reason: 'NamespaceTerminating',
				message: 'namespace ended is being terminated',
				field: 'metadata.namespace',
			});
			return true;
		});
	});

	it('403: refuses the deletion of the namespaces of the system', async () => {
		for (const name of ['default', 'kube-system', 'kube-public']) {
			const refusal = await refusalOf(admit('DELETE', resources.namespaces, '', name));
			assert.equal(refusal, `403 Forbidden: namespaces "${name}" is forbidden: this namespace may not be deleted`);
		}
	});

	it('admits other creations and deletions', async () => {
		await admit('CREATE', resources.configMaps, 'ns');
		await admit('DELETE', resources.configMaps, 'ended');
		await admit('DELETE', resources.namespaces, '', 'kube-node-lease');
		await admit('CREATE', resources.namespaces, '', 'new');
		await admit('CREATE', resources.nodes, '');
		await admit('CREATE', resources.localSubjectAccessReviews, 'none');
	});
});
