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

/** Returns the certificate of a request; both are PEM. @throws CSR_MALFORMED, CSR_SIGNATURE_INVALID */
type Sign = (csrPem: string, usages: readonly string[]) => string;

export class FalseCluster {
	readonly #sign: Sign;
	readonly #clock: Clock;
	readonly #objects = new Map<ApiResource, Map<string, KubeObject>>();
	#version = 0;

	constructor(sign: Sign, clock: Clock) {
		this.#sign = sign;
		this.#clock = clock;
		for (const [name, data] of Object.entries(configuration)) {
			const metadata = { name, namespace: 'kube-system' };
			this.#of(resources.configMaps).set(keyOf(metadata.namespace, name), configMap(metadata, data));
		}
	}

	/** @throws API_ALREADY_EXISTS, and the errors of signing */
	create(resource: ApiResource, object: Sent): KubeObject {
		const { generateName = '', name = `${generateName}${randomUUID().slice(0, 5)}`, namespace } = object.metadata ?? {};
		if (this.#of(resource).has(keyOf(namespace, name)))
			throw new KubejoinError('API_ALREADY_EXISTS', details(resource, name));
		const metadata = { ...object.metadata, name, uid: randomUUID(), creationTimestamp: rfc3339(this.#clock()) };
		const created = { ...object, metadata };
		const isRequest = resource === resources.certificateSigningRequests;
		return this.#put(resource, isRequest ? this.#signed(created as CertificateSigningRequest) : created);
	}

	/** @throws API_NOT_FOUND */
	get(resource: ApiResource, namespace: string | undefined, name: string): KubeObject {
		const found = this.#of(resource).get(keyOf(namespace, name));
		if (found === undefined) throw new KubejoinError('API_NOT_FOUND', details(resource, name));
		return found;
	}

	list(resource: ApiResource): readonly KubeObject[] {
		return [...this.#of(resource).values()];
	}

	/** @throws API_NOT_FOUND */
	update(resource: ApiResource, object: Sent): KubeObject {
		const { name = '', namespace } = object.metadata;
		const { uid, creationTimestamp } = this.get(resource, namespace, name).metadata;
		return this.#put(resource, {
			...object,
			metadata: { ...object.metadata, ...(uid && { uid }), ...(creationTimestamp && { creationTimestamp }) },
		});
	}

	/** @throws API_NOT_FOUND */
	remove(resource: ApiResource, namespace: string, name: string): void {
		this.get(resource, namespace, name);
		this.#of(resource).delete(keyOf(namespace, name));
	}

	resourceVersion(): string {
		return String(this.#version);
	}

	#of(resource: ApiResource): Map<string, KubeObject> {
		const found = this.#objects.get(resource) ?? new Map<string, KubeObject>();
		this.#objects.set(resource, found);
		return found;
	}

	#put(resource: ApiResource, object: Sent): KubeObject {
		const metadata = { ...object.metadata, resourceVersion: String(++this.#version) };
		const kept = { apiVersion: apiVersionOf(resource), kind: resource.kind, ...object, metadata };
		this.#of(resource).set(keyOf(metadata.namespace, metadata.name), kept);
		return kept;
	}

	#signed(csr: CertificateSigningRequest): CertificateSigningRequest {
		const certificate = this.#sign(Buffer.from(csr.spec.request, 'base64').toString(), csr.spec.usages);
		const approved = {
			type: 'Approved',
			status: 'True',
			reason: 'AutoApproved',
			message: 'Auto approving kubelet client certificate after SubjectAccessReview.',
		};
		return { ...csr, status: { conditions: [approved], certificate: Buffer.from(certificate).toString('base64') } };
	}
}

const keyOf = (namespace = '', name = ''): string => `${namespace}/${name}`;
const details = ({ resource, group }: ApiResource, name: string) => ({ resource, group, name });
