import { strict as assert } from 'node:assert';
import fc from 'fast-check';
import type { RoleBinding, Subject } from '../../../lib/kube/types.ts';
import { anyResourceRequest, rbacSource, userNamed } from './fixtures.test.ts';
import { createRbacAuthorizer } from './rbac.ts';
import { clusterRole, clusterRoleBinding, group, roleBinding, rule, serviceAccount, user } from './rbac-objects.ts';
import { SubjectIndex } from './subject-index.ts';

const namesOf = (bindings: readonly RoleBinding[]) => bindings.map(({ metadata }) => metadata.name);

describe('the index of bindings by subject', () => {
	it('returns the bindings of a user and its groups, each once, in their order', () => {
		const index = new SubjectIndex();
		const all = [
			clusterRoleBinding('c', 'r', group('g'), user('u')),
			clusterRoleBinding('a', 'r', user('u')),
			clusterRoleBinding('b', 'r', group('h')),
			clusterRoleBinding('d', 'r', serviceAccount('ns', 'sa')),
			clusterRoleBinding('e', 'r'),
		];
		for (const binding of all) index.set(binding.metadata.name ?? '', binding);
		assert.deepEqual(namesOf(index.of(userNamed('u', 'g', 'h'))), ['c', 'a', 'b']);
		assert.deepEqual(namesOf(index.of(userNamed('g', 'u'))), []);
		assert.deepEqual(namesOf(index.of(userNamed('system:serviceaccount:ns:sa'))), ['d']);
	});

	it('follows changes for a user that it has seen before', () => {
		const index = new SubjectIndex();
		const seen = userNamed('u', 'g');
		const names = () => namesOf(index.of(seen));
		assert.deepEqual(names(), []);
		index.set('k', clusterRoleBinding('k', 'r', user('u')));
		assert.deepEqual(names(), ['k']);
		index.set('l', clusterRoleBinding('l', 'r', group('g')));
		assert.deepEqual(names(), ['k', 'l']);
		index.delete('k');
		assert.deepEqual(names(), ['l']);
		index.clear();
		assert.deepEqual(names(), []);
	});

	it('follows changes and deletions', () => {
		const index = new SubjectIndex();
		index.set('k', clusterRoleBinding('k', 'r', user('u'), user('u')));
		index.set('later', clusterRoleBinding('later', 'r', user('v')));
		index.set('k', clusterRoleBinding('k', 'r', user('v')));
		assert.deepEqual([namesOf(index.of(userNamed('u'))), namesOf(index.of(userNamed('v')))], [[], ['k', 'later']]);
		index.delete('k');
		index.delete('nosuch');
		assert.deepEqual(namesOf(index.of(userNamed('v'))), ['later']);
		assert.ok(!index.isEmpty);
		index.clear();
		assert.ok(index.isEmpty && index.of(userNamed('v')).length === 0);
	});

	it('leads to the same decision and reason as reading every binding', () => {
		const anySubject: fc.Arbitrary<Subject> = fc.oneof(
			fc.constantFrom('u', 'v', 'system:node:a', 'system:serviceaccount:ns:sa', '').map(user),
			fc.constantFrom('g', 'h', 'system:nodes', 'u').map(group),
			fc.constantFrom('ns', '').map((namespace) => serviceAccount(namespace, 'sa')),
			fc.constant({ kind: 'Robot', name: 'u' } as unknown as Subject),
		);
		const clusterRoles = ['get', 'list', '*'].map((verb, index) => clusterRole(`r${index}`, rule(verb, '*', '*')));
		const anyBinding = fc.record({
			role: fc.constantFrom('r0', 'r1', 'r2', 'nosuch'),
			namespace: fc.constantFrom('', 'ns', 'kube-node-lease'),
			subjects: fc.array(anySubject, { maxLength: 3 }),
		});
		const seen = { Allow: 0, NoOpinion: 0 };
		fc.assert(
			fc.property(fc.array(anyBinding, { maxLength: 6 }), anyResourceRequest, (bindings, request) => {
				const all = bindings.map(({ role, namespace, subjects }, position): RoleBinding => {
					if (namespace === '') return clusterRoleBinding(`b${position}`, role, ...subjects);
					const binding = roleBinding(namespace, `b${position}`, role, ...subjects);
					return { ...binding, roleRef: { ...binding.roleRef, kind: 'ClusterRole' } };
				});
				const indexOf = (namespace: string) => {
					const index = new SubjectIndex();
					for (const [position, binding] of all.entries())
						if ((binding.metadata.namespace ?? '') === namespace) index.set(`${position}`, binding);
					return index;
				};
				const source = rbacSource({
					clusterRoles,
					clusterRoleBindings: all.filter(({ metadata }) => metadata.namespace === undefined),
					roleBindings: all,
				});
				const indexed = {
					...source,
					clusterRoleBindings: (who = request.user) => indexOf('').of(who),
					roleBindings: (namespace: string, who = request.user) => indexOf(namespace).of(who),
				};
				const decision = createRbacAuthorizer(source).authorize(request);
				assert.deepEqual(createRbacAuthorizer(indexed).authorize(request), decision);
				seen[decision.decision === 'Allow' ? 'Allow' : 'NoOpinion']++;
			}),
			{ numRuns: 500 },
		);
		assert.ok(seen.Allow > 20 && seen.NoOpinion > 20, JSON.stringify(seen));
	});
});
