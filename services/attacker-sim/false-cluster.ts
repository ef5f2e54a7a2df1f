/**
 * The false cluster for a node that trusts the attacker: it stores objects, and approves and signs every request at
 * once. Only the node changes it.
 */
import { randomUUID } from 'node:crypto';
import { type Clock, rfc3339 } from '../../lib/clock.ts';
import { KubejoinError } from '../../lib/errors.ts';
import { type ApiResource, apiVersionOf, resources } from '../../lib/kube/resources.ts';
import type { CertificateSigningRequest, ConfigMap, KubeObject } from '../../lib/kube/types.ts';
import { kubernetesVersion } from '../../lib/kube/version.ts';

export type Sent = Omit<KubeObject, 'apiVersion' | 'kind'>;

export interface FalseCluster {
	/** @throws API_ALREADY_EXISTS; CSR_MALFORMED, CSR_SIGNATURE_INVALID */
	readonly create: (resource: ApiResource, object: Sent) => KubeObject;
	/** @throws API_NOT_FOUND */
	readonly get: (resource: ApiResource, namespace: string, name: string) => KubeObject;
	readonly list: (resource: ApiResource) => readonly KubeObject[];
	/** @throws API_NOT_FOUND */
	readonly update: (resource: ApiResource, object: Sent) => KubeObject;
	/** @throws API_NOT_FOUND */
	readonly remove: (resource: ApiResource, namespace: string, name: string) => void;
	readonly resourceVersion: () => string;
}

/** A joining node reads both before it requests a certificate. */
const configuration = {
	'kubeadm-config': { ClusterConfiguration: `kubernetesVersion: ${kubernetesVersion.gitVersion}\n` },
	'kubelet-config': { kubelet: 'clusterDomain: cluster.local\n' },
};

const configMap = (metadata: KubeObject['metadata'], data: Readonly<Record<string, string>>): ConfigMap => ({
	apiVersion: 'v1',
	kind: 'ConfigMap',
	metadata,
	data,
});

/**
 * @param sign  returns the certificate of a request; both are PEM
 */
export function createFalseCluster(
	sign: (csrPem: string, usages: readonly string[]) => string,
	clock: Clock,
): FalseCluster {
	const objects = new Map<ApiResource, Map<string, KubeObject>>();
	let version = 0;
	const of = (resource: ApiResource): Map<string, KubeObject> => {
		const found = objects.get(resource) ?? new Map<string, KubeObject>();
		objects.set(resource, found);
		return found;
	};
	const key = (namespace = '', name = ''): string => `${namespace}/${name}`;
	const details = ({ resource, group }: ApiResource, name: string) => ({ resource, group, name });
	function find(resource: ApiResource, namespace: string | undefined, name: string): KubeObject {
		const found = of(resource).get(key(namespace, name));
		if (found === undefined) throw new KubejoinError('API_NOT_FOUND', details(resource, name));
		return found;
	}
	function put(resource: ApiResource, object: Sent): KubeObject {
		const metadata = { ...object.metadata, resourceVersion: String(++version) };
		const kept = { apiVersion: apiVersionOf(resource), kind: resource.kind, ...object, metadata };
		of(resource).set(key(metadata.namespace, metadata.name), kept);
		return kept;
	}
	for (const [name, data] of Object.entries(configuration)) {
		const metadata = { name, namespace: 'kube-system' };
		of(resources.configMaps).set(key(metadata.namespace, name), configMap(metadata, data));
	}
	return {
		create(resource, object) {
			const {
				generateName = '',
				name = `${generateName}${randomUUID().slice(0, 5)}`,
				namespace,
			} = object.metadata ?? {};
			if (of(resource).has(key(namespace, name)))
				throw new KubejoinError('API_ALREADY_EXISTS', details(resource, name));
			const metadata = { ...object.metadata, name, uid: randomUUID(), creationTimestamp: rfc3339(clock()) };
			const isRequest = resource === resources.certificateSigningRequests;
			return put(
				resource,
				isRequest ? signed({ ...object, metadata } as CertificateSigningRequest) : { ...object, metadata },
			);
		},
		get: find,
		list: (resource) => [...of(resource).values()],
		update(resource, object) {
			const { name = '', namespace } = object.metadata;
			const { uid, creationTimestamp } = find(resource, namespace, name).metadata;
			return put(resource, {
				...object,
				metadata: { ...object.metadata, ...(uid && { uid }), ...(creationTimestamp && { creationTimestamp }) },
			});
		},
		remove(resource, namespace, name) {
			find(resource, namespace, name);
			of(resource).delete(key(namespace, name));
		},
		resourceVersion: () => String(version),
	};

	function signed(csr: CertificateSigningRequest): CertificateSigningRequest {
		const certificate = sign(Buffer.from(csr.spec.request, 'base64').toString(), csr.spec.usages);
		const approved = {
			type: 'Approved',
			status: 'True',
			reason: 'AutoApproved',
			message: 'Auto approving kubelet client certificate after SubjectAccessReview.',
		};
		return { ...csr, status: { conditions: [approved], certificate: Buffer.from(certificate).toString('base64') } };
	}
}
