/**
 * The changes of a pod that its updates may make.
 *
 * @source pkg/apis/core/validation ValidatePodUpdate, ValidatePodEphemeralContainersUpdate, ValidatePodResize
 * @differs the message of a refused change ends before upstream's listing of the differences; the resources of a whole
 *   pod get no defaults from its containers
 */
import { isDeepStrictEqual } from 'node:util';
import type { FieldProblem } from '../../../../lib/errors.ts';
import { forbiddenField, invalid } from '../../../../lib/kube/object-meta.ts';
import { isMirrorPod, isSidecar, MIRROR_ANNOTATION, type Pod, type PodSpec } from '../../../../lib/kube/pod.ts';
import { qosClassOf } from '../../../../lib/kube/pod-resources.ts';
import { APP_ARMOR_OF } from './profiles.ts';
import { collected, type Fields, fieldsOf, inRange, isSet, listOf, numberOf, textOf } from './rule.ts';

const updatable = [
	...['`spec.containers[*].image`', '`spec.initContainers[*].image`', '`spec.activeDeadlineSeconds`'],
	'`spec.tolerations` (only additions to existing tolerations)',
	'`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)',
];

/** For a comparison in which an empty list equals a missing one, as in Go. */
function comparable(value: unknown): unknown {
	if (Array.isArray(value)) return value.map(comparable);
	if (typeof value !== 'object' || value === null) return value;
	const parts = Object.entries(value).filter(([, part]) => isSet(part) && !(Array.isArray(part) && part.length === 0));
	return Object.fromEntries(parts.map(([name, part]) => [name, comparable(part)]));
}
const areEqual = (a: unknown, b: unknown): boolean => isDeepStrictEqual(comparable(a), comparable(b));

export function podChangeProblems(next: Pod, previous: Pod): FieldProblem[] {
	const [after, before] = [fieldsOf(next.spec), fieldsOf(previous.spec)];
	const problems = annotationChanges(next, previous);
	for (const list of ['containers', 'initContainers'])
		if (listOf(after[list]).length !== listOf(before[list]).length) {
			const detail = 'pod updates may not add or remove containers';
			return [...problems, forbiddenField(`spec.${list}`, detail)];
		}
	const ofDeadline = deadlineProblems(after.activeDeadlineSeconds, before.activeDeadlineSeconds);
	if (ofDeadline.length > 0 && isSet(after.activeDeadlineSeconds)) return [...problems, ...ofDeadline];
	problems.push(...ofDeadline, ...tolerationProblems(after, before), ...gateProblems(after, before));
	const isGated = listOf(before.schedulingGates).length > 0;
	if (isGated) problems.push(...selectorProblems(after, before), ...affinityProblems(after, before));
	if (areEqual(fixedPart(after, isGated), fixedPart(before, isGated)) || isShortened(after, before, isGated))
		return problems;
	return [...problems, forbiddenField('spec', `pod updates may not change fields other than ${updatable.join(',')}`)];
}

/** @source ValidatePodSpecificAnnotationUpdates */
function annotationChanges({ metadata: next }: Pod, { metadata: previous }: Pod): FieldProblem[] {
	const [after, before] = [next.annotations ?? {}, previous.annotations ?? {}];
	const kindOf = (key: string) =>
		key === MIRROR_ANNOTATION ? 'mirror pod annotation' : key.startsWith(APP_ARMOR_OF) ? 'AppArmor annotations' : '';
	const changed = Object.keys({ ...before, ...after }).filter(
		(key) => before[key] !== after[key] && kindOf(key) !== '',
	);
	return collected(changed, (key) => {
		const what = before[key] === undefined ? 'may not add' : 'may not remove or update';
		return [forbiddenField(`metadata.annotations[${key}]`, `${what} ${kindOf(key)}`)];
	});
}

const MAX_INT32 = 2 ** 31 - 1;
function deadlineProblems(after: unknown, before: unknown): FieldProblem[] {
	const at = 'spec.activeDeadlineSeconds';
	if (!isSet(after))
		return isSet(before) ? [invalid(at, null, 'must not update from a positive integer to nil value')] : [];
	const problems = inRange(0, MAX_INT32)(after, at);
	if (problems.length > 0 || !isSet(before) || numberOf(before) >= numberOf(after)) return problems;
	return [invalid(at, after, 'must be less than or equal to previous value')];
}

const tolerationKey = (toleration: unknown): string => {
	const { key, operator, value, effect } = fieldsOf(toleration);
	return JSON.stringify([key, operator, value, effect].map(textOf));
};
function tolerationProblems(after: Fields, before: Fields): FieldProblem[] {
	const known = new Set(listOf(after.tolerations).map(tolerationKey));
	if (listOf(before.tolerations).every((toleration) => known.has(tolerationKey(toleration)))) return [];
	return [forbiddenField('spec.tolerations', 'existing toleration can not be modified except its tolerationSeconds')];
}

function gateProblems(after: Fields, before: Fields): FieldProblem[] {
	const nameOf = (gate: unknown) => textOf(fieldsOf(gate).name);
	const known = new Set(listOf(before.schedulingGates).map(nameOf));
	return collected(listOf(after.schedulingGates), (gate, index) => {
		const detail = `only deletion is allowed, but found new scheduling gate '${nameOf(gate)}'`;
		return known.has(nameOf(gate)) ? [] : [forbiddenField(`spec.schedulingGates[${index}].name`, detail)];
	});
}

/** A gated pod can be limited to fewer nodes. */
function selectorProblems(after: Fields, before: Fields): FieldProblem[] {
	const next = fieldsOf(after.nodeSelector);
	if (Object.entries(fieldsOf(before.nodeSelector)).every(([key, value]) => next[key] === value)) return [];
	const detail = 'only additions to spec.nodeSelector are allowed (no mutations or deletions)';
	return [invalid('spec.nodeSelector', after.nodeSelector ?? null, detail)];
}

const REQUIRED = 'requiredDuringSchedulingIgnoredDuringExecution';
const termsOf = (spec: Fields): unknown =>
	fieldsOf(fieldsOf(fieldsOf(spec.affinity).nodeAffinity)[REQUIRED]).nodeSelectorTerms;

function affinityProblems(after: Fields, before: Fields): FieldProblem[] {
	const [next, previous] = [termsOf(after), listOf(termsOf(before))];
	if (previous.length === 0) return [];
	const at = `spec.affinity.nodeAffinity.${REQUIRED}.nodeSelectorTerms`;
	if (listOf(next).length !== previous.length) {
		const detail = 'no additions/deletions to non-empty NodeSelectorTerms list are allowed';
		return [invalid(at, Array.isArray(next) ? next.map(termInGo) : null, detail)];
	}
	return collected(previous, (term, index) => {
		const detail = 'only additions are allowed (no mutations or deletions)';
		const changed = listOf(next)[index];
		return hasOnlyAdditions(changed, term) ? [] : [invalid(`${at}[${index}]`, termInGo(changed), detail)];
	});
}

const termLists = ['matchExpressions', 'matchFields'] as const;
function hasOnlyAdditions(after: unknown, before: unknown): boolean {
	const lists = termLists.map((name) => [listOf(fieldsOf(after)[name]), listOf(fieldsOf(before)[name])] as const);
	if (lists.every(([, old]) => old.length === 0)) return lists.every(([added]) => added.length === 0);
	return lists.every(([next, old]) => old.length <= next.length && areEqual(next.slice(0, old.length), old));
}

function termInGo(term: unknown): object {
	const requirement = (one: unknown) => {
		const { key, operator, values } = fieldsOf(one);
		return { Key: textOf(key), Operator: textOf(operator), Values: values ?? null };
	};
	const { matchExpressions, matchFields } = fieldsOf(term);
	const listed = (list: unknown) => (Array.isArray(list) ? list.map(requirement) : null);
	return { MatchExpressions: listed(matchExpressions), MatchFields: listed(matchFields) };
}

/** The spec without the fields that have rules of their own. */
function fixedPart(spec: Fields, isGated: boolean): Fields {
	const { activeDeadlineSeconds: _d, tolerations: _t, schedulingGates: _g, nodeSelector, affinity, ...rest } = spec;
	const withoutImages = (list: unknown) =>
		listOf(list).map((container) => {
			const { image: _image, ...others } = fieldsOf(container);
			return others;
		});
	const { nodeAffinity, ...others } = fieldsOf(affinity);
	const placed = isGated ? others : { ...others, ...(isSet(nodeAffinity) ? { nodeAffinity } : {}) };
	const hasPlaces = isSet(affinity) && (!isGated || Object.keys(others).length > 0);
	return {
		...rest,
		...(isGated || Object.keys(fieldsOf(nodeSelector)).length === 0 ? {} : { nodeSelector }),
		...(hasPlaces ? { affinity: placed } : {}),
		containers: withoutImages(spec.containers),
		initContainers: withoutImages(spec.initContainers),
	};
}

/** A negative grace period can become one second. */
function isShortened(after: Fields, before: Fields, isGated: boolean): boolean {
	const { terminationGracePeriodSeconds: seconds } = before;
	if (numberOf(seconds) >= 0 || after.terminationGracePeriodSeconds !== 1) return false;
	const restored = { ...after, terminationGracePeriodSeconds: seconds };
	return areEqual(fixedPart(restored, isGated), fixedPart(before, isGated));
}

export function debuggingProblems(next: Pod, previous: Pod): FieldProblem[] {
	if (isMirrorPod(previous)) return [forbiddenField('', 'static pods do not support ephemeral containers')];
	const after = new Map(next.spec?.ephemeralContainers?.map((container) => [container.name, container]));
	return collected(previous.spec?.ephemeralContainers ?? [], (container) => {
		const found = after.get(container.name);
		if (found !== undefined && areEqual(found, container)) return [];
		const detail = found === undefined ? 'may not be removed\n' : 'may not be changed';
		const name = JSON.stringify(container.name ?? '');
		return [forbiddenField('spec.ephemeralContainers', `existing ephemeral containers ${name} ${detail}`)];
	});
}

/** The requests or limits of a container that a resize leaves out. @source validateContainerResize */
function removedProblems(after: unknown, before: unknown, at: string, what = 'resource'): FieldProblem[] {
	return ['requests', 'limits'].flatMap((part) => {
		const next = fieldsOf(fieldsOf(after)[part]);
		const isRemoved = Object.keys(fieldsOf(fieldsOf(before)[part])).some((name) => !isSet(next[name]));
		return isRemoved ? [forbiddenField(`${at}.${part}`, `${what} ${part} cannot be removed`)] : [];
	});
}

export function resizeProblems(next: Pod, previous: Pod): FieldProblem[] {
	if (isMirrorPod(previous)) return [forbiddenField('', 'static pods cannot be resized')];
	if (fieldsOf(previous.spec?.os).name === 'windows') return [forbiddenField('', 'windows pods cannot be resized')];
	const ofPod = podAmountsProblems(next.spec?.resources, previous.spec?.resources);
	const moved = orderProblems(next.spec ?? {}, previous.spec ?? {});
	const isOtherClass = qosClassOf(next) !== (previous.status?.qosClass ?? qosClassOf(previous));
	const detail = 'Pod QOS Class may not change as a result of resizing';
	return [
		...(isOtherClass ? [invalid('spec', next.status?.qosClass ?? '', detail)] : []),
		...ofPod,
		...(moved.length > 0
			? moved
			: (['initContainers', 'containers'] as const).flatMap((list) =>
					resizedProblems(next.spec ?? {}, previous.spec ?? {}, list),
				)),
	];
}

/** Of all containers together. An empty object is not the same as none. @source validatePodLevelResourcesResize */
function podAmountsProblems(next: unknown, previous: unknown): FieldProblem[] {
	const hasAmounts = (resources: unknown) =>
		['requests', 'limits'].some((part) => Object.keys(fieldsOf(fieldsOf(resources)[part])).length > 0);
	if (!hasAmounts(next) && !hasAmounts(previous)) {
		const detail = 'only cpu and memory resources are mutable';
		return areEqual(next ?? null, previous ?? null) ? [] : [forbiddenField('spec', detail)];
	}
	const fixed = (resources: unknown) => withoutAmounts({ resources }).resources;
	const detail = 'only cpu and memory resources are mutable at pod-level';
	return [
		...removedProblems(next, previous, 'spec.resources', 'pod-level resource'),
		...(areEqual(fixed(next), fixed(previous)) ? [] : [forbiddenField('spec', detail)]),
	];
}

/** @source validatePodResizeContainerOrdering */
function orderProblems(next: PodSpec, previous: PodSpec): FieldProblem[] {
	return (['containers', 'initContainers'] as const).flatMap((list) => {
		const [after, before] = [next[list] ?? [], previous[list] ?? []];
		if (after.length !== before.length)
			return [forbiddenField(`spec.${list}`, `${list} may not be added or removed on resize`)];
		return collected(before, ({ name }, index) => {
			const detail = `${list} may not be renamed or reordered on resize`;
			return after[index]?.name === name ? [] : [forbiddenField(`spec.${list}[${index}].name`, detail)];
		});
	});
}

function resizedProblems(next: PodSpec, previous: PodSpec, list: 'containers' | 'initContainers'): FieldProblem[] {
	const isInit = list === 'initContainers';
	return collected(previous[list] ?? [], (container, index) => {
		const changed = next[list]?.[index];
		if (changed === undefined) return [];
		const at = `spec.${list}[${index}]`;
		const onlyAmounts = isInit
			? forbiddenField(at, 'only cpu and memory resources for init or sidecar containers are mutable')
			: forbiddenField('spec', 'only cpu and memory resources are mutable');
		const restarts = listOf(changed.resizePolicy).some((one) => fieldsOf(one).restartPolicy === 'RestartContainer');
		const isRefused = isInit && !isSidecar(container) && restarts && !areEqual(changed, container);
		const notRestarted = 'non-sidecar init containers with a resize policy of RestartContainer cannot be resized';
		return [
			...removedProblems(changed.resources, container.resources, `${at}.resources`),
			...(areEqual(withoutAmounts(changed), withoutAmounts(container)) ? [] : [onlyAmounts]),
			...(isRefused ? [forbiddenField(at, notRestarted)] : []),
		];
	});
}

/** Without the amounts that a resize changes. */
function withoutAmounts(container: Fields): Fields {
	const { limits, requests, ...rest } = fieldsOf(container.resources);
	const others = (list: unknown) =>
		Object.fromEntries(Object.entries(fieldsOf(list)).filter(([name]) => name !== 'cpu' && name !== 'memory'));
	const { resizePolicy: _policy, ...fixed } = container;
	return { ...fixed, resources: { ...rest, limits: others(limits), requests: others(requests) } };
}
