/**
 * The validation of the spec of a pod or template.
 *
 * @source pkg/apis/core/validation ValidatePodSpec, validatePodMetadataAndSpec, ValidatePodCreate, release 1.37
 */
import type { FieldProblem } from '../../../../lib/errors.ts';
import { labelProblems, subdomainProblems, underscoredSubdomainProblems } from '../../../../lib/kube/names.ts';
import {
	duplicate,
	forbiddenField,
	invalid,
	labelsProblems,
	required,
	tooLong,
} from '../../../../lib/kube/object-meta.ts';
import { MIRROR_ANNOTATION, type Pod, type PodSpec, type Toleration } from '../../../../lib/kube/pod.ts';
import type { ObjectMeta } from '../../../../lib/kube/types.ts';
import { ipProblems, notFound, qualifiedProblems, tolerationProblems } from '../field-rules.ts';
import {
	containersProblems,
	ephemeralContainersProblems,
	initContainersProblems,
	type PodContext,
	paddingProblems,
} from './containers.ts';
import { affinity, topologySpread } from './placement.ts';
import { mismatchedProfiles, profileProblems } from './profiles.ts';
import { podResourceProblems, resourceProblems } from './resources.ts';
import {
	each,
	type Fields,
	fields,
	fieldsOf,
	inRange,
	isSet,
	listOf,
	notNegative,
	numberOf,
	oneOf,
	optional,
	presentAnd,
	type Rule,
	text,
	textOf,
	textsOf,
	unlessEmpty,
} from './rule.ts';
import { podSecurity } from './security.ts';
import { volumeProblems } from './volumes.ts';
import { hostProcessProblems, systemProblems } from './windows.ts';

const MAX_INT32 = 2 ** 31 - 1;

/** @source validatePodResourceClaims */
const resourceClaims: Rule = (value, at) => {
	const names = new Set<string>();
	return each((claim, path) => {
		const { name: given, resourceClaimName, resourceClaimTemplateName } = fieldsOf(claim);
		const name = textOf(given);
		const found = {
			Name: name,
			ResourceClaimName: resourceClaimName ?? null,
			ResourceClaimTemplateName: resourceClaimTemplateName ?? null,
		};
		const sources = [resourceClaimName, resourceClaimTemplateName].filter(isSet).length;
		const problems = names.has(name)
			? [duplicate(`${path}.name`, name)]
			: presentAnd(text(labelProblems))(name, `${path}.name`);
		if (name !== '') names.add(name);
		const atMostOne = 'at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified';
		if (sources > 1) problems.push(invalid(path, found, atMostOne));
		if (sources === 0)
			problems.push(invalid(path, found, 'must specify one of: `resourceClaimName`, `resourceClaimTemplateName`'));
		return [
			...problems,
			...optional(text(subdomainProblems))(resourceClaimName, `${path}.resourceClaimName`),
			...optional(text(subdomainProblems))(resourceClaimTemplateName, `${path}.resourceClaimTemplateName`),
		];
	})(value, at);
};

/** On the network of the host, a port is the same inside and outside. @source validatePodHostNetworkDeps */
function hostNetworkProblems(spec: Fields, at: string, isPod: boolean): FieldProblem[] {
	if (spec.hostNetwork !== true) return [];
	const detail = 'must match `containerPort` when `hostNetwork` is true';
	return each((container, path) =>
		each((port, field) => {
			const [outside, inside] = [numberOf(fieldsOf(port).hostPort), numberOf(fieldsOf(port).containerPort)];
			if (outside === inside || (!isPod && outside === 0)) return [];
			return [invalid(`${field}.hostPort`, outside, detail)];
		})(fieldsOf(container).ports, `${path}.ports`),
	)(spec.containers, `${at}.containers`);
}

const MAX_NAMESERVERS = 3;
const MAX_SEARCHES = 32;
const MAX_SEARCH_CHARACTERS = 2048;
const search = text((domain) => (domain === '.' ? [] : underscoredSubdomainProblems(domain.replace(/\.$/, ''))));
const dnsFields = fields({
	nameservers: each((value, at) => ipProblems(at, textOf(value))),
	searches: (value, at) => {
		const characters = textsOf(value).reduce((sum, domain) => sum + domain.length + 1, -1);
		const tooMany = `must not have more than ${MAX_SEARCHES} search paths`;
		const tooLongText = `must not have more than ${MAX_SEARCH_CHARACTERS} characters (including spaces) in the search list`;
		return [
			...(listOf(value).length > MAX_SEARCHES ? [invalid(at, value, tooMany)] : []),
			...(characters > MAX_SEARCH_CHARACTERS ? [invalid(at, value, tooLongText)] : []),
			...each(search)(value, at),
		];
	},
	options: each((option, at) => (textOf(fieldsOf(option).name) === '' ? [required(at, 'must not be empty')] : [])),
});

/** @source validatePodDNSConfig */
function dnsProblems({ dnsConfig, dnsPolicy }: Fields, at: string): FieldProblem[] {
	const servers = listOf(fieldsOf(dnsConfig).nameservers);
	if (dnsPolicy === 'None') {
		if (!isSet(dnsConfig)) return [required(at, 'must provide `dnsConfig` when `dnsPolicy` is None')];
		const detail = 'must provide at least one DNS nameserver when `dnsPolicy` is None';
		if (servers.length === 0) return [required(`${at}.nameservers`, detail)];
	}
	const tooMany = `must not have more than ${MAX_NAMESERVERS} nameservers`;
	return [
		...(servers.length > MAX_NAMESERVERS ? [invalid(`${at}.nameservers`, servers, tooMany)] : []),
		...dnsFields(dnsConfig, at),
	];
}

const qualified: Rule = (value, at) => qualifiedProblems(at, textOf(value));
const schedulingGates: Rule = (value, at) => {
	const seen = new Set<string>();
	return each((gate, path) => {
		const name = textOf(fieldsOf(gate).name);
		const isRepeated = seen.has(name);
		seen.add(name);
		return [...qualifiedProblems(path, name), ...(isRepeated ? [duplicate(path, name)] : [])];
	})(value, at);
};

/** @source validateHostUsers, validatePodHostName */
function hostProblems(spec: Fields, at: string): FieldProblem[] {
	const without = 'when `hostUsers` is false';
	const names = { hostNetwork: 'hostNetwork', hostPID: 'HostPID', hostIPC: 'HostIPC' };
	const shared = spec.hostUsers === false ? Object.entries(names).filter(([field]) => spec[field] === true) : [];
	return [
		...shared.map(([, name]) => forbiddenField(`${at}.${name}`, without)),
		...hostnameProblems(spec, `${at}.hostnameOverride`),
	];
}
const MAX_HOSTNAME = 64;
function hostnameProblems({ hostnameOverride: name, setHostnameAsFQDN, hostNetwork }: Fields, at: string) {
	if (!isSet(name)) return [];
	const never = (cause: string) => forbiddenField(at, `may not be specified when ${cause} is true`);
	return [
		...(setHostnameAsFQDN === true ? [never('setHostnameAsFQDN')] : []),
		...(hostNetwork === true ? [never('hostNetwork')] : []),
		...(textOf(name).length > MAX_HOSTNAME ? [tooLong(at, MAX_HOSTNAME)] : []),
		...text(subdomainProblems)(name, at),
	];
}

const restOfSpec = fields({
	nodeName: unlessEmpty(text(subdomainProblems)),
	activeDeadlineSeconds: optional(inRange(1, MAX_INT32)),
	hostname: unlessEmpty(text(labelProblems)),
	subdomain: unlessEmpty(text(labelProblems)),
	tolerations: (value, at) =>
		tolerationProblems(
			listOf(value).map((one) => fieldsOf(one) as Toleration),
			at,
		),
	hostAliases: each(
		fields({ ip: (value, at) => ipProblems(at, textOf(value)), hostnames: each(text(subdomainProblems)) }),
	),
	priorityClassName: unlessEmpty(text(subdomainProblems)),
	runtimeClassName: optional(text(subdomainProblems)),
	preemptionPolicy: optional(presentAnd(oneOf('PreemptLowerPriority', 'Never'))),
	overhead: (value, at) => resourceProblems({ limits: value }, at, []),
	os: optional((value, at) => {
		const name = textOf(fieldsOf(value).name);
		return name === '' ? [required(`${at}.name`)] : oneOf('linux', 'windows')(name, at);
	}),
});

function accountProblems({ serviceAccountName, serviceAccount }: Fields, at: string): FieldProblem[] {
	const [name, former] = [textOf(serviceAccountName), textOf(serviceAccount)];
	const field = `${at}.deprecatedServiceAccount`;
	return [
		...unlessEmpty(text(subdomainProblems))(name, `${at}.serviceAccountName`),
		...(former === name
			? []
			: [invalid(field, former, `must be the same as serviceAccountName: ${JSON.stringify(name)}`)]),
	];
}

/** An environment variable reads a file of an emptyDir. @source validateFileKeyRefVolumes */
function fileVolumeProblems(spec: Fields, at: string): FieldProblem[] {
	const byName = new Map(listOf(spec.volumes).map((volume) => [textOf(fieldsOf(volume).name), fieldsOf(volume)]));
	const variable: Rule = (value, path) => {
		const { fileKeyRef } = fieldsOf(fieldsOf(value).valueFrom);
		if (!isSet(fileKeyRef)) return [];
		const [field, name] = [`${path}.valueFrom.fileKeyRef.volumeName`, textOf(fieldsOf(fileKeyRef).volumeName)];
		const volume = byName.get(name);
		if (volume === undefined) return [notFound(field, name)];
		return isSet(volume.emptyDir) ? [] : [invalid(field, name, 'referenced volume must be of type emptyDir')];
	};
	return ['initContainers', 'containers', 'ephemeralContainers'].flatMap((list) =>
		each((container, path) => each(variable)(fieldsOf(container).env, `${path}.env`))(spec[list], `${at}.${list}`),
	);
}

const policies = fields({
	restartPolicy: presentAnd(oneOf('Always', 'OnFailure', 'Never')),
	dnsPolicy: presentAnd(oneOf('ClusterFirstWithHostNet', 'ClusterFirst', 'Default', 'None')),
});

/**
 * @param at  the path of the spec
 * @param podName  absent for a template
 */
export function specProblems(podSpec: PodSpec, at: string, podName?: string): FieldProblem[] {
	const spec = fieldsOf(podSpec);
	const isPod = podName !== undefined;
	const { problems, valid } = volumeProblems(spec.volumes, `${at}.volumes`, podName ?? '');
	const context: PodContext = {
		volumes: valid,
		claimNames: listOf(spec.resourceClaims)
			.map((claim) => textOf(fieldsOf(claim).name))
			.filter((name) => name !== '')
			.toSorted(),
		gracePeriodSeconds: isSet(spec.terminationGracePeriodSeconds)
			? numberOf(spec.terminationGracePeriodSeconds)
			: undefined,
		restartPolicy: textOf(spec.restartPolicy),
		hasHostUsers: spec.hostUsers !== false,
		isPod,
	};
	const names = new Set(listOf(spec.containers).map((container) => textOf(fieldsOf(container).name)));
	return [
		...problems,
		...resourceClaims(spec.resourceClaims, `${at}.resourceClaims`),
		...containersProblems(spec.containers, `${at}.containers`, context),
		...initContainersProblems(spec.initContainers, `${at}.initContainers`, names, context),
		...ephemeralContainersProblems(spec.ephemeralContainers, `${at}.ephemeralContainers`, names, context),
		...podResourceProblems(podSpec, `${at}.resources`, context.claimNames),
		...hostNetworkProblems(spec, at, isPod),
		...policies(spec, at),
		...labelsProblems(podSpec.nodeSelector, `${at}.nodeSelector`),
		...podSecurity(spec.securityContext, `${at}.securityContext`, spec),
		...processProblems(spec, `${at}.shareProcessNamespace`),
		...affinity(spec.affinity, `${at}.affinity`),
		...dnsProblems(spec, `${at}.dnsConfig`),
		...each(fields({ conditionType: qualified }))(spec.readinessGates, `${at}.readinessGates`),
		...schedulingGates(spec.schedulingGates, `${at}.schedulingGates`),
		...topologySpread(spec.topologySpreadConstraints, `${at}.topologySpreadConstraints`),
		...hostProcessProblems(spec, at),
		...hostProblems(spec, at),
		...accountProblems(spec, at),
		...restOfSpec(spec, at),
		...systemProblems(spec, at, textOf(fieldsOf(spec.os).name)),
		...fileVolumeProblems(spec, at),
	];
}

function processProblems({ shareProcessNamespace, hostPID }: Fields, at: string): FieldProblem[] {
	if (shareProcessNamespace !== true || hostPID !== true) return [];
	return [invalid(at, true, 'ShareProcessNamespace and HostPID cannot both be enabled')];
}

/** @source validatePodMetadataAndSpec */
export function podProblems({ metadata, spec = {} }: Pod): FieldProblem[] {
	const token = 'must not be specified when serviceAccountName is not set';
	const unowned: Rule = (volume, at) =>
		each((source, path) =>
			isSet(fieldsOf(source).serviceAccountToken) ? [forbiddenField(`${path}.serviceAccountToken`, token)] : [],
		)(fieldsOf(fieldsOf(volume).projected).sources, `${at}.projected.sources`);
	const padded: Rule = each((container, at) => paddingProblems(fieldsOf(container), at));
	return [
		...annotationProblems(metadata, spec, 'metadata.annotations'),
		...specProblems(spec, 'spec', metadata.name ?? ''),
		...(spec.serviceAccountName ? [] : each(unowned)(spec.volumes, 'spec.volumes')),
		...optional(notNegative)(spec.terminationGracePeriodSeconds, 'spec.terminationGracePeriodSeconds'),
		...padded(spec.containers, 'spec.containers'),
		...padded(spec.initContainers, 'spec.initContainers'),
	];
}

/** Of a new pod. @source ValidatePodCreate */
export function newPodProblems({ metadata, spec = {} }: Pod): FieldProblem[] {
	const { ephemeralContainers, nodeName = '', schedulingGates: gates } = spec;
	return [
		...(listOf(ephemeralContainers).length === 0
			? []
			: [forbiddenField('spec.ephemeralContainers', 'cannot be set on create')]),
		...(nodeName === '' || listOf(gates).length === 0
			? []
			: [forbiddenField('spec.nodeName', 'cannot be set until all schedulingGates have been cleared')]),
		...mismatchedProfiles(metadata.annotations ?? {}, spec, 'spec'),
	];
}

const DELETION_COST = 'controller.kubernetes.io/pod-deletion-cost';
/** @source ValidatePodSpecificAnnotations */
export function annotationProblems(
	{ annotations = {} }: Pick<ObjectMeta, 'annotations'>,
	spec: PodSpec,
	at: string,
): FieldProblem[] {
	const { nodeName = '' } = spec;
	const [mirror, cost] = [annotations[MIRROR_ANNOTATION], annotations[DELETION_COST]];
	const needsNode = 'must set spec.nodeName if mirror pod annotation is set';
	return [
		...(mirror !== undefined && nodeName === '' ? [invalid(`${at}[${MIRROR_ANNOTATION}]`, mirror, needsNode)] : []),
		...(cost !== undefined && !isInt32(cost)
			? [invalid(`${at}[${DELETION_COST}]`, cost, 'must be a 32bit integer')]
			: []),
		...profileProblems(annotations, spec, at),
	];
}
/** Without a leading zero or plus sign. @source pkg/apis/core/helper validFirstDigit */
const isInt32 = (value: string): boolean =>
	/^(?:0|-?[1-9]\d{0,9})$/.test(value) && Number(value) >= -(2 ** 31) && Number(value) <= MAX_INT32;
