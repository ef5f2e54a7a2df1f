import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { PolicyRule, UserInfo } from '../../../lib/kube/types.ts';
import { breakDown, checkBinding, checkRole, covers } from './escalation.ts';
import { anyResourceRequest, rbacSource, userNamed } from './fixtures.test.ts';
import { createRbacAuthorizer, ruleAllows } from './rbac.ts';
import { clusterRole, clusterRoleBinding, pathRule, role, roleBinding, rule, user } from './rbac-objects.ts';

/** A cluster in which `u` holds these rules, everywhere. */
function holding(...rules: PolicyRule[]) {
	const source = rbacSource({
		clusterRoles: [
			clusterRole('mine', ...rules),
			clusterRole('cluster-admin', rule('*', '*', '*'), pathRule('*', '*')),
		],
		clusterRoleBindings: [clusterRoleBinding('mine', 'mine', user('u'))],
		roles: [role('ns', 'local', rule('get', '', 'secrets'))],
	});
	return { source, authorizer: createRbacAuthorizer(source) };
}
const grantor = (rules: PolicyRule[], who: UserInfo = userNamed('u', 'g'), namespace = '') => ({
	...holding(...rules),
	user: who,
	namespace,
});
const write = (wanted: PolicyRule[], held: PolicyRule[], who?: UserInfo) =>
	checkRole(clusterRole('new', ...wanted), undefined, '', 'clusterroles', grantor(held, who));
const bind = (name: string, held: PolicyRule[], who?: UserInfo) =>
	checkBinding(clusterRoleBinding('new', name, user('x')), grantor(held, who));
const prefix = 'user "u" (groups=["g"]) is attempting to grant RBAC permissions not currently held:\n';

describe('RBAC escalation', () => {
	it('allows to grant held permissions in any wording', async () => {
		assert.equal(
			await write(
				[rule('get list', '', 'nodes pods')],
				[rule('get list watch', '', 'nodes'), rule('get list', '', '*')],
			),
			undefined,
		);
		assert.equal(await write([rule('get', '', 'pods/log')], [rule('get', '', '*/log')]), undefined);
		assert.equal(await write([pathRule('get', '/a/b')], [pathRule('*', '/a/*')]), undefined);
		assert.equal(await write([rule('get', '', 'nodes', 'n')], [rule('get', '', 'nodes', 'n', 'm')]), undefined);
	});

	it('refuses permissions that the writer does not hold, and names each on a line', async () => {
		assert.equal(
			await write([rule('get delete', '', 'secrets nodes'), pathRule('get', '/x')], [rule('get', '', 'nodes')]),
			`${prefix}{APIGroups:[""], Resources:["nodes"], Verbs:["delete"]}\n` +
				'{APIGroups:[""], Resources:["secrets"], Verbs:["delete" "get"]}\n{NonResourceURLs:["/x"], Verbs:["get"]}',
		);
		assert.equal(
			await write([rule('get', '', 'nodes')], [rule('get', '', 'nodes', 'n')]),
			`${prefix}{APIGroups:[""], Resources:["nodes"], Verbs:["get"]}`,
		);
		assert.equal(
			await write([rule('*', '', 'nodes')], [rule('get', '', 'nodes')]),
			`${prefix}{APIGroups:[""], Resources:["nodes"], Verbs:["*"]}`,
		);
	});

	it('escalate, bind and system:masters are the ways around it', async () => {
		const all = [rule('*', '*', '*')];
		assert.equal(await write(all, [rule('escalate', 'rbac.authorization.k8s.io', 'clusterroles')]), undefined);
		assert.equal(await write(all, [], userNamed('root', 'system:masters')), undefined);
		assert.match((await bind('cluster-admin', [])) ?? '', /not currently held/);
		assert.equal(
			await bind('cluster-admin', [rule('bind', 'rbac.authorization.k8s.io', 'clusterroles', 'cluster-admin')]),
			undefined,
		);
		assert.match(
			(await bind('cluster-admin', [rule('bind', 'rbac.authorization.k8s.io', 'clusterroles', 'other')])) ?? '',
			/not currently held/,
		);
		assert.equal(await bind('mine', [rule('get', '', 'nodes')]), undefined);
		assert.equal(await bind('none', [], userNamed('root', 'system:masters')), undefined);
	});

	it('a role that does not exist may only be bound by who may bind it', async () => {
		await assert.rejects(bind('none', [rule('*', '', '*')]), {
			code: 'API_NOT_FOUND',
			message: 'clusterroles.rbac.authorization.k8s.io "none" not found',
		});
	});

	it('compares a Role with the permissions in its namespace', async () => {
		const binding = roleBinding('ns', 'new', 'local', user('x'));
		assert.match((await checkBinding(binding, grantor([], undefined, 'ns'))) ?? '', /Resources:\["secrets"\]/);
		assert.equal(await checkBinding(binding, grantor([rule('get', '', 'secrets')], undefined, 'ns')), undefined);
	});

	it('requires all permissions for an aggregated role', async () => {
		const aggregating = {
			...clusterRole('new'),
			aggregationRule: { clusterRoleSelectors: [{ matchLabels: { a: 'b' } }] },
		};
		const held = [rule('get', '', 'nodes')];
		const refusal = 'must have cluster-admin privileges to use the aggregationRule';
		assert.equal(await checkRole(aggregating, undefined, '', 'clusterroles', grantor(held)), refusal);
		assert.equal(await checkRole(clusterRole('new'), aggregating, 'new', 'clusterroles', grantor(held)), refusal);
		assert.equal(
			await checkRole(aggregating, undefined, '', 'clusterroles', grantor([rule('*', '*', '*'), pathRule('*', '*')])),
			undefined,
		);
	});

	it('who holds a rule that covers another may do all that the other allows', () => {
		const words = (...of: string[]) => fc.uniqueArray(fc.constantFrom(...of), { minLength: 1, maxLength: 3 });
		const anyRule = fc.record({
			verbs: words('*', 'get', 'list', 'create'),
			apiGroups: words('*', '', 'coordination.k8s.io'),
			resources: words('*', 'nodes', 'pods', 'pods/log', '*/log', 'leases'),
			resourceNames: fc.uniqueArray(fc.constantFrom('a', 'b'), { maxLength: 2 }),
		});
		fc.assert(
			fc.property(anyRule, anyRule, anyResourceRequest, (owned, other, request) => {
				if (breakDown(other).every((part) => covers(owned, part)) && ruleAllows(other, request))
					assert.ok(ruleAllows(owned, request));
			}),
			{ numRuns: 2_000 },
		);
	});
});
