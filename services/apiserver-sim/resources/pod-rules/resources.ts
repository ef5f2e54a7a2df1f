/** The resources of a container or pod. @source pkg/apis/core/validation validateResourceRequirements */
import { parseQuantity } from '../../../../lib/codec/quantity.ts';
import type { FieldProblem } from '../../../../lib/errors.ts';
import { labelProblems } from '../../../../lib/kube/names.ts';
import { duplicate, forbiddenField, invalid, notSupported, required } from '../../../../lib/kube/object-meta.ts';
import type { Pod, PodSpec } from '../../../../lib/kube/pod.ts';
import { sumOfContainers } from '../../../../lib/kube/pod-resources.ts';
import { compareAmounts, type ResourceList } from '../../../../lib/kube/resource-list.ts';
import { isNative, isWhole } from '../../../../lib/kube/resource-quota.ts';
import { isExtended, isHugePages, limitNameProblems, resourceNameProblems } from '../quotas.ts';
import { collected, fieldsOf, isSet, listOf, present, text, textOf } from './rule.ts';

type NameProblems = (name: string, at: string) => FieldProblem[];
const containerNames: NameProblems = (name, at) => limitNameProblems('Container', name, at);

const isOvercommitAllowed = (name: string): boolean => isNative(name) && !isHugePages(name);
const listOfAmounts = (value: unknown): ResourceList => fieldsOf(value) as ResourceList;
const canonical = (amount: string): string => parseQuantity(amount).canonical;

export function amountProblems(name: string, amount: string, at: string): FieldProblem[] {
	const quantity = parseQuantity(amount);
	const page = isHugePages(name) ? pageSize(name) : undefined;
	return [
		...(quantity.value < 0n ? [invalid(at, quantity.canonical, 'must be greater than or equal to 0')] : []),
		...(!isWhole(amount) && isExtended(name) ? [invalid(at, quantity.canonical, 'must be an integer')] : []),
		...(isHugePages(name) && (page === undefined || !isMultiple(amount, page))
			? [invalid(at, quantity.canonical, `${quantity.canonical} is not positive integer multiple of ${name}`)]
			: []),
	];
}

function pageSize(name: string): string | undefined {
	const size = name.replace('hugepages-', '');
	try {
		return parseQuantity(size).value > 0n && isWhole(size) ? size : undefined;
	} catch {
		return undefined;
	}
}
function isMultiple(amount: string, size: string): boolean {
	const [one, other] = [parseQuantity(amount), parseQuantity(size)];
	const unit = Math.min(one.exponent, other.exponent);
	return (one.value * 10n ** BigInt(one.exponent - unit)) % (other.value * 10n ** BigInt(other.exponent - unit)) === 0n;
}

/** Compares a request with the limit of the same resource. */
function orderProblems(name: string, request: string, limit: string | undefined, at: string): FieldProblem[] {
	const field = `${at}.requests`;
	if (limit === undefined)
		return isOvercommitAllowed(name)
			? []
			: [required(`${at}.limits`, 'Limit must be set for non overcommitable resources')];
	const order = compareAmounts(request, limit);
	const of = `${name} limit of ${canonical(limit)}`;
	if (order !== 0 && !isOvercommitAllowed(name)) return [invalid(field, canonical(request), `must be equal to ${of}`)];
	return order > 0 ? [invalid(field, canonical(request), `must be less than or equal to ${of}`)] : [];
}

function claimProblems(value: unknown, at: string, claimNames: readonly string[]): FieldProblem[] {
	const [whole, requested, keys] = [new Set<string>(), new Set<string>(), new Set<string>()];
	const known = claimNames.length === 0 ? ' which is empty' : `: ${claimNames.join(', ')}`;
	return collected(listOf(value), (claim, index) => {
		const [path, name, request] = [`${at}[${index}]`, textOf(fieldsOf(claim).name), textOf(fieldsOf(claim).request)];
		if (name === '') return present(name, path);
		const key = request === '' ? name : `${name}/${request}`;
		const problems: FieldProblem[] = [];
		if (whole.has(name)) problems.push(duplicate(path, name));
		else {
			if (request !== '') problems.push(...text(labelProblems)(request, `${path}.request`));
			if (keys.has(key)) problems.push(duplicate(path, key));
			else if (request === '' && requested.has(name)) problems.push(duplicate(path, name));
			keys.add(key);
			(request === '' ? whole : requested).add(name);
		}
		if (!claimNames.includes(name)) {
			const detail = `must be one of the names in pod.spec.resourceClaims${known}`;
			problems.push({ field: path, reason: 'FieldValueNotFound', message: `Not found: "${name}": ${detail}` });
		}
		return problems;
	});
}

export function resourceProblems(
	value: unknown,
	at: string,
	claimNames: readonly string[],
	nameProblems: NameProblems = containerNames,
): FieldProblem[] {
	if (!isSet(value)) return [];
	const { limits: most, requests: least, claims } = fieldsOf(value);
	const [limits, requests] = [listOfAmounts(most), listOfAmounts(least)];
	const names = Object.keys({ ...limits, ...requests });
	// Most requests have a limit of the same name.
	const valid = new Set<string>();
	const newProblems: NameProblems = (name, path) => {
		if (valid.has(name)) return [];
		const problems = nameProblems(name, path);
		if (problems.length === 0) valid.add(name);
		return problems;
	};
	const hasPagesAlone = names.some(isHugePages) && !names.includes('cpu') && !names.includes('memory');
	return [
		...collected(Object.entries(limits), ([name, amount]) => {
			const path = `${at}.limits[${name}]`;
			return [...newProblems(name, path), ...amountProblems(name, amount, path)];
		}),
		...collected(Object.entries(requests), ([name, amount]) => {
			const path = `${at}.requests[${name}]`;
			const limit = Object.hasOwn(limits, name) ? limits[name] : undefined;
			return [
				...newProblems(name, path),
				...amountProblems(name, amount, path),
				...orderProblems(name, amount, limit, at),
			];
		}),
		...(hasPagesAlone ? [forbiddenField(at, 'HugePages require cpu or memory')] : []),
		...claimProblems(claims, `${at}.claims`, claimNames),
	];
}

const ofPods = ['cpu', 'hugepages-', 'memory'];
/** The resources of all containers together. @source validatePodResources */
export function podResourceProblems(spec: PodSpec, at: string, claimNames: readonly string[]): FieldProblem[] {
	const value = fieldsOf(spec).resources;
	if (!isSet(value)) return [];
	if (fieldsOf(fieldsOf(spec).os).name === 'windows') return [forbiddenField(at, 'may not be set for a windows pod')];
	const podNames: NameProblems = (name, path) => {
		const problems = resourceNameProblems(name, path);
		const isKnown = ofPods.includes(name) || isHugePages(name);
		return problems.length > 0 || isKnown ? problems : [notSupported(path, name, ofPods)];
	};
	return [
		...(isSet(fieldsOf(value).claims)
			? [forbiddenField(`${at}.claims`, 'claims may not be set for Resources at pod-level')]
			: []),
		...resourceProblems(value, at, claimNames, podNames),
		...consistencyProblems(spec, at),
	];
}

/** The amounts of the containers fit into those of the pod. @source validatePodResourceConsistency */
function consistencyProblems(spec: PodSpec, at: string): FieldProblem[] {
	const pod = { spec } as Pod;
	const most = listOfAmounts(spec.resources?.limits);
	const sumProblems = (part: 'requests' | 'limits', isCounted: (name: string) => boolean) => {
		const ofPod = listOfAmounts(spec.resources?.[part]);
		const sums = sumOfContainers(pod, part, (name) => Object.hasOwn(ofPod, name) && isCounted(name));
		return collected(Object.entries(sums).toSorted(), ([name, amount]) => {
			const given = ofPod[name] ?? '0';
			if (compareAmounts(amount, given) <= 0) return [];
			const detail = `must be greater than or equal to aggregate container ${part} of ${canonical(amount)}`;
			return [invalid(`${at}.${part}[${name}]`, canonical(given), detail)];
		});
	};
	return [
		...sumProblems('requests', () => true),
		...sumProblems('limits', isHugePages),
		...collected(spec.containers ?? [], ({ resources }, index) =>
			collected(Object.entries(listOfAmounts(resources?.limits)).toSorted(), ([name, amount]) => {
				const given = Object.hasOwn(most, name) ? most[name] : undefined;
				if (given === undefined || compareAmounts(amount, given) <= 0) return [];
				const detail = `must be less than or equal to pod limits of ${canonical(given)}`;
				return [invalid(`${at}.containers[${index}][${name}].limits`, canonical(amount), detail)];
			}),
		),
	];
}
