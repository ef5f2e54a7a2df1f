/**
 * The objects that each node needs for the pods that are bound to it: a node may read these and no others.
 * @source plugin/pkg/auth/authorizer/node/{graph,graph_populator}.go, release 1.37
 * @differs there are no persistent volumes, volume attachments, resource slices and pod certificate requests, so no
 *   node is related to one
 */
import { isMirrorPod, type Pod } from '../../../lib/kube/pod.ts';
import {
	claimNamesOf,
	configMapNamesOf,
	resourceClaimNamesOf,
	secretNamesOf,
} from '../../../lib/kube/pod-references.ts';
import type { KubeObject } from '../../../lib/kube/types.ts';
import type { NodeGraph, RelatedResource } from './node.ts';

export class PodGraph implements NodeGraph {
	readonly #pods = new Map<string, { readonly node: string; readonly related: readonly string[] }>();
	/** How many pods of each node need an object. */
	readonly #nodesOf = new Map<string, Map<string, number>>();

	related(node: string, resource: RelatedResource, namespace: string, name: string): boolean {
		return this.#nodesOf.get(keyOf(resource, namespace, name))?.has(node) ?? false;
	}

	set(key: string, pod: KubeObject): void {
		this.delete(key);
		const node = (pod as Pod).spec?.nodeName ?? '';
		if (node === '') return;
		const related = [...new Set(relatedTo(pod as Pod))];
		this.#pods.set(key, { node, related });
		for (const object of related) {
			const nodes = this.#nodesOf.get(object) ?? new Map<string, number>();
			this.#nodesOf.set(object, nodes.set(node, (nodes.get(node) ?? 0) + 1));
		}
	}

	delete(key: string): void {
		const { node = '', related = [] } = this.#pods.get(key) ?? {};
		this.#pods.delete(key);
		for (const object of related) {
			const nodes = this.#nodesOf.get(object);
			const count = (nodes?.get(node) ?? 1) - 1;
			if (count > 0) nodes?.set(node, count);
			else nodes?.delete(node);
			if (nodes?.size === 0) this.#nodesOf.delete(object);
		}
	}

	clear(): void {
		this.#pods.clear();
		this.#nodesOf.clear();
	}
}

/** No name of Kubernetes contains a space. */
const keyOf = (resource: RelatedResource, namespace: string, name: string) => `${resource} ${namespace} ${name}`;

function relatedTo(pod: Pod): string[] {
	const { namespace = '', name = '' } = pod.metadata;
	const own = keyOf('pods', namespace, name);
	// A node creates its mirror pods itself, so they must not relate it to anything.
	if (isMirrorPod(pod)) return [own];
	const account = pod.spec?.serviceAccountName;
	const all: [RelatedResource, readonly string[]][] = [
		['serviceaccounts', account ? [account] : []],
		['secrets', secretNamesOf(pod)],
		['configmaps', configMapNamesOf(pod)],
		['persistentvolumeclaims', claimNamesOf(pod)],
		['resourceclaims', resourceClaimNamesOf(pod)],
	];
	return [own, ...all.flatMap(([resource, names]) => names.map((one) => keyOf(resource, namespace, one)))];
}
