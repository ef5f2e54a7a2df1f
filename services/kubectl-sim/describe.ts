/** `kubectl describe`: the details of nodes and certificate requests. */
import type { Clock } from '../../lib/clock.ts';
import { hasCode, type KubejoinError } from '../../lib/errors.ts';
import type { ApiClient, ResourceClient } from '../../lib/kube/client.ts';
import { csrStatus, nodeRoles } from '../../lib/kube/columns/cells.ts';
import { humanDuration } from '../../lib/kube/duration.ts';
import { resources } from '../../lib/kube/resources.ts';
import {
	type CertificateSigningRequest,
	type Event,
	type KubeObject,
	type Lease,
	type Node,
	type NodeSystemInfo,
	type Taint,
	wellKnown,
} from '../../lib/kube/types.ts';
import { parseCsr } from '../../lib/pki/csr.ts';
import { printable, printableDeep } from '../../lib/text.ts';
import { invalidCommand, throwAll, unknownType } from './command-errors.ts';
import { type EventsApi, eventLines, eventsOf, eventsOfNode } from './describe-events.ts';
import type { Output } from './output.ts';
import { findResource, parseResourceArgument } from './resource-types.ts';
import { alignTabs, describeTabs } from './tabwriter.ts';

type Api = Pick<ApiClient, 'nodes' | 'leases' | 'certificateSigningRequests'> & EventsApi;
type Readable<T extends KubeObject> = Pick<ResourceClient<T>, 'get' | 'list'>;

/**
 * @param names  none for all; a single name that does not exist is a prefix
 * @throws COMMAND_INVALID  unknown type; errors of the API, several together
 * @source kubectl pkg/cmd/describe
 */
export async function describe(
	type: string,
	names: readonly string[],
	{ api, output, clock }: { readonly api: Api; readonly output: Output; readonly clock: Clock },
): Promise<void> {
	const resource = findResource(parseResourceArgument(type));
	if (resource === resources.nodes) {
		const text = async (node: Node) => {
			const [lease, events] = await Promise.all([leaseOf(node, api), eventsOfNode(node, api)]);
			return describeNode(node, lease, events, clock());
		};
		return await describeEach(api.nodes, names, text, output);
	}
	if (resource === resources.certificateSigningRequests) {
		const text = async (csr: CertificateSigningRequest) => describeCsr(csr, await eventsOf(csr, api), clock());
		return await describeEach(api.certificateSigningRequests, names, text, output);
	}
	throw unknownType(type, 'describe');
}

async function describeEach<T extends KubeObject>(
	client: Readable<T>,
	names: readonly string[],
	text: (object: T) => string | Promise<string>,
	output: Output,
): Promise<void> {
	const objects =
		names.length === 0
			? (await client.list()).items.map(async (object) => object)
			: names.map((name) => client.get(name));
	if (objects.length === 0) output.err('No resources found\n');
	const errors: unknown[] = [];
	let separator = '';
	for (const found of await Promise.allSettled(objects)) {
		if (found.status === 'rejected') {
			errors.push(found.reason);
			continue;
		}
		output.out(separator + (await text(found.value)));
		separator = '\n\n';
	}
	const [prefix = '', ...more] = names;
	if (more.length === 0 && hasCode(errors[0], 'API_NOT_FOUND')) {
		const matching = (await client.list()).items.filter(({ metadata }) => metadata.name?.startsWith(prefix));
		for (const object of matching) output.out(`${await text(object)}\n`);
		if (matching.length > 0) return;
	}
	throwAll(errors);
}

/** An error is printed in place of the Lease. */
const leaseOf = ({ metadata: { name = '' } }: Node, { leases }: Api): Promise<Lease | KubejoinError> =>
	leases.get(name, wellKnown.kubeNodeLease).catch((error: KubejoinError) => error);

/**
 * @source kubectl pkg/describe/describe.go describeNode, release 1.32
 * @differs without pods, "Non-terminated Pods" and "Allocated resources" are absent; a long annotation is not wrapped
 */
export function describeNode(node: Node, lease: Lease | Error, events: readonly Event[], nowMs: number): string {
	const { metadata, spec, status } = printableDeep(node);
	const conditions = status?.conditions ?? [];
	const lines = [
		`Name:\t${metadata.name}`,
		`Roles:\t${nodeRoles(printableDeep(node)).join(',') || '<none>'}`,
		listed('Labels', pairs(metadata.labels, '=')),
		listed('Annotations', pairs(metadata.annotations, ': ')),
		`CreationTimestamp:\t${rfc1123z(metadata.creationTimestamp)}`,
		listed('Taints', (spec?.taints ?? []).toSorted((a, b) => (taintKey(a) < taintKey(b) ? -1 : 1)).map(taintText)),
		`Unschedulable:\t${spec?.unschedulable ?? false}`,
		...leaseLines(lease),
		...(conditions.length === 0
			? []
			: ['Conditions:', '  Type\tStatus\tLastHeartbeatTime\tLastTransitionTime\tReason\tMessage']),
		...(conditions.length === 0 ? [] : ['  ----\t------\t-----------------\t------------------\t------\t-------']),
		...conditions.map(
			({ type, status, lastHeartbeatTime, lastTransitionTime, reason = '', message = '' }) =>
				`  ${[type, status, rfc1123z(lastHeartbeatTime), rfc1123z(lastTransitionTime), reason, message].join(' \t')}`,
		),
		'Addresses:',
		...(status?.addresses ?? []).map(({ type, address }) => `  ${type}:\t${address}`),
		...quantities('Capacity', status?.capacity),
		...quantities('Allocatable', status?.allocatable),
		'System Info:',
		...systemInfo.map(([title, field]) => `  ${title}:\t${status?.nodeInfo?.[field] ?? ''}`),
		...(spec?.podCIDR ? [`PodCIDR:\t${spec.podCIDR}`] : []),
		...(spec?.providerID ? [`ProviderID:\t${spec.providerID}`] : []),
		...eventLines(events, nowMs),
	];
	return alignTabs(`${lines.join('\n')}\n`, describeTabs);
}

const systemInfo: readonly (readonly [string, keyof NodeSystemInfo])[] = [
	['Machine ID', 'machineID'],
	['System UUID', 'systemUUID'],
	['Boot ID', 'bootID'],
	['Kernel Version', 'kernelVersion'],
	['OS Image', 'osImage'],
	['Operating System', 'operatingSystem'],
	['Architecture', 'architecture'],
	['Container Runtime Version', 'containerRuntimeVersion'],
	['Kubelet Version', 'kubeletVersion'],
];

function leaseLines(lease: Lease | Error): string[] {
	if (lease instanceof Error) return [`Lease:\tFailed to get lease: ${printable(lease.message)}`];
	const { holderIdentity = '<unset>', acquireTime, renewTime } = printableDeep(lease.spec ?? {});
	const time = (value: string | undefined) => (value === undefined ? '<unset>' : rfc1123z(value));
	return [
		'Lease:',
		`  HolderIdentity:\t${holderIdentity}`,
		`  AcquireTime:\t${time(acquireTime)}`,
		`  RenewTime:\t${time(renewTime)}`,
	];
}

const taintKey = ({ effect, key }: Taint): string => `${effect},${key}`;
/** @source k8s.io/api core/v1 Taint.ToString */
const taintText = ({ key, value = '', effect }: Taint): string =>
	`${key}${value === '' ? '' : `=${value}`}${effect === '' ? '' : `:${effect}`}`;

const quantities = (title: string, resources: Record<string, string> = {}): string[] => {
	const lines = pairs(resources, ':\t').map((line) => `  ${line}`);
	return lines.length === 0 ? [] : [`${title}:`, ...lines];
};

/**
 * @throws COMMAND_INVALID  malformed PKCS #10 request
 * @source kubectl pkg/describe/describe.go describeCertificateSigningRequest
 * @differs reads only the common name and the organizations of the subject
 */
export function describeCsr(csr: CertificateSigningRequest, events: readonly Event[], nowMs: number): string {
	const { metadata, spec } = printableDeep(csr);
	const { subject, names } = printableDeep(readRequest(csr.spec.request));
	const { expirationSeconds } = spec;
	const sans = [
		nested('DNS Names', names.dns),
		nested('Email Addresses', names.email),
		nested('URIs', names.uri),
		nested('IP Addresses', names.ip),
	].flat();
	const lines = [
		`Name:\t${metadata.name}`,
		`Labels:\t${pairs(metadata.labels, '=').join(',') || '<none>'}`,
		`Annotations:\t${pairs(metadata.annotations, '=').join(',') || '<none>'}`,
		`CreationTimestamp:\t${rfc1123z(metadata.creationTimestamp)}`,
		`Requesting User:\t${spec.username ?? ''}`,
		...(spec.signerName === '' ? [] : [`Signer:\t${spec.signerName}`]),
		...(expirationSeconds === undefined ? [] : [`Requested Duration:\t${humanDuration(expirationSeconds * 1000)}`]),
		`Status:\t${csrStatus(csr)}`,
		'Subject:',
		`\tCommon Name:\t${subject.commonName}`,
		'\tSerial Number:\t',
		...nested('Organization', subject.organizations),
		...(sans.length === 0 ? [] : ['Subject Alternative Names:', ...sans]),
		...eventLines(events, nowMs),
	];
	return alignTabs(`${lines.join('\n')}\n`, describeTabs);
}

function readRequest(base64: string) {
	try {
		return parseCsr(Buffer.from(base64, 'base64').toString('utf8'));
	} catch (error) {
		throw invalidCommand(`Error parsing CSR: ${(error as Error).message}`, 'describe');
	}
}

const pairs = (map: Record<string, string> = {}, between: string): string[] =>
	Object.keys(map)
		.sort()
		.map((key) => `${key}${between}${map[key]}`);
const listed = (title: string, values: readonly string[]): string =>
	`${title}:\t${values.length === 0 ? '<none>' : values.join('\n\t')}`;
const nested = (title: string, values: readonly string[]): string[] =>
	values.length === 0 ? [] : [`\t${title}:\t${values.join('\n\t\t')}`];

const zeroTime = 'Mon, 01 Jan 0001 00:00:00 +0000';
const days = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const two = (number: number): string => String(number).padStart(2, '0');

/**
 * `Sat, 31 Jan 2026 12:00:00 +0000`, in the time zone of this machine.
 *
 * @param time           RFC 3339
 * @param offsetMinutes  east of UTC; default: that of this machine at that time
 * @source Go time.RFC1123Z
 */
export function rfc1123z(
	time: string | undefined,
	offsetMinutes = time === undefined ? 0 : -new Date(time).getTimezoneOffset(),
): string {
	if (time === undefined) return zeroTime;
	const local = new Date(Date.parse(time) + offsetMinutes * 60_000);
	const month = `${months[local.getUTCMonth()]} ${local.getUTCFullYear()}`;
	const day = `${days[local.getUTCDay()]}, ${two(local.getUTCDate())} ${month}`;
	const minutes = Math.abs(offsetMinutes);
	const offset = `${offsetMinutes < 0 ? '-' : '+'}${two(Math.floor(minutes / 60))}${two(minutes % 60)}`;
	return `${day} ${local.toISOString().slice(11, 19)} ${offset}`;
}
