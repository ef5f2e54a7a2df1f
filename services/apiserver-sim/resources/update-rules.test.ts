/**
 * The rules of updates of each kind, as upstream's strategies have them.
 *
 * @source pkg/registry AllowCreateOnUpdate, AllowUnconditionalUpdate, release 1.37
 */
import assert from 'node:assert/strict';
import { resources } from '../../../lib/kube/resources.ts';
import { createCsrReader } from '../../../lib/pki/csr-reader.ts';
import { rbacSource } from '../authorize/fixtures.test.ts';
import { fakeAuthorizer } from '../fixtures.test.ts';
import * as admissionKinds from './admission-kinds.ts';
import { certificateSigningRequests } from './certificate-signing-requests.ts';
import * as clusterKinds from './cluster-kinds.ts';
import { endpointSlices } from './endpoint-slices.ts';
import { events } from './events.ts';
import { namespaces } from './namespaces.ts';
import * as plain from './plain.ts';
import { podTemplates } from './pod-templates.ts';
import { pods } from './pods.ts';
import * as quotas from './quotas.ts';
import { roleBindings, roles } from './rbac.ts';
import { secrets } from './secrets.ts';
import { serviceAccounts } from './service-accounts.ts';
import { services } from './services.ts';

const createdByUpdate = [
	...['clusterrolebindings', 'clusterroles', 'events', 'leases', 'limitranges', 'rolebindings', 'roles'],
	...['runtimeclasses', 'services'],
];
const updatedWithVersion = [
	...['clustertrustbundles', 'csidrivers', 'csinodes', 'leases', 'mutatingadmissionpolicies'],
	...['mutatingadmissionpolicybindings', 'mutatingwebhookconfigurations', 'runtimeclasses'],
	...['validatingadmissionpolicies', 'validatingadmissionpolicybindings', 'validatingwebhookconfigurations'],
];

describe('the rules of updates', () => {
	const [authorizer, rbac] = [fakeAuthorizer(), rbacSource()];
	const { priorityClasses, runtimeClasses, csiNodes, csiDrivers, clusterTrustBundles } = clusterKinds;
	const { resourceQuotas, limitRanges } = quotas;
	const strategies = [
		...Object.values(admissionKinds),
		...Object.values(plain),
		...[priorityClasses, runtimeClasses, csiNodes, csiDrivers, clusterTrustBundles, resourceQuotas, limitRanges],
		...[
			certificateSigningRequests(createCsrReader()),
			events,
			namespaces,
			pods,
			podTemplates,
			secrets,
			serviceAccounts,
		],
		...[endpointSlices, services],
		...[resources.roles, resources.clusterRoles].map((resource) => roles(resource, authorizer, rbac)),
		...[resources.roleBindings, resources.clusterRoleBindings].map((one) => roleBindings(one, authorizer, rbac)),
	];
	const namesOf = (rule: 'allowsCreateOnUpdate' | 'requiresVersionOnUpdate') =>
		strategies.filter((strategy) => strategy[rule] === true).map(({ resource }) => resource.resource);

	it('are tested for every stored kind', () => {
		const stored = Object.values(resources).filter(({ verbs }) => verbs.includes('update'));
		assert.deepEqual(
			strategies.map(({ resource }) => resource.service).toSorted(),
			stored
				.map(({ service }) => service)
				.filter((name) => name !== 'GroupEvents')
				.toSorted(),
		);
	});
	it('let a PUT create the kinds that upstream creates', () =>
		assert.deepEqual(namesOf('allowsCreateOnUpdate').toSorted(), createdByUpdate));
	it('require the version of the object for the kinds that upstream requires it for', () =>
		assert.deepEqual(namesOf('requiresVersionOnUpdate').toSorted(), updatedWithVersion));
});
