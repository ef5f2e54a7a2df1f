/**
 * The kinds of a cluster that nodes and workloads refer to: classes, CSI objects and trust bundles.
 *
 * @source pkg/apis/{scheduling,node,storage,certificates}/validation, release 1.37
 */
import { X509Certificate } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { FieldProblem } from '../../../lib/errors.ts';
import { labelProblems, subdomainProblems } from '../../../lib/kube/names.ts';
import {
	duplicate,
	forbiddenField,
	invalid,
	labelsProblems,
	notSupported,
	required,
	tooLong,
} from '../../../lib/kube/object-meta.ts';
import type { Toleration } from '../../../lib/kube/pod.ts';
import type { ResourceList } from '../../../lib/kube/resource-list.ts';
import { resources } from '../../../lib/kube/resources.ts';
import type { KubeObject } from '../../../lib/kube/types.ts';
import { readPem } from '../../../lib/pki/pem.ts';
import { signerNameProblems } from './certificate-signing-requests.ts';
import { immutable, qualifiedProblems, repeatedIn, repeatedPlaces, tolerationProblems } from './field-rules.ts';
import { kindStrategy, specOf } from './kind.ts';
import { labelWarning } from './node-labels.ts';
import { amountProblems } from './pod-rules/resources.ts';
import { limitNameProblems } from './quotas.ts';

interface PriorityClass extends KubeObject {
	readonly value?: number;
	readonly globalDefault?: boolean;
	readonly preemptionPolicy?: string;
}
const policies = ['PreemptLowerPriority', 'Never'];
const SYSTEM_PREFIX = 'system-';
const MAX_USER_PRIORITY = 1_000_000_000;
export const systemPriorityClasses: Readonly<Record<string, { readonly value: number; readonly description: string }>> =
	{
		'system-cluster-critical': {
			value: 2_000_000_000,
			description:
				'Used for system critical pods that must run in the cluster, but can be moved to another node if necessary.',
		},
		'system-node-critical': {
			value: 2_000_001_000,
			description: 'Used for system critical pods that must not be moved from their current node.',
		},
	};

export const priorityClasses = kindStrategy<PriorityClass>(resources.priorityClasses, {
	// No change of a class counts.
	generationOf: () => undefined,
	setDefaults: (object) => ({ ...object, preemptionPolicy: object.preemptionPolicy ?? 'PreemptLowerPriority' }),
	validate({ metadata: { name = '' }, value = 0, globalDefault }) {
		const problems: FieldProblem[] = [];
		const system = systemPriorityClasses[name];
		if (name.startsWith(SYSTEM_PREFIX)) {
			const error =
				system === undefined
					? `${name} is not a known system priority class`
					: system.value !== value
						? `value of ${name} PriorityClass must be ${system.value}`
						: globalDefault
							? `globalDefault of ${name} PriorityClass must be false`
							: '';
			const reserved = `priority class names with '${SYSTEM_PREFIX}' prefix are reserved for system use only. error:`;
			if (error !== '') problems.push(forbiddenField('metadata.name', `${reserved} ${error}`));
		} else if (value > MAX_USER_PRIORITY) {
			const detail = `maximum allowed value of a user defined priority is ${MAX_USER_PRIORITY}`;
			problems.push(forbiddenField('value', detail));
		}
		return problems;
	},
	validateCreate({ preemptionPolicy = '' }) {
		if (preemptionPolicy === '') return [required('preemptionPolicy')];
		return policies.includes(preemptionPolicy) ? [] : [notSupported('preemptionPolicy', preemptionPolicy, policies)];
	},
	validateUpdate: (next, previous) => [
		...(next.value === previous.value ? [] : [forbiddenField('value', 'may not be changed in an update.')]),
		...immutable('preemptionPolicy', next.preemptionPolicy, previous.preemptionPolicy),
	],
});

interface RuntimeClass extends KubeObject {
	readonly handler?: string;
	readonly overhead?: { readonly podFixed?: ResourceList };
	readonly scheduling?: {
		readonly nodeSelector?: Readonly<Record<string, string>>;
		readonly tolerations?: readonly Toleration[];
	};
}
export const runtimeClasses = kindStrategy<RuntimeClass>(resources.runtimeClasses, {
	allowsCreateOnUpdate: true,
	requiresVersionOnUpdate: true,
	validate: ({ handler = '', overhead, scheduling }) => [
		...Object.entries(overhead?.podFixed ?? {}).flatMap(([name, amount]) => {
			const at = `overhead.limits[${name}]`;
			return [...limitNameProblems('Container', name, at), ...amountProblems(name, amount, at)];
		}),
		...selectedLabelProblems(scheduling?.nodeSelector),
		...tolerationProblems(scheduling?.tolerations ?? [], 'scheduling.tolerations'),
		...repeatedTolerations(scheduling?.tolerations),
		...(handler === ''
			? [required('handler')]
			: labelProblems(handler).map((detail) =>
					invalid('handler', handler, detail.replace(/^(must be no more than \d+) characters/, '$1 bytes')),
				)),
	],
	warningsOf: ({ scheduling }) =>
		Object.keys(scheduling?.nodeSelector ?? {}).flatMap((key) => {
			const message = labelWarning(key);
			return message === undefined ? [] : [`scheduling.nodeSelector: ${message}`];
		}),
	validateUpdate: (next, previous) =>
		next.handler === previous.handler ? [] : [invalid('handler', null, 'field is immutable')],
});

/** @source pkg/apis/node/validation ValidateScheduling: nodeSelector is checked as labels are */
const selectedLabelProblems = (labels: Readonly<Record<string, string>> | undefined): FieldProblem[] =>
	labelsProblems(labels, 'scheduling.nodeSelector');

function repeatedTolerations(tolerations: readonly Toleration[] = []): FieldProblem[] {
	const dumped = tolerations.map(({ key = '', operator = '', value = '', effect = '', tolerationSeconds = null }) => ({
		...{ Key: key, Operator: operator, Value: value, Effect: effect, TolerationSeconds: tolerationSeconds },
	}));
	return [...repeatedPlaces(dumped.map((one) => JSON.stringify(one)))].map((place) =>
		duplicate(`scheduling.tolerations[${place}]`, dumped[place]),
	);
}

interface CsiNode extends KubeObject {
	readonly spec?: {
		readonly drivers?: readonly CsiNodeDriver[];
	};
}
interface CsiNodeDriver {
	readonly name?: string;
	readonly nodeID?: string;
	readonly allocatable?: { readonly count?: number };
	readonly topologyKeys?: readonly string[];
}
const MAX_DRIVER_NAME = 63;
const MAX_NODE_ID = 256;

export const csiNodes = kindStrategy<CsiNode>(resources.csiNodes, {
	resetsMetadataOfStatus: true,
	requiresVersionOnUpdate: true,
	validate: ({ spec }) => {
		const drivers = spec?.drivers ?? [];
		const repeatedName = repeatedIn(drivers.map(({ name = '' }) => name));
		return drivers.flatMap((driver, index) => {
			const at = `spec.drivers[${index}]`;
			const { topologyKeys: keys = [] } = driver;
			const repeatedKey = repeatedIn(keys);
			return [
				...driverProblems(driver, at),
				...repeatedName(index, `${at}.name`),
				...keys.flatMap((key, place) => [
					...(key === '' ? [required(at)] : []),
					...repeatedKey(place, at),
					...qualifiedProblems(at, key),
				]),
			];
		});
	},
	validateUpdate: (next, previous) =>
		(previous.spec?.drivers ?? []).flatMap((before) => {
			const after = next.spec?.drivers?.find(({ name }) => name === before.name);
			if (after === undefined) return [];
			const { allocatable: _a, ...newDriver } = after;
			const { allocatable: _b, ...oldDriver } = before;
			return immutable('spec.drivers', newDriver, oldDriver);
		}),
});

function driverProblems({ name = '', nodeID = '', allocatable }: CsiNodeDriver, at: string): FieldProblem[] {
	const { count = 0 } = allocatable ?? {};
	return [
		...(name === '' ? [required(`${at}.name`)] : []),
		...(name.length > MAX_DRIVER_NAME ? [tooLong(`${at}.name`, MAX_DRIVER_NAME)] : []),
		...(name === '' ? [] : subdomainProblems(name.toLowerCase()).map((detail) => invalid(`${at}.name`, name, detail))),
		...(nodeID === '' ? [required(`${at}.nodeID`)] : []),
		...(nodeID.length > MAX_NODE_ID
			? [invalid(`${at}.nodeID`, nodeID, `must be ${MAX_NODE_ID} characters or less`)]
			: []),
		...(count < 0 ? [invalid(`${at}.allocatable.count`, count, 'must be greater than or equal to 0')] : []),
	];
}

interface CsiDriver extends KubeObject {
	readonly spec?: {
		readonly attachRequired?: boolean;
		readonly fsGroupPolicy?: string;
		readonly volumeLifecycleModes?: readonly string[];
		readonly tokenRequests?: readonly { readonly audience?: string; readonly expirationSeconds?: number }[];
		readonly nodeAllocatableUpdatePeriodSeconds?: number;
		readonly serviceAccountTokenInSecrets?: boolean;
	};
}
const fsGroupPolicies = ['File', 'None', 'ReadWriteOnceWithFSType'];
const lifecycleModes = ['Persistent', 'Ephemeral'];
const MIN_TOKEN_SECONDS = 600;
const MAX_TOKEN_SECONDS = 2 ** 32;
const MIN_UPDATE_SECONDS = 10;

/** @source pkg/apis/storage/validation validateCSIDriverSpec */
function csiDriverProblems(spec: NonNullable<CsiDriver['spec']>): FieldProblem[] {
	const { fsGroupPolicy = '', volumeLifecycleModes = [], tokenRequests = [] } = spec;
	const { nodeAllocatableUpdatePeriodSeconds: seconds, serviceAccountTokenInSecrets: inSecrets } = spec;
	const repeated = repeatedIn(tokenRequests.map(({ audience = '' }) => audience));
	const field = 'spec.serviceAccountTokenInSecrets';
	const unused = 'serviceAccountTokenInSecrets is set but no tokenRequests are specified';
	const tooShort = 'must be greater than or equal to 10 seconds';
	return [
		...(fsGroupPolicies.includes(fsGroupPolicy)
			? []
			: [notSupported('spec.fsGroupPolicy', fsGroupPolicy, fsGroupPolicies)]),
		...tokenRequests.flatMap(({ expirationSeconds }, index) => {
			const at = `spec.tokenRequests[${index}]`;
			const twice = repeated(index, `${at}.audience`);
			return twice.length > 0 ? twice : tokenTimeProblems(`${at}.expirationSeconds`, expirationSeconds);
		}),
		...volumeLifecycleModes.flatMap((mode) =>
			lifecycleModes.includes(mode) ? [] : [notSupported('spec.volumeLifecycleModes', mode, lifecycleModes)],
		),
		...(seconds !== undefined && seconds < MIN_UPDATE_SECONDS
			? [invalid('spec.nodeAllocatableUpdatePeriodSeconds', seconds, tooShort)]
			: []),
		...(inSecrets !== undefined && tokenRequests.length === 0 ? [invalid(field, inSecrets, unused)] : []),
	];
}

function tokenTimeProblems(field: string, seconds: number | undefined): FieldProblem[] {
	if (seconds === undefined) return [];
	if (seconds < MIN_TOKEN_SECONDS) return [invalid(field, seconds, 'may not specify a duration less than 10 minutes')];
	if (seconds <= MAX_TOKEN_SECONDS) return [];
	return [invalid(field, seconds, 'may not specify a duration larger than 2^32 seconds')];
}

const TOKENS_IN_ATTRIBUTES =
	'spec.serviceAccountTokenInSecrets is unset; if supported by this CSI driver, ' +
	'set to true to prevent possible logging of tokens in volume attributes';

/** @source pkg/apis/storage/v1/defaults.go SetDefaults_CSIDriver */
export const csiDrivers = kindStrategy<CsiDriver>(resources.csiDrivers, {
	requiresVersionOnUpdate: true,
	generationOf: specOf,
	hasNoFirstGeneration: true,
	warningsOf: ({ spec = {} }, previous) =>
		(spec.tokenRequests ?? []).length > 0 &&
		spec.serviceAccountTokenInSecrets === undefined &&
		!isDeepStrictEqual(spec.tokenRequests, previous?.spec?.tokenRequests)
			? [TOKENS_IN_ATTRIBUTES]
			: [],
	setDefaults: ({ spec, ...object }) => ({
		...object,
		spec: {
			attachRequired: true,
			podInfoOnMount: false,
			storageCapacity: false,
			fsGroupPolicy: 'ReadWriteOnceWithFSType',
			volumeLifecycleModes: ['Persistent'],
			requiresRepublish: false,
			seLinuxMount: false,
			preventPodSchedulingIfMissing: false,
			...spec,
		},
	}),
	validate: ({ spec = {} }) => csiDriverProblems(spec),
	validateUpdate: ({ spec: next = {} }, { spec: previous = {} }) => [
		// Upstream's path has another name than the field.
		...immutable('spec.attachedRequired', next.attachRequired, previous.attachRequired),
		...immutable('spec.volumeLifecycleModes', next.volumeLifecycleModes, previous.volumeLifecycleModes),
	],
});

interface ClusterTrustBundle extends KubeObject {
	readonly spec?: { readonly signerName?: string; readonly trustBundle?: string };
}
const MAX_TRUST_BUNDLE_BYTES = 1024 * 1024;

export const clusterTrustBundles = kindStrategy<ClusterTrustBundle>(resources.clusterTrustBundles, {
	requiresVersionOnUpdate: true,
	validate({ spec: { signerName = '', trustBundle = '' } = {} }) {
		return [...(signerName === '' ? [] : signerNameProblems(signerName)), ...bundleProblems(trustBundle)];
	},
	validateUpdate: (next, previous) => immutable('spec.signerName', next.spec?.signerName, previous.spec?.signerName),
	fields: ({ spec }) => ({ 'spec.signerName': spec?.signerName ?? '' }),
	nameRule: (name, { spec }) => bundleNameProblems(name, spec?.signerName ?? ''),
});

/** A bundle of a signer has the signer's name as its prefix. @source ValidateClusterTrustBundleName */
function bundleNameProblems(name: string, signerName: string): string[] {
	if (signerName === '') {
		const detail = 'ClusterTrustBundle without signer name must not have ":" in its name';
		return name.includes(':') ? [detail] : subdomainProblems(name);
	}
	const prefix = `${signerName.replaceAll('/', ':')}:`;
	if (!name.startsWith(prefix))
		return [`ClusterTrustBundle for signerName ${signerName} must be named with prefix ${prefix}`];
	return subdomainProblems(name.slice(prefix.length));
}

/** @source validateTrustBundle */
function bundleProblems(pem: string): FieldProblem[] {
	const field = 'spec.trustBundle';
	const omitted = (detail: string) => invalid(field, '<value omitted>', detail);
	if (Buffer.byteLength(pem) > MAX_TRUST_BUNDLE_BYTES) return [tooLong(field, MAX_TRUST_BUNDLE_BYTES)];
	const { blocks } = readPem(pem);
	const problems = blocks.flatMap(({ type, headers, der }, index) => {
		if (type !== 'CERTIFICATE') return [omitted(`entry ${index} has bad block type: ${type}`)];
		if (headers.length > 0) return [omitted(`entry ${index} has PEM block headers`)];
		const isAuthority = authorityIn(der);
		if (isAuthority === undefined) return [omitted(`entry ${index} does not parse as X.509`)];
		return isAuthority ? [] : [omitted(`entry ${index} does not have the CA bit set`)];
	});
	if (problems.length > 0) return problems;
	if (blocks.length === 0) return [omitted('at least one trust anchor must be provided')];
	const places = new Map<string, number[]>();
	for (const [index, { der }] of blocks.entries()) {
		const key = der.toString('base64');
		places.set(key, [...(places.get(key) ?? []), index]);
	}
	return [...places.values()]
		.filter((indices) => indices.length > 1)
		.map((indices) => omitted(`duplicate trust anchor (indices [${indices.join(' ')}])`));
}

/** @returns undefined for bytes that are no certificate */
function authorityIn(der: Buffer): boolean | undefined {
	try {
		return new X509Certificate(der).ca;
	} catch {
		return undefined;
	}
}
