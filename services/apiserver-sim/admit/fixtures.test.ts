/** Objects and attributes of pods, for the tests of the plug-ins. */
import { type ApiResource, apiVersionOf, resources } from '../../../lib/kube/resources.ts';
import type { KubeObject } from '../../../lib/kube/types.ts';
import { request } from '../fixtures.test.ts';
import type { ObjectReader } from '../request/object-reader.ts';
import { type AdmissionAttributes, type AdmissionPlugin, attributesOf, type Operation } from './admission.ts';

export type Any = KubeObject & Record<string, never> & { readonly spec: Record<string, unknown> };

export const objectOf = (resource: ApiResource, name: string, more: object = {}): KubeObject => {
	const { metadata, ...fields } = more as { metadata?: object };
	const place = resource.namespaced ? { namespace: 'ns' } : {};
	return {
		apiVersion: apiVersionOf(resource),
		kind: resource.kind,
		metadata: { name, ...place, ...metadata },
		...fields,
	};
};
export const podOf = (spec: object, metadata: object = {}): KubeObject =>
	objectOf(resources.pods, 'p', { spec, metadata });

export const readerOf = (...objects: readonly KubeObject[]): ObjectReader => {
	const all = (resource: ApiResource) => objects.filter(({ kind }) => kind === resource.kind);
	return {
		get: async (resource, _namespace, name) => all(resource).find(({ metadata }) => metadata.name === name) as never,
		list: async (resource) => all(resource) as never[],
	};
};

interface Written {
	readonly operation?: Operation;
	readonly subresource?: string;
	readonly previous?: KubeObject;
	readonly dryRun?: boolean;
}
export function writeOf(resource: ApiResource, object: KubeObject, more: Written = {}): AdmissionAttributes {
	const { operation = 'CREATE', subresource = '', previous, dryRun = false } = more;
	const verb = operation === 'CREATE' ? 'create' : 'update';
	const { namespace = '', name = '' } = object.metadata;
	const sent = request(verb, resource, { namespace, name: verb === 'create' ? '' : name, subresource, dryRun });
	return attributesOf({ request: sent, operation, object, previous });
}

/** The pod as the plug-in changed it and then allowed it. */
export async function admitPod(plugin: AdmissionPlugin, pod: KubeObject, more: Written = {}): Promise<Any> {
	const changed = (await plugin.mutate?.(writeOf(resources.pods, pod, more))) ?? pod;
	await plugin.validate?.(writeOf(resources.pods, changed, more));
	return changed as Any;
}
