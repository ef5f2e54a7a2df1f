/** Where a pod may run: affinity and topology spread. @source pkg/apis/core/validation validateAffinity */
import type { FieldProblem } from '../../../../lib/errors.ts';
import { labelProblems, labelValueProblems, subdomainProblems } from '../../../../lib/kube/names.ts';
import { duplicate, forbiddenField, invalid, required } from '../../../../lib/kube/object-meta.ts';
import { type LabelSelector, labelSelectorProblems, qualifiedProblems } from '../field-rules.ts';
import {
	collected,
	each,
	fields,
	fieldsOf,
	isSet,
	listOf,
	number,
	numberOf,
	oneOf,
	optional,
	positive,
	type Rule,
	text,
	textOf,
	textsOf,
} from './rule.ts';

const notOperator = (operator: string, at: string) =>
	invalid(`${at}.operator`, operator, 'not a valid selector operator');

/** @param checksValues  whether the values must have the form of labels */
const nodeRequirement =
	(checksValues: boolean): Rule =>
	(value, at) => {
		const { key, operator: given, values: list } = fieldsOf(value);
		const [operator, values, field] = [textOf(given), textsOf(list), `${at}.values`];
		const problems: FieldProblem[] = [];
		if (operator === 'In' || operator === 'NotIn') {
			if (values.length === 0) problems.push(required(field, "must be specified when `operator` is 'In' or 'NotIn'"));
		} else if (operator === 'Exists' || operator === 'DoesNotExist') {
			const detail = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'";
			if (values.length > 0) problems.push(forbiddenField(field, detail));
		} else if (operator === 'Gt' || operator === 'Lt') {
			const detail = "must be specified single value when `operator` is 'Lt' or 'Gt'";
			if (values.length !== 1) problems.push(required(field, detail));
		} else problems.push(notOperator(operator, at));
		return [
			...problems,
			...qualifiedProblems(`${at}.key`, textOf(key)),
			...(checksValues ? each(text(labelValueProblems))(values, field) : []),
		];
	};

const nodeFieldRequirement: Rule = (value, at) => {
	const { key, operator: given, values } = fieldsOf(value);
	const operator = textOf(given);
	const onlyOne = "must be only one value when `operator` is 'In' or 'NotIn' for node field selector";
	const problems =
		operator === 'In' || operator === 'NotIn'
			? listOf(values).length === 1
				? []
				: [required(`${at}.values`, onlyOne)]
			: [notOperator(operator, at)];
	return [
		...problems,
		...(key === 'metadata.name'
			? each(text(subdomainProblems))(values, `${at}.values`)
			: [invalid(`${at}.key`, textOf(key), 'not a valid field selector key')]),
	];
};

const nodeTerm = (checksValues: boolean): Rule =>
	fields({ matchExpressions: each(nodeRequirement(checksValues)), matchFields: each(nodeFieldRequirement) });
const nodeTerms = each(nodeTerm(true));
const weight = number((value) => value > 0 && value <= 100, 'must be in the range 1-100');
const requiredTerms: Rule = (value, at) =>
	listOf(fieldsOf(value).nodeSelectorTerms).length === 0
		? [required(`${at}.nodeSelectorTerms`, 'must have at least one node selector term')]
		: nodeTerms(fieldsOf(value).nodeSelectorTerms, `${at}.nodeSelectorTerms`);
const nodeAffinity = fields({
	requiredDuringSchedulingIgnoredDuringExecution: optional(requiredTerms),
	preferredDuringSchedulingIgnoredDuringExecution: each(fields({ weight, preference: nodeTerm(false) })),
});

const selector: Rule = (value, at) => (isSet(value) ? labelSelectorProblems(value as LabelSelector, at) : []);
const labelKeys = (keys: readonly string[], hasSelector: boolean, at: string): FieldProblem[] => {
	if (keys.length === 0) return [];
	if (!hasSelector) return [forbiddenField(at, 'must not be specified when labelSelector is not set')];
	return collected(keys, (key, index) => qualifiedProblems(`${at}[${index}]`, key));
};

/** @source ValidateMatchLabelKeysAndMismatchLabelKeys */
function keyProblems(value: unknown, at: string): FieldProblem[] {
	const { matchLabelKeys, mismatchLabelKeys, labelSelector } = fieldsOf(value);
	const [keys, others] = [textsOf(matchLabelKeys), textsOf(mismatchLabelKeys)];
	const { matchLabels, matchExpressions } = fieldsOf(labelSelector);
	const seen = new Set(Object.keys(fieldsOf(matchLabels)));
	const places = new Map(keys.map((key, index) => [key, index]));
	const inBoth = 'exists in both matchLabelKeys and labelSelector';
	const excluded = new Set(others);
	return [
		...labelKeys(keys, isSet(labelSelector), `${at}.matchLabelKeys`),
		...labelKeys(others, isSet(labelSelector), `${at}.mismatchLabelKeys`),
		...collected(listOf(matchExpressions), (requirement) => {
			const key = textOf(fieldsOf(requirement).key);
			const place = places.get(key);
			const isRepeated = place !== undefined && seen.has(key);
			seen.add(key);
			return isRepeated ? [invalid(`${at}[${place}]`, key, inBoth)] : [];
		}),
		...collected(keys, (key, index) =>
			excluded.has(key)
				? [invalid(`${at}.matchLabelKeys[${index}]`, key, 'exists in both matchLabelKeys and mismatchLabelKeys')]
				: [],
		),
	];
}

const topologyKey: Rule = (value, at) => [
	...(textOf(value) === '' ? [required(at, 'can not be empty')] : []),
	...qualifiedProblems(at, textOf(value)),
];
/** Upstream's path of a namespace has neither the name of the list nor an index. */
const podTerm: Rule = (value, at) => [
	...fields({ labelSelector: selector, namespaceSelector: selector })(value, at),
	...collected(listOf(fieldsOf(value).namespaces), (name) => text(labelProblems)(name, `${at}.namespace`)),
	...keyProblems(value, at),
	...topologyKey(fieldsOf(value).topologyKey, `${at}.topologyKey`),
];
const podAffinity = fields({
	requiredDuringSchedulingIgnoredDuringExecution: each(podTerm),
	preferredDuringSchedulingIgnoredDuringExecution: each(fields({ weight, podAffinityTerm: podTerm })),
});

export const affinity = optional(fields({ nodeAffinity, podAffinity, podAntiAffinity: podAffinity }));

const inclusion = optional(oneOf('Honor', 'Ignore'));
const beforePairs = fields({
	maxSkew: positive,
	topologyKey: (value, at) => (textOf(value) === '' ? [required(at, 'can not be empty')] : []),
	whenUnsatisfiable: oneOf('DoNotSchedule', 'ScheduleAnyway'),
});
const afterPairs = fields({ nodeAffinityPolicy: inclusion, nodeTaintsPolicy: inclusion });

function domainProblems(minDomains: unknown, action: string, at: string): FieldProblem[] {
	if (!isSet(minDomains)) return [];
	const detail = `can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ${action}`;
	return [
		...positive(minDomains, at),
		...(action === 'DoNotSchedule' ? [] : [invalid(at, numberOf(minDomains), detail)]),
	];
}

/** A pair of key and action is reported at its earlier constraint. */
export const topologySpread: Rule = (value, at) => {
	const pairs = listOf(value).map((constraint) => {
		const { topologyKey: key, whenUnsatisfiable } = fieldsOf(constraint);
		return `{${textOf(key)}, ${textOf(whenUnsatisfiable)}}`;
	});
	const last = new Map(pairs.map((pair, index) => [pair, index]));
	return each((constraint, path) => {
		const { whenUnsatisfiable, minDomains, labelSelector } = fieldsOf(constraint);
		const index = Number(/\d+(?=\]$)/.exec(path)?.[0]);
		const pair = pairs[index] ?? '';
		return [
			...beforePairs(constraint, path),
			...(last.get(pair) === index ? [] : [duplicate(`${path}.{topologyKey, whenUnsatisfiable}`, pair)]),
			...domainProblems(minDomains, textOf(whenUnsatisfiable), `${path}.minDomains`),
			...afterPairs(constraint, path),
			...keyProblems(constraint, path),
			...selector(labelSelector, `${path}.labelSelector`),
		];
	})(value, at);
};
