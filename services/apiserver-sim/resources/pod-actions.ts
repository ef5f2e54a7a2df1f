/**
 * The subresources of a pod that are actions: `binding` assigns it to a node, `eviction` deletes it.
 *
 * @source pkg/registry/core/pod/storage/{storage,eviction}.go, release 1.37
 * @differs no disruption budget exists, so that every eviction is allowed; the labels and annotations of a Binding are
 *   validated
 */
import { type FieldProblem, hasCode, KubejoinError } from '../../../lib/errors.ts';
import { subdomainProblems } from '../../../lib/kube/names.ts';
import { invalid, notSupported, required, requireValid } from '../../../lib/kube/object-meta.ts';
import type { Pod } from '../../../lib/kube/pod.ts';
import { resources } from '../../../lib/kube/resources.ts';
import type { KubeObject } from '../../../lib/kube/types.ts';
import type { Admission } from '../admit/admission.ts';
import { admittedCreate } from '../admit/admitted.ts';
import { failedPrecondition } from '../registry/precondition.ts';
import type { ApiRequest, ResourceStorage } from '../request/api-request.ts';
import { type DeleteOptions, readDeleteOptions } from '../request/options.ts';

interface Binding extends KubeObject {
	readonly target?: { readonly kind?: string; readonly name?: string };
}
interface Eviction extends KubeObject {
	readonly deleteOptions?: DeleteOptions;
}

type Verb = (request: ApiRequest) => Promise<KubeObject>;
interface PodVerbs {
	readonly create: Verb;
	readonly get: Verb;
	readonly update: Verb;
	readonly delete: Verb;
}

const success = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 };

/** The storage of pods, with the actions. They pass admission as objects that are created. */
export function withActions(stored: ResourceStorage, admission: Admission): ResourceStorage {
	const verbs = verbsOf(stored);
	const binding = admittedCreate((request) => bind(verbs, request), admission);
	const eviction = admittedCreate((request) => evict(verbs, request), admission);
	return {
		...stored,
		subresources: [...stored.subresources, 'binding', 'eviction'],
		create: async (request) => {
			if (request.subresource === 'binding') return binding(request);
			return request.subresource === 'eviction' ? eviction(request) : verbs.create(request);
		},
	};
}

/** The resource `bindings`, an older path of the same action: the pod is named by the object. */
export function bindingsEndpoint(stored: ResourceStorage, admission: Admission): ResourceStorage {
	const verbs = verbsOf(stored);
	const create: Verb = (request) => bind(verbs, { ...request, name: request.object?.metadata?.name ?? '' });
	return { subresources: [], create: admittedCreate(create, admission) };
}

function verbsOf({ create, get, update, delete: remove }: ResourceStorage): PodVerbs {
	if (create === undefined || get === undefined || update === undefined || remove === undefined)
		throw new TypeError('pods are stored');
	return { create, get, update, delete: remove };
}

/** The request for another verb of the pod itself. */
const ofPod = (request: ApiRequest, more: Partial<ApiRequest>): ApiRequest => ({
	...request,
	resource: resources.pods,
	subresource: '',
	object: undefined,
	...more,
});

const targetKinds = ['Node', '<empty>'];

/** @source ValidatePodBinding */
function targetProblems({ kind = '', name = '' }: NonNullable<Binding['target']>): FieldProblem[] {
	return [
		...(kind === '' || kind === 'Node' ? [] : [notSupported('target.kind', kind, targetKinds)]),
		...(name === ''
			? [required('target.name')]
			: subdomainProblems(name).map((detail) => invalid('target.name', name, detail))),
	];
}

async function bind({ get, update }: PodVerbs, request: ApiRequest): Promise<KubeObject> {
	const { name, object } = request;
	const binding = object as Binding;
	const { target = {}, metadata } = binding;
	requireNameOfPath(name, metadata, 'Binding');
	requireValid({ ...resources.bindings }, name, targetProblems(target));
	for (;;) {
		const pod = (await get(ofPod(request, { verb: 'get' }))) as Pod;
		requireBound(binding, pod);
		const refused = (because: string) =>
			new KubejoinError('API_CONFLICT', { resource: 'pods/binding', group: '', name, because });
		if (pod.metadata.deletionTimestamp !== undefined)
			throw refused(`pod ${name} is being deleted, cannot be assigned to a host`);
		if (pod.spec?.nodeName) throw refused(`pod ${name} is already assigned to node "${pod.spec.nodeName}"`);
		if ((pod.spec?.schedulingGates ?? []).length > 0) throw refused(`pod ${name} has non-empty .spec.schedulingGates`);
		try {
			await update(ofPod(request, { verb: 'update', subresource: 'binding', object: boundPod(pod, binding) }));
			return success as unknown as KubeObject;
		} catch (error) {
			if (!hasCode(error, 'API_CONFLICT')) throw error;
			request.lifetime.signal.throwIfAborted();
		}
	}
}

/** The uid and the version in a Binding are preconditions. @throws API_CONFLICT */
function requireBound({ metadata: wanted }: Binding, { metadata: found }: Pod): void {
	const { uid = '', resourceVersion = '', name = '' } = found;
	const compared = [
		['UID', wanted.uid ?? '', uid],
		['ResourceVersion', wanted.resourceVersion ?? '', resourceVersion],
	] as const;
	for (const [field, sent, stored] of compared) {
		if (sent === '' || sent === stored) continue;
		const because = failedPrecondition(resources.pods, found, field, [sent, stored]);
		throw new KubejoinError('API_CONFLICT', { resource: 'pods', group: '', name, because });
	}
}

/** The pod with the node, the labels and the annotations of the Binding. */
function boundPod({ metadata, ...pod }: Pod, { metadata: sent, target }: Binding): Pod {
	const { labels = {}, annotations = {} } = sent;
	return {
		...pod,
		metadata: {
			...metadata,
			...(isEmpty(labels) ? {} : { labels: { ...metadata.labels, ...labels } }),
			...(isEmpty(annotations) ? {} : { annotations: { ...metadata.annotations, ...annotations } }),
		},
		spec: { ...pod.spec, nodeName: target?.name ?? '' },
	};
}
const isEmpty = (map: object): boolean => Object.keys(map).length === 0;

const unsafeDeletion = invalid(
	'deleteOptions.ignoreStoreReadErrorWithClusterBreakingPotential',
	true,
	'can not be set for pod eviction, try after removing the option',
);

async function evict({ delete: remove }: PodVerbs, request: ApiRequest): Promise<KubeObject> {
	const { deleteOptions = {}, metadata } = request.object as Eviction;
	requireNameOfPath(request.name, metadata, 'Eviction');
	if (deleteOptions.ignoreStoreReadErrorWithClusterBreakingPotential === true)
		requireValid({ kind: 'Eviction', group: 'policy' }, request.name, [unsafeDeletion]);
	const options = readDeleteOptions(deleteOptions);
	const dryRun = request.dryRun || options.dryRun === true;
	await remove(ofPod(request, { verb: 'delete', ...options, dryRun }));
	return success as unknown as KubeObject;
}

function requireNameOfPath(name: string, metadata: KubeObject['metadata'], kind: string): void {
	if ((metadata.name ?? '') === name) return;
	throw new KubejoinError('API_BAD_REQUEST', { problem: `name in URL does not match name in ${kind} object` });
}
