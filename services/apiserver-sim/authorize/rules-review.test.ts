/** The answer to `kubectl auth can-i --list`. */
import { strict as assert } from 'node:assert';
import { node, rbacSource, userNamed } from './fixtures.test.ts';
import { clusterRole, clusterRoleBinding, group, pathRule, rule, user } from './rbac-objects.ts';
import { reviewRules } from './rules-review.ts';

const source = rbacSource({
	clusterRoles: [clusterRole('r', rule('get', '', 'pods', 'x'), pathRule('get', '/version'))],
	clusterRoleBindings: [clusterRoleBinding('b', 'r', user('u'), group('system:nodes'))],
});
const lists = {
	resourceRules: [{ verbs: ['get'], apiGroups: [''], resources: ['pods'], resourceNames: ['x'] }],
	nonResourceRules: [{ verbs: ['get'], nonResourceURLs: ['/version'] }],
};

describe('reviewRules', () => {
	it('lists resource rules and path rules', () =>
		assert.deepEqual(reviewRules(source, userNamed('u'), 'ns'), {
			...lists,
			incomplete: false,
		}));
	it('is incomplete for a node', () => {
		const evaluationError = 'node authorizer does not support user rule resolution';
		assert.deepEqual(reviewRules(source, node('a'), 'ns'), { ...lists, incomplete: true, evaluationError });
	});
});
