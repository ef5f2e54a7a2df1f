/**
 * The rules of fields that webhooks and admission policies share.
 *
 * @source pkg/apis/admissionregistration/validation, apiserver/pkg/util/webhook/validation.go, release 1.37
 */
import type { FieldProblem } from '../../../lib/errors.ts';
import { pathSegmentProblems, subdomainProblems } from '../../../lib/kube/names.ts';
import { invalid, notSupported, required } from '../../../lib/kube/object-meta.ts';
import {
	type LabelSelector,
	labelSelectorProblems,
	portProblems,
	qualifiedProblems,
	repeatedIn,
	repeatedPlaces,
} from './field-rules.ts';

export interface Rule {
	readonly apiGroups?: readonly string[];
	readonly apiVersions?: readonly string[];
	readonly resources?: readonly string[];
	readonly operations?: readonly string[];
	readonly scope?: string;
	readonly resourceNames?: readonly string[];
}
export interface MatchCondition {
	readonly name?: string;
	readonly expression?: string;
}
export interface MatchResources {
	readonly matchPolicy?: string;
	readonly namespaceSelector?: LabelSelector;
	readonly objectSelector?: LabelSelector;
	readonly resourceRules?: readonly Rule[];
	readonly excludeResourceRules?: readonly Rule[];
}
export interface ClientConfig {
	readonly url?: string;
	readonly service?: {
		readonly namespace?: string;
		readonly name?: string;
		readonly path?: string;
		readonly port?: number;
	};
}

export const isBlank = (text = ''): boolean => text.trim() === '';
const operations = ['*', 'CONNECT', 'CREATE', 'DELETE', 'UPDATE'];
const scopes = ['*', 'Cluster', 'Namespaced'];
const matchPolicies = ['Equivalent', 'Exact'];

export const matchPolicyProblems = (policy: string | undefined, at: string): FieldProblem[] =>
	policy === undefined || matchPolicies.includes(policy)
		? []
		: [notSupported(`${at}.matchPolicy`, policy, matchPolicies)];

export function ruleProblems(rule: Rule, at: string): FieldProblem[] {
	const { operations: verbs = [], scope, resources = [], resourceNames = [] } = rule;
	const repeated = repeatedIn(resourceNames);
	return [
		...resourceNames.flatMap((name, index) => [
			...pathSegmentProblems(name).map((detail) => invalid(`${at}.resourceNames[${index}]`, name, detail)),
			...repeated(index, `${at}.resourceNames[${index}]`),
		]),
		...wildcardProblems(verbs, `${at}.operations`, 'operations'),
		...verbs.flatMap((verb, index) =>
			operations.includes(verb) ? [] : [notSupported(`${at}.operations[${index}]`, verb, operations)],
		),
		...wildcardProblems(rule.apiGroups, `${at}.apiGroups`, 'API groups'),
		...wildcardProblems(rule.apiVersions, `${at}.apiVersions`, 'API versions'),
		...(rule.apiVersions ?? []).flatMap((version, index) =>
			version === '' ? [required(`${at}.apiVersions[${index}]`)] : [],
		),
		...resourceProblems(resources, `${at}.resources`),
		...(scope === undefined || scopes.includes(scope) ? [] : [notSupported(`${at}.scope`, scope, scopes)]),
	];
}

function wildcardProblems(list: readonly string[] = [], field: string, others: string): FieldProblem[] {
	if (list.length === 0) return [required(field)];
	const isMixed = list.length > 1 && list.includes('*');
	return isMixed ? [invalid(field, list, `if '*' is present, must not specify other ${others}`)] : [];
}

function resourceProblems(list: readonly string[], field: string): FieldProblem[] {
	if (list.length === 0) return [required(field)];
	const problems: FieldProblem[] = [];
	const seen = new Set<string>();
	for (const [index, text] of list.entries()) {
		const at = `${field}[${index}]`;
		if (text === '') problems.push(required(at));
		const [resource = '', ...rest] = text.split('/');
		if (rest.length === 0) continue;
		const subresource = rest.join('/');
		for (const wildcard of [`${resource}/*`, `*/${subresource}`])
			if (seen.has(wildcard)) problems.push(invalid(at, text, `if '${wildcard}' is present, must not specify ${text}`));
		if (resource === '*' || subresource === '*') seen.add(text);
	}
	if (list.length > 1 && list.includes('*/*'))
		problems.push(invalid(field, list, "if '*/*' is present, must not specify other resources"));
	const last = list.findLast((text) => text !== '' && !text.includes('/'));
	if (list.includes('*') && last !== undefined && last !== '*') {
		const detail = "if '*' is present, must not specify other resources without subresources";
		problems.push(invalid(field, list, detail));
	}
	return problems;
}

/** @source validateMatchResources */
export const matchProblems = (match: MatchResources, at: string): FieldProblem[] => [
	...matchPolicyProblems(match.matchPolicy, at),
	...labelSelectorProblems(match.namespaceSelector, `${at}.namespaceSelector`),
	...labelSelectorProblems(match.objectSelector, `${at}.objectSelector`),
	...(match.resourceRules ?? []).flatMap((rule, index) => ruleProblems(rule, `${at}.resourceRules[${index}]`)),
	...(match.excludeResourceRules ?? []).flatMap((rule, index) =>
		ruleProblems(rule, `${at}.excludeResourceRules[${index}]`),
	),
];

/** @source validateMatchConditions */
export function conditionProblems(conditions: readonly MatchCondition[] = [], at: string): FieldProblem[] {
	const repeated = repeatedIn(conditions.map(({ name = '' }) => name));
	return conditions.flatMap(({ name = '', expression }, index) => [
		...(isBlank(expression) ? [required(`${at}[${index}].expression`)] : []),
		...(name === '' ? [required(`${at}[${index}].name`)] : qualifiedProblems(`${at}[${index}].name`, name)),
		...(name === '' ? [] : repeated(index, `${at}[${index}].name`)),
	]);
}

/** @source validateAdmissionReviewVersions */
export function reviewVersionProblems(versions: readonly string[], field: string): FieldProblem[] {
	if (versions.length === 0) return [required(field, 'must specify one of v1, v1beta1')];
	const repeated = repeatedPlaces(versions);
	const isKnown = versions.some((version) => version === 'v1' || version === 'v1beta1');
	return [
		...versions.flatMap((version, index) =>
			repeated.has(index)
				? [invalid(`${field}[${index}]`, version, 'duplicate version')]
				: versionLabelProblems(version).map((detail) => invalid(`${field}[${index}]`, version, detail)),
		),
		...(isKnown ? [] : [invalid(field, versions, 'must include at least one of v1, v1beta1')]),
	];
}

const label1035 = '[a-z]([-a-z0-9]*[a-z0-9])?';
/** @source apimachinery/pkg/util/validation IsDNS1035Label */
function versionLabelProblems(text: string): string[] {
	const isLong = Buffer.byteLength(text) > 63;
	const problems = isLong ? ['must be no more than 63 characters'] : [];
	if (text.length <= 1024 && new RegExp(`^${label1035}$`).test(text)) return problems;
	return [
		...problems,
		"a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, " +
			"and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is " +
			`'${label1035}')`,
	];
}

/** @source apiserver/pkg/util/webhook ValidateWebhookURL, ValidateWebhookService */
export function clientConfigProblems({ url, service }: ClientConfig = {}, at: string): FieldProblem[] {
	if ((url === undefined) === (service === undefined))
		return [required(at, 'exactly one of url or service is required')];
	if (url !== undefined) return urlProblems(url, `${at}.url`);
	const { name = '', namespace = '', path = '', port = 0 } = service ?? {};
	const wrongPort = portProblems(`${at}.service.port`, port).length > 0;
	const detail = 'port is not valid: must be between 1 and 65535, inclusive';
	return [
		...(name === '' ? [required(`${at}.service.name`)] : []),
		...(namespace === '' ? [required(`${at}.service.namespace`)] : []),
		...(wrongPort ? [invalid(`${at}.service.port`, port, detail)] : []),
		...pathProblems(path, `${at}.service.path`),
	];
}

function urlProblems(text: string, field: string): FieldProblem[] {
	const form = '; desired format: https://host[/path]';
	const [, scheme = '', authority = '', rest = ''] = /^(?:([a-zA-Z][-+.a-zA-Z0-9]*):)?(?:\/\/([^/?#]*))?(.*)$/s.exec(
		text,
	) ?? [undefined];
	const [user, host = authority] = authority.includes('@') ? authority.split('@', 2) : [undefined, authority];
	const [beforeFragment = '', fragment = ''] = rest.split('#', 2);
	const query = beforeFragment.split('?', 2)[1] ?? '';
	return [
		...(scheme === 'https' ? [] : [invalid(field, scheme, `'https' is the only allowed URL scheme${form}`)]),
		...(host === '' ? [invalid(field, host, `host must be specified${form}`)] : []),
		...(user === undefined ? [] : [invalid(field, user, 'user information is not permitted in the URL')]),
		...(fragment === '' ? [] : [invalid(field, fragment, 'fragments are not permitted in the URL')]),
		...(query === '' ? [] : [invalid(field, query, 'query parameters are not permitted in the URL')]),
	];
}

function pathProblems(path: string, field: string): FieldProblem[] {
	if (path === '' || path === '/') return [];
	if (path === '//') return [invalid(field, path, 'segment[0] may not be empty')];
	const segments = path.slice(1).replace(/\/$/, '').split('/');
	return [
		...(path.startsWith('/') ? [] : [invalid(field, path, "must start with a '/'")]),
		...segments.flatMap((segment, index) =>
			segment === ''
				? [invalid(field, path, `segment[${index}] may not be empty`)]
				: subdomainProblems(segment).map((detail) => invalid(field, path, `segment[${index}]: ${detail}`)),
		),
	];
}

const VARIABLE = /^[_a-zA-Z][_a-zA-Z0-9]*$/;

/** Names and empty expressions; the expressions are not compiled. @source validateVariable */
export const variableProblems = (variables: readonly MatchCondition[] = [], at: string): FieldProblem[] =>
	variables.flatMap(({ name = '', expression }, index) => [
		...(isBlank(name)
			? [required(`${at}[${index}].name`, 'name is not specified')]
			: VARIABLE.test(name)
				? []
				: [invalid(`${at}[${index}].name`, name, 'must be a valid CEL identifier')]),
		...(isBlank(expression) ? [required(`${at}[${index}].expression`, 'expression is not specified')] : []),
	]);

/** @source validateParamKind */
export function paramKindProblems(
	param: { readonly apiVersion?: string; readonly kind?: string } | undefined,
	at: string,
): FieldProblem[] {
	if (param === undefined) return [];
	const { apiVersion = '', kind = '' } = param;
	const kindProblems = versionLabelProblems(kind.toLowerCase());
	return [
		...groupVersionProblems(apiVersion, `${at}.apiVersion`),
		...(kind === '' ? [required(`${at}.kind`)] : []),
		...(kind === '' || kindProblems.length === 0
			? []
			: [invalid(`${at}.kind`, kind, `may have mixed case, but should otherwise match: ${kindProblems.join(',')}`)]),
	];
}

function groupVersionProblems(text: string, field: string): FieldProblem[] {
	if (text === '') return [required(field)];
	const parts = text.split('/');
	if (parts.length > 2) return [invalid(field, text, `unexpected GroupVersion string: ${text}`)];
	const [version = '', group = ''] = parts.toReversed();
	const ofGroup = group === '' ? [] : subdomainProblems(group);
	const ofVersion = versionLabelProblems(version);
	return [
		...(ofGroup.length === 0 ? [] : [invalid(field, group, ofGroup.join(','))]),
		...(version === '' ? [invalid(field, text, 'version must be specified')] : []),
		...(version === '' || ofVersion.length === 0 ? [] : [invalid(field, version, ofVersion.join(','))]),
	];
}

/** @source validateValidationActions */
export function actionProblems(actions: readonly string[], supported: readonly string[], at: string): FieldProblem[] {
	const warnsTwice =
		'must not contain both Deny and Warn (repeating the same validation failure information in the API response and ' +
		'headers serves no purpose)';
	const repeated = repeatedIn(actions);
	return [
		...actions.flatMap((action, index) => [
			...(supported.includes(action) ? [] : [notSupported(`${at}[${index}]`, action, supported)]),
			...repeated(index, `${at}[${index}]`),
		]),
		...(actions.includes('Deny') && actions.includes('Warn') ? [invalid(at, actions, warnsTwice)] : []),
		...(actions.length === 0 ? [required(at)] : []),
	];
}
