/**
 * The address families of a Service that its writer left out. This cluster has addresses of IPv4 only.
 *
 * @source pkg/registry/core/service/storage/alloc.go initIPFamilyFields, normalizeClusterIPs
 */
import { isDeepStrictEqual } from 'node:util';
import type { FieldProblem } from '../../../lib/errors.ts';
import { invalid } from '../../../lib/kube/object-meta.ts';
import { addressProblems, familyOf, type ServiceSpec as Spec } from './service-rules.ts';

export interface Completed {
	readonly spec: Spec;
	/** Upstream reports nothing else then. */
	readonly problems: readonly FieldProblem[];
}

const POLICY = 'spec.ipFamilyPolicy';
const same = (a: readonly string[] = [], b: readonly string[] = []): boolean => isDeepStrictEqual(a, b);
const isReduced = (a: readonly string[] = [], b: readonly string[] = []): boolean =>
	a.length > 0 && a.length < b.length;

/** @param found  of the stored Service */
export function withFamilies(sent: Spec, found: Spec | undefined): Completed {
	const named = found === undefined ? withAddressList(sent) : sent;
	if (named.type === 'ExternalName' || isPreferred(named, found)) return { spec: named, problems: [] };
	const isFree = named.clusterIP === 'None' && Object.keys(named.selector ?? {}).length === 0;
	const ipFamilyPolicy = named.ipFamilyPolicy ?? found?.ipFamilyPolicy ?? (isFree ? 'RequireDualStack' : 'SingleStack');
	const isSingle = ipFamilyPolicy === 'SingleStack';
	const malformed = addressProblems({ ...named, ipFamilyPolicy });
	if (malformed.length > 0) return { spec: named, problems: malformed };
	const spec = { ...named, ipFamilyPolicy, ...(found !== undefined && isSingle ? shortened(named, found) : {}) };
	const { problems: inferred, ipFamilies } = inferredFamilies(spec);
	const problems = [...policyProblems(spec, found), ...inferred];
	if (problems.length > 0) return { spec, problems };
	if (isFree) {
		const [first = 'IPv4', ...others] = ipFamilies;
		const isAlone = others.length === 0 && !isSingle;
		return { spec: { ...spec, ipFamilies: [first, ...(isAlone ? [otherThan(first)] : others)] }, problems: [] };
	}
	return {
		spec: { ...spec, ipFamilies: ipFamilies.length === 0 ? ['IPv4'] : ipFamilies },
		problems: missing(spec, ipFamilies),
	};
}

const otherThan = (family: string): string => (family === 'IPv4' ? 'IPv6' : 'IPv4');

/** A client that knows `clusterIP` alone. */
const withAddressList = (spec: Spec): Spec =>
	spec.clusterIP && (spec.clusterIPs ?? []).length === 0 ? { ...spec, clusterIPs: [spec.clusterIP] } : spec;

/** Unchanged: it stays as it is when the families of the cluster change. */
const isPreferred = (spec: Spec, found: Spec | undefined): boolean =>
	found !== undefined &&
	found.ipFamilyPolicy === 'PreferDualStack' &&
	spec.ipFamilyPolicy === 'PreferDualStack' &&
	same(spec.clusterIPs, found.clusterIPs) &&
	same(spec.ipFamilies, found.ipFamilies);

const shortened = ({ clusterIPs, ipFamilies }: Spec, found: Spec): Spec => ({
	...(same(clusterIPs, found.clusterIPs) && clusterIPs !== undefined ? { clusterIPs: clusterIPs.slice(0, 1) } : {}),
	...(same(ipFamilies, found.ipFamilies) && ipFamilies !== undefined ? { ipFamilies: ipFamilies.slice(0, 1) } : {}),
});

function policyProblems({ ipFamilyPolicy, clusterIPs = [], ipFamilies = [] }: Spec, found: Spec | undefined) {
	const refused = (detail: string) => invalid(POLICY, ipFamilyPolicy, detail);
	if (ipFamilyPolicy !== 'SingleStack')
		return [
			...(isReduced(clusterIPs, found?.clusterIPs)
				? [refused("must be 'SingleStack' to release the secondary cluster IP")]
				: []),
			...(isReduced(ipFamilies, found?.ipFamilies)
				? [refused("must be 'SingleStack' to release the secondary IP family")]
				: []),
		];
	const must = "must be 'RequireDualStack' or 'PreferDualStack' when multiple";
	return [
		...(clusterIPs.length === 2 ? [refused(`${must} cluster IPs are specified`)] : []),
		...(ipFamilies.length === 2 ? [refused(`${must} IP families are specified`)] : []),
	];
}

function inferredFamilies({ clusterIPs = [], ipFamilies: given = [] }: Spec) {
	const [ipFamilies, problems]: [string[], FieldProblem[]] = [[...given], []];
	for (const [index, ip] of clusterIPs.entries()) {
		if (ip === 'None') break;
		if (index < ipFamilies.length) continue;
		const family = familyOf(ip);
		if (family === 'IPv4') ipFamilies.push(family);
		else problems.push(invalid(`spec.clusterIPs[${index}]`, clusterIPs, `${family} is not configured on this cluster`));
	}
	return { ipFamilies, problems };
}

const missing = ({ ipFamilyPolicy }: Spec, ipFamilies: readonly string[]): FieldProblem[] => [
	...(ipFamilyPolicy === 'RequireDualStack'
		? [invalid(POLICY, ipFamilyPolicy, 'this cluster is not configured for dual-stack services')]
		: []),
	...ipFamilies.flatMap((family, index) =>
		family === 'IPv4' ? [] : [invalid(`spec.ipFamilies[${index}]`, family, 'not configured on this cluster')],
	),
];
