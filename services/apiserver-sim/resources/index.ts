/** The storage of every resource. A resource that is missing here does not exist for callers. */
import type { Clock } from '../../../lib/clock.ts';
import { type ApiResource, customResourceDefinitions, resources } from '../../../lib/kube/resources.ts';
import type { KubeObject } from '../../../lib/kube/types.ts';
import type { CountRefusal } from '../../../lib/limits.ts';
import type { ReadCsr } from '../../../lib/pki/csr-reader.ts';
import type { Store } from '../../../lib/store/store.ts';
import { admitted } from '../admit/admitted.ts';
import { createAdmission, defaultPlugins } from '../admit/chain.ts';
import type { UpdateQuota } from '../admit/resource-quota.ts';
import type { AuthenticateToken } from '../authenticate/token-authenticator.ts';
import type { Authorizer } from '../authorize/attributes.ts';
import type { RbacSource } from '../authorize/rbac.ts';
import { bounded, WatchCount } from '../bounds.ts';
import type { Resources } from '../pipeline.ts';
import { createObjectReader } from '../registry/object-reader.ts';
import { createStorage, type Strategy, type WatchCache } from '../registry.ts';
import type { ResourceStorage } from '../request/api-request.ts';
import type { TokenStoreClient } from '../token-store-client.ts';
import { localSubjectAccessReviews, selfSubjectAccessReviews, subjectAccessReviews } from './access-reviews.ts';
import {
	mutatingAdmissionPolicies,
	mutatingAdmissionPolicyBindings,
	mutatingWebhookConfigurations,
	validatingAdmissionPolicies,
	validatingAdmissionPolicyBindings,
	validatingWebhookConfigurations,
} from './admission-kinds.ts';
import { certificateSigningRequests } from './certificate-signing-requests.ts';
import { clusterTrustBundles, csiDrivers, csiNodes, priorityClasses, runtimeClasses } from './cluster-kinds.ts';
import { endpointSlices } from './endpoint-slices.ts';
import { changedGroupEvents, events, groupEvents } from './events.ts';
import { KubeletLocations, type KubeletLocationsOptions, withProxy } from './kubelet-locations.ts';
import { namespaces } from './namespaces.ts';
import { configMaps, leases, nodes } from './plain.ts';
import { bindingsEndpoint, withActions } from './pod-actions.ts';
import { withLogs } from './pod-logs.ts';
import { withStreams } from './pod-streams.ts';
import { podTemplates } from './pod-templates.ts';
import { pods } from './pods.ts';
import { limitRanges, resourceQuotas, statusUpdate } from './quotas.ts';
import { roleBindings, roles } from './rbac.ts';
import { selfSubjectReviews, selfSubjectRulesReviews } from './reviews.ts';
import { secretsStorage } from './secrets.ts';
import { managed } from './sent-fields.ts';
import { serviceAccounts, withTokens } from './service-accounts.ts';
import { withAddresses } from './service-addresses.ts';
import { services } from './services.ts';
import type { TokenIssuer } from './token-requests.ts';
import { tokenReviews } from './token-reviews.ts';

export interface ResourcesOptions {
	readonly store: Store;
	readonly cache: WatchCache;
	readonly tokens: TokenStoreClient;
	readonly authorizer: Authorizer;
	/** The permissions of a user who grants some. */
	readonly rbac: RbacSource;
	readonly authenticateToken: AuthenticateToken;
	readonly tokenIssuer: TokenIssuer;
	readonly clock: Clock;
	readonly readCsr: ReadCsr;
	readonly countRefusal: CountRefusal;
	readonly kubelets: Pick<KubeletLocationsOptions, 'lookup' | 'allowsLoopback'>;
}

export function createResources(options: ResourcesOptions): Resources {
	const { store, tokens, authorizer, rbac, clock, countRefusal, cache, authenticateToken, tokenIssuer } = options;
	const { readCsr } = options;
	const objects = createObjectReader(store);
	const updateQuota: UpdateQuota = (object, request) => quotas.update(statusUpdate(object, request));
	const admission = createAdmission(defaultPlugins({ objects, authorizer, updateQuota, clock, readCsr }));
	const locations = new KubeletLocations({ ...options.kubelets, objects });
	const context = { store, cache, admission, authorizer, clock };
	const stored = <T extends KubeObject>(strategy: Strategy<T>): ResourceStorage => createStorage(strategy, context);
	const review = (storage: ResourceStorage) => managed(admitted(storage, admission), clock);
	const watches = new WatchCount();
	const quotas = createStorage(resourceQuotas, context);
	const coreEvents = stored(events);
	const connections = { objects, locations, authorizer };
	const storedPods = stored(pods);
	const podsWithActions = withActions(storedPods, admission);
	const endpoints: [ApiResource, ResourceStorage][] = [
		[resources.namespaces, stored(namespaces)],
		[resources.configMaps, stored(configMaps)],
		[resources.secrets, secretsStorage(context, tokens)],
		[resources.serviceAccounts, withTokens(stored(serviceAccounts), { ...tokenIssuer, admission })],
		[resources.nodes, withProxy(stored(nodes), locations)],
		[resources.leases, stored(leases)],
		[resources.events, coreEvents],
		[resources.groupEvents, groupEvents(stored(changedGroupEvents))],
		[resources.pods, withStreams(withLogs(podsWithActions, connections), connections)],
		[resources.podTemplates, stored(podTemplates)],
		[resources.bindings, bindingsEndpoint(storedPods, admission)],
		[resources.services, stored(withAddresses(services, store, clock))],
		[resources.endpointSlices, stored(endpointSlices)],
		[resources.resourceQuotas, quotas],
		[resources.limitRanges, stored(limitRanges)],
		[resources.clusterTrustBundles, stored(clusterTrustBundles)],
		[resources.priorityClasses, stored(priorityClasses)],
		[resources.runtimeClasses, stored(runtimeClasses)],
		[resources.csiNodes, stored(csiNodes)],
		[resources.csiDrivers, stored(csiDrivers)],
		[resources.mutatingAdmissionPolicies, stored(mutatingAdmissionPolicies)],
		[resources.mutatingAdmissionPolicyBindings, stored(mutatingAdmissionPolicyBindings)],
		[resources.validatingAdmissionPolicies, stored(validatingAdmissionPolicies)],
		[resources.validatingAdmissionPolicyBindings, stored(validatingAdmissionPolicyBindings)],
		[resources.validatingWebhookConfigurations, stored(validatingWebhookConfigurations)],
		[resources.mutatingWebhookConfigurations, stored(mutatingWebhookConfigurations)],
		[resources.certificateSigningRequests, stored(certificateSigningRequests(readCsr))],
		[resources.clusterRoles, stored(roles(resources.clusterRoles, authorizer, rbac))],
		[resources.clusterRoleBindings, stored(roleBindings(resources.clusterRoleBindings, authorizer, rbac))],
		[resources.roles, stored(roles(resources.roles, authorizer, rbac))],
		[resources.roleBindings, stored(roleBindings(resources.roleBindings, authorizer, rbac))],
		[resources.subjectAccessReviews, review(subjectAccessReviews(authorizer))],
		[resources.selfSubjectAccessReviews, review(selfSubjectAccessReviews(authorizer))],
		[resources.localSubjectAccessReviews, review(localSubjectAccessReviews(authorizer))],
		[resources.selfSubjectRulesReviews, admitted(selfSubjectRulesReviews(rbac), admission)],
		[resources.selfSubjectReviews, admitted(selfSubjectReviews(clock), admission)],
		[resources.tokenReviews, review(tokenReviews(authenticateToken, tokenIssuer.audiences))],
		[customResourceDefinitions, emptyList(store)],
	];
	return new Map(
		endpoints.map(([resource, endpoint]) => [resource, bounded(resource, endpoint, countRefusal, watches)]),
	);
}

const emptyList = (store: Store): ResourceStorage => ({
	subresources: [],
	list: async () => ({ resourceVersion: String((await store.list('', { limit: 1 })).revision), items: [] }),
});
