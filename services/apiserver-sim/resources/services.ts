/**
 * Services and EndpointSlices. A Service gets an address of the service network; nothing listens there.
 *
 * @source pkg/registry/core/service, pkg/apis/core/v1/defaults.go SetDefaults_Service, release 1.37
 */
import { isIP } from 'node:net';
import { isDeepStrictEqual } from 'node:util';
import type { FieldProblem } from '../../../lib/errors.ts';
import { labelProblems } from '../../../lib/kube/names.ts';
import { duplicate, invalid, notSupported, required } from '../../../lib/kube/object-meta.ts';
import { resources } from '../../../lib/kube/resources.ts';
import type { KubeObject } from '../../../lib/kube/types.ts';
import type { Strategy } from '../registry.ts';
import { kindStrategy } from './kind.ts';

interface ServicePort {
	readonly name?: string;
	readonly port?: number;
	readonly targetPort?: number | string;
	readonly nodePort?: number;
	readonly protocol?: string;
}
export interface Service extends KubeObject {
	readonly spec?: {
		readonly type?: string;
		readonly clusterIP?: string;
		readonly clusterIPs?: readonly string[];
		readonly ports?: readonly ServicePort[];
		readonly externalName?: string;
		readonly [field: string]: unknown;
	};
}

const types = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort'];
const protocols = ['SCTP', 'TCP', 'UDP'];
const MAX_PORT = 65_535;
const portProblems = (field: string, port: number): FieldProblem[] =>
	port >= 1 && port <= MAX_PORT ? [] : [invalid(field, port, 'must be between 1 and 65535, inclusive')];

function setDefaults(service: Service): Service {
	const { spec = {} } = service;
	const type = spec.type || 'ClusterIP';
	const hasAddress = type !== 'ExternalName';
	const ports = spec.ports?.map((port) => ({
		...port,
		protocol: port.protocol || 'TCP',
		targetPort: port.targetPort || port.port,
	}));
	const clusterIP = spec.clusterIP || spec.clusterIPs?.[0];
	return {
		...service,
		spec: {
			sessionAffinity: 'None',
			...(hasAddress ? { ipFamilies: ['IPv4'], ipFamilyPolicy: 'SingleStack', internalTrafficPolicy: 'Cluster' } : {}),
			...(type === 'NodePort' || type === 'LoadBalancer' ? { externalTrafficPolicy: 'Cluster' } : {}),
			...(type === 'LoadBalancer' ? { allocateLoadBalancerNodePorts: true } : {}),
			...spec,
			...(ports === undefined ? {} : { ports }),
			...(clusterIP ? { clusterIP, clusterIPs: [clusterIP] } : {}),
			type,
		},
	};
}

function validate({ spec = {} }: Service): FieldProblem[] {
	const { type = '', ports = [], clusterIP = '', externalName = '' } = spec;
	const problems: FieldProblem[] = [];
	if (ports.length === 0 && type !== 'ExternalName' && clusterIP !== 'None') problems.push(required('spec.ports'));
	if (!types.includes(type)) problems.push(notSupported('spec.type', type, types));
	if (type === 'ExternalName' && externalName === '') problems.push(required('spec.externalName'));
	if (clusterIP !== '' && clusterIP !== 'None' && isIP(clusterIP) === 0)
		problems.push(
			invalid('spec.clusterIPs[0]', clusterIP, 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)'),
		);
	const names = new Set<string>();
	for (const [index, { name = '', port = 0, protocol = '' }] of ports.entries()) {
		const at = `spec.ports[${index}]`;
		if (name === '' && ports.length > 1) problems.push(required(`${at}.name`));
		if (name !== '') problems.push(...labelProblems(name).map((detail) => invalid(`${at}.name`, name, detail)));
		if (name !== '' && names.has(name)) problems.push(duplicate(`${at}.name`, name));
		names.add(name);
		problems.push(...portProblems(`${at}.port`, port));
		if (!protocols.includes(protocol)) problems.push(notSupported(`${at}.protocol`, protocol, protocols));
	}
	return problems;
}

const base = kindStrategy<Service>(resources.services, {
	allowsCreateOnUpdate: true,
	nameRule: labelProblems,
	setDefaults,
	initialStatus: () => ({ loadBalancer: {} }),
	validate,
	validateUpdate: (next, previous) => {
		const [after, before] = [next.spec?.clusterIPs?.[0], previous.spec?.clusterIPs?.[0]];
		const isFixed = before !== undefined && next.spec?.type !== 'ExternalName';
		return isFixed && after !== before ? [invalid('spec.clusterIPs[0]', after ?? [], 'may not change once set')] : [];
	},
	fields: ({ spec }) => ({ 'spec.clusterIP': spec?.clusterIP ?? '', 'spec.type': spec?.type ?? '' }),
});

/** @source pkg/registry/core/service/strategy.go dropTypeDependentFields */
export const services: Strategy<Service> = {
	...base,
	prepareForUpdate(next, previous, subresource, now) {
		const object = base.prepareForUpdate?.(next, previous, subresource, now) ?? next;
		const [after, before] = [object.spec ?? {}, previous.spec ?? {}];
		const spec = withoutUnneeded(withAllocated(after, before), before);
		if (spec.type === 'LoadBalancer') return { ...object, spec };
		const status = { ...(object as { status?: object }).status, loadBalancer: {} };
		return { ...object, spec, status } as Service;
	},
};

type Spec = NonNullable<Service['spec']>;
const hasNodePorts = ({ type }: Spec): boolean => type === 'NodePort' || type === 'LoadBalancer';
const nodePortsOf = ({ ports = [] }: Spec): number[] => ports.flatMap(({ nodePort }) => nodePort || []);

/** An update that leaves out the allocated address and node ports keeps them. @source patchAllocatedValues */
function withAllocated(spec: Spec, found: Spec): Spec {
	const { clusterIP, clusterIPs } = found;
	const keepsAddress = spec.type !== 'ExternalName' && !spec.clusterIP && clusterIP !== undefined;
	const used = nodePortsOf(found).filter((port) => nodePortsOf(spec).includes(port));
	const ofName = new Map(found.ports?.map(({ name = '', nodePort }) => [name, nodePort]));
	const ports = spec.ports?.map((port) => {
		const before = ofName.get(port.name ?? '');
		const isKept = hasNodePorts(spec) && hasNodePorts(found) && !port.nodePort && before && !used.includes(before);
		return isKept ? { ...port, nodePort: before } : port;
	});
	return {
		...spec,
		...(keepsAddress ? { clusterIP, clusterIPs } : {}),
		...(ports === undefined ? {} : { ports }),
	};
}

/** A change of the type drops the values that the old type had and the update did not change. */
function withoutUnneeded(spec: Spec, found: Spec): Spec {
	const unneeded: (keyof Spec)[] = [];
	if (found.type !== 'ExternalName' && spec.type === 'ExternalName')
		unneeded.push('clusterIP', 'clusterIPs', 'ipFamilies', 'ipFamilyPolicy');
	if (found.type === 'LoadBalancer' && spec.type !== 'LoadBalancer')
		unneeded.push('allocateLoadBalancerNodePorts', 'loadBalancerClass');
	if (hasNodePorts(found) && !hasNodePorts(spec)) unneeded.push('externalTrafficPolicy');
	const dropped = unneeded.filter((field) => isDeepStrictEqual(spec[field], found[field]));
	const kept = Object.fromEntries(Object.entries(spec).filter(([field]) => !dropped.includes(field))) as Spec;
	const dropsPorts =
		hasNodePorts(found) &&
		!hasNodePorts(spec) &&
		isDeepStrictEqual(nodePortsOf(spec).toSorted(), nodePortsOf(found).toSorted());
	if (!dropsPorts || kept.ports === undefined) return kept;
	return { ...kept, ports: kept.ports.map(({ nodePort: _released, ...port }) => port) };
}

interface EndpointSlice extends KubeObject {
	readonly addressType?: string;
	readonly ports?: readonly { readonly name?: string; readonly port?: number; readonly protocol?: string }[];
	readonly endpoints?: readonly { readonly addresses?: readonly string[] }[];
}
const addressTypes = ['FQDN', 'IPv4', 'IPv6'];

/** @source pkg/apis/discovery/validation, pkg/apis/discovery/v1/defaults.go */
export const endpointSlices = kindStrategy<EndpointSlice>(resources.endpointSlices, {
	generationOf: ({ addressType, endpoints, ports }) => [addressType, endpoints, ports],
	setDefaults: (slice) => ({
		...slice,
		...(slice.ports === undefined
			? {}
			: { ports: slice.ports.map((port) => ({ name: '', ...port, protocol: port.protocol || 'TCP' })) }),
	}),
	validate: ({ addressType = '', endpoints = [] }) => [
		...(addressType === '' ? [required('addressType')] : []),
		...(addressType === '' || addressTypes.includes(addressType)
			? []
			: [notSupported('addressType', addressType, addressTypes)]),
		...endpoints.flatMap(({ addresses = [] }, index) =>
			addresses.length === 0 ? [required(`endpoints[${index}].addresses`, 'must contain at least 1 address')] : [],
		),
	],
	validateUpdate: (next, previous) =>
		isDeepStrictEqual(next.addressType, previous.addressType)
			? []
			: [invalid('addressType', next.addressType ?? '', 'field is immutable')],
});
