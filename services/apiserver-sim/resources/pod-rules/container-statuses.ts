/**
 * The rules of the statuses of containers: which may run again, as which user they run, and how their devices are.
 *
 * @source pkg/apis/core/validation ValidateContainerStateTransition, validateContainerStatusUsers,
 *   validateContainerStatusAllocatedResourcesStatus
 */
import type { FieldProblem } from '../../../../lib/errors.ts';
import { duplicate, forbiddenField, invalid, notSupported, required, tooLong } from '../../../../lib/kube/object-meta.ts';
import type { Container, PodSpec, PodStatus } from '../../../../lib/kube/pod.ts';
import { compareAmounts } from '../../../../lib/kube/resource-list.ts';
import { collected, each, type Fields, fieldsOf, isSet, listOf, numberOf, type Rule, textOf, unixId } from './rule.ts';

const statusLists = ['containerStatuses', 'initContainerStatuses', 'ephemeralContainerStatuses'] as const;
type StatusList = (typeof statusLists)[number];

/** Ephemeral containers never run again. */
const containersOf = (spec: PodSpec, list: StatusList): readonly Container[] => {
	if (list === 'containerStatuses') return spec.containers ?? [];
	return list === 'initContainerStatuses' ? (spec.initContainers ?? []) : [];
};
const byName = (containers: readonly Container[]) => new Map(containers.map((one) => [textOf(one.name), one]));

export function transitionProblems(next: PodStatus, previous: PodStatus, spec: PodSpec): FieldProblem[] {
	const all = [...listOf(spec.initContainers), ...listOf(spec.containers)].map(fieldsOf);
	const restartsAll = all.some(({ restartPolicyRules }) =>
		listOf(restartPolicyRules).some((rule) => fieldsOf(rule).action === 'RestartAllContainers'),
	);
	return statusLists.flatMap((list) => {
		if (restartsAll && list !== 'ephemeralContainerStatuses') return [];
		const statuses = listOf(next[list]).map(fieldsOf);
		const notEnded = new Set(statuses.filter((one) => !isSet(endOf(one))).map(({ name }) => textOf(name)));
		const containers = byName(containersOf(spec, list));
		return collected(listOf(previous[list]), (status, index) => {
			const ended = endOf(fieldsOf(status));
			const name = textOf(fieldsOf(status).name);
			if (!isSet(ended) || !notEnded.has(name)) return [];
			const container = containers.get(name);
			if (container !== undefined && mayRestart(container, spec, numberOf(fieldsOf(ended).exitCode))) return [];
			const detail = 'may not be transitioned to non-terminated state';
			return [forbiddenField(`status.${list}[${index}].state`, detail)];
		});
	});
}

const endOf = ({ state }: Fields): unknown => fieldsOf(state).terminated;

/** The first rule for the exit code decides, then the policy of the container, then that of the pod. */
function mayRestart({ restartPolicy, restartPolicyRules }: Container, spec: PodSpec, exitCode: number): boolean {
	if (isSet(restartPolicy)) {
		const rule = listOf(restartPolicyRules).map(fieldsOf).find(matches(exitCode));
		if (rule?.action === 'Restart' || rule?.action === 'RestartAllContainers') return true;
	}
	const policy = textOf(restartPolicy) || textOf(spec.restartPolicy);
	return policy === 'OnFailure' ? exitCode !== 0 : policy !== 'Never';
}

const matches =
	(exitCode: number) =>
	(rule: Fields): boolean => {
		const { operator, values } = fieldsOf(rule.exitCodes);
		return operator === 'In' ? listOf(values).includes(exitCode) : operator === 'NotIn' && !listOf(values).includes(exitCode);
	};

const MAX_UINT32 = 2 ** 32 - 1;

export function userProblems(status: PodStatus, spec: PodSpec): FieldProblem[] {
	const system = textOf(fieldsOf(spec.os).name) || 'linux';
	const linuxUser: Rule = (status, at) => {
		const { linux } = fieldsOf(fieldsOf(status).user);
		if (!isSet(linux)) return [];
		const field = `${at}.user.linux`;
		if (system === 'windows') return [forbiddenField(field, 'cannot be set for a windows pod')];
		const { uid, gid, supplementalGroups } = fieldsOf(linux);
		const detail = `must be between 0 and ${MAX_UINT32}, inclusive`;
		const isUser = numberOf(uid) >= 0 && numberOf(uid) <= MAX_UINT32;
		return [
			...(isUser ? [] : [invalid(`${field}.uid`, uid, detail)]),
			...unixId(gid, `${field}.gid`),
			...each(unixId)(supplementalGroups, `${field}.supplementalGroups`),
		];
	};
	return statusLists.flatMap((list) => each(linuxUser)(status[list], `status.${list}`));
}

export function allocatedProblems(status: PodStatus, spec: PodSpec): FieldProblem[] {
	return statusLists.flatMap((list) => {
		const containers = byName(containersOf(spec, list));
		return collected(listOf(status[list]), (one, index) => {
			const { name, allocatedResourcesStatus } = fieldsOf(one);
			const at = `status.${list}[${index}].allocatedResourcesStatus`;
			if (list === 'ephemeralContainerStatuses')
				return listOf(allocatedResourcesStatus).length === 0
					? []
					: [forbiddenField(at, 'must not be specified in container status')];
			const container = containers.get(textOf(name));
			const problemsOf = allocatedIn(container, status);
			return collected(listOf(allocatedResourcesStatus), (resource, index) =>
				problemsOf(fieldsOf(resource), `${at}[${index}]`),
			);
		});
	});
}

/** A status of a container that is not in the spec has no name to compare with. */
function allocatedIn(container: Container | undefined, status: PodStatus) {
	const claims = new Set(claimNames(container ?? {}, status));
	const requests = fieldsOf(container?.resources?.requests);
	return (resource: Fields, at: string): FieldProblem[] => {
		const name = textOf(resource.name);
		const isClaim = name.startsWith('claim:');
		const isKnown = container === undefined || (isClaim ? claims.has(name) : Object.hasOwn(requests, name));
		const detail = isClaim ? CLAIM_DETAIL : "must match one of the container's resource requests";
		return [...(isKnown ? [] : [invalid(`${at}.name`, name, detail)]), ...healthProblems(resource.resources, `${at}.resources`)];
	};
}

const CLAIM_DETAIL =
	"must match one of the container's resource claims as 'claim:<claimName>/<requestName>' when " +
	"container.resources.claims[*].request is set or 'claim:<claimName>' when it is empty";

function claimNames(container: Container, { extendedResourceClaimStatus }: PodStatus): string[] {
	const { claims, requests } = fieldsOf(container.resources);
	const own = listOf(claims).map((claim) => {
		const { name, request } = fieldsOf(claim);
		return `claim:${textOf(name)}${textOf(request) === '' ? '' : `/${textOf(request)}`}`;
	});
	const { resourceClaimName, requestMappings } = fieldsOf(extendedResourceClaimStatus);
	const claim = textOf(resourceClaimName);
	const mapped = listOf(requestMappings).map(fieldsOf).flatMap(({ containerName, resourceName, requestName }) => {
		const amount = fieldsOf(requests)[textOf(resourceName)];
		const isOfThis = containerName === container.name && isSet(amount) && compareAmounts(textOf(amount), '0') !== 0;
		return isOfThis && claim !== '' && textOf(requestName) !== '' ? [`claim:${claim}/${textOf(requestName)}`] : [];
	});
	return [...own, ...mapped];
}

const healths = ['Healthy', 'Unhealthy', 'Unknown'];
const MAX_MESSAGE_BYTES = 1024;

function healthProblems(resources: unknown, at: string): FieldProblem[] {
	const seen = new Set<string>();
	return collected(listOf(resources), (one, index) => {
		const { resourceID, health, message } = fieldsOf(one);
		const [field, id] = [`${at}[${index}]`, textOf(resourceID)];
		const isRepeated = seen.has(id);
		seen.add(id);
		return [
			...(healths.includes(textOf(health)) ? [] : [notSupported(`${field}.health`, textOf(health), healths)]),
			...(isSet(message) ? messageProblems(textOf(message), `${field}.message`) : []),
			...(isRepeated ? [duplicate(`${field}.resourceID`, id)] : []),
		];
	});
}

function messageProblems(message: string, at: string): FieldProblem[] {
	if (message === '') return [required(at, 'must be non-empty if specified')];
	return Buffer.byteLength(message) > MAX_MESSAGE_BYTES ? [tooLong(at, MAX_MESSAGE_BYTES)] : [];
}
