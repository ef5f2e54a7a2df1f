/** EndpointSlices. @source pkg/apis/discovery/validation, pkg/apis/discovery/v1/defaults.go, release 1.37 */
import { isDeepStrictEqual } from 'node:util';
import { ipVersion } from '../../../lib/address.ts';
import type { FieldProblem } from '../../../lib/errors.ts';
import { labelProblems, labelValueProblems, subdomainProblems } from '../../../lib/kube/names.ts';
import { invalid, notSupported, required, tooMany } from '../../../lib/kube/object-meta.ts';
import { resources } from '../../../lib/kube/resources.ts';
import type { KubeObject } from '../../../lib/kube/types.ts';
import { canonicalIp6, endpointIpProblems, portProtocols, qualifiedProblems, repeatedIn } from './field-rules.ts';
import { kindStrategy } from './kind.ts';

interface Endpoint {
	readonly addresses?: readonly string[];
	readonly nodeName?: string;
	readonly hostname?: string;
	readonly conditions?: object;
	readonly deprecatedTopology?: object;
	readonly hints?: { readonly forZones?: readonly Hint[]; readonly forNodes?: readonly Hint[] };
}
interface Hint {
	readonly name?: string;
}
interface EndpointSlice extends KubeObject {
	readonly addressType?: string;
	readonly ports?: readonly { readonly name?: string; readonly protocol?: string; readonly appProtocol?: string }[];
	readonly endpoints?: readonly Endpoint[];
}

const addressTypes = ['FQDN', 'IPv4', 'IPv6'];
const MAX_ADDRESSES = 100;
const MAX_HINTS = 8;

export const endpointSlices = kindStrategy<EndpointSlice>(resources.endpointSlices, {
	// Upstream compares without the difference between an empty value and none.
	generationOf: ({ addressType, endpoints = [], ports = [], metadata: { labels = {} } }) => [
		addressType,
		endpoints.map((one) => ({ ...one, conditions: one.conditions ?? {} })),
		ports,
		labels,
	],
	warningsOf: ({ addressType }, previous) =>
		previous === undefined && addressType === 'FQDN' ? ['spec.addressType: FQDN endpoints are deprecated'] : [],
	/** In this version of the API, no client can set the topology. @source pkg/registry/discovery dropTopologyOnV1 */
	setDefaults: (slice) => ({
		...slice,
		...(slice.endpoints === undefined
			? {}
			: { endpoints: slice.endpoints.map(({ deprecatedTopology: _, ...endpoint }) => endpoint) }),
		...(slice.ports === undefined
			? {}
			: { ports: slice.ports.map((port) => ({ name: '', ...port, protocol: port.protocol ?? 'TCP' })) }),
	}),
	validate: (slice, previous) => {
		const { addressType = '', endpoints = [] } = slice;
		const isChanged = previous === undefined || !isDeepStrictEqual(endpoints, previous.endpoints ?? []);
		const checked = isChanged ? endpoints : [];
		return [
			...portProblems(slice),
			...checked.flatMap((one, index) => endpointProblems(one, addressType, `endpoints[${index}]`)),
			// Upstream checks these by declared rules, after all others.
			...(addressType === '' ? [required('addressType')] : []),
			...(addressType === '' || addressTypes.includes(addressType)
				? []
				: [notSupported('addressType', addressType, addressTypes)]),
			...endpoints.flatMap(({ addresses = [] }, index) => countProblems(addresses, `endpoints[${index}].addresses`)),
		];
	},
	// Upstream prints no value.
	validateUpdate: (next, previous) =>
		next.addressType === previous.addressType ? [] : [invalid('addressType', null, 'field is immutable')],
});

const countProblems = (addresses: readonly string[], at: string): FieldProblem[] => {
	if (addresses.length === 0) return [required(at)];
	return addresses.length > MAX_ADDRESSES ? [tooMany(at, addresses.length, MAX_ADDRESSES)] : [];
};

function portProblems({ ports = [] }: EndpointSlice): FieldProblem[] {
	const repeated = repeatedIn(ports.map(({ name = '' }) => name));
	return ports.flatMap(({ name = '', protocol = '', appProtocol }, index) => {
		const at = `ports[${index}]`;
		return [
			...(name === '' ? [] : labelProblems(name).map((detail) => invalid(`${at}.name`, name, detail))),
			...repeated(index, `${at}.name`),
			...(portProtocols.includes(protocol) ? [] : [notSupported(`${at}.protocol`, protocol, portProtocols)]),
			...(appProtocol === undefined ? [] : qualifiedProblems(`${at}.appProtocol`, appProtocol)),
		];
	});
}

function endpointProblems(endpoint: Endpoint, addressType: string, at: string): FieldProblem[] {
	const { addresses = [], nodeName, hostname, hints } = endpoint;
	return [
		...addresses.flatMap((address, index) => addressProblems(address, addressType, `${at}.addresses`, index)),
		...(nodeName === undefined
			? []
			: subdomainProblems(nodeName).map((detail) => invalid(`${at}.nodeName`, nodeName, detail))),
		...(hostname === undefined
			? []
			: labelProblems(hostname).map((detail) => invalid(`${at}.hostname`, hostname, detail))),
		...hintProblems(hints?.forZones, `${at}.hints.forZones`, labelValueProblems),
		...hintProblems(hints?.forNodes, `${at}.hints.forNodes`, subdomainProblems),
	];
}

function addressProblems(address: string, addressType: string, at: string, index: number): FieldProblem[] {
	const field = `${at}[${index}]`;
	if (addressType === 'FQDN') return domainProblems(address, field);
	if (addressType !== 'IPv4' && addressType !== 'IPv6') return [];
	const family = ipVersion(address);
	const isOther = family > 0 && `IPv${family}` !== addressType;
	const article = `must be an ${addressType} address`;
	const canonical = family === 6 ? canonicalIp6(address) : address;
	return [
		...(isOther ? [invalid(at, address, article)] : []),
		...(canonical === address
			? []
			: [invalid(field, address, `must be in canonical form (${JSON.stringify(canonical)})`)]),
		...endpointIpProblems(field, address),
	];
}

/** @source apimachinery/pkg/util/validation IsFullyQualifiedDomainName */
function domainProblems(sent: string, field: string): FieldProblem[] {
	if (sent === '') return [required(field)];
	const name = sent.replace(/\.$/, '');
	const problems = subdomainProblems(name);
	if (problems.length > 0) return [invalid(field, name, problems.join(','))];
	if (name.includes('.')) return [];
	return [invalid(field, name, 'should be a domain with at least two segments separated by dots')];
}

function hintProblems(hints: readonly Hint[] = [], at: string, rule: (name: string) => string[]): FieldProblem[] {
	if (hints.length > MAX_HINTS) return [tooMany(at, hints.length, MAX_HINTS)];
	const names = hints.map(({ name = '' }) => name);
	const repeated = repeatedIn(names);
	return names.flatMap((name, index) => [
		...repeated(index, `${at}[${index}].name`),
		...rule(name).map((detail) => invalid(`${at}[${index}].name`, name, detail)),
	]);
}
