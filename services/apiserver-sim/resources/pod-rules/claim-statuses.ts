/**
 * The rules of the claims of dynamic resource allocation in the status of a pod.
 *
 * @source pkg/apis/core/validation validatePodResourceClaimStatuses, validatePodExtendedResourceClaimStatus
 */
import type { FieldProblem } from '../../../../lib/errors.ts';
import { labelProblems, subdomainProblems } from '../../../../lib/kube/names.ts';
import { duplicate, invalid, required } from '../../../../lib/kube/object-meta.ts';
import type { PodSpec, PodStatus } from '../../../../lib/kube/pod.ts';
import { collected, type Fields, fieldsOf, isSet, listOf, text, textOf } from './rule.ts';

const subdomain = text(subdomainProblems);

export function claimProblems({ resourceClaimStatuses }: PodStatus, spec: PodSpec): FieldProblem[] {
	const claims = new Set(listOf(spec.resourceClaims).map((claim) => textOf(fieldsOf(claim).name)));
	const seen = new Set<string>();
	return collected(listOf(resourceClaimStatuses), (status, index) => {
		const { name: sent, resourceClaimName } = fieldsOf(status);
		const [at, name] = [`status.resourceClaimStatuses[${index}]`, textOf(sent)];
		const isRepeated = seen.has(name);
		seen.add(name);
		const detail = 'must match the name of an entry in `spec.resourceClaims`';
		return [
			...(claims.has(name) ? [] : [invalid(`${at}.name`, name, detail)]),
			...(isRepeated ? [duplicate(`${at}.name`, name)] : []),
			...(isSet(resourceClaimName) ? subdomain(resourceClaimName, `${at}.resourceClaimName`) : []),
		];
	});
}

const RESOURCES = 'spec.initContainers.resources.requests or spec.containers.resources.requests';
const notRequested = `must match the extended resource name of an entry in ${RESOURCES}`;
const notContained = 'must match the name of an entry in spec.initContainers.name or spec.containers.name';

export function extendedClaimProblems(status: PodStatus, spec: PodSpec): FieldProblem[] {
	if (!isSet(status.extendedResourceClaimStatus)) return [];
	const field = 'status.extendedResourceClaimStatus';
	const { requestMappings, resourceClaimName } = fieldsOf(status.extendedResourceClaimStatus);
	const mappings = listOf(requestMappings).map(fieldsOf);
	return [
		...(mappings.length === 0
			? [required(`${field}.requestMappings`, 'at least one request mapping is required')]
			: []),
		...mappingProblems(mappings, spec, field),
		...(textOf(resourceClaimName) === ''
			? [required(`${field}.resourceClaimName`)]
			: subdomain(resourceClaimName, `${field}.resourceClaimName`)),
	];
}

function mappingProblems(mappings: readonly Fields[], spec: PodSpec, field: string): FieldProblem[] {
	const all = [...listOf(spec.initContainers), ...listOf(spec.containers)].map(fieldsOf);
	const requestsOf = new Map(all.map(({ name, resources }) => [textOf(name), fieldsOf(fieldsOf(resources).requests)]));
	const seen = new Set<string>();
	return collected(mappings, (mapping, index) => {
		const at = `${field}.requestMappings[${index}]`;
		const parts = { containerName: '', resourceName: '', requestName: '' };
		for (const part of Object.keys(parts) as (keyof typeof parts)[]) parts[part] = textOf(mapping[part]);
		const requests = requestsOf.get(parts.containerName);
		const key = JSON.stringify(parts);
		const isRepeated = seen.has(key);
		seen.add(key);
		return [
			...(requests === undefined ? [invalid(`${at}.containerName`, parts.containerName, notContained)] : []),
			...(requests === undefined || Object.hasOwn(requests, parts.resourceName)
				? []
				: [invalid(`${at}.resourceName`, parts.resourceName, notRequested)]),
			...text(labelProblems)(parts.requestName, `${field}.requestName`),
			...(isRepeated ? Object.entries(parts).map(([name, value]) => duplicate(`${at}.${name}`, value)) : []),
		];
	});
}
