/** The columns of `kubectl get`. Pure. @source pkg/printers/internalversion/printers.go */
import { humanDuration } from '../../lib/kube/duration.ts';
import type {
	CertificateSigningRequest,
	ConfigMap,
	KubeObject,
	Lease,
	Node,
	RoleBinding,
	Secret,
} from '../../lib/kube/types.ts';

export interface Column<T> {
	readonly header: string;
	/** Only with `-o wide`. */
	readonly isWide?: true;
	/** @param now milliseconds since the epoch */
	cell(object: T, now: number): string;
}

const age = ({ metadata: { creationTimestamp = '' } }: KubeObject, now: number): string =>
	creationTimestamp === '' ? '<unknown>' : humanDuration(now - Date.parse(creationTimestamp));
const orUnknown = (text = ''): string => text || '<unknown>';

const name: Column<KubeObject> = { header: 'NAME', cell: ({ metadata }) => metadata.name ?? '' };
/** The first column with --all-namespaces. */
export const namespaceColumn: Column<KubeObject> = {
	header: 'NAMESPACE',
	cell: ({ metadata }) => metadata.namespace ?? '',
};

export const nodeColumns: readonly Column<Node>[] = [
	name,
	{ header: 'STATUS', cell: nodeStatus },
	{ header: 'ROLES', cell: (node) => nodeRoles(node).join(',') || '<none>' },
	{ header: 'AGE', cell: age },
	{ header: 'VERSION', cell: ({ status }) => status?.nodeInfo?.kubeletVersion ?? '' },
	{ header: 'INTERNAL-IP', isWide: true, cell: (node) => addressOf(node, 'InternalIP') },
	{ header: 'EXTERNAL-IP', isWide: true, cell: (node) => addressOf(node, 'ExternalIP') },
	{ header: 'OS-IMAGE', isWide: true, cell: ({ status }) => orUnknown(status?.nodeInfo?.osImage) },
	{ header: 'KERNEL-VERSION', isWide: true, cell: kernelVersion },
	{
		header: 'CONTAINER-RUNTIME',
		isWide: true,
		cell: ({ status }) => orUnknown(status?.nodeInfo?.containerRuntimeVersion),
	},
];

export const csrColumns: readonly Column<CertificateSigningRequest>[] = [
	name,
	{ header: 'AGE', cell: age },
	{ header: 'SIGNERNAME', cell: ({ spec }) => spec.signerName || '<none>' },
	{ header: 'REQUESTOR', cell: ({ spec }) => spec.username ?? '' },
	{ header: 'REQUESTEDDURATION', cell: ({ spec }) => requestedDuration(spec) ?? '<none>' },
	{ header: 'CONDITION', cell: csrStatus },
];

const count = (data: object = {}): string => String(Object.keys(data).length);

export const secretColumns: readonly Column<Secret>[] = [
	name,
	{ header: 'TYPE', cell: ({ type }) => type ?? '' },
	{ header: 'DATA', cell: ({ data }) => count(data) },
	{ header: 'AGE', cell: age },
];

export const configMapColumns: readonly Column<ConfigMap>[] = [
	name,
	{ header: 'DATA', cell: ({ data }) => count(data) },
	{ header: 'AGE', cell: age },
];

export const leaseColumns: readonly Column<Lease>[] = [
	name,
	{ header: 'HOLDER', cell: ({ spec }) => spec?.holderIdentity ?? '' },
	{ header: 'AGE', cell: age },
];

/** Upstream prints roles with the generic printer. */
export const roleColumns: readonly Column<KubeObject>[] = [
	name,
	{ header: 'CREATED AT', cell: ({ metadata }) => metadata.creationTimestamp ?? '' },
];

const subjects =
	(kind: string) =>
	(binding: RoleBinding): string =>
		(binding.subjects ?? [])
			.filter((subject) => subject.kind === kind)
			.map((subject) => (kind === 'ServiceAccount' ? `${subject.namespace ?? ''}/${subject.name}` : subject.name))
			.join(', ');

export const roleBindingColumns: readonly Column<RoleBinding>[] = [
	name,
	{ header: 'ROLE', cell: ({ roleRef: { kind, name: role } }) => `${kind}/${role}` },
	{ header: 'AGE', cell: age },
	{ header: 'USERS', isWide: true, cell: subjects('User') },
	{ header: 'GROUPS', isWide: true, cell: subjects('Group') },
	{ header: 'SERVICEACCOUNTS', isWide: true, cell: subjects('ServiceAccount') },
];

function nodeStatus({ spec, status }: Node): string {
	const ready = status?.conditions?.findLast(({ type }) => type === 'Ready');
	const text = ready === undefined ? 'Unknown' : ready.status === 'True' ? 'Ready' : 'NotReady';
	return spec?.unschedulable ? `${text},SchedulingDisabled` : text;
}

function kernelVersion({ status }: Node): string {
	const { kernelVersion: kernel, architecture } = status?.nodeInfo ?? {};
	return `${orUnknown(kernel)}${architecture ? ` (${architecture})` : ''}`;
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
	status?.addresses?.find((address) => address.type === type)?.address ?? '<none>';

export const requestedDuration = ({ expirationSeconds }: CertificateSigningRequest['spec']): string | undefined =>
	expirationSeconds === undefined ? undefined : humanDuration(expirationSeconds * 1000);

/** `Pending`, `Approved,Issued`, `Denied`, `Approved,Failed`… */
export function csrStatus({ status }: CertificateSigningRequest): string {
	const has = (type: string) => status?.conditions?.some((condition) => condition.type === type) ?? false;
	const decision = has('Denied') ? 'Denied' : has('Approved') ? 'Approved' : 'Pending';
	return [decision, ...(has('Failed') ? ['Failed'] : []), ...(status?.certificate ? ['Issued'] : [])].join(',');
}
