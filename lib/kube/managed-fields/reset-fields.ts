/**
 * The fields that a write to a resource or subresource cannot change; its manager does not
 * own them.
 *
 * @source k8s.io/kubernetes pkg/registry GetResetFields of each strategy
 */
import { type FieldSet, setOf } from './field-set.ts';
import { fieldElement } from './path-element.ts';

const fields = (...paths: readonly string[]): FieldSet =>
	setOf(...paths.map((path) => path.split('.').map(fieldElement)));

/** By kind, then subresource; empty for the resource itself. */
const resetFields: Readonly<Record<string, Readonly<Record<string, FieldSet>>>> = {
	Node: { '': fields('status'), status: fields('spec') },
	Namespace: { '': fields('status'), status: fields('spec'), finalize: fields('status') },
	Pod: {
		'': fields('status'),
		ephemeralcontainers: fields('metadata', 'status'),
		resize: fields('metadata', 'status'),
		status: fields('spec', 'metadata.deletionTimestamp', 'metadata.ownerReferences'),
	},
	Service: { '': fields('status'), status: fields('spec') },
	ResourceQuota: { '': fields('status'), status: fields('spec') },
	CertificateSigningRequest: {
		'': fields('spec', 'status'),
		status: fields('spec', 'status.conditions'),
		approval: fields('spec', 'status.certificate'),
	},
	CSINode: { '': fields('status'), status: fields('metadata', 'spec') },
	ValidatingAdmissionPolicy: { '': fields('status'), status: fields('spec', 'metadata') },
};
const none = fields();

export function resetFieldsOf(kind: string, subresource: string): FieldSet {
	const ofKind = Object.hasOwn(resetFields, kind) ? (resetFields[kind] ?? {}) : {};
	return Object.hasOwn(ofKind, subresource) ? (ofKind[subresource] ?? none) : none;
}
