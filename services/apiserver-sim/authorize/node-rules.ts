/**
 * The permissions that all nodes share: the rules of the ClusterRole system:node, which the node authorizer also uses.
 */
import type { PolicyRule } from '../../../lib/kube/types.ts';
import { rule } from './rbac-objects.ts';

/** @source plugin/pkg/auth/authorizer/rbac/bootstrappolicy NodeRules, release 1.37 with its default feature gates */
export const nodeRules = (): PolicyRule[] => [
	rule('create', 'authentication.k8s.io', 'tokenreviews'),
	rule('create', 'authorization.k8s.io', 'subjectaccessreviews localsubjectaccessreviews'),
	rule('get list watch', '', 'services'),
	rule('create get list watch', '', 'nodes'),
	rule('update patch', '', 'nodes/status'),
	rule('update patch', '', 'nodes'),
	rule('create update patch', ['', 'events.k8s.io'], 'events'),
	rule('get list watch', '', 'pods'),
	rule('create delete', '', 'pods'),
	rule('update patch', '', 'pods/status'),
	rule('create', '', 'pods/eviction'),
	rule('get list watch', '', 'secrets configmaps'),
	rule('get', '', 'persistentvolumeclaims persistentvolumes'),
	rule('get', '', 'endpoints'),
	rule('create get list watch', 'certificates.k8s.io', 'certificatesigningrequests'),
	rule('get create update patch delete', 'coordination.k8s.io', 'leases'),
	rule('get', 'storage.k8s.io', 'volumeattachments'),
	rule('create', '', 'serviceaccounts/token'),
	rule('get update patch', '', 'persistentvolumeclaims/status'),
	rule('get watch list', 'storage.k8s.io', 'csidrivers'),
	rule('get create update patch delete', 'storage.k8s.io', 'csinodes'),
	rule('get list watch', 'node.k8s.io', 'runtimeclasses'),
	rule('get', 'resource.k8s.io', 'resourceclaims'),
	rule('deletecollection', 'resource.k8s.io', 'resourceslices'),
	rule('get list watch', 'certificates.k8s.io', 'clustertrustbundles'),
	rule('get', '', 'serviceaccounts'),
	rule('create get list watch', 'certificates.k8s.io', 'podcertificaterequests'),
];
