/** Warnings about the contents of a Service. @source pkg/api/service/warnings.go, release 1.37 */
import { cidrWarnings, ipWarnings } from './field-rules.ts';
import type { Service } from './service-rules.ts';

const HINTS = 'service.kubernetes.io/topology-aware-hints';
const MODE = 'service.kubernetes.io/topology-mode';

export function* serviceWarnings({ metadata, spec = {} }: Service): Generator<string> {
	const { type, clusterIP, clusterIPs = [], externalIPs = [], externalName = '', sessionAffinity } = spec;
	const loadBalancerIP = typeof spec.loadBalancerIP === 'string' ? spec.loadBalancerIP : '';
	const isHeadless = type === 'ClusterIP' && clusterIP === 'None';
	if (Object.hasOwn(metadata.annotations ?? {}, HINTS))
		yield `annotation ${HINTS} is deprecated, please use ${MODE} instead`;
	if (clusterIP && clusterIP !== 'None') yield* addressWarnings(clusterIPs, 'spec.clusterIPs');
	if (isHeadless) {
		if (loadBalancerIP !== '') yield 'spec.loadBalancerIP is ignored for headless services';
		if (externalIPs.length > 0) yield 'spec.externalIPs is ignored for headless services';
		if (sessionAffinity !== 'None') yield 'spec.SessionAffinity is ignored for headless services';
	}
	yield* addressWarnings(externalIPs, 'spec.externalIPs');
	if (externalIPs.length > 0 && !isHeadless && type !== 'ExternalName')
		yield 'spec.externalIPs is deprecated and may no longer be implemented in some clusters';
	if (loadBalancerIP !== '') yield* ipWarnings('spec.loadBalancerIP', loadBalancerIP);
	for (const [index, cidr] of (spec.loadBalancerSourceRanges ?? []).entries())
		yield* cidrWarnings(`spec.loadBalancerSourceRanges[${index}]`, cidr.trim());
	if (type === 'ExternalName' && externalIPs.length > 0)
		yield 'spec.externalIPs is ignored when spec.type is "ExternalName"';
	if (type !== 'ExternalName' && externalName !== '')
		yield 'spec.externalName is ignored when spec.type is not "ExternalName"';
	if (spec.trafficDistribution === 'PreferClose')
		yield 'spec.trafficDistribution: "PreferClose" is deprecated; use "PreferSameZone"';
}

function* addressWarnings(addresses: readonly string[], at: string): Generator<string> {
	for (const [index, address] of addresses.entries()) yield* ipWarnings(`${at}[${index}]`, address);
}
