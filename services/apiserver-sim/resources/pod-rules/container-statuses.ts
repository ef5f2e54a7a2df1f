/**
 * The rules of the statuses of containers: which may run again, as which user they run, and how their devices are.
 *
 * @source pkg/apis/core/validation ValidateContainerStateTransition, validateContainerStatusUsers,
 *   validateContainerStatusAllocatedResourcesStatus
 */
import type { FieldProblem } from '../../../../lib/errors.ts';
import {
	duplicate,
	forbiddenField,
	invalid,
	notSupported,
	required,
	tooLong,
} from '../../../../lib/kube/object-meta.ts';
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

export function transitionProblems(next: PodStatus, previous: PodStatus, spec: PodSpec): FieldProblem[] {
	const all = [...listOf(spec.initContainers), ...listOf(spec.containers)].map(fieldsOf);
	const restartsAll = all.some(({ restartPolicyRules }) =>
		listOf(restartPolicyRules).some((rule) => fieldsOf(rule).action === 'RestartAllContainers'),
	);
	return statusLists.flatMap((list) => {
		if (restartsAll && list !== 'ephemeralContainerStatuses') return [];
		const statuses = listOf(next[list]).map(fieldsOf);
		const notEnded = new Set(statuses.filter((one) => !isSet(endOf(one))).map(({ name }) => textOf(name)));
		const restarts = new Map(containersOf(spec, list).map((one) => [textOf(one.name), restartsAfter(one, spec)]));
		return collected(listOf(previous[list]), (status, index) => {
			const ended = endOf(fieldsOf(status));
			const name = textOf(fieldsOf(status).name);
			if (!isSet(ended) || !notEnded.has(name)) return [];
			if (restarts.get(name)?.(numberOf(fieldsOf(ended).exitCode))) return [];
			const detail = 'may not be transitioned to non-terminated state';
			return [forbiddenField(`status.${list}[${index}].state`, detail)];
		});
	});
}

const endOf = ({ state }: Fields): unknown => fieldsOf(state).terminated;

/** The first rule for the exit code decides, then the policy of the container, then that of the pod. */
function restartsAfter({ restartPolicy, restartPolicyRules }: Container, spec: PodSpec): (exitCode: number) => boolean {
	const rules = (isSet(restartPolicy) ? listOf(restartPolicyRules) : []).map((rule) => {
		const { operator, values } = fieldsOf(fieldsOf(rule).exitCodes);
		const codes = new Set(listOf(values));
		const restarts = ['Restart', 'RestartAllContainers'].includes(textOf(fieldsOf(rule).action));
		return {
			isFor: (code: number) => (operator === 'In' ? codes.has(code) : operator === 'NotIn' && !codes.has(code)),
			restarts,
		};
	});
	const policy = textOf(restartPolicy) || textOf(spec.restartPolicy);
	return (exitCode) => {
		if (rules.find(({ isFor }) => isFor(exitCode))?.restarts) return true;
		return policy === 'OnFailure' ? exitCode !== 0 : policy !== 'Never';
	};
}

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
	const extended = extendedClaimsOf(status);
	return statusLists.flatMap((list) => {
		const names = new Map(containersOf(spec, list).map((one) => [textOf(one.name), allocatable(one, extended)]));
		return collected(listOf(status[list]), (one, index) => {
			const { name, allocatedResourcesStatus } = fieldsOf(one);
			const at = `status.${list}[${index}].allocatedResourcesStatus`;
			if (list === 'ephemeralContainerStatuses')
				return listOf(allocatedResourcesStatus).length === 0
					? []
					: [forbiddenField(at, 'must not be specified in container status')];
			return each(allocatedResource(names.get(textOf(name))))(allocatedResourcesStatus, at);
		});
	});
}

/** @param names  of a container that is in the spec */
const allocatedResource =
	(names: ReadonlySet<string> | undefined): Rule =>
	(resource, at) => {
		const name = textOf(fieldsOf(resource).name);
		const detail = name.startsWith(CLAIM) ? CLAIM_DETAIL : "must match one of the container's resource requests";
		return [
			...(names?.has(name) === false ? [invalid(`${at}.name`, name, detail)] : []),
			...healthProblems(fieldsOf(resource).resources, `${at}.resources`),
		];
	};

const CLAIM = 'claim:';
const CLAIM_DETAIL =
	"must match one of the container's resource claims as 'claim:<claimName>/<requestName>' when " +
	"container.resources.claims[*].request is set or 'claim:<claimName>' when it is empty";

type ExtendedClaims = ReadonlyMap<string, readonly { readonly claim: string; readonly resource: string }[]>;

/** By the name of the container. */
function extendedClaimsOf({ extendedResourceClaimStatus }: PodStatus): ExtendedClaims {
	const { resourceClaimName, requestMappings } = fieldsOf(extendedResourceClaimStatus);
	const found = new Map<string, { claim: string; resource: string }[]>();
	for (const mapping of listOf(requestMappings).map(fieldsOf)) {
		const [name, request] = [textOf(mapping.containerName), textOf(mapping.requestName)];
		if (textOf(resourceClaimName) === '' || request === '') continue;
		const claim = { claim: `${CLAIM}${textOf(resourceClaimName)}/${request}`, resource: textOf(mapping.resourceName) };
		const ofContainer = found.get(name);
		if (ofContainer === undefined) found.set(name, [claim]);
		else ofContainer.push(claim);
	}
	return found;
}

/** The resources and claims whose status a container can have. */
function allocatable(container: Container, extended: ExtendedClaims): ReadonlySet<string> {
	const { claims, requests } = fieldsOf(container.resources);
	const amounts = fieldsOf(requests);
	const own = listOf(claims).map((claim) => {
		const [name, request] = [textOf(fieldsOf(claim).name), textOf(fieldsOf(claim).request)];
		return `${CLAIM}${name}${request === '' ? '' : `/${request}`}`;
	});
	const isAmount = (amount: unknown) => isSet(amount) && compareAmounts(textOf(amount), '0') !== 0;
	const mapped = (extended.get(textOf(container.name)) ?? []).filter(({ resource }) => isAmount(amounts[resource]));
	return new Set([...Object.keys(amounts), ...own, ...mapped.map(({ claim }) => claim)]);
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
