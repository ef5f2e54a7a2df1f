/**
 * The environment of a container, and references to fields of its pod.
 *
 * @source pkg/apis/core/validation ValidateEnv, ValidateEnvFrom; pkg/apis/core/pods ConvertDownwardAPIFieldLabel
 */
import { parseQuantity } from '../../../../lib/codec/quantity.ts';
import type { FieldProblem } from '../../../../lib/errors.ts';
import { configKeyProblems, labelProblems, subdomainProblems } from '../../../../lib/kube/names.ts';
import { invalid, notSupported, required } from '../../../../lib/kube/object-meta.ts';
import { qualifiedProblems } from '../field-rules.ts';
import {
	all,
	each,
	fields,
	fieldsOf,
	isSet,
	noBacksteps,
	present,
	presentAnd,
	type Rule,
	text,
	textOf,
	unlessEmpty,
} from './rule.ts';

/** @source apimachinery/pkg/util/validation IsRelaxedEnvVarName */
const variableName = text((name) =>
	/^[ -<>-~]*$/.test(name)
		? []
		: ["a valid environment variable name must consist only of printable ASCII characters other than '='"],
);

const conversions = [
	...['metadata.annotations', 'metadata.labels', 'metadata.name', 'metadata.namespace', 'metadata.uid'],
	...['spec.nodeName', 'spec.restartPolicy', 'spec.serviceAccountName', 'spec.schedulerName', 'spec.host'],
	...['status.phase', 'status.hostIP', 'status.hostIPs', 'status.podIP', 'status.podIPs'],
];
const subscripted = ['metadata.annotations', 'metadata.labels'];

/** @param known  the fields that can be read where the reference is */
export const fieldReference =
	(known: readonly string[]): Rule =>
	(value, at) => {
		const { apiVersion, fieldPath } = fieldsOf(value);
		const [version, label] = [textOf(apiVersion), textOf(fieldPath)];
		if (version === '') return [required(`${at}.apiVersion`)];
		const field = `${at}.fieldPath`;
		if (label === '') return [required(field)];
		const failed = (because: string) => [invalid(field, label, `error converting fieldPath: ${because}`)];
		if (version !== 'v1') return failed(`unsupported pod version: ${version}`);
		const open = label.indexOf("['");
		if (open > 0 && label.endsWith("']") && open + 2 <= label.length - 2) {
			const [path, subscript] = [label.slice(0, open), label.slice(open + 2, -2)];
			if (!subscripted.includes(path)) return failed(`field label does not support subscript: ${label}`);
			return qualifiedProblems(at, path === 'metadata.annotations' ? subscript.toLowerCase() : subscript);
		}
		if (!conversions.includes(label)) return failed(`field label not supported: ${label}`);
		const converted = label === 'spec.host' ? 'spec.nodeName' : label;
		return known.includes(converted) ? [] : [notSupported(field, converted, known)];
	};

const resourceNames = ['limits', 'requests'].flatMap((part) =>
	['cpu', 'ephemeral-storage', 'memory'].map((name) => `${part}.${name}`),
);
const HUGE_PAGES = /^(?:requests|limits)\.hugepages-/;
const divisors = ['1', ...['k', 'M', 'G', 'T', 'P', 'E'].flatMap((unit) => [`1${unit}`, `1${unit.toUpperCase()}i`])];
const listed = '1, 1k, 1M, 1G, 1T, 1P, 1E, 1Ki, 1Mi, 1Gi, 1Ti, 1Pi, 1Ei';

function divisorProblems(resource: string, divisor: unknown, at: string): FieldProblem[] {
	const amount = parseQuantity(textOf(divisor) || '0');
	if (amount.value === 0n) return [];
	const problem = (supported: string, of: string) => [
		invalid(`${at}.divisor`, resource, `only divisor's values ${supported} are supported with the ${of} resource`),
	];
	if (resource.endsWith('.cpu')) return ['1m', '1'].includes(amount.canonical) ? [] : problem('1m and 1', 'cpu');
	if (divisors.includes(amount.canonical)) return [];
	if (resource.endsWith('.memory')) return problem(listed, 'memory');
	if (resource.endsWith('.ephemeral-storage')) return problem(listed, 'local ephemeral storage');
	return HUGE_PAGES.test(resource) ? problem(listed, 'hugepages') : [];
}

/** @param isOfVolume  a volume must name the container */
export const resourceField =
	(isOfVolume: boolean): Rule =>
	(value, at) => {
		const { containerName, resource, divisor } = fieldsOf(value);
		const name = textOf(resource);
		const problems =
			isOfVolume && textOf(containerName) === ''
				? [required(`${at}.containerName`)]
				: name === ''
					? [required(`${at}.resource`)]
					: resourceNames.includes(name) || HUGE_PAGES.test(name)
						? []
						: [notSupported(`${at}.resource`, name, resourceNames)];
		return [...problems, ...divisorProblems(name, divisor, at)];
	};

const shownField = fieldReference([
	...['metadata.name', 'metadata.namespace', 'metadata.uid', 'spec.nodeName', 'spec.serviceAccountName'],
	...['status.hostIP', 'status.hostIPs', 'status.podIP', 'status.podIPs'],
]);
const keyReference = fields({ name: text(subdomainProblems), key: presentAnd(text(configKeyProblems)) });
const fileReference = fields({
	key: presentAnd(variableName),
	volumeName: presentAnd(text(labelProblems)),
	path: presentAnd(noBacksteps),
});
const sources: Readonly<Record<string, Rule>> = {
	fieldRef: shownField,
	resourceFieldRef: resourceField(false),
	configMapKeyRef: keyReference,
	secretKeyRef: keyReference,
	fileKeyRef: fileReference,
};

const SOURCES = '`fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`';
const oneAtATime = 'may not have more than one field specified at a time';

const valueSource: Rule = (variable, at) => {
	const { value, valueFrom } = fieldsOf(variable);
	if (!isSet(valueFrom)) return [];
	const from = `${at}.valueFrom`;
	const given = Object.entries(sources).filter(([name]) => isSet(fieldsOf(valueFrom)[name]));
	const problems = given.flatMap(([name, rule]) => rule(fieldsOf(valueFrom)[name], `${from}.${name}`));
	if (given.length === 0) problems.push(invalid(from, '', `must specify one of: ${SOURCES}`));
	else if (textOf(value) !== '') problems.push(invalid(from, '', 'may not be specified when `value` is not empty'));
	else if (given.length > 1) problems.push(invalid(from, '', oneAtATime));
	return problems;
};

export const environment = each(all(fields({ name: presentAnd(variableName) }), valueSource));

const reference = fields({ name: all(present, unlessEmpty(text(maskedSubdomainProblems))) });
/** A dash at the end is accepted. @source maskTrailingDash */
function maskedSubdomainProblems(name: string): string[] {
	return subdomainProblems(name.length > 1 && name.endsWith('-') ? `${name.slice(0, -2)}a` : name);
}

/** Upstream reports the number of sources at the list. */
export const environmentSources: Rule = (value, at) =>
	each((source, path) => {
		const { prefix, configMapRef, secretRef } = fieldsOf(source);
		const given = [configMapRef, secretRef].filter(isSet).length;
		return [
			...unlessEmpty(variableName)(prefix, `${path}.prefix`),
			...(isSet(configMapRef) ? reference(configMapRef, `${path}.configMapRef`) : []),
			...(isSet(secretRef) ? reference(secretRef, `${path}.secretRef`) : []),
			...(given === 0 ? [invalid(at, '', 'must specify one of: `configMapRef` or `secretRef`')] : []),
			...(given > 1 ? [invalid(at, '', oneAtATime)] : []),
		];
	})(value, at);
