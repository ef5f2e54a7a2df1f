import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { PolicyRule, UserInfo } from '../../../lib/kube/types.ts';
import { breakDown, checkBinding, checkRole, HeldRules } from './escalation.ts';
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
	it('allows to grant held permissions in any wording', () => {
		assert.equal(
			write([rule('get list', '', 'nodes pods')], [rule('get list watch', '', 'nodes'), rule('get list', '', '*')]),
			undefined,
		);
		assert.equal(write([rule('get', '', 'pods/log')], [rule('get', '', '*/log')]), undefined);
		assert.equal(write([pathRule('get', '/a/b')], [pathRule('*', '/a/*')]), undefined);
		assert.equal(write([rule('get', '', 'nodes', 'n')], [rule('get', '', 'nodes', 'n', 'm')]), undefined);
	});

	it('refuses permissions that the writer does not hold, and names each on a line', () => {
		assert.equal(
			write([rule('get delete', '', 'secrets nodes'), pathRule('get', '/x')], [rule('get', '', 'nodes')]),
			`${prefix}{APIGroups:[""], Resources:["nodes"], Verbs:["delete"]}\n` +
				'{APIGroups:[""], Resources:["secrets"], Verbs:["delete" "get"]}\n{NonResourceURLs:["/x"], Verbs:["get"]}',
		);
		assert.equal(
			write([rule('get', '', 'nodes')], [rule('get', '', 'nodes', 'n')]),
			`${prefix}{APIGroups:[""], Resources:["nodes"], Verbs:["get"]}`,
		);
		assert.equal(
			write([rule('*', '', 'nodes')], [rule('get', '', 'nodes')]),
			`${prefix}{APIGroups:[""], Resources:["nodes"], Verbs:["*"]}`,
		);
	});

	it('compares a large role with very many held rules in a moment', () => {
		const names = Array.from({ length: 2_500 }, (_, at) => `n${at}`);
		const held = Array.from({ length: 50 }, () => names.map((name) => rule('get', '', 'configmaps', name))).flat();
		const wanted = { ...rule('get', '', 'configmaps'), resourceNames: [...names, 'other'] };
		const before = process.cpuUsage();
		const owned = new HeldRules(held);
		const missing = breakDown(wanted).filter((one) => !owned.cover(one));
		const { user, system } = process.cpuUsage(before);
		assert.deepEqual(missing, [rule('get', '', 'configmaps', 'other')]);
		assert.ok(user + system < 2_000_000, `${user + system} us`);
	});

	it('keeps the parts of a permission apart, with any characters in them', () => {
		for (const held of [rule('get', '', 'xsecrets'), rule('ge', 't', 'secrets'), rule('get:', '', 'secrets')])
			assert.match(write([rule('get', '', 'secrets')], [held]) ?? '', /not currently held/);
		const [odd] = [{ verbs: ['get'], apiGroups: ['a1:b'], resources: ['c'] }];
		assert.match(write([{ ...odd, apiGroups: ['a'], resources: ['1:bc'] }], [odd]) ?? '', /not currently/);
	});

	it('escalate, bind and system:masters are the ways around it', () => {
		const all = [rule('*', '*', '*')];
		assert.equal(write(all, [rule('escalate', 'rbac.authorization.k8s.io', 'clusterroles')]), undefined);
		assert.equal(write(all, [], userNamed('root', 'system:masters')), undefined);
		assert.match(bind('cluster-admin', []) ?? '', /not currently held/);
		assert.equal(
			bind('cluster-admin', [rule('bind', 'rbac.authorization.k8s.io', 'clusterroles', 'cluster-admin')]),
			undefined,
		);
		assert.match(
			bind('cluster-admin', [rule('bind', 'rbac.authorization.k8s.io', 'clusterroles', 'other')]) ?? '',
			/not currently held/,
		);
		assert.equal(bind('mine', [rule('get', '', 'nodes')]), undefined);
		assert.equal(bind('none', [], userNamed('root', 'system:masters')), undefined);
	});

	it('a role that does not exist may only be bound by who may bind it', () => {
		assert.throws(() => bind('none', [rule('*', '', '*')]), {
			code: 'API_NOT_FOUND',
			message: 'clusterrolebindings.rbac.authorization.k8s.io "none" not found',
		});
		const local = roleBinding('ns', 'new', 'none', user('x'));
		assert.throws(() => checkBinding(local, grantor([], undefined, 'ns')), {
			message: 'rolebindings.rbac.authorization.k8s.io "none" not found',
		});
		for (const [name, problem] of [
			['', 'Name parameter required.'],
			['../x', `Name parameter invalid: "../x": may not contain '/'`],
			['..', `Name parameter invalid: "..": may not be '..'`],
		] as const)
			assert.throws(() => bind(name, []), { code: 'API_BAD_REQUEST', message: problem });
	});

	it('compares a Role with the permissions in its namespace', () => {
		const binding = roleBinding('ns', 'new', 'local', user('x'));
		assert.match(checkBinding(binding, grantor([], undefined, 'ns')) ?? '', /Resources:\["secrets"\]/);
		assert.equal(checkBinding(binding, grantor([rule('get', '', 'secrets')], undefined, 'ns')), undefined);
	});

	it('requires all permissions for an aggregated role', () => {
		const aggregating = {
			...clusterRole('new'),
			aggregationRule: { clusterRoleSelectors: [{ matchLabels: { a: 'b' } }] },
		};
		const held = [rule('get', '', 'nodes')];
		const refusal = 'must have cluster-admin privileges to use the aggregationRule';
		assert.equal(checkRole(aggregating, undefined, '', 'clusterroles', grantor(held)), refusal);
		assert.equal(checkRole(clusterRole('new'), aggregating, 'new', 'clusterroles', grantor(held)), refusal);
		assert.equal(
			checkRole(aggregating, undefined, '', 'clusterroles', grantor([rule('*', '*', '*'), pathRule('*', '*')])),
			undefined,
		);
	});

	const words = (...of: string[]) => fc.uniqueArray(fc.constantFrom(...of), { minLength: 1, maxLength: 3 });
	const anyRule = fc.oneof(
		fc.record({
			verbs: words('*', 'get', 'list', 'create'),
			apiGroups: words('*', '', 'coordination.k8s.io'),
			resources: words('*', 'nodes', 'pods', 'pods/log', '*/log', 'leases'),
			resourceNames: fc.uniqueArray(fc.constantFrom('a', 'b'), { maxLength: 2 }),
		}),
		fc.record({ verbs: words('*', 'get'), nonResourceURLs: words('*', '/a', '/a/*', '/a/b', '/ab') }),
	);
	it('who holds a rule that covers another may do all that the other allows', () => {
		fc.assert(
			fc.property(anyRule, anyRule, anyResourceRequest, (owned, other, request) => {
				if (breakDown(other).every((part) => new HeldRules([owned]).cover(part)) && ruleAllows(other, request))
					assert.ok(ruleAllows(owned, request));
			}),
			{ numRuns: 2_000 },
		);
	});

	/** As upstream compares each held rule. @source pkg/registry/rbac/validation/policy_comparator.go ruleCovers */
	function covers(owned: PolicyRule, { verbs, apiGroups = [], resources = [], ...part }: PolicyRule): boolean {
		const { resourceNames: names = [], nonResourceURLs: urls = [] } = owned;
		const hasAll = (list: readonly string[] = [], wanted: readonly string[] = [], others: readonly string[] = []) =>
			wanted.every((one) => list.includes('*') || list.includes(one) || others.some((other) => list.includes(other)));
		const anyOf = resources.map((one) => one.replace(/^[^/]*\//, '*/')).filter((one) => one.startsWith('*/'));
		return (
			hasAll(owned.verbs, verbs) &&
			hasAll(owned.apiGroups, apiGroups) &&
			hasAll(owned.resources, resources, anyOf) &&
			(names.length === 0 || part.resourceNames?.every((name) => names.includes(name)) === true) &&
			(part.nonResourceURLs ?? []).every((url) =>
				urls.some((mine) => mine === url || (mine.endsWith('*') && url.startsWith(mine.slice(0, -1)))),
			)
		);
	}
	it('rules cover what one of them covers, as upstream compares them', () => {
		fc.assert(
			fc.property(fc.array(anyRule, { maxLength: 4 }), anyRule, (held, other) => {
				const owned = new HeldRules(held);
				for (const part of breakDown(other))
					assert.equal(
						owned.cover(part),
						held.some((one) => covers(one, part)),
						JSON.stringify(part),
					);
			}),
			{ numRuns: 2_000 },
		);
	});
});
