/**
 * Fields of features that are off by default. Upstream drops them from the object that a client sends.
 *
 * @source pkg/features/kube_features.go; pkg/api/pod/util.go dropDisabledFields, pkg/registry/core/node/strategy.go
 */
import { getOwn, type JsonObject } from '../../../lib/json-object.ts';

/** True for a field to drop; a list has the tree of its elements. */
type Tree = { readonly [field: string]: true | Tree };

/** The same object if it has none of the fields. */
export function without<T>(value: T, tree: Tree): T {
	if (Array.isArray(value)) {
		const kept = value.map((one) => without(one, tree));
		return kept.some((one, index) => one !== value[index]) ? (kept as T) : value;
	}
	if (typeof value !== 'object' || value === null) return value;
	const entries = Object.entries(value).flatMap(([field, found]): [string, unknown][] => {
		const below = Object.hasOwn(tree, field) ? tree[field] : undefined;
		if (below === true) return [];
		return [[field, below === undefined ? found : without(found, below)]];
	});
	const isSame =
		entries.length === Object.keys(value).length &&
		entries.every(([field, kept]) => kept === getOwn(value as JsonObject, field));
	return isSame ? value : (Object.fromEntries(entries) as T);
}

const files: Tree = { defaultUser: true, items: { user: true } };
const handler: Tree = { httpGet: { protocol: true }, grpc: { tls: true } };
const container: Tree = {
	volumeMounts: { bindMountOptions: true },
	...{ livenessProbe: handler, readinessProbe: handler, startupProbe: handler },
	lifecycle: { stopSignal: true, postStart: handler, preStop: handler },
};
/** Of the spec of a pod or template. */
export const disabledInPods: Tree = {
	schedulingGroup: true,
	evictionResponders: true,
	volumes: {
		emptyDir: { mode: true },
		...{ configMap: files, secret: files, downwardAPI: files },
		projected: {
			defaultUser: true,
			sources: {
				...{ configMap: files, secret: files, downwardAPI: files },
				...{ serviceAccountToken: { user: true }, clusterTrustBundle: { user: true }, podCertificate: { user: true } },
			},
		},
	},
	...{ containers: container, initContainers: container, ephemeralContainers: container },
};
export const disabledInNodes: Tree = {
	spec: { configSource: true, podPreemptionPolicy: true },
	status: { config: true },
};
