/**
 * The quotas of a namespace: a write that would exceed one is refused, and one that is allowed is charged before its
 * object is stored.
 *
 * @source apiserver/pkg/admission/plugin/resourcequota/controller.go, release 1.37
 */
import type { Clock } from '../../../lib/clock.ts';
import { hasCode } from '../../../lib/errors.ts';
import type { Pod } from '../../../lib/kube/pod.ts';
import {
	addLists,
	areEqualLists,
	namesAbove,
	negativeNames,
	onlyNames,
	printedList,
	type ResourceList,
	subtractLists,
	withoutZeros,
} from '../../../lib/kube/resource-list.ts';
import {
	constraintProblem,
	hasUsage,
	isCountable,
	isInScopes,
	isTerminating,
	namesCountedBy,
	usageOf,
} from '../../../lib/kube/resource-quota.ts';
import { resources } from '../../../lib/kube/resources.ts';
import type { KubeObject, ResourceQuota } from '../../../lib/kube/types.ts';
import type { ApiRequest } from '../request/api-request.ts';
import type { ObjectReader } from '../request/object-reader.ts';
import { type AdmissionAttributes, type AdmissionPlugin, isOf, notAdmitted, when } from './admission.ts';

/** Writes the status of a quota, on behalf of the request. @throws API_CONFLICT, API_NOT_FOUND */
export type UpdateQuota = (quota: ResourceQuota, request: ApiRequest) => Promise<unknown>;

const MAX_ATTEMPTS = 4;

export function resourceQuota(objects: ObjectReader, updateQuota: UpdateQuota, clock: Clock): AdmissionPlugin {
	const inTurn = oneAtATime();
	const quotasOf = (namespace: string) => objects.list<ResourceQuota>(resources.resourceQuotas, namespace);
	return {
		name: 'ResourceQuota',
		validate: when(isCharged, async (attributes) => {
			const { namespace } = attributes;
			if ((await quotasOf(namespace)).length === 0) return;
			await inTurn(namespace, () => charge(attributes, () => quotasOf(namespace), updateQuota, clock));
		}),
	};
}

/** The updates that can change a usage, and every creation. */
function isCharged(attributes: AdmissionAttributes): boolean {
	const { resource, operation, subresource, object, previous } = attributes;
	if (!isCountable(resource) || operation === 'DELETE') return false;
	if (isOf(attributes, resources.pods)) {
		if (subresource !== '') return subresource === 'resize' && operation === 'UPDATE';
		return operation === 'CREATE' || isTerminating(object as Pod) !== isTerminating(previous as Pod);
	}
	return subresource === '' && (operation === 'CREATE' || isOf(attributes, resources.services));
}

/** Runs the works of one name one after the other, so that they do not conflict with each other. */
function oneAtATime() {
	const last = new Map<string, Promise<unknown>>();
	return async (name: string, work: () => Promise<void>): Promise<void> => {
		const before = last.get(name);
		const own = Promise.resolve(before).then(work, work);
		last.set(name, own);
		try {
			await own;
		} finally {
			if (last.get(name) === own) last.delete(name);
		}
	};
}

/** Another server can charge the same quotas: those whose status changed meanwhile are checked again. */
async function charge(
	attributes: AdmissionAttributes,
	quotasOf: () => Promise<readonly ResourceQuota[]>,
	updateQuota: UpdateQuota,
	clock: Clock,
): Promise<void> {
	let quotas = await quotasOf();
	for (let attempt = 1; ; attempt++) {
		const charged = chargedQuotas(quotas, attributes, clock());
		if (attributes.dryRun) return;
		const failed = new Set<string | undefined>();
		for (const quota of charged) {
			try {
				await updateQuota(quota, attributes.request);
			} catch (error) {
				if (!hasCode(error, 'API_CONFLICT', 'API_NOT_FOUND') || attempt === MAX_ATTEMPTS) throw error;
				failed.add(quota.metadata.name);
			}
		}
		if (failed.size === 0) return;
		quotas = (await quotasOf()).filter(({ metadata }) => failed.has(metadata.name));
	}
}

/** The quotas whose usage the write increases, with the new usage. @throws API_FORBIDDEN  one would be exceeded */
function chargedQuotas(
	quotas: readonly ResourceQuota[],
	attributes: AdmissionAttributes,
	nowMs: number,
): ResourceQuota[] {
	const { resource, previous } = attributes;
	const object = attributes.object as KubeObject;
	const matching = quotas.filter((quota) => isMatching(quota, attributes, object));
	for (const quota of matching) requireCountable(quota, attributes, object);
	const usage = usageOf(resource, object, nowMs);
	const negative = negativeNames(usage);
	if (negative.length > 0)
		throw notAdmitted(attributes, `quota usage is negative for resource(s): ${negative.toSorted().join(',')}`);
	return matching.flatMap((quota) => {
		const isCounted = previous !== undefined && isMatching(quota, attributes, previous);
		const delta = isCounted ? subtractLists(usage, usageOf(resource, previous, nowMs)) : usage;
		return chargedQuota(quota, attributes, withoutZeros(delta)) ?? [];
	});
}

const hardNames = ({ status }: ResourceQuota): string[] => Object.keys(status?.hard ?? {});

const isMatching = (quota: ResourceQuota, { resource }: AdmissionAttributes, object: KubeObject): boolean =>
	namesCountedBy(resource, hardNames(quota)).length > 0 && isInScopes(resource, quota, object);

/** The object must state the amounts that the quota limits, and the quota its usage. */
function requireCountable(quota: ResourceQuota, attributes: AdmissionAttributes, object: KubeObject): void {
	const names = namesCountedBy(attributes.resource, hardNames(quota));
	const name = quota.metadata.name ?? '';
	const problem = constraintProblem(attributes.resource, names, object);
	if (problem !== undefined) throw notAdmitted(attributes, `failed quota: ${name}: ${problem}`);
	if (!hasUsage(quota, names))
		throw notAdmitted(attributes, `status unknown for quota: ${name}, resources: ${names.join(',')}`);
}

function chargedQuota(
	quota: ResourceQuota,
	attributes: AdmissionAttributes,
	delta: ResourceList,
): ResourceQuota | undefined {
	const { hard = {}, used = {} } = quota.status ?? {};
	const requested = onlyNames(delta, Object.keys(hard));
	const next = addLists(used, requested);
	const exceeded = namesAbove(onlyNames(next, Object.keys(requested)), hard);
	if (exceeded.length > 0) {
		const [ofRequest, before, most] = [requested, used, hard].map((list) => printedList(onlyNames(list, exceeded)));
		const because = `exceeded quota: ${quota.metadata.name}, requested: ${ofRequest}, used: ${before}, limited: ${most}`;
		throw notAdmitted(attributes, because);
	}
	return areEqualLists(next, used) ? undefined : { ...quota, status: { ...quota.status, used: next } };
}
