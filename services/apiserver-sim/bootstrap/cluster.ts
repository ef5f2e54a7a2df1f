/**
 * The objects of a new cluster: upstream's namespaces, default roles and bindings, which are reconciled at every start,
 * and the uploads of `kubeadm init`, which are written once, so a deleted binding stays deleted. Safe to run twice and
 * from two replicas.
 * @source plugin/pkg/auth/authorizer/rbac/bootstrappolicy reconciliation; kubeadm phases upload-config,
 *   bootstrap-token, addon
 */
import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { type Clock, rfc3339 } from '../../../lib/clock.ts';
import { ignoring } from '../../../lib/errors.ts';
import { withUpdatedFields } from '../../../lib/kube/managed-fields/field-manager.ts';
import { type ApiResource, apiVersionOf, resources } from '../../../lib/kube/resources.ts';
import { type ConfigMap, type KubeObject, type Role, type RoleBinding, wellKnown } from '../../../lib/kube/types.ts';
import type { Store } from '../../../lib/store/store.ts';
import { defaultRbac } from '../authorize/default-roles.ts';
import { controllerRbac, kubeadmRbac } from '../authorize/kubeadm-rbac.ts';
import type { RbacObjects } from '../authorize/rbac-objects.ts';
import { storeKey } from '../registry.ts';
import { systemPriorityClasses } from '../resources/cluster-kinds.ts';
import { kubernetesAddressKey, kubernetesService } from '../resources/service-addresses.ts';
import { type ClusterSettings, clusterInfo, kubeadmConfigMaps } from './kubeadm-config-maps.ts';

const namespaceNames = ['default', wellKnown.kubeNodeLease, wellKnown.kubePublic, wellKnown.kubeSystem];
const markerKey = 'bootstrap/kubeadm';
const typeOf = (resource: ApiResource) => ({ apiVersion: apiVersionOf(resource), kind: resource.kind });

/** Creates the cluster, or reconciles it at a later start. @throws STORE_UNAVAILABLE */
export async function bootstrapCluster(store: Store, settings: ClusterSettings, clock: Clock): Promise<void> {
	const objects = new BootstrapObjects(store, clock);
	for (const name of namespaceNames) {
		const labels = { 'kubernetes.io/metadata.name': name };
		const sent = { ...typeOf(resources.namespaces), metadata: { name, labels } };
		// The server adds them, and no manager owns them.
		const added = { spec: { finalizers: ['kubernetes'] }, status: { phase: 'Active' } };
		await objects.create(resources.namespaces, sent, 'kube-apiserver', added);
	}
	const ofServer = [defaultRbac(), controllerRbac()].flatMap(everyObject);
	await Promise.all(ofServer.map(([resource, object]) => objects.reconcile(resource, object)));
	for (const [name, { value, description }] of Object.entries(systemPriorityClasses)) {
		const fields = { value, description, preemptionPolicy: 'PreemptLowerPriority' };
		const metadata = { name, generation: 1 };
		await objects.create(resources.priorityClasses, { ...typeOf(resources.priorityClasses), metadata, ...fields });
	}
	const { host, port } = splitEndpoint(settings.controlPlaneEndpoint);
	const { service, slice } = kubernetesService(host, port);
	await store.create(kubernetesAddressKey, {}).catch(ignoring('STORE_KEY_EXISTS'));
	await objects.create(resources.services, service);
	await objects.create(resources.endpointSlices, slice);
	await objects.publish(authenticationConfigMap(settings));
	await uploadOnce(store, objects, settings);
}

/** What kubeadm init uploads. At a later start only the server's address can be another one. */
async function uploadOnce(store: Store, objects: BootstrapObjects, settings: ClusterSettings): Promise<void> {
	const { controlPlaneEndpoint } = settings;
	const marker = await store.get<{ controlPlaneEndpoint: string }>(markerKey);
	if (marker === undefined) {
		await Promise.all(
			everyObject(kubeadmRbac()).map(([resource, object]) => objects.create(resource, object, 'kubeadm')),
		);
		await Promise.all(
			kubeadmConfigMaps(settings).map((configMap) => objects.create(resources.configMaps, configMap, 'kubeadm')),
		);
		await objects.create(resources.serviceAccounts, kubeProxyAccount, 'kubeadm');
		await store.create(markerKey, { controlPlaneEndpoint }).catch(ignoring('STORE_KEY_EXISTS'));
	} else if (marker.value.controlPlaneEndpoint !== controlPlaneEndpoint) {
		await republish(store, settings);
		await store.update(markerKey, { controlPlaneEndpoint }, marker.revision).catch(ignoring('STORE_CONFLICT'));
	}
}

/** Writes objects with their managers. Another replica that is quicker has written the same. */
class BootstrapObjects {
	readonly #store: Store;
	readonly #clock: Clock;

	constructor(store: Store, clock: Clock) {
		this.#store = store;
		this.#clock = clock;
	}

	/** @param added  fields that no manager owns */
	async create(resource: ApiResource, object: KubeObject, manager = 'kube-apiserver', added = {}): Promise<void> {
		const { namespace = '', name = '' } = object.metadata;
		const created = { uid: randomUUID(), creationTimestamp: rfc3339(this.#clock()) };
		const complete = { ...object, metadata: { ...object.metadata, ...created } };
		const stored = { ...this.#managed(undefined, complete, manager), ...added };
		await this.#store.create(storeKey(resource, namespace, name), stored).catch(ignoring('STORE_KEY_EXISTS'));
	}

	/** Adds missing rules and subjects, unless the object refuses that. */
	async reconcile(resource: ApiResource, wanted: Role | RoleBinding): Promise<void> {
		const key = storeKey(resource, wanted.metadata.namespace ?? '', wanted.metadata.name ?? '');
		const found = await this.#store.get<Role | RoleBinding>(key);
		if (found === undefined) return this.create(resource, wanted);
		if (found.value.metadata.annotations?.['rbac.authorization.kubernetes.io/autoupdate'] === 'false') return;
		const completed = complete(found.value, wanted);
		if (isDeepStrictEqual(completed, found.value)) return;
		const managed = this.#managed(found.value, completed, 'kube-apiserver');
		await this.#store.update(key, managed, found.revision).catch(ignoring('STORE_CONFLICT'));
	}

	/** Creates the ConfigMap, or replaces its data. */
	async publish(wanted: ConfigMap): Promise<void> {
		const key = storeKey(resources.configMaps, wanted.metadata.namespace ?? '', wanted.metadata.name ?? '');
		const found = await this.#store.get<ConfigMap>(key);
		if (found === undefined) return this.create(resources.configMaps, wanted);
		if (isDeepStrictEqual(found.value.data, wanted.data)) return;
		const { data } = wanted;
		await this.#store.update(key, { ...found.value, data }, found.revision).catch(ignoring('STORE_CONFLICT'));
	}

	#managed<T extends KubeObject>(found: T | undefined, object: T, manager: string): T {
		return withUpdatedFields(found, object, { kind: object, subresource: '', manager, now: rfc3339(this.#clock()) });
	}
}

/**
 * The CA of client certificates, for servers that leave authentication to this one, such as an aggregated API server.
 *
 * @source pkg/controlplane/controller/clusterauthenticationtrust
 */
const authenticationConfigMap = ({ ca }: ClusterSettings): ConfigMap => ({
	...typeOf(resources.configMaps),
	metadata: { namespace: wellKnown.kubeSystem, name: 'extension-apiserver-authentication' },
	data: { 'client-ca-file': ca },
});

/** @source cmd/kubeadm/app/phases/addons/proxy */
const kubeProxyAccount: KubeObject = {
	...typeOf(resources.serviceAccounts),
	metadata: { namespace: wellKnown.kubeSystem, name: 'kube-proxy' },
};

/**
 * Updates cluster-info after a change of the server's address. Its signatures are then invalid; the signer creates new
 * ones.
 */
async function republish(store: Store, settings: ClusterSettings): Promise<void> {
	const key = storeKey(resources.configMaps, wellKnown.kubePublic, wellKnown.clusterInfo);
	const found = await store.get<ConfigMap>(key);
	if (found === undefined) return;
	const { data = {} } = clusterInfo(settings);
	await store.update(key, { ...found.value, data }, found.revision).catch(ignoring('STORE_CONFLICT'));
}

/** The stored rules and subjects with the missing ones added; nothing is removed. */
function complete(found: Role | RoleBinding, wanted: Role | RoleBinding): Role | RoleBinding {
	const union = <T>(have: readonly T[] = [], want: readonly T[] = []): T[] => [
		...have,
		...want.filter((item) => !have.some((other) => isDeepStrictEqual(other, item))),
	];
	if ('roleRef' in wanted && 'roleRef' in found) {
		const subjects = union(found.subjects, wanted.subjects);
		return subjects.length === 0 ? found : { ...found, subjects };
	}
	return 'rules' in wanted ? { ...found, rules: union('rules' in found ? found.rules : [], wanted.rules) } : found;
}

const everyObject = ({
	clusterRoles,
	clusterRoleBindings,
	roles,
	roleBindings,
}: RbacObjects): [ApiResource, Role | RoleBinding][] => [
	...clusterRoles.map((object): [ApiResource, Role] => [resources.clusterRoles, object]),
	...clusterRoleBindings.map((object): [ApiResource, RoleBinding] => [resources.clusterRoleBindings, object]),
	...roles.map((object): [ApiResource, Role] => [resources.roles, object]),
	...roleBindings.map((object): [ApiResource, RoleBinding] => [resources.roleBindings, object]),
];

/** `10.0.0.1:6443`, `[::1]:6443`, `host:6443` */
function splitEndpoint(endpoint: string): { host: string; port: number } {
	const colon = endpoint.lastIndexOf(':');
	return { host: endpoint.slice(0, colon).replace(/^\[|\]$/g, ''), port: Number(endpoint.slice(colon + 1)) };
}
