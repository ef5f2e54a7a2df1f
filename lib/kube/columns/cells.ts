/**
 * The cells of each kind, in the order of proto/openapi/columns.json. A cell is a string, a number or a boolean, as its
 * definition says.
 *
 * @source pkg/printers/internalversion/printers.go, release 1.37
 */
import { humanDuration } from '../duration.ts';
import { toCore } from '../events/group-event.ts';
import type { PodTemplate } from '../pod.ts';
import type {
	CertificateSigningRequest,
	ConfigMap,
	Event,
	KubeObject,
	Lease,
	Namespace,
	Node,
	RoleBinding,
	Secret,
} from '../types.ts';
import { age, type Cells, since } from './cell.ts';
import { podCells } from './pod.ts';
import { serviceCells } from './service.ts';

const NONE = '<none>';
const UNSET = '<unset>';
const nameOf = ({ metadata }: KubeObject): string => metadata.name ?? '';
const orNone = (text: string | undefined): string => text || NONE;

const count = (object: object = {}): number => Object.keys(object).length;

const nodeCells: Cells<Node> = (node, nowMs) => {
	const { nodeInfo } = node.status ?? {};
	const architecture = nodeInfo?.architecture ? ` (${nodeInfo.architecture})` : '';
	return [
		nameOf(node),
		nodeStatus(node),
		orNone(nodeRoles(node).join(',')),
		age(node, nowMs),
		nodeInfo?.kubeletVersion ?? '',
		addressOf(node, 'InternalIP'),
		addressOf(node, 'ExternalIP'),
		nodeInfo?.osImage || '<unknown>',
		`${nodeInfo?.kernelVersion || '<unknown>'}${architecture}`,
		nodeInfo?.containerRuntimeVersion || '<unknown>',
	];
};

function nodeStatus({ spec, status }: Node): string {
	const ready = status?.conditions?.findLast(({ type }) => type === 'Ready');
	const text = ready === undefined ? 'Unknown' : ready.status === 'True' ? 'Ready' : 'NotReady';
	return spec?.unschedulable ? `${text},SchedulingDisabled` : text;
}

const rolePrefix = 'node-role.kubernetes.io/';

/** @returns the sorted names of the roles */
export function nodeRoles({ metadata: { labels = {} } }: Node): string[] {
	const roles = Object.entries(labels).map(([key, value]) =>
		key.startsWith(rolePrefix) ? key.slice(rolePrefix.length) : key === 'kubernetes.io/role' ? value : '',
	);
	return [...new Set(roles.filter((role) => role !== ''))].sort();
}

const addressOf = ({ status }: Node, type: string): string =>
	status?.addresses?.find((address) => address.type === type)?.address ?? NONE;

const csrCells: Cells<CertificateSigningRequest> = (csr, nowMs) => {
	const { signerName, username = '', expirationSeconds } = csr.spec;
	const requested = expirationSeconds === undefined ? NONE : humanDuration(expirationSeconds * 1000);
	return [nameOf(csr), age(csr, nowMs), orNone(signerName), username, requested, csrStatus(csr)];
};

/** `Approved,Issued`, `Pending`, `Denied`, `Approved,Failed` */
export function csrStatus({ status }: CertificateSigningRequest): string {
	const has = (wanted: string) => (status?.conditions ?? []).some(({ type }) => type === wanted);
	const decision = has('Denied') ? 'Denied' : has('Approved') ? 'Approved' : 'Pending';
	return `${decision}${has('Failed') ? ',Failed' : ''}${status?.certificate ? ',Issued' : ''}`;
}

const eventCells: Cells<Event> = (sent, nowMs) => {
	const event = sent.apiVersion === 'events.k8s.io/v1' ? toCore(sent) : sent;
	const { involvedObject: { kind = '', name = '', fieldPath = '' } = {}, source = {}, series } = event;
	const first = since(event.firstTimestamp ?? event.eventTime, nowMs);
	const last = event.lastTimestamp ? since(event.lastTimestamp, nowMs) : first;
	const component = source.component || (event.reportingComponent ?? '');
	const instance = source.host || (event.reportingInstance ?? '');
	return [
		series === undefined ? last : since(series.lastObservedTime, nowMs),
		event.type ?? '',
		event.reason ?? '',
		name === '' ? kind.toLowerCase() : `${kind.toLowerCase()}/${name}`,
		fieldPath,
		instance === '' ? component : `${component}, ${instance}`,
		(event.message ?? '').trim(),
		first,
		series === undefined ? event.count || 1 : (series.count ?? 0),
		nameOf(event),
	];
};

const subjects = (kind: string, { subjects: all = [] }: RoleBinding): string =>
	all
		.filter((subject) => subject.kind === kind)
		.map(({ name, namespace = '' }) => (kind === 'ServiceAccount' ? `${namespace}/${name}` : name))
		.join(', ');

const bindingCells: Cells<RoleBinding> = (binding, nowMs) => [
	nameOf(binding),
	`${binding.roleRef.kind}/${binding.roleRef.name}`,
	age(binding, nowMs),
	subjects('User', binding),
	subjects('Group', binding),
	subjects('ServiceAccount', binding),
];

interface EndpointSlice extends KubeObject {
	readonly addressType?: string;
	readonly ports?: readonly { readonly name?: string; readonly port?: number }[];
	readonly endpoints?: readonly { readonly addresses?: readonly string[] }[];
}

const MAX_LISTED = 3;
const listed = (all: readonly string[] = []): string => {
	const more = all.length > MAX_LISTED ? ` + ${all.length - MAX_LISTED} more...` : '';
	return `${all.slice(0, MAX_LISTED).join(',') || UNSET}${more}`;
};
const endpointSliceCells: Cells<EndpointSlice> = (slice, nowMs) => [
	nameOf(slice),
	slice.addressType ?? '',
	listed(slice.ports?.map(({ name, port }) => (port === undefined ? (name ?? '*') : String(port)))),
	listed(slice.endpoints?.flatMap(({ addresses = [] }) => addresses)),
	age(slice, nowMs),
];

interface ResourceQuota extends KubeObject {
	readonly status?: {
		readonly hard?: Readonly<Record<string, string>>;
		readonly used?: Readonly<Record<string, string>>;
	};
}

const quotaCells: Cells<ResourceQuota> = (quota, nowMs) => {
	const { hard = {}, used = {} } = quota.status ?? {};
	const names = Object.keys(hard).toSorted();
	const text = (isLimit: boolean) =>
		names
			.filter((name) => name.startsWith('limits.') === isLimit)
			.map((name) => `${name}: ${used[name] ?? '0'}/${hard[name]}`)
			.join(', ');
	return [nameOf(quota), text(false), text(true), age(quota, nowMs)];
};

interface CsiDriver extends KubeObject {
	readonly spec?: {
		readonly attachRequired?: boolean;
		readonly podInfoOnMount?: boolean;
		readonly storageCapacity?: boolean;
		readonly tokenRequests?: readonly { readonly audience: string }[];
		readonly requiresRepublish?: boolean;
		readonly volumeLifecycleModes?: readonly string[];
	};
}
const csiDriverCells: Cells<CsiDriver> = (driver, nowMs) => {
	const { spec = {} } = driver;
	return [
		nameOf(driver),
		spec.attachRequired ?? true,
		spec.podInfoOnMount ?? false,
		spec.storageCapacity ?? false,
		spec.tokenRequests?.map(({ audience }) => audience).join(',') ?? UNSET,
		spec.requiresRepublish ?? false,
		orNone(spec.volumeLifecycleModes?.join(',')),
		age(driver, nowMs),
	];
};

interface Policy extends KubeObject {
	readonly spec?: {
		readonly validations?: readonly object[];
		readonly mutations?: readonly object[];
		readonly paramKind?: { readonly apiVersion?: string; readonly kind?: string };
	};
}
const policyCells: Cells<Policy> = (policy, nowMs) => {
	const { validations, mutations, paramKind } = policy.spec ?? {};
	const kind = paramKind === undefined ? UNSET : `${paramKind.apiVersion ?? ''}/${paramKind.kind ?? ''}`;
	return [nameOf(policy), (validations ?? mutations ?? []).length, kind, age(policy, nowMs)];
};

interface PolicyBinding extends KubeObject {
	readonly spec?: {
		readonly policyName?: string;
		readonly paramRef?: { readonly name?: string; readonly namespace?: string };
	};
}
const policyBindingCells: Cells<PolicyBinding> = (binding, nowMs) => {
	const { policyName = '', paramRef: { name, namespace } = {} } = binding.spec ?? {};
	// Without a namespace: whether the parameter is in a namespace is not known here.
	const parameter = name ? `${namespace || '*'}/${name}` : UNSET;
	return [nameOf(binding), policyName, parameter, age(binding, nowMs)];
};

const podTemplateCells: Cells<PodTemplate> = (object) => {
	const { metadata: { labels = {} } = {}, spec: { containers = [] } = {} } = object.template ?? {};
	return [
		nameOf(object),
		containers.map(({ name = '' }) => name).join(','),
		containers.map(({ image = '' }) => image).join(','),
		orNone(
			Object.entries(labels)
				.map((label) => label.join('='))
				.toSorted()
				.join(','),
		),
	];
};

type Webhooks = KubeObject & { readonly webhooks?: readonly object[] };
const webhookCells: Cells<Webhooks> = (object, nowMs) => [
	nameOf(object),
	object.webhooks?.length ?? 0,
	age(object, nowMs),
];

type PriorityClass = KubeObject & {
	readonly value?: number;
	readonly globalDefault?: boolean;
	readonly preemptionPolicy?: string;
};
const priorityClassCells: Cells<PriorityClass> = (object, nowMs) => {
	const { value = 0, globalDefault = false, preemptionPolicy = '' } = object;
	return [nameOf(object), value, globalDefault, age(object, nowMs), preemptionPolicy];
};

type RuntimeClass = KubeObject & { readonly handler?: string };
type CsiNode = KubeObject & { readonly spec?: { readonly drivers?: readonly object[] } };
type ClusterTrustBundle = KubeObject & { readonly spec?: { readonly signerName?: string } };

/** By kind. A kind that is not here has the columns of upstream's default: name and creation. */
export const cells = {
	CSIDriver: csiDriverCells,
	CSINode: (object: CsiNode, nowMs) => [nameOf(object), object.spec?.drivers?.length ?? 0, age(object, nowMs)],
	CertificateSigningRequest: csrCells,
	ClusterRoleBinding: bindingCells,
	ClusterTrustBundle: (object: ClusterTrustBundle) => [nameOf(object), orNone(object.spec?.signerName)],
	ConfigMap: (object: ConfigMap, nowMs) => [
		nameOf(object),
		count(object.data) + count(object.binaryData),
		age(object, nowMs),
	],
	EndpointSlice: endpointSliceCells,
	Event: eventCells,
	Lease: (object: Lease, nowMs) => [nameOf(object), object.spec?.holderIdentity ?? '', age(object, nowMs)],
	MutatingAdmissionPolicy: policyCells,
	MutatingAdmissionPolicyBinding: policyBindingCells,
	MutatingWebhookConfiguration: webhookCells,
	Namespace: (object: Namespace, nowMs) => [nameOf(object), object.status?.phase ?? '', age(object, nowMs)],
	Node: nodeCells,
	Pod: podCells,
	PodTemplate: podTemplateCells,
	PriorityClass: priorityClassCells,
	ResourceQuota: quotaCells,
	RoleBinding: bindingCells,
	RuntimeClass: (object: RuntimeClass, nowMs) => [nameOf(object), object.handler ?? '', age(object, nowMs)],
	Secret: (object: Secret, nowMs) => [nameOf(object), object.type ?? '', count(object.data), age(object, nowMs)],
	Service: serviceCells,
	ServiceAccount: (object: KubeObject, nowMs) => [nameOf(object), age(object, nowMs)],
	ValidatingAdmissionPolicy: policyCells,
	ValidatingAdmissionPolicyBinding: policyBindingCells,
	ValidatingWebhookConfiguration: webhookCells,
} satisfies Readonly<Record<string, Cells<never>>>;
