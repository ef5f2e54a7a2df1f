/**
 * Rules of fields that several kinds have, in upstream's words.
 *
 * @source apimachinery/pkg/apis/meta/v1/validation, apimachinery/pkg/util/validation/ip.go,
 *   pkg/apis/core/validation ValidateTolerations, ValidateImmutableField
 */
import { isDeepStrictEqual } from 'node:util';
import { ipVersion } from '../../../lib/address.ts';
import type { FieldProblem } from '../../../lib/errors.ts';
import { labelValueProblems, qualifiedNameProblems } from '../../../lib/kube/names.ts';
import {
	duplicate,
	forbiddenField,
	invalid,
	labelsProblems,
	notSupported,
	required,
} from '../../../lib/kube/object-meta.ts';
import type { Toleration } from '../../../lib/kube/pod.ts';

export const immutable = (field: string, next: unknown, previous: unknown): FieldProblem[] =>
	isDeepStrictEqual(next, previous) ? [] : [invalid(field, next ?? null, 'field is immutable')];

interface WithContent {
	readonly immutable?: boolean;
}

/** Of a ConfigMap or Secret whose `immutable` is set. */
export function immutableContent<T extends WithContent>(next: T, previous: T, fields: readonly (keyof T & string)[]) {
	if (previous.immutable !== true) return [];
	const detail = 'field is immutable when `immutable` is set';
	const changed = fields.filter((field) => !isDeepStrictEqual(next[field] ?? {}, previous[field] ?? {}));
	return [...(next.immutable === true ? [] : ['immutable']), ...changed].map((field) => forbiddenField(field, detail));
}

/** The places of values that are in the list before. */
export function repeatedPlaces(values: readonly string[]): ReadonlySet<number> {
	const seen = new Set<string>();
	const places = new Set<number>();
	for (const [place, value] of values.entries()) {
		if (seen.has(value)) places.add(place);
		seen.add(value);
	}
	return places;
}

/** Reports a value that is in the list before its place. */
export function repeatedIn(values: readonly string[]): (place: number, field: string) => FieldProblem[] {
	const places = repeatedPlaces(values);
	return (place, field) => (places.has(place) ? [duplicate(field, values[place])] : []);
}

export const portProtocols = ['SCTP', 'TCP', 'UDP'];

export const qualifiedProblems = (field: string, value: string): FieldProblem[] =>
	qualifiedNameProblems(value).map((detail) => invalid(field, value, detail));

export interface LabelSelector {
	readonly matchLabels?: Readonly<Record<string, string>>;
	readonly matchExpressions?: readonly SelectorRequirement[];
}
export interface SelectorRequirement {
	readonly key?: string;
	readonly operator?: string;
	readonly values?: readonly string[];
}

/** @source ValidateLabelSelector */
export const labelSelectorProblems = (selector: LabelSelector | undefined, at: string): FieldProblem[] => [
	...labelsProblems(selector?.matchLabels, `${at}.matchLabels`),
	...(selector?.matchExpressions ?? []).flatMap((requirement, index) =>
		requirementProblems(requirement, `${at}.matchExpressions[${index}]`),
	),
];

/** @source ValidateLabelSelectorRequirement */
function requirementProblems(requirement: SelectorRequirement, at: string): FieldProblem[] {
	const { key = '', operator = '', values = [] } = requirement;
	return [
		...operatorProblems(operator, values, at),
		...qualifiedProblems(`${at}.key`, key),
		...values.flatMap((value, index) =>
			labelValueProblems(value).map((detail) => invalid(`${at}.values[${index}]`, value, detail)),
		),
	];
}

function operatorProblems(operator: string, values: readonly string[], at: string): FieldProblem[] {
	if (operator === 'In' || operator === 'NotIn')
		return values.length > 0 ? [] : [required(`${at}.values`, "must be specified when `operator` is 'In' or 'NotIn'")];
	if (operator !== 'Exists' && operator !== 'DoesNotExist')
		return [invalid(`${at}.operator`, operator, 'not a valid selector operator')];
	return values.length === 0
		? []
		: [forbiddenField(`${at}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'")];
}

/** Upstream lists the operators of a feature that is off to a caller that uses one. */
const operatorsFor = (operator: string): readonly string[] =>
	operator === 'Lt' || operator === 'Gt' ? ['Equal', 'Exists', 'Lt', 'Gt'] : ['Equal', 'Exists'];
const effects = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'];
const EXISTS_FOR_ALL = 'operator must be Exists when `key` is empty, which means "match all values and all keys"';

/** @source ValidateTolerations */
export const tolerationProblems = (tolerations: readonly Toleration[], at: string): FieldProblem[] =>
	tolerations.flatMap(({ key = '', operator = '', value = '', effect = '', tolerationSeconds }, index) => {
		const path = `${at}[${index}]`;
		const valueProblem = labelValueProblems(value).join(';');
		const isEqual = operator === '' || operator === 'Equal';
		const hasValueToo = operator === 'Exists' && value !== '';
		return [
			...(key === '' ? [] : qualifiedProblems(`${path}.key`, key)),
			...(key === '' && operator !== 'Exists' ? [invalid(`${path}.operator`, operator, EXISTS_FOR_ALL)] : []),
			...(tolerationSeconds !== undefined && effect !== 'NoExecute'
				? [invalid(`${path}.effect`, effect, "effect must be 'NoExecute' when `tolerationSeconds` is set")]
				: []),
			...(isEqual && valueProblem !== '' ? [invalid(`${path}.operator`, value, valueProblem)] : []),
			...(hasValueToo ? [invalid(`${path}.operator`, value, "value must be empty when `operator` is 'Exists'")] : []),
			...(isEqual || operator === 'Exists' ? [] : [notSupported(`${path}.operator`, operator, operatorsFor(operator))]),
			...(effect === '' || effects.includes(effect) ? [] : [notSupported(`${path}.effect`, effect, effects)]),
		];
	});

const MAX_PORT = 65_535;
export const portProblems = (field: string, port: number): FieldProblem[] =>
	port >= 1 && port <= MAX_PORT ? [] : [invalid(field, port, 'must be between 1 and 65535, inclusive')];

/** @source apimachinery/pkg/util/validation IsValidPortName */
export function portNameProblems(name: string): string[] {
	const rules: readonly (readonly [isBroken: boolean, detail: string])[] = [
		[name.length > 15, 'must be no more than 15 characters'],
		[!/^[-a-z0-9]+$/.test(name), 'must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)'],
		[!/[a-z]/.test(name), 'must contain at least one letter (a-z)'],
		[name.includes('--'), 'must not contain consecutive hyphens'],
		[/^-|-$/.test(name), 'must not begin or end with a hyphen'],
	];
	return rules.filter(([isBroken]) => isBroken).map(([, detail]) => detail);
}

export const notFound = (field: string, value: string): FieldProblem => ({
	field,
	reason: 'FieldValueNotFound',
	message: `Not found: ${JSON.stringify(value)}`,
});

const mapped = /^::ffff:\d+\.\d+\.\d+\.\d+$/i;
const withoutLeadingZeros = (ip: string): string => (/^[\d.]+$/.test(ip) ? ip.replace(/\b0+(?=\d)/g, '') : ip);
export function ipProblems(field: string, ip: string): FieldProblem[] {
	if (mapped.test(ip)) return [invalid(field, ip, 'must not be an IPv4-mapped IPv6 address')];
	if (ipVersion(ip) === 0 && ipVersion(withoutLeadingZeros(ip)) > 0)
		return [invalid(field, ip, 'must not have leading 0s')];
	return ipVersion(ip) > 0 ? [] : [invalid(field, ip, 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)')];
}

const unreachable: readonly (readonly [form: RegExp, detail: (ip: string) => string])[] = [
	[/^(?:0\.0\.0\.0|::)$/, (ip) => `may not be unspecified (${ip})`],
	[/^(?:127\.|::1$)/, () => 'may not be in the loopback range (127.0.0.0/8, ::1/128)'],
	[/^(?:169\.254\.|fe[89ab])/i, () => 'may not be in the link-local range (169.254.0.0/16, fe80::/10)'],
	[/^(?:224\.0\.0\.|ff02:)/i, () => 'may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)'],
];

/** Of an address that other machines reach. @source ValidateEndpointIP */
export function endpointIpProblems(field: string, ip: string): FieldProblem[] {
	const problems = ipProblems(field, ip);
	if (problems.length > 0) return problems;
	return unreachable.filter(([form]) => form.test(ip)).map(([, detail]) => invalid(field, ip, detail(ip)));
}

export function cidrProblems(field: string, cidr: string): FieldProblem[] {
	const [ip = '', length = '', ...more] = cidr.split('/');
	const family = ipVersion(ip);
	const isLength = /^(?:0|[1-9]\d{0,2})$/.test(length) && Number(length) <= (family === 6 ? 128 : 32);
	if (family === 0 || !isLength || more.length > 0)
		return [invalid(field, cidr, 'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)')];
	const isNetwork = networkOf(ip, Number(length)) === (family === 4 ? ip : canonicalIp6(ip));
	return isNetwork ? [] : [invalid(field, cidr, 'must not have bits set beyond the prefix length')];
}

export const canonicalIp6 = (ip: string): string =>
	ip.includes('%') ? ip : new URL(`http://[${ip}]`).hostname.slice(1, -1);

/** @source apimachinery/pkg/util/validation GetWarningsForIP */
export function* ipWarnings(field: string, ip: string): Generator<string> {
	const canonical = ipVersion(ip) === 6 ? canonicalIp6(ip) : ip;
	if (canonical === ip) return;
	const texts = [ip, canonical].map((one) => JSON.stringify(one));
	yield `${field}: IPv6 address ${texts[0]} should be in RFC 5952 canonical format (${texts[1]})`;
}

/** @source apimachinery/pkg/util/validation GetWarningsForCIDR */
export function* cidrWarnings(field: string, cidr: string): Generator<string> {
	const [ip = '', length = ''] = cidr.split('/');
	const canonical = ipVersion(ip) === 6 ? canonicalIp6(ip) : ip;
	if (canonical === ip) return;
	const texts = [cidr, `${canonical}/${length}`].map((one) => JSON.stringify(one));
	yield `${field}: IPv6 CIDR value ${texts[0]} should be in RFC 5952 canonical format (${texts[1]})`;
}

function networkOf(ip: string, length: number): string {
	if (ipVersion(ip) === 4) {
		const bits = ip.split('.').reduce((sum, byte) => sum * 256 + Number(byte), 0);
		const kept = Math.floor(bits / 2 ** (32 - length)) * 2 ** (32 - length);
		return [24, 16, 8, 0].map((shift) => Math.floor(kept / 2 ** shift) % 256).join('.');
	}
	const [head = '', tail] = canonicalIp6(ip).split('::');
	const groupsOf = (part: string) => (part === '' ? [] : part.split(':'));
	const [first, last] = [groupsOf(head), groupsOf(tail ?? '')];
	const groups = [...first, ...Array.from({ length: 8 - first.length - last.length }, () => '0'), ...last];
	const kept = groups.map((group, index) => {
		const bits = Math.min(16, Math.max(0, length - index * 16));
		return (Number.parseInt(group, 16) & ((0xffff << (16 - bits)) & 0xffff)).toString(16);
	});
	return canonicalIp6(kept.join(':'));
}
