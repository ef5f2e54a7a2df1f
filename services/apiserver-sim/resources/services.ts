/**
 * Services. A Service gets an address of the service network; nothing listens there.
 *
 * @source pkg/registry/core/service, pkg/apis/core/v1/defaults.go SetDefaults_Service, release 1.37
 */
import { isDeepStrictEqual } from 'node:util';
import { ipVersion } from '../../../lib/address.ts';
import type { FieldProblem } from '../../../lib/errors.ts';
import { labelProblems, subdomainProblems } from '../../../lib/kube/names.ts';
import { forbiddenField, invalid, notSupported, required } from '../../../lib/kube/object-meta.ts';
import { resources } from '../../../lib/kube/resources.ts';
import type { Strategy } from '../registry.ts';
import { ipProblems } from './field-rules.ts';
import { kindStrategy } from './kind.ts';
import {
	isExternal,
	isHeadless,
	needsHealthCheck,
	type Service,
	type ServiceSpec as Spec,
	serviceProblems,
} from './service-rules.ts';
import { serviceWarnings } from './service-warnings.ts';

/** @source validateUpgradeDowngradeClusterIPs, validateUpgradeDowngradeIPFamilies */
function changeProblems(next: Spec, previous: Spec, field: 'clusterIPs' | 'ipFamilies'): FieldProblem[] {
	const [{ [field]: after = [] }, { [field]: before = [] }] = [next, previous];
	const isFixed = before.length > 0 && next.type !== 'ExternalName' && previous.type !== 'ExternalName';
	if (!isFixed || after[0] === before[0] || (isHeadless(next) && isHeadless(previous))) return [];
	const detail = after.length === 0 ? 'primary clusterIP can not be unset' : 'may not change once set';
	return [invalid(`spec.${field}[0]`, after, detail)];
}

function setDefaults(service: Service): Service {
	const { spec = {} } = service;
	const type = spec.type || 'ClusterIP';
	const hasAddress = type !== 'ExternalName';
	const ports = spec.ports?.map((port) => ({
		...port,
		protocol: port.protocol || 'TCP',
		targetPort: port.targetPort || port.port,
	}));
	return {
		...service,
		spec: {
			...(hasAddress ? { internalTrafficPolicy: 'Cluster' } : {}),
			...(isExternal({ ...spec, type }) ? { externalTrafficPolicy: 'Cluster' } : {}),
			...(type === 'LoadBalancer' ? { allocateLoadBalancerNodePorts: true } : {}),
			...withAffinity(hasAddress ? spec : withoutInternalPolicy(spec)),
			...(ports === undefined ? {} : { ports }),
			type,
		},
		...withIpModes(service),
	};
}

/** A valid policy of a Service without an address. @source service/storage defaultOnReadInternalTrafficPolicy */
function withoutInternalPolicy({ internalTrafficPolicy, ...spec }: Spec): Spec {
	return internalTrafficPolicy === 'Cluster' || internalTrafficPolicy === 'Local'
		? spec
		: { ...spec, internalTrafficPolicy };
}

function withIpModes(service: Service): object {
	const { status } = service as { readonly status?: Status };
	const ingress = status?.loadBalancer?.ingress?.map((one) => (one.ip ? { ipMode: 'VIP', ...one } : one));
	return ingress === undefined ? {} : { status: { ...status, loadBalancer: { ...status?.loadBalancer, ingress } } };
}

const AFFINITY_SECONDS = 10_800;
function withAffinity({ sessionAffinityConfig, ...spec }: Spec): Spec {
	const sessionAffinity = spec.sessionAffinity || 'None';
	if (sessionAffinity === 'None') return { ...spec, sessionAffinity };
	const isComplete = sessionAffinity !== 'ClientIP' || sessionAffinityConfig?.clientIP?.timeoutSeconds !== undefined;
	const config = isComplete ? sessionAffinityConfig : { clientIP: { timeoutSeconds: AFFINITY_SECONDS } };
	return { ...spec, sessionAffinity, sessionAffinityConfig: config };
}

interface Status {
	readonly loadBalancer?: { readonly ingress?: readonly Readonly<Record<string, unknown>>[] };
}
const ipModes = ['Proxy', 'VIP'];
/** @source ValidateLoadBalancerStatus */
function ingressProblems({ type }: Spec, status: Status = {}): FieldProblem[] {
	const ingress = status.loadBalancer?.ingress ?? [];
	const at = 'status.loadBalancer.ingress';
	if (type !== 'LoadBalancer')
		return ingress.length === 0 ? [] : [forbiddenField(at, "may only be used when `spec.type` is 'LoadBalancer'")];
	return ingress.flatMap(({ ip, ipMode, hostname }, index) => {
		const [path, address, host] = [`${at}[${index}]`, String(ip ?? ''), String(hostname ?? '')];
		const never = forbiddenField(`${path}.ipMode`, 'may not be specified when `ip` is not set');
		return [
			...(address === '' ? [] : ipProblems(`${path}.ip`, address)),
			...(ipMode === undefined
				? address === ''
					? []
					: [required(`${path}.ipMode`, 'must be specified when `ip` is set')]
				: address === ''
					? [never]
					: ipModes.includes(String(ipMode))
						? []
						: [notSupported(`${path}.ipMode`, String(ipMode), ipModes)]),
			...(host === '' ? [] : subdomainProblems(host).map((detail) => invalid(`${path}.hostname`, host, detail))),
			...(ipVersion(host) === 0 ? [] : [invalid(`${path}.hostname`, host, 'must be a DNS name, not an IP address')]),
		];
	});
}

const base = kindStrategy<Service>(resources.services, {
	allowsCreateOnUpdate: true,
	nameRule: labelProblems,
	setDefaults,
	initialStatus: () => ({ loadBalancer: {} }),
	validate: ({ spec = {} }, previous) => serviceProblems(spec, previous?.spec),
	warningsOf: serviceWarnings,
	validateUpdate: ({ spec: next = {}, ...object }, { spec: previous = {} }) => [
		...ingressProblems(next, (object as { readonly status?: Status }).status),
		...changeProblems(next, previous, 'clusterIPs'),
		...(needsHealthCheck(next) &&
		needsHealthCheck(previous) &&
		next.healthCheckNodePort !== previous.healthCheckNodePort
			? [forbiddenField('spec.healthCheckNodePort', 'field is immutable')]
			: []),
		...(isHeadless(next) === isHeadless(previous) ? changeProblems(next, previous, 'ipFamilies') : []),
	],
	fields: ({ spec }) => ({ 'spec.clusterIP': spec?.clusterIP ?? '', 'spec.type': spec?.type ?? '' }),
});

/** @source pkg/registry/core/service/strategy.go dropTypeDependentFields */
export const services: Strategy<Service> = {
	...base,
	prepareForUpdate(next, previous, subresource, now) {
		const object = base.prepareForUpdate?.(next, previous, subresource, now) ?? next;
		const [after, before] = [object.spec ?? {}, previous.spec ?? {}];
		const spec = withoutUnneeded(withAllocated(withSameAddresses(after, before), before), before);
		if (spec.type === 'LoadBalancer' || subresource === 'status') return { ...object, spec };
		const status = { ...(object as { status?: object }).status, loadBalancer: {} };
		return { ...object, spec, status } as Service;
	},
};

const hasNodePorts = ({ type }: Spec): boolean => type === 'NodePort' || type === 'LoadBalancer';
const nodePortsOf = ({ ports = [] }: Spec): number[] => ports.flatMap(({ nodePort }) => nodePort || []);

/** A change of `clusterIP` alone changes the first of `clusterIPs`. @source normalizeClusterIPs */
function withSameAddresses(spec: Spec, found: Spec): Spec {
	const { clusterIP = '', clusterIPs = [] } = spec;
	const isSame = clusterIP === (found.clusterIP ?? '');
	if (isSame) return clusterIPs.length > 0 || !found.clusterIPs ? spec : { ...spec, clusterIPs: found.clusterIPs };
	const isAlone = clusterIPs.length === 0 || isDeepStrictEqual(clusterIPs, found.clusterIPs ?? []);
	return isAlone ? { ...spec, clusterIPs: clusterIP === '' ? [] : [clusterIP] } : spec;
}

/** An update that leaves out the allocated address and node ports keeps them. @source patchAllocatedValues */
function withAllocated(spec: Spec, found: Spec): Spec {
	const { clusterIP, clusterIPs } = found;
	const keepsAddress = spec.type !== 'ExternalName' && found.type !== 'ExternalName';
	const kept = {
		...(!spec.clusterIP && clusterIP ? { clusterIP } : {}),
		...((spec.clusterIPs ?? []).length === 0 && clusterIPs ? { clusterIPs } : {}),
	};
	const used = nodePortsOf(found).filter((port) => nodePortsOf(spec).includes(port));
	const ofName = new Map(found.ports?.map(({ name = '', nodePort }) => [name, nodePort]));
	const ports = spec.ports?.map((port) => {
		const before = ofName.get(port.name ?? '');
		const isKept = hasNodePorts(spec) && hasNodePorts(found) && !port.nodePort && before && !used.includes(before);
		return isKept ? { ...port, nodePort: before } : port;
	});
	return {
		...spec,
		...(keepsAddress ? kept : {}),
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
	if (isExternal(found) && !isExternal(spec)) unneeded.push('externalTrafficPolicy');
	if (needsHealthCheck(found) && !needsHealthCheck(spec)) unneeded.push('healthCheckNodePort');
	const dropped = unneeded.filter((field) => isDeepStrictEqual(spec[field], found[field]));
	const kept = Object.fromEntries(Object.entries(spec).filter(([field]) => !dropped.includes(field))) as Spec;
	const before = new Set(nodePortsOf(found));
	const dropsPorts = hasNodePorts(found) && !hasNodePorts(spec) && nodePortsOf(spec).every((port) => before.has(port));
	if (!dropsPorts || kept.ports === undefined) return kept;
	return { ...kept, ports: kept.ports.map(({ nodePort: _released, ...port }) => port) };
}
