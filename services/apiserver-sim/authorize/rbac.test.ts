/**
 * RBAC: the requests that a rule matches, the subjects of a binding, upstream's texts, and properties of any roles and
 * bindings.
 */
import { strict as assert } from 'node:assert';
import fc from 'fast-check';
import type { PolicyRule, RoleBinding, Subject } from '../../../lib/kube/types.ts';
import type { Attributes, ResourceRequest } from './attributes.ts';
import {
	anyPathRequest,
	anyRequest,
	anyResourceRequest,
	pathRequest,
	rbacSource,
	resourceRequest,
	userNamed,
} from './fixtures.test.ts';
import { createRbacAuthorizer, ruleAllows, rulesFor } from './rbac.ts';
import {
	clusterRole,
	clusterRoleBinding,
	group,
	pathRule,
	role,
	roleBinding,
	rule,
	serviceAccount,
	user,
} from './rbac-objects.ts';

describe('ruleAllows', () => {
	const cases: [string, PolicyRule, Partial<ResourceRequest>, boolean][] = [
		['the verb, group and resource', rule('get', '', 'pods'), {}, true],
		['no other verb', rule('list', '', 'pods'), {}, false],
		['no other group', rule('get', 'apps', 'pods'), {}, false],
		['no other resource', rule('get', '', 'nodes'), {}, false],
		['no subresource of the resource', rule('get', '', 'pods'), { subresource: 'log' }, false],
		['the subresource itself', rule('get', '', 'pods/log'), { subresource: 'log' }, true],
		['not the resource of a subresource', rule('get', '', 'pods/log'), {}, false],
		['*/sub for any resource', rule('get', '', '*/log'), { subresource: 'log' }, true],
		['*/sub for no other subresource', rule('get', '', '*/log'), { subresource: 'blog' }, false],
		['*/sub not for the resource', rule('get', '', '*/log'), {}, false],
		['pods/* is no wildcard', rule('get', '', 'pods/*'), { subresource: 'log' }, false],
		['* for verb, group and resource with subresource', rule('*', '*', '*'), { subresource: 'log' }, true],
		['resourceNames with the name', rule('get', '', 'pods', 'x'), { name: 'x' }, true],
		['resourceNames without the name', rule('get', '', 'pods', 'x'), { name: 'y' }, false],
		['resourceNames and a create', rule('create', '', 'pods', 'x'), { verb: 'create' }, false],
		['resourceNames and a list of one', rule('list', '', 'pods', 'x'), { verb: 'list', name: 'x' }, true],
		['resourceNames and a list of all', rule('list', '', 'pods', 'x'), { verb: 'list' }, false],
	];
	for (const [title, given, request, expected] of cases) {
		it(`${expected ? 'allows' : 'does not allow'}: ${title}`, () =>
			assert.equal(ruleAllows(given, resourceRequest(request)), expected));
	}

	const paths: [string, string, boolean][] = [
		['/healthz', '/healthz', true],
		['/healthz', '/healthz/', false],
		['/healthz/*', '/healthz/etcd', true],
		['/healthz/*', '/healthz', false],
		['/healthz*', '/healthzother', true],
		['/a/*/b', '/a/x/b', false],
		['*', '/anything', true],
	];
	for (const [url, path, expected] of paths) {
		it(`nonResourceURL ${url} ${expected ? 'matches' : 'does not match'} ${path}`, () => {
			assert.equal(ruleAllows(pathRule('get', url), pathRequest(userNamed('u'), 'get', path)), expected);
		});
	}

	it('* for everything allows every resource and no path; nonResourceURL * the other way round', () => {
		fc.assert(
			fc.property(anyResourceRequest, anyPathRequest, (resource, path) => {
				assert.deepEqual(
					[ruleAllows(rule('*', '*', '*'), resource), ruleAllows(rule('*', '*', '*'), path)],
					[true, false],
				);
				assert.deepEqual(
					[ruleAllows(pathRule('*', '*'), resource), ruleAllows(pathRule('*', '*'), path)],
					[false, true],
				);
			}),
		);
	});
	it('resourceNames never match a request without a name', () => {
		fc.assert(
			fc.property(anyResourceRequest, fc.array(fc.string(), { minLength: 1 }), (request, names) => {
				assert.equal(ruleAllows(rule('*', '*', '*', ...names), { ...request, name: '' }), false);
			}),
		);
	});
});

const readPods = rule('get', '', 'pods');
const clusterRoles = [clusterRole('y', readPods)];

describe('createRbacAuthorizer', () => {
	const reasonOf = (binding: RoleBinding, request: Partial<ResourceRequest>) => {
		const bindings = binding.kind === 'RoleBinding' ? { roleBindings: [binding] } : { clusterRoleBindings: [binding] };
		const source = rbacSource({ clusterRoles, roles: [role('ns', 'r', readPods)], ...bindings });
		const { decision, reason } = createRbacAuthorizer(source).authorize(resourceRequest(request));
		return { decision, reason };
	};
	const sa = userNamed('system:serviceaccount:ns:sa');
	const allowed: [string, RoleBinding, Partial<ResourceRequest>][] = [
		[
			'ClusterRoleBinding "x" of ClusterRole "y" to Group "z"',
			clusterRoleBinding('x', 'y', user('v'), group('z')),
			{ user: userNamed('u', 'z') },
		],
		[
			'ClusterRoleBinding "x" of ClusterRole "y" to User "u"',
			clusterRoleBinding('x', 'y', user('u'), group('z')),
			{ user: userNamed('u', 'z') },
		],
		[
			'ClusterRoleBinding "x" of ClusterRole "y" to ServiceAccount "sa/ns"',
			clusterRoleBinding('x', 'y', serviceAccount('ns', 'sa')),
			{ user: sa },
		],
		['RoleBinding "x/ns" of Role "r" to User "u"', roleBinding('ns', 'x', 'r', user('u')), { namespace: 'ns' }],
		[
			'RoleBinding "x/ns" of Role "r" to ServiceAccount "sa/ns"',
			roleBinding('ns', 'x', 'r', { kind: 'ServiceAccount', name: 'sa' }),
			{ user: sa, namespace: 'ns' },
		],
		[
			'RoleBinding "x/ns" of ClusterRole "y" to User "u"',
			{ ...roleBinding('ns', 'x', 'y', user('u')), roleRef: { apiGroup: '', kind: 'ClusterRole', name: 'y' } },
			{ namespace: 'ns' },
		],
	];
	for (const [text, binding, request] of allowed) {
		it(`RBAC: allowed by ${text}`, () =>
			assert.deepEqual(reasonOf(binding, request), { decision: 'Allow', reason: `RBAC: allowed by ${text}` }));
	}

	it('a RoleBinding of any namespace grants no path', () => {
		const roles = ['default', 'ns', ''].map((namespace) => role(namespace, 'r', pathRule('get', '*')));
		const roleBindings = roles.map(({ metadata }) => roleBinding(metadata.namespace ?? '', 'x', 'r', user('u')));
		const authorizer = createRbacAuthorizer(
			rbacSource({ roles: roles.slice(0, 2), roleBindings: roleBindings.slice(0, 2) }),
		);
		assert.equal(authorizer.authorize(pathRequest(userNamed('u'), 'get', '/version')).decision, 'NoOpinion');
	});

	const refused: [string, string, RoleBinding, Partial<ResourceRequest>][] = [
		['a binding of another namespace', '', roleBinding('ns', 'x', 'r', user('u')), { namespace: 'other' }],
		['a RoleBinding at the cluster scope', '', roleBinding('ns', 'x', 'r', user('u')), {}],
		['a user with a longer name', '', clusterRoleBinding('x', 'y', user('u')), { user: userNamed('u2') }],
		['a user whose name is shorter', '', clusterRoleBinding('x', 'y', user('u2')), { user: userNamed('u') }],
		['a group with a longer name', '', clusterRoleBinding('x', 'y', group('g')), { user: userNamed('u', 'g2') }],
		[
			'a service account without a namespace, whose user has none either',
			'',
			clusterRoleBinding('x', 'y', serviceAccount('', 'sa')),
			{ user: userNamed('system:serviceaccount::sa') },
		],
		[
			'a service account without a namespace in a ClusterRoleBinding',
			'',
			clusterRoleBinding('x', 'y', serviceAccount('', 'sa')),
			{ user: sa },
		],
		[
			'a service account of another namespace',
			'',
			clusterRoleBinding('x', 'y', serviceAccount('other', 'sa')),
			{ user: sa },
		],
		['a group that is named as a user', '', clusterRoleBinding('x', 'y', user('z')), { user: userNamed('u', 'z') }],
		['a binding without subjects', '', clusterRoleBinding('x', 'y'), {}],
		[
			'a missing ClusterRole',
			'RBAC: clusterrole.rbac.authorization.k8s.io "gone" not found',
			clusterRoleBinding('x', 'gone', user('u')),
			{},
		],
		[
			'a missing Role',
			'RBAC: role.rbac.authorization.k8s.io "gone" not found',
			roleBinding('ns', 'x', 'gone', user('u')),
			{ namespace: 'ns' },
		],
		['a missing role of another user', '', clusterRoleBinding('x', 'gone', user('v')), {}],
	];
	for (const [title, reason, binding, request] of refused) {
		it(`has no opinion for ${title}`, () =>
			assert.deepEqual(reasonOf(binding, request), { decision: 'NoOpinion', reason }));
	}

	it('names several missing roles in brackets, and looks on in spite of them', () => {
		const missing = [clusterRoleBinding('a', 'one', user('u')), clusterRoleBinding('b', 'two', user('u'))];
		const authorize = (...clusterRoleBindings: RoleBinding[]) =>
			createRbacAuthorizer(rbacSource({ clusterRoles, clusterRoleBindings })).authorize(resourceRequest({}));
		const text = (name: string) => `clusterrole.rbac.authorization.k8s.io "${name}" not found`;
		assert.equal(authorize(...missing).reason, `RBAC: [${text('one')}, ${text('two')}]`);
		assert.equal(authorize(...missing, clusterRoleBinding('x', 'y', user('u'))).decision, 'Allow');
	});
	it('does not allow a path through a RoleBinding', () => {
		const source = rbacSource({
			roles: [role('', 'r', pathRule('*', '*'))],
			roleBindings: [roleBinding('', 'x', 'r', user('u'))],
		});
		assert.equal(createRbacAuthorizer(source).authorize(pathRequest(userNamed('u'), 'get', '/')).decision, 'NoOpinion');
	});

	const anySubject: fc.Arbitrary<Subject> = fc.oneof(
		fc.constantFrom('u', 'v', 'g').map(user),
		fc.constantFrom('g', 'h', 'u').map(group),
		fc.constantFrom('ns', '').map((namespace) => serviceAccount(namespace, 'sa')),
	);
	const names = (subject: Subject, { user: { username, groups } }: Attributes) =>
		(subject.kind === 'User' && username === subject.name) ||
		(subject.kind === 'Group' && groups.includes(subject.name)) ||
		(subject.kind === 'ServiceAccount' && username === 'system:serviceaccount:ns:sa');

	it('allows everything that is bound and nothing when no binding names the user or its groups', () => {
		fc.assert(
			fc.property(anyRequest, fc.array(anySubject), fc.array(anySubject), (request, everywhere, inNamespace) => {
				const source = rbacSource({
					clusterRoles: [clusterRole('all', rule('*', '*', '*'), pathRule('*', '*'))],
					clusterRoleBindings: [clusterRoleBinding('x', 'all', ...everywhere)],
					roles: [role('ns', 'all', rule('*', '*', '*'))],
					roleBindings: [roleBinding('ns', 'x', 'all', ...inNamespace)],
				});
				const isNamed = [...everywhere, ...inNamespace].some((subject) => names(subject, request));
				const { decision } = createRbacAuthorizer(source).authorize(request);
				assert.notEqual(decision, 'Deny');
				if (!isNamed) assert.equal(decision, 'NoOpinion');
				if (everywhere.some((s) => s.kind !== 'ServiceAccount' && names(s, request))) assert.equal(decision, 'Allow');
			}),
		);
	});
});

describe('rulesFor', () => {
	it('gives the rules of all bindings and the errors', () => {
		const clusterRoleBindings = [clusterRoleBinding('x', 'y', user('u')), clusterRoleBinding('z', 'gone', user('u'))];
		const source = rbacSource({ clusterRoles, clusterRoleBindings });
		assert.deepEqual(rulesFor(source, userNamed('u'), 'ns'), {
			rules: [readPods],
			error: 'clusterrole.rbac.authorization.k8s.io "gone" not found',
		});
		assert.deepEqual(rulesFor(source, userNamed('v'), 'ns'), { rules: [], error: undefined });
	});
});
