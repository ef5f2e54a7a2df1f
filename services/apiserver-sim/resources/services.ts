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

export const services: Strategy<Service> = {
	...base,
	prepareForUpdate(next, previous, subresource, now) {
		const object = base.prepareForUpdate?.(next, previous, subresource, now) ?? next;
		return { ...object, spec: withAllocated(object, previous) };
	},
};

/** An update that leaves out the allocated address and node ports keeps them. @source patchAllocatedValues */
function withAllocated({ spec = {} }: Service, { spec: found = {} }: Service): Service['spec'] {
	const { clusterIP, clusterIPs } = found;
	const keepsAddress = spec.type !== 'ExternalName' && !spec.clusterIP && clusterIP !== undefined;
	const hasNodePorts = spec.type === 'NodePort' || spec.type === 'LoadBalancer';
	const ports = spec.ports?.map((port) => {
		const before = found.ports?.find((one) => one.port === port.port && one.protocol === port.protocol);
		return hasNodePorts && !port.nodePort && before?.nodePort ? { ...port, nodePort: before.nodePort } : port;
	});
	return {
		...spec,
		...(keepsAddress ? { clusterIP, clusterIPs } : {}),
		...(ports === undefined ? {} : { ports }),
	};
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
