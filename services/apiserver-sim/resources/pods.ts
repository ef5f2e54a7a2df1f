/**
 * Pods. They are stored and no scheduler runs; a kubelet reports their status.
 *
 * @source pkg/registry/core/pod/strategy.go, pkg/apis/core/v1/defaults.go, pkg/apis/core/validation, release 1.37
 */
import type { FieldProblem } from '../../../lib/errors.ts';
import { isJsonObject } from '../../../lib/json-object.ts';
import type { Container, Pod, PodCondition, PodSpec, ProjectedSource, Volume } from '../../../lib/kube/pod.ts';
import { qosClassOf } from '../../../lib/kube/pod-resources.ts';
import { resources } from '../../../lib/kube/resources.ts';
import type { Strategy } from '../registry.ts';
import { disabledInPods, without } from './disabled-fields.ts';
import { kindStrategy, resetMetadata, specOf } from './kind.ts';
import { newPodProfileWarnings, withAnnotatedProfiles } from './pod-rules/profiles.ts';
import { newPodProblems, podProblems } from './pod-rules/spec.ts';
import { podStatusProblems, withPodIps, withPreservedStatus } from './pod-rules/status.ts';
import { debuggingProblems, podChangeProblems, resizeProblems } from './pod-rules/updates.ts';
import { newPodWarnings } from './pod-rules/warnings.ts';

const part = '[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*';
const imageForm = new RegExp(
	`^(?:[a-zA-Z0-9][-.a-zA-Z0-9]*(?::\\d+)?/)?${part}(?:/${part})*(?::(?<tag>\\w[-.\\w]{0,127}))?(?<digest>@.+)?$`,
);
const MAX_IMAGE_NAME = 255;

/** `Always` for a tag that moves. A malformed name has no tag. @source SetDefaults_Container */
function pullPolicy(image: string): string {
	const { tag, digest } = (image.length <= MAX_IMAGE_NAME ? imageForm.exec(image)?.groups : undefined) ?? { tag: '' };
	const isMoving = digest === undefined && (tag === undefined || tag === 'latest');
	return isMoving ? 'Always' : 'IfNotPresent';
}

interface Handler {
	readonly httpGet?: { readonly path?: string; readonly scheme?: string };
}
interface Probe extends Handler {
	readonly timeoutSeconds?: number;
	readonly periodSeconds?: number;
	readonly successThreshold?: number;
	readonly failureThreshold?: number;
}
interface Lifecycle {
	readonly postStart?: Handler;
	readonly preStop?: Handler;
}
const probes = ['livenessProbe', 'readinessProbe', 'startupProbe'] as const;

/** @source SetDefaults_HTTPGetAction */
const withHttpDefaults = <T extends Handler | undefined>(handler: T): T =>
	handler?.httpGet === undefined
		? handler
		: {
				...handler,
				httpGet: {
					...handler.httpGet,
					path: handler.httpGet.path || '/',
					scheme: handler.httpGet.scheme || 'HTTP',
				},
			};

/** @source SetDefaults_Probe */
const withProbeDefaults = (probe: Probe | undefined): Probe | undefined =>
	probe && {
		...withHttpDefaults(probe),
		timeoutSeconds: probe.timeoutSeconds || 1,
		periodSeconds: probe.periodSeconds || 10,
		successThreshold: probe.successThreshold || 1,
		failureThreshold: probe.failureThreshold || 3,
	};

const withHandlers = (lifecycle: Lifecycle | undefined): Lifecycle | undefined =>
	lifecycle && {
		...lifecycle,
		...defined({ postStart: withHttpDefaults(lifecycle.postStart), preStop: withHttpDefaults(lifecycle.preStop) }),
	};

interface WithFieldRef {
	readonly fieldRef?: { readonly apiVersion?: string };
}
/** @source SetDefaults_ObjectFieldSelector */
const withVersion = <T extends WithFieldRef>(of: T): T =>
	of.fieldRef === undefined ? of : { ...of, fieldRef: { apiVersion: 'v1', ...of.fieldRef } };

function withFieldVersion<T extends { readonly valueFrom?: WithFieldRef }>(variable: T): T {
	const { valueFrom } = variable;
	return valueFrom === undefined ? variable : { ...variable, valueFrom: withVersion(valueFrom) };
}

interface DownwardApi {
	readonly items?: readonly WithFieldRef[];
}
const withItemVersions = <T extends DownwardApi>(api: T): T =>
	api.items === undefined ? api : { ...api, items: api.items.map(withVersion) };

const TOKEN_SECONDS = 3600;
/** @source SetDefaults_ServiceAccountTokenProjection */
const withSourceDefaults = (source: ProjectedSource): ProjectedSource => ({
	...source,
	...defined({
		serviceAccountToken: source.serviceAccountToken && {
			expirationSeconds: TOKEN_SECONDS,
			...source.serviceAccountToken,
		},
		downwardAPI: source.downwardAPI && withItemVersions(source.downwardAPI),
	}),
});

const withContainerDefaults = (container: Container): Container => ({
	...container,
	...(container.ports === undefined
		? {}
		: { ports: container.ports.map((port) => ({ ...port, protocol: port.protocol || 'TCP' })) }),
	...defined({ env: container.env?.map(withFieldVersion) }),
	...defined(Object.fromEntries(probes.map((name) => [name, withProbeDefaults(container[name] as Probe)]))),
	...defined({ lifecycle: withHandlers(container.lifecycle as Lifecycle) }),
	resources: container.resources ?? {},
	terminationMessagePath: container.terminationMessagePath || '/dev/termination-log',
	terminationMessagePolicy: container.terminationMessagePolicy || 'File',
	imagePullPolicy: container.imagePullPolicy || pullPolicy(container.image ?? ''),
});

/** A limit without a request is the request too. @source SetDefaults_Pod */
const withRequests = (container: Container): Container => {
	const { resources } = container;
	if (resources?.limits === undefined) return container;
	return { ...container, resources: { ...resources, requests: { ...resources.limits, ...resources.requests } } };
};

/** Sources whose files get a mode. */
const modes = ['secret', 'configMap', 'downwardAPI', 'projected'] as const;
const DEFAULT_MODE = 420;
function withVolumeDefaults(volume: Volume): Volume {
	const sources = Object.keys(volume).filter((key) => key !== 'name');
	if (sources.length === 0) return { ...volume, emptyDir: {} };
	const { projected, downwardAPI } = volume;
	const kind = modes.find((mode) => isJsonObject(volume[mode]));
	const complete = {
		...volume,
		...defined({
			downwardAPI: downwardAPI && withItemVersions(downwardAPI as DownwardApi),
			projected: projected && { ...projected, ...defined({ sources: projected.sources?.map(withSourceDefaults) }) },
		}),
	};
	if (kind !== undefined) return { ...complete, [kind]: { defaultMode: DEFAULT_MODE, ...(complete[kind] as object) } };
	return isJsonObject(volume.hostPath) ? { ...volume, hostPath: { type: '', ...volume.hostPath } } : volume;
}

const defined = (parts: object): object =>
	Object.fromEntries(Object.entries(parts).filter(([, value]) => value !== undefined));

const withContainers = (spec: PodSpec, change: (container: Container) => Container): PodSpec => ({
	...spec,
	...defined({
		initContainers: spec.initContainers?.map(change),
		containers: spec.containers?.map(change),
		ephemeralContainers: spec.ephemeralContainers?.map(change),
	}),
});

/** Of a pod and of a template. @source SetDefaults_PodSpec */
export function withSpecDefaults(spec: PodSpec): PodSpec {
	const serviceAccountName = spec.serviceAccountName || spec.serviceAccount;
	return {
		restartPolicy: 'Always',
		terminationGracePeriodSeconds: 30,
		dnsPolicy: 'ClusterFirst',
		securityContext: {},
		schedulerName: 'default-scheduler',
		...withContainers(spec, withContainerDefaults),
		...(serviceAccountName ? { serviceAccountName, serviceAccount: serviceAccountName } : {}),
		...defined({ volumes: spec.volumes?.map(withVolumeDefaults) }),
	};
}

const setDefaults = ({ spec = {}, ...pod }: Pod): Pod => {
	const { terminationGracePeriodSeconds: seconds = 0 } = spec;
	return {
		...pod,
		spec: {
			enableServiceLinks: true,
			...withSpecDefaults(withContainers(spec, withRequests)),
			...(seconds < 0 ? { terminationGracePeriodSeconds: 1 } : {}),
		},
		...defined({ status: pod.status && withPodIps(pod.status) }),
	};
};

function validateUpdate(next: Pod, previous: Pod, subresource: string): FieldProblem[] {
	if (subresource === '') return podChangeProblems(next, previous);
	if (subresource === 'status') return podStatusProblems(next, previous);
	if (subresource === 'ephemeralcontainers') return debuggingProblems(next, previous);
	return subresource === 'resize' ? resizeProblems(next, previous) : [];
}

/** A pod that runs nowhere, or no more, is removed at once. @source podStrategy.CheckGracefulDelete */
function gracePeriodSeconds({ spec, status }: Pod, requested: number | undefined): number {
	if (!spec?.nodeName || status?.phase === 'Succeeded' || status?.phase === 'Failed') return 0;
	return Math.max(requested ?? spec.terminationGracePeriodSeconds ?? 0, 0);
}

/**
 * The spec with the resources of the next one, and nothing else of it. Containers that were added, removed or renamed
 * stay, so that the validation refuses them.
 *
 * @source dropNonResizeUpdates
 */
function resized({ spec: found = {} }: Pod, { spec: sent = {} }: Pod): PodSpec {
	const merged = (list: 'containers' | 'initContainers') => {
		const [before, after] = [found[list] ?? [], sent[list] ?? []];
		const isSame = before.length === after.length && before.every(({ name }, index) => name === after[index]?.name);
		if (!isSame || before.length === 0) return after.length === 0 ? {} : { [list]: after };
		return {
			[list]: before.map((container, index) => {
				const { resources = {}, resizePolicy } = after[index] ?? {};
				const { resizePolicy: _policy, ...fixed } = container;
				return { ...fixed, resources, ...(resizePolicy === undefined ? {} : { resizePolicy }) };
			}),
		};
	};
	const { containers: _c, initContainers: _i, resources: amounts, ...rest } = found;
	const resources = sent.resources ?? amounts;
	return {
		...{ ...rest, ...merged('initContainers'), ...merged('containers') },
		...(resources === undefined ? {} : { resources }),
	};
}

const reportedStatus = (next: Pod, previous: Pod): Pod => withPreservedStatus(withOwnersOf(next, previous), previous);

/** A kubelet reports the status of a pod, and not its owners. @source podStatusStrategy.PrepareForUpdate */
function withOwnersOf({ metadata, ...next }: Pod, previous: Pod): Pod {
	const { ownerReferences: _sent, ...kept } = metadata;
	const { ownerReferences } = previous.metadata;
	return { ...next, metadata: { ...kept, ...(ownerReferences === undefined ? {} : { ownerReferences }) } };
}

/** @source podStrategy applySchedulingGatedCondition */
function gatedConditions({ spec }: Pod, now: string): object {
	const { schedulingGates = [] } = spec ?? {};
	if (schedulingGates.length === 0) return {};
	const message = 'Scheduling is blocked due to non-empty scheduling gates';
	const condition = { type: 'PodScheduled', status: 'False', reason: 'SchedulingGated', message };
	return { conditions: [{ ...condition, lastTransitionTime: now }] };
}

/** The pod after its binding. @source BindingREST.setPodNodeAndMetadata, UpdatePodCondition */
function scheduled({ status = {}, ...pod }: Pod, now: string): Pod {
	const { nominatedNodeName: _hint, conditions = [], ...rest } = status;
	const type = 'PodScheduled';
	const before = conditions.find((condition) => condition.type === type);
	const lastTransitionTime = (before?.status === 'True' ? before.lastTransitionTime : undefined) ?? now;
	const condition: PodCondition = { type, status: 'True', lastTransitionTime };
	const others = conditions.map((other) => (other === before ? condition : other));
	return { ...pod, status: { ...rest, conditions: before === undefined ? [...others, condition] : others } };
}

const base = kindStrategy<Pod>(resources.pods, {
	generationOf: specOf,
	setDefaults,
	initialStatus: (pod, now) => ({ phase: 'Pending', ...gatedConditions(pod, now), qosClass: qosClassOf(pod) }),
	gracePeriodSeconds,
	fields: ({ spec, status }) => ({
		'spec.nodeName': spec?.nodeName ?? '',
		'spec.restartPolicy': spec?.restartPolicy ?? '',
		'spec.schedulerName': spec?.schedulerName ?? '',
		'spec.serviceAccountName': spec?.serviceAccountName ?? '',
		'spec.hostNetwork': String(spec?.hostNetwork ?? false),
		'status.phase': status?.phase ?? '',
		'status.podIP': status?.podIPs?.[0]?.ip ?? '',
		// Upstream accepts the name and has no value of it.
		'status.podIPs': '',
		'status.nominatedNodeName': status?.nominatedNodeName ?? '',
	}),
	// @source ValidatePodStatusUpdate: it does not look at the spec
	validate: (pod, _previous, subresource) => (subresource === 'status' ? [] : podProblems(pod)),
	validateCreate: newPodProblems,
	// Upstream does not look at updates, because mostly programs send them.
	warningsOf: (pod, previous) => (previous === undefined ? newPodWarnings(pod) : []),
	validateUpdate,
});

const withoutDisabled = (pod: Pod): Pod => without(pod, { spec: disabledInPods });

export const pods: Strategy<Pod> = {
	...base,
	ignoresDeletionTimeIn: ['status', 'ephemeralcontainers', 'resize'],
	changedByServerIn: ['binding'],
	prepareForCreate(created, user, now, warn) {
		for (const warning of newPodProfileWarnings(created)) warn(warning);
		const enabled = withoutDisabled(withAnnotatedProfiles(created));
		return base.prepareForCreate?.(enabled, user, now, warn) ?? enabled;
	},
	prepareForUpdate(sent, previous, subresource, now) {
		const next = withoutDisabled(sent);
		if (subresource === 'binding') return scheduled(next, now);
		if (subresource === 'ephemeralcontainers') {
			const { ephemeralContainers: sent } = next.spec ?? {};
			const { ephemeralContainers: _found, ...spec } = previous.spec ?? {};
			const debugging = sent === undefined ? spec : { ...spec, ephemeralContainers: sent };
			return { ...previous, metadata: resetMetadata(next, previous), spec: debugging };
		}
		if (subresource === 'status')
			return base.prepareForUpdate?.(reportedStatus(next, previous), previous, subresource, now) ?? next;
		if (subresource === 'resize')
			return { ...previous, metadata: resetMetadata(next, previous), spec: resized(previous, next) };
		return base.prepareForUpdate?.(next, previous, subresource, now) ?? next;
	},
};
