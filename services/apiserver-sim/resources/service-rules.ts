/**
 * The validation of Services.
 *
 * @source pkg/apis/core/validation validateService, ValidateServiceUpdate, release 1.37
 * @differs annotations of load balancers are not checked
 */
import type { FieldProblem } from '../../../lib/errors.ts';
import { labelProblems, subdomainProblems } from '../../../lib/kube/names.ts';
import {
	duplicate,
	forbiddenField,
	invalid,
	labelsProblems,
	notSupported,
	required,
} from '../../../lib/kube/object-meta.ts';
import type { KubeObject } from '../../../lib/kube/types.ts';
import {
	cidrProblems,
	endpointIpProblems,
	ipProblems,
	portNameProblems,
	portProblems,
	portProtocols,
	qualifiedProblems,
	repeatedIn,
	repeatedPlaces,
} from './field-rules.ts';

export interface ServicePort {
	readonly name?: string;
	readonly port?: number;
	readonly targetPort?: number | string;
	readonly nodePort?: number;
	readonly protocol?: string;
	readonly appProtocol?: string;
}
export interface Service extends KubeObject {
	readonly spec?: {
		readonly type?: string;
		readonly clusterIP?: string;
		readonly clusterIPs?: readonly string[];
		readonly ports?: readonly ServicePort[];
		readonly externalName?: string;
		readonly externalIPs?: readonly string[];
		readonly selector?: Readonly<Record<string, string>>;
		readonly sessionAffinity?: string;
		readonly sessionAffinityConfig?: { readonly clientIP?: { readonly timeoutSeconds?: number } };
		readonly externalTrafficPolicy?: string;
		readonly internalTrafficPolicy?: string;
		readonly trafficDistribution?: string;
		readonly healthCheckNodePort?: number;
		readonly ipFamilies?: readonly string[];
		readonly ipFamilyPolicy?: string;
		readonly loadBalancerSourceRanges?: readonly string[];
		readonly allocateLoadBalancerNodePorts?: boolean;
		readonly loadBalancerClass?: string;
		readonly [field: string]: unknown;
	};
}
export type ServiceSpec = NonNullable<Service['spec']>;
type Spec = ServiceSpec;

const types = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort'];
const policies = ['Cluster', 'Local'];
const families = ['IPv4', 'IPv6'];
const familyPolicies = ['PreferDualStack', 'RequireDualStack', 'SingleStack'];
const affinities = ['ClientIP', 'None'];
const distributions = ['PreferClose', 'PreferSameZone', 'PreferSameNode'];
const MAX_AFFINITY_SECONDS = 86_400;
const ONLY_LOAD_BALANCER = "may only be used when `type` is 'LoadBalancer'";

export const isHeadless = ({ clusterIP, clusterIPs = [] }: Spec): boolean =>
	clusterIPs.length === 1 && (clusterIPs[0] === 'None' || clusterIP === 'None');
/** @source pkg/api/service/util.go */
export const isExternal = ({ type, externalIPs = [] }: Spec): boolean =>
	type === 'LoadBalancer' || type === 'NodePort' || (type === 'ClusterIP' && externalIPs.length > 0);
export const needsHealthCheck = ({ type, externalTrafficPolicy }: Spec): boolean =>
	type === 'LoadBalancer' && externalTrafficPolicy === 'Local';

const oneOf = (field: string, value: string | undefined, supported: readonly string[]): FieldProblem[] =>
	value === undefined || supported.includes(value) ? [] : [notSupported(field, value, supported)];
const requiredOneOf = (field: string, value: string | undefined, supported: readonly string[]): FieldProblem[] =>
	value ? oneOf(field, value, supported) : [required(field)];

/** @param found  of the stored Service */
export function serviceProblems(spec: Spec, found?: Spec): FieldProblem[] {
	const { type = '', ports = [], selector, sessionAffinity, externalIPs = [], trafficDistribution } = spec;
	const needsPorts = ports.length === 0 && !isHeadless(spec) && type !== 'ExternalName';
	return [
		...(needsPorts ? [required('spec.ports')] : []),
		...typeProblems(spec),
		...portsProblems(ports),
		...labelsProblems(selector, 'spec.selector'),
		...requiredOneOf('spec.sessionAffinity', sessionAffinity, affinities),
		...affinityProblems(spec),
		...(type === 'ExternalName' ? [] : addressProblems(spec)),
		...externalIPs.flatMap((ip, index) => endpointIpProblems(`spec.externalIPs[${index}]`, ip)),
		...requiredOneOf('spec.type', type, types),
		...repeatedPorts(spec),
		...loadBalancerProblems(spec, found),
		...trafficProblems(spec),
		...(trafficDistribution === undefined ? [] : oneOf('spec.trafficDistribution', trafficDistribution, distributions)),
	];
}

function typeProblems(spec: Spec): FieldProblem[] {
	const { type, clusterIPs = [], ipFamilies = [], ipFamilyPolicy, externalName = '' } = spec;
	if ((type === 'LoadBalancer' || type === 'NodePort') && isHeadless(spec))
		return [invalid('spec.clusterIPs[0]', clusterIPs[0], `may not be set to 'None' for ${type} services`)];
	if (type !== 'ExternalName') return [];
	const set = { clusterIPs: clusterIPs.length > 0, ipFamilies: ipFamilies.length > 0, ipFamilyPolicy };
	const name = externalName.replace(/\.$/, '');
	const field = 'spec.externalName';
	return [
		...Object.entries(set).flatMap(([one, isSet]) =>
			isSet ? [forbiddenField(`spec.${one}`, 'may not be set for ExternalName services')] : [],
		),
		...(name === '' ? [required(field)] : subdomainProblems(name).map((detail) => invalid(field, name, detail))),
	];
}

function portsProblems(ports: readonly ServicePort[]): FieldProblem[] {
	const repeated = repeatedIn(ports.map(({ name = '' }) => name));
	const isAlone = ports.length === 1;
	return ports.flatMap((port, index) => {
		const at = `spec.ports[${index}]`;
		return portRules(port, at, isAlone, port.name ? repeated(index, `${at}.name`) : []);
	});
}

/** @param repeated  the problem of a name that an earlier port has */
function portRules(port: ServicePort, at: string, isAlone: boolean, repeated: readonly FieldProblem[]): FieldProblem[] {
	const { name = '', protocol, targetPort = 0, appProtocol } = port;
	return [
		...(name === '' && !isAlone ? [required(`${at}.name`)] : []),
		...(name === '' ? [] : labelProblems(name).map((detail) => invalid(`${at}.name`, name, detail))),
		...repeated,
		...portProblems(`${at}.port`, port.port ?? 0),
		...requiredOneOf(`${at}.protocol`, protocol, portProtocols),
		...(typeof targetPort === 'number'
			? portProblems(`${at}.targetPort`, targetPort)
			: portNameProblems(targetPort).map((detail) => invalid(`${at}.targetPort`, targetPort, detail))),
		...(appProtocol === undefined ? [] : qualifiedProblems(`${at}.appProtocol`, appProtocol)),
	];
}

function affinityProblems({ sessionAffinity, sessionAffinityConfig }: Spec): FieldProblem[] {
	const at = 'spec.sessionAffinityConfig';
	if (sessionAffinity === 'None' && sessionAffinityConfig !== undefined)
		return [forbiddenField(at, 'must not be set when session affinity is None')];
	const seconds = sessionAffinityConfig?.clientIP?.timeoutSeconds;
	if (sessionAffinity !== 'ClientIP' || seconds === undefined) return [];
	if (seconds > 0 && seconds <= MAX_AFFINITY_SECONDS) return [];
	const detail = `must be greater than 0 and less than ${MAX_AFFINITY_SECONDS}`;
	return [invalid(`${at}.clientIP.timeoutSeconds`, seconds, detail)];
}

/** @source ValidateServiceClusterIPsRelatedFields */
export function addressProblems({
	clusterIP = '',
	clusterIPs = [],
	ipFamilies = [],
	ipFamilyPolicy,
}: Spec): FieldProblem[] {
	const field = 'spec.clusterIPs';
	const problems: FieldProblem[] = [];
	if (clusterIP !== '' && clusterIPs[0] !== clusterIP)
		problems.push(invalid(field, clusterIPs, 'first value must match `clusterIP`'));
	if (clusterIP === '' && clusterIPs.length > 0)
		problems.push(invalid(field, clusterIPs, 'must be empty when `clusterIP` is not specified'));
	const repeatedFamily = repeatedIn(ipFamilies);
	for (const [index, family] of ipFamilies.entries()) {
		const at = `spec.ipFamilies[${index}]`;
		problems.push(...oneOf(at, family, families), ...repeatedFamily(index, at));
	}
	problems.push(...oneOf('spec.ipFamilyPolicy', ipFamilyPolicy, familyPolicies));
	const malformed =
		clusterIPs[0] === 'None' && clusterIPs.length > 1
			? [invalid(field, clusterIPs, "'None' must be the first and only value")]
			: clusterIPs.flatMap((ip, index) => (index === 0 && ip === 'None' ? [] : ipProblems(`${field}[${index}]`, ip)));
	problems.push(...malformed);
	if (clusterIPs.length > 2) problems.push(invalid(field, clusterIPs, 'may only hold up to 2 values'));
	if (malformed.length > 0) return problems;
	const isOfOneFamily = new Set(clusterIPs.map(familyOf)).size < clusterIPs.length;
	if (isOfOneFamily) problems.push(invalid(field, clusterIPs, 'may specify no more than one IP for each IP family'));
	return clusterIPs[0] === 'None' ? problems : [...problems, ...familyMismatches(clusterIPs, ipFamilies)];
}

export const familyOf = (ip: string): string => (ip.includes(':') ? 'IPv6' : 'IPv4');

const familyMismatches = (clusterIPs: readonly string[], ipFamilies: readonly string[]): FieldProblem[] =>
	clusterIPs.slice(0, ipFamilies.length).flatMap((ip, index) => {
		const family = ipFamilies[index] ?? '';
		const detail = `expected an ${family} value as indicated by \`ipFamilies[${index}]\``;
		const isMismatch = families.includes(family) && familyOf(ip) !== family;
		return isMismatch ? [invalid(`spec.clusterIPs[${index}]`, ip, detail)] : [];
	});

function repeatedPorts({ type, ports = [] }: Spec): FieldProblem[] {
	const repeatedNodePorts = repeatedPlaces(ports.map(({ protocol, nodePort }) => `${protocol} ${nodePort}`));
	const repeatedNumbers = repeatedPlaces(ports.map(({ protocol, port }) => `${protocol} ${port}`));
	const forbidden = "may not be used when `type` is 'ClusterIP'";
	const at = (index: number) => `spec.ports[${index}]`;
	return [
		...ports.flatMap(({ nodePort }, index) =>
			type === 'ClusterIP' && nodePort ? [forbiddenField(`${at(index)}.nodePort`, forbidden)] : [],
		),
		...ports.flatMap(({ nodePort }, index) =>
			nodePort && repeatedNodePorts.has(index) ? [duplicate(`${at(index)}.nodePort`, nodePort)] : [],
		),
		...ports.flatMap(({ protocol: Protocol, port: Port }, index) =>
			repeatedNumbers.has(index)
				? [duplicate(at(index), { Name: '', Protocol, AppProtocol: null, Port, TargetPort: 0, NodePort: 0 })]
				: [],
		),
	];
}

function loadBalancerProblems(spec: Spec, found: Spec | undefined): FieldProblem[] {
	const { type, loadBalancerSourceRanges: ranges = [], allocateLoadBalancerNodePorts, loadBalancerClass } = spec;
	const isBalancer = type === 'LoadBalancer';
	const only = (field: string, isSet: boolean): FieldProblem[] =>
		isSet && !isBalancer ? [forbiddenField(`spec.${field}`, ONLY_LOAD_BALANCER)] : [];
	const field = 'spec.loadBalancerClass';
	const isChanged = found?.type === 'LoadBalancer' && isBalancer && found.loadBalancerClass !== loadBalancerClass;
	return [
		...(isChanged ? [invalid(field, loadBalancerClass ?? null, 'may not change once set')] : []),
		...only('LoadBalancerSourceRanges', ranges.length > 0),
		...ranges.flatMap((cidr, index) => cidrProblems(`spec.LoadBalancerSourceRanges[${index}]`, cidr.trim())),
		...only('allocateLoadBalancerNodePorts', allocateLoadBalancerNodePorts !== undefined),
		...(isBalancer && loadBalancerClass !== undefined ? qualifiedProblems(field, loadBalancerClass) : []),
		...only('loadBalancerClass', loadBalancerClass !== undefined),
	];
}

function trafficProblems(spec: Spec): FieldProblem[] {
	const { externalTrafficPolicy = '', internalTrafficPolicy, healthCheckNodePort = 0 } = spec;
	const external = 'spec.externalTrafficPolicy';
	const health = 'spec.healthCheckNodePort';
	const onlyLocal = "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'";
	return [
		...(isExternal(spec)
			? requiredOneOf(external, externalTrafficPolicy, policies)
			: externalTrafficPolicy === ''
				? []
				: [invalid(external, externalTrafficPolicy, 'may only be set for externally-accessible services')]),
		...(healthCheckNodePort === 0
			? []
			: needsHealthCheck(spec)
				? portProblems(health, healthCheckNodePort)
				: [invalid(health, healthCheckNodePort, onlyLocal)]),
		...oneOf('spec.internalTrafficPolicy', internalTrafficPolicy, policies),
	];
}
