/**
 * A pod runs as a service account of its namespace, and gets a token of it as a file.
 *
 * @source plugin/pkg/admission/serviceaccount/admission.go, release 1.37
 */
import { generateName } from '../../../lib/kube/object-meta.ts';
import { type Container, isMirrorPod, type Pod, type PodSpec, type Volume } from '../../../lib/kube/pod.ts';
import { secretNamesOf } from '../../../lib/kube/pod-references.ts';
import { resources } from '../../../lib/kube/resources.ts';
import type { ServiceAccount } from '../../../lib/kube/types.ts';
import type { Pause } from '../../../lib/poll.ts';
import type { ObjectReader } from '../request/object-reader.ts';
import { type AdmissionAttributes, type AdmissionPlugin, isOf, notAdmitted, when } from './admission.ts';

const DEFAULT = 'default';
/** The controller creates the default account soon after its namespace. */
const DEFAULT_ATTEMPTS = 10;
const RETRY_MS = 150;
const VOLUME_PREFIX = 'kube-api-access-';
const MOUNT_PATH = '/var/run/secrets/kubernetes.io/serviceaccount';
/** Asks for a token of a year, whose use is logged after this time. */
const TOKEN_SECONDS = 3607;
const ENFORCE_ANNOTATION = 'kubernetes.io/enforce-mountable-secrets';

/** @param pause  before the default account is looked up again */
export function serviceAccount(objects: ObjectReader, pause: Pause): AdmissionPlugin {
	const find = async (attributes: AdmissionAttributes, name: string): Promise<ServiceAccount> => {
		const { namespace, request } = attributes;
		for (let attempt = 1; ; attempt++) {
			const found = await objects.get<ServiceAccount>(resources.serviceAccounts, namespace, name);
			if (found !== undefined) return found;
			if (attempt >= (name === DEFAULT ? DEFAULT_ATTEMPTS : 1)) break;
			await pause(RETRY_MS, request.lifetime.signal);
			request.lifetime.signal.throwIfAborted();
		}
		const missing = `serviceaccount ${JSON.stringify(name)} not found`;
		throw notAdmitted(attributes, `error looking up service account ${namespace}/${name}: ${missing}`);
	};
	return {
		name: 'ServiceAccount',
		mutate: when(
			(write) => isOf(write, resources.pods),
			async (attributes) => {
				if (attributes.subresource !== '' || attributes.operation !== 'CREATE') return undefined;
				const pod = attributes.object as Pod;
				if (isMirrorPod(pod)) {
					checkMirrorPod(attributes, pod);
					return undefined;
				}
				const name = pod.spec?.serviceAccountName || DEFAULT;
				const account = await find(attributes, name);
				const spec = withAccount(pod.spec ?? {}, name, account);
				const because = mountProblem(account, spec);
				if (because !== undefined) throw notAdmitted(attributes, because);
				return { ...pod, spec };
			},
		),
		validate: when(
			(write) => isOf(write, resources.pods),
			async (attributes) => {
				const { operation, subresource, namespace } = attributes;
				const isDebugged = operation === 'UPDATE' && subresource === 'ephemeralcontainers';
				if (!isDebugged && !(operation === 'CREATE' && subresource === '')) return;
				const pod = attributes.object as Pod;
				if (!isDebugged && isMirrorPod(pod)) return checkMirrorPod(attributes, pod);
				const name = pod.spec?.serviceAccountName ?? '';
				if (name === '')
					throw notAdmitted(attributes, `no service account specified for pod ${namespace}/${pod.metadata.name ?? ''}`);
				const account = await find(attributes, name);
				const because = isDebugged
					? debugProblem(account, pod.spec?.ephemeralContainers ?? [])
					: mountProblem(account, pod.spec ?? {});
				if (because !== undefined) throw notAdmitted(attributes, because);
			},
		),
	};
}

/** A kubelet reads no objects of the API for a static pod, which the mirror pod shows. */
function checkMirrorPod(attributes: AdmissionAttributes, pod: Pod): void {
	const { serviceAccountName, volumes = [] } = pod.spec ?? {};
	const refused = (because: string) => notAdmitted(attributes, `a mirror pod may not ${because}`);
	if (serviceAccountName) throw refused('reference service accounts');
	if (secretNamesOf(pod).length > 0) throw refused('reference secrets');
	const sources = volumes.flatMap(({ projected }) => projected?.sources ?? []);
	if (sources.some(({ serviceAccountToken: token }) => token !== undefined && token !== null))
		throw refused('use ServiceAccountToken volume projections');
}

function withAccount(spec: PodSpec, name: string, account: ServiceAccount): PodSpec {
	const named = { ...spec, serviceAccountName: name, serviceAccount: name };
	const isMounted = spec.automountServiceAccountToken ?? account.automountServiceAccountToken ?? true;
	const pullSecrets = account.imagePullSecrets?.map(({ name: secret = '' }) => ({ name: secret })) ?? [];
	return {
		...(isMounted ? withToken(named) : named),
		...((spec.imagePullSecrets ?? []).length === 0 && pullSecrets.length > 0 ? { imagePullSecrets: pullSecrets } : {}),
	};
}

/** Mounts the token into each container that mounts nothing else there. */
function withToken(spec: PodSpec): PodSpec {
	const { containers, initContainers, volumes = [] } = spec;
	const existing = volumes.find(({ name = '' }) => name.startsWith(VOLUME_PREFIX))?.name;
	const name = existing ?? generateName(VOLUME_PREFIX);
	const hasMount = ({ volumeMounts = [] }: Container) => volumeMounts.some(({ mountPath }) => mountPath === MOUNT_PATH);
	const mounted = (list: readonly Container[] | undefined) =>
		list?.map((container) =>
			hasMount(container)
				? container
				: {
						...container,
						volumeMounts: [...(container.volumeMounts ?? []), { name, readOnly: true, mountPath: MOUNT_PATH }],
					},
		);
	const isNeeded = [...(initContainers ?? []), ...(containers ?? [])].some((one) => !hasMount(one));
	return {
		...spec,
		...(initContainers && { initContainers: mounted(initContainers) ?? [] }),
		...(containers && { containers: mounted(containers) ?? [] }),
		...(existing === undefined && isNeeded ? { volumes: [...volumes, { name, projected: tokenSource() }] } : {}),
	};
}

const tokenSource = (): NonNullable<Volume['projected']> => ({
	sources: [
		{ serviceAccountToken: { expirationSeconds: TOKEN_SECONDS, path: 'token' } },
		{ configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
		{
			downwardAPI: {
				items: [{ path: 'namespace', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } }],
			},
		},
	],
	defaultMode: 0o644,
});

const trueTexts = ['1', 't', 'T', 'true', 'TRUE', 'True'];
const namesIn = (list: readonly { readonly name?: string }[] | undefined) =>
	new Set(list?.map(({ name = '' }) => name));
const isEnforced = ({ metadata }: ServiceAccount): boolean =>
	trueTexts.includes(metadata.annotations?.[ENFORCE_ANNOTATION] ?? '');

/** The first Secret that the account does not list; only for an account that asks for it with an annotation. */
function mountProblem(account: ServiceAccount, spec: PodSpec): string | undefined {
	if (!isEnforced(account)) return undefined;
	const allowed = namesIn(account.secrets);
	const name = account.metadata.name ?? '';
	for (const { secret } of spec.volumes ?? []) {
		if (!secret || allowed.has(secret.secretName ?? '')) continue;
		return `volume with secret.secretName="${secret.secretName ?? ''}" ${notReferenced(name)} secret`;
	}
	const ofContainers =
		containerProblem(spec.initContainers ?? [], 'init container', account) ??
		containerProblem(spec.containers ?? [], 'container', account);
	if (ofContainers !== undefined) return ofContainers;
	const pullSecrets = namesIn(account.imagePullSecrets);
	for (const [index, { name: secret = '' }] of (spec.imagePullSecrets ?? []).entries())
		if (!pullSecrets.has(secret))
			return `imagePullSecrets[${index}].name="${secret}" ${notReferenced(name)} imagePullSecret`;
	return undefined;
}

const debugProblem = (account: ServiceAccount, containers: readonly Container[]): string | undefined =>
	isEnforced(account) ? containerProblem(containers, 'ephemeral container', account) : undefined;

const notReferenced = (account: string): string =>
	`is not allowed because service account ${account} does not reference that`;

function containerProblem(containers: readonly Container[], as: string, account: ServiceAccount): string | undefined {
	const allowed = namesIn(account.secrets);
	const problem = (where: string, secret = ''): string | undefined =>
		allowed.has(secret)
			? undefined
			: `${where} referencing secret.secretName="${secret}" ${notReferenced(account.metadata.name ?? '')} secret`;
	for (const { name = '', env = [], envFrom = [] } of containers) {
		for (const { name: variable = '', valueFrom } of env) {
			const { secretKeyRef: ref } = valueFrom ?? {};
			const found = ref && problem(`${as} ${name} with envVar ${variable}`, ref.name);
			if (found) return found;
		}
		for (const { secretRef: ref } of envFrom) {
			const found = ref && problem(`${as} ${name} with envFrom`, ref.name);
			if (found) return found;
		}
	}
	return undefined;
}
