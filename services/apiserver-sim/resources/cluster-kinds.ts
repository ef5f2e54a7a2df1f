/**
 * The kinds of a cluster that nodes and workloads refer to: classes, CSI objects and trust bundles.
 *
 * @source pkg/apis/{scheduling,node,storage,certificates}/validation, release 1.37
 */

import { X509Certificate } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { FieldProblem } from '../../../lib/errors.ts';
import { labelProblems, subdomainProblems } from '../../../lib/kube/names.ts';
import { forbiddenField, invalid, notSupported, required, tooLong } from '../../../lib/kube/object-meta.ts';
import { resources } from '../../../lib/kube/resources.ts';
import type { KubeObject } from '../../../lib/kube/types.ts';
import { readPem } from '../../../lib/pki/pem.ts';
import { signerNameProblems } from './certificate-signing-requests.ts';
import { kindStrategy, specOf } from './kind.ts';

const immutable = (field: string, next: unknown, previous: unknown): FieldProblem[] =>
	isDeepStrictEqual(next, previous) ? [] : [invalid(field, next ?? null, 'field is immutable')];

interface PriorityClass extends KubeObject {
	readonly value?: number;
	readonly globalDefault?: boolean;
	readonly preemptionPolicy?: string;
}
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
	validate({ metadata: { name = '' }, value = 0, globalDefault, preemptionPolicy = '' }) {
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
		const policies = ['PreemptLowerPriority', 'Never'];
		if (!policies.includes(preemptionPolicy))
			problems.push(notSupported('preemptionPolicy', preemptionPolicy, policies));
		return problems;
	},
	validateUpdate: (next, previous) => [
		...(next.value === previous.value ? [] : [forbiddenField('value', 'may not be changed in an update.')]),
		...immutable('preemptionPolicy', next.preemptionPolicy, previous.preemptionPolicy),
	],
});

interface RuntimeClass extends KubeObject {
	readonly handler?: string;
}
export const runtimeClasses = kindStrategy<RuntimeClass>(resources.runtimeClasses, {
	allowsCreateOnUpdate: true,
	requiresVersionOnUpdate: true,
	validate: ({ handler = '' }) =>
		handler === ''
			? [required('handler')]
			: labelProblems(handler).map((detail) => invalid('handler', handler, detail)),
	validateUpdate: (next, previous) => immutable('handler', next.handler, previous.handler),
});

interface CsiNode extends KubeObject {
	readonly spec?: {
		readonly drivers?: readonly { readonly name?: string; readonly nodeID?: string; readonly allocatable?: object }[];
	};
}
export const csiNodes = kindStrategy<CsiNode>(resources.csiNodes, {
	requiresVersionOnUpdate: true,
	validate: ({ spec }) =>
		(spec?.drivers ?? []).flatMap(({ name = '', nodeID = '' }, index) => {
			const at = `spec.drivers[${index}]`;
			return [
				...(name === '' ? [required(`${at}.name`)] : []),
				...(name === ''
					? []
					: subdomainProblems(name.toLowerCase()).map((detail) => invalid(`${at}.name`, name, detail))),
				...(nodeID === '' ? [required(`${at}.nodeID`)] : []),
			];
		}),
	validateUpdate: (next, previous) =>
		(previous.spec?.drivers ?? []).flatMap((before) => {
			const after = next.spec?.drivers?.find(({ name }) => name === before.name);
			if (after === undefined) return [];
			const { allocatable: _a, ...newDriver } = after;
			const { allocatable: _b, ...oldDriver } = before;
			return immutable('spec.drivers', newDriver, oldDriver);
		}),
});

interface CsiDriver extends KubeObject {
	readonly spec?: Readonly<Record<string, unknown>>;
}
/** @source pkg/apis/storage/v1/defaults.go SetDefaults_CSIDriver */
export const csiDrivers = kindStrategy<CsiDriver>(resources.csiDrivers, {
	requiresVersionOnUpdate: true,
	generationOf: specOf,
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
