/**
 * The resources with few rules of their own: ConfigMaps, Nodes and Leases.
 * @source pkg/apis/core/validation/validation.go, pkg/apis/coordination/validation, release 1.32
 */
import type { FieldProblem } from '../../../lib/errors.ts';
import { configKeyProblems, labelValueProblems, qualifiedNameProblems } from '../../../lib/kube/names.ts';
import { duplicate, forbiddenField, invalid, notSupported, required, tooLong } from '../../../lib/kube/object-meta.ts';
import { resources } from '../../../lib/kube/resources.ts';
import type { ConfigMap, Lease, Node, Taint } from '../../../lib/kube/types.ts';
import { limits } from '../../../lib/limits.ts';
import type { Strategy } from '../registry.ts';
import { disabledInNodes, without } from './disabled-fields.ts';
import { cidrProblems, cidrWarnings, immutableContent } from './field-rules.ts';

export const configMaps: Strategy<ConfigMap> = {
	resource: resources.configMaps,
	subresources: [],
	validate({ data = {}, binaryData = {} }) {
		const keyProblems = (field: string, values: object) =>
			Object.keys(values).flatMap((key) =>
				configKeyProblems(key).map((detail) => invalid(`${field}[${key}]`, key, detail)),
			);
		const twice = Object.keys(data).filter((key) => Object.hasOwn(binaryData, key));
		const bytes =
			Object.values(data).reduce((sum, text) => sum + Buffer.byteLength(text), 0) +
			Object.values(binaryData).reduce((sum, base64) => sum + Buffer.byteLength(base64, 'base64'), 0);
		const max = limits.configMapBytes.value;
		return [
			...keyProblems('data', data),
			...twice.map((key) => invalid(`data[${key}]`, key, 'duplicate of key present in binaryData')),
			...keyProblems('binaryData', binaryData),
			...(bytes > max ? [tooLong('[]', max, 'configMapBytes')] : []),
		];
	},
	reportsChangesFirst: true,
	validateUpdate: (next, previous) => immutableContent(next, previous, ['data', 'binaryData']),
};
/** The spec and the status of a Node are written by different callers and never overwrite each other. */
export const nodes: Strategy<Node> = {
	resource: resources.nodes,
	subresources: ['status'],
	fields: ({ spec }) => ({ 'spec.unschedulable': String(spec?.unschedulable ?? false) }),
	setDefaults: (node) => withAllocatable(withPodCidrs(node)),
	prepareForCreate: (node) => without(node, disabledInNodes),
	prepareForUpdate(sent, previous, subresource) {
		const { spec, status, ...next } = without(sent, disabledInNodes);
		const kept = subresource === 'status' ? { spec: previous.spec, status } : { spec, status: previous.status };
		return {
			...next,
			...(kept.spec === undefined ? {} : { spec: kept.spec }),
			...(kept.status === undefined ? {} : { status: kept.status }),
		};
	},
	validate: (node) => [
		...podCidrProblems(node.spec?.podCIDRs ?? []),
		...taintProblems(node.spec?.taints ?? []),
		...quantityProblems('capacity', node.status?.capacity),
		...quantityProblems('allocatable', node.status?.allocatable),
		...featureProblems(node.status),
	],
	warningsOf: nodeWarnings,
	validateUpdate: (next, previous) => [
		...repeatedAddresses(next),
		...specChangeProblems(next.spec ?? {}, previous.spec ?? {}),
	],
};

/** @source pkg/registry/core/node/strategy.go nodeWarnings */
function* nodeWarnings({ spec = {} }: Node): Generator<string> {
	const { externalID, podCIDRs = [] } = spec as typeof spec & Readonly<Record<string, unknown>>;
	if (externalID) yield 'spec.externalID: this field is deprecated, and is unused by Kubernetes';
	for (const [index, cidr] of podCIDRs.entries()) yield* cidrWarnings(`spec.podCIDRs[${index}]`, cidr);
}

/** @source ValidateNodeUpdate */
function specChangeProblems(next: NonNullable<Node['spec']>, previous: NonNullable<Node['spec']>): FieldProblem[] {
	const { podCIDRs = [], providerID = '' } = next;
	const { podCIDRs: givenCidrs = [], providerID: givenId = '' } = previous;
	const problems: FieldProblem[] = [];
	if (givenCidrs.length > 0 && givenCidrs.join() !== podCIDRs.join()) {
		const detail = 'node updates may not change podCIDR except from "" to valid';
		problems.push(forbiddenField('spec.podCIDRs', detail));
	}
	const externalId = (spec: typeof next) => (spec as { readonly externalID?: string }).externalID ?? '';
	const ofExternalId =
		externalId(next) === externalId(previous) ? [] : [forbiddenField('spec.externalID', 'may not be updated')];
	if (givenId === '' || providerID === givenId) return [...problems, ...ofExternalId];
	const detail = `field cannot be ${providerID === '' ? 'cleared' : 'modified'} once set`;
	return [...problems, invalid('spec.providerID', null, detail), ...ofExternalId];
}

const featureName = /^[A-Z][a-zA-Z0-9]*(?:\/[a-zA-Z][a-zA-Z0-9]*)*$/;
const MAX_FEATURE_NAME = 253;
function featureNameDetails(name: string): string[] {
	const quoted = `invalid feature name ${JSON.stringify(name)}`;
	if (Buffer.byteLength(name) > MAX_FEATURE_NAME)
		return [`${quoted}: must be no more than ${MAX_FEATURE_NAME} characters`];
	if (featureName.test(name)) return [];
	return [
		`${quoted}: must start with an UpperCamelCase segment, with subsequent segments separated by '/' ` +
			'(e.g., MyFeature or MyFeature/mySubFeature), and contain only alphanumeric characters and slashes',
	];
}

/** @source validateNodeDeclaredFeatures */
function featureProblems(status: Node['status']): FieldProblem[] {
	const { declaredFeatures = [] } = (status ?? {}) as { readonly declaredFeatures?: readonly string[] };
	return declaredFeatures.flatMap((feature, index) => {
		const [at, next] = [`status.declaredFeatures[${index}]`, `status.declaredFeatures[${index + 1}]`];
		const following = declaredFeatures[index + 1] ?? '';
		return [
			...featureNameDetails(feature).map((detail) => invalid(at, feature, detail)),
			...(following === feature ? [duplicate(next, following)] : []),
			...(index + 1 < declaredFeatures.length && feature > following
				? [invalid(next, following, 'list must be sorted alphabetically')]
				: []),
		];
	});
}

function repeatedAddresses({ status }: Node): FieldProblem[] {
	const seen = new Set<string>();
	return (status?.addresses ?? []).flatMap(({ type, address }, index) => {
		const key = JSON.stringify([type, address]);
		const isRepeated = seen.has(key);
		seen.add(key);
		return isRepeated ? [duplicate(`status.addresses[${index}]`, { Type: type, Address: address })] : [];
	});
}

/** `podCIDR` is the first of `podCIDRs`. @source pkg/apis/core/v1/conversion.go Convert_v1_NodeSpec_To_core_NodeSpec */
function withPodCidrs(node: Node): Node {
	const { podCIDR = '', podCIDRs = [] } = node.spec ?? {};
	const [first = ''] = podCIDRs;
	if (podCIDR === first) return node;
	const spec = podCIDR === '' ? { ...node.spec, podCIDR: first } : { ...node.spec, podCIDRs: [podCIDR] };
	return { ...node, spec };
}

/** @source SetDefaults_NodeStatus */
function withAllocatable(node: Node): Node {
	const { capacity, allocatable } = node.status ?? {};
	if (capacity === undefined || allocatable !== undefined) return node;
	return { ...node, status: { ...node.status, allocatable: capacity } };
}

function podCidrProblems(cidrs: readonly string[]): FieldProblem[] {
	const field = 'spec.podCIDRs';
	const isOfOneFamily = new Set(cidrs.map((cidr) => cidr.includes(':'))).size < cidrs.length;
	return [
		...cidrs.flatMap((cidr, index) => cidrProblems(`${field}[${index}]`, cidr)),
		...(isOfOneFamily ? [invalid(field, cidrs, 'may specify no more than one CIDR for each IP family')] : []),
	];
}

/** @source validateNodeTaints; upstream's path begins with metadata */
function taintProblems(taints: readonly Taint[]): FieldProblem[] {
	const seen = new Set<string>();
	const effects = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'];
	return taints.flatMap((taint, index) => {
		const { key = '', value = '', effect = '' } = taint;
		const at = `metadata.taints[${index}]`;
		const valueProblem = labelValueProblems(value).join(';');
		const problems = [
			...qualifiedNameProblems(key).map((detail) => invalid(`${at}.key`, key, detail)),
			...(valueProblem === '' ? [] : [invalid(`${at}.value`, value, valueProblem)]),
			...(effects.includes(effect)
				? []
				: [effect === '' ? required(`${at}.effect`) : notSupported(`${at}.effect`, effect, effects)]),
		];
		const pair = JSON.stringify([effect, key]);
		if (seen.has(pair)) {
			const detail = 'taints must be unique by key and effect pair';
			const dumped = { Key: key, Value: value, Effect: effect, TimeAdded: taint.timeAdded ?? null };
			problems.push({
				field: at,
				reason: 'FieldValueDuplicate',
				message: `${duplicate(at, dumped).message}: ${detail}`,
			});
		}
		seen.add(pair);
		return problems;
	});
}

/** @source ValidateNodeResources */
const quantityProblems = (field: string, quantities: Readonly<Record<string, string>> = {}): FieldProblem[] =>
	Object.entries(quantities).flatMap(([name, quantity]) =>
		/^-[^1-9]*[1-9]/.test(quantity)
			? [invalid(`status.${field}.${name}`, quantity, 'must be greater than or equal to 0')]
			: [],
	);

/** Of leader election by the API server, which upstream does not have enabled. @source leaseStrategy */
function withoutElection<T extends Lease>(lease: T, previous?: T): T {
	const { strategy, preferredHolder, ...spec } = (lease.spec ?? {}) as ElectionSpec;
	if (strategy === undefined && preferredHolder === undefined) return lease;
	const before = (previous?.spec ?? {}) as ElectionSpec;
	const kept = {
		...(before.strategy === undefined ? {} : { strategy }),
		...(before.preferredHolder === undefined ? {} : { preferredHolder }),
	};
	return { ...lease, spec: { ...spec, ...kept } };
}
type ElectionSpec = NonNullable<Lease['spec']> & { readonly strategy?: string; readonly preferredHolder?: string };

export const leases: Strategy<Lease> = {
	resource: resources.leases,
	allowsCreateOnUpdate: true,
	requiresVersionOnUpdate: true,
	subresources: [],
	prepareForCreate: (lease) => withoutElection(lease),
	prepareForUpdate: withoutElection,
	validate({ spec }) {
		const { leaseDurationSeconds: seconds = 1, leaseTransitions: transitions = 0 } = spec ?? {};
		return [
			...(seconds <= 0 ? [invalid('spec.leaseDurationSeconds', seconds, 'must be greater than 0')] : []),
			...(transitions < 0 ? [invalid('spec.leaseTransitions', transitions, 'must be greater than or equal to 0')] : []),
		];
	},
};
