import { deepEqual, equal, rejects, throws } from 'node:assert/strict';
import { KubejoinError } from '../../lib/errors.ts';
import type { SelfSubjectAccessReview, SubjectAccessReviewStatus, UserInfo } from '../../lib/kube/types.ts';
import { type AccessQuestion, accessReview, canI, whoAmI } from './auth.ts';
import { fakeOutput } from './fakes.test.ts';

describe('kubectl auth whoami', () => {
	const run = async (userInfo: UserInfo, format?: 'json' | 'yaml') => {
		const { output, written } = fakeOutput();
		const create = async () => ({ apiVersion: '', kind: '', metadata: {}, status: { userInfo } });
		await whoAmI(format, { reviews: { create }, output });
		return written.out;
	};

	it('prints attributes as Go prints lists', async () => {
		const extra = { b: ['2'], a: ['1', 'x'] };
		equal(
			await run({ username: 'jane', uid: '7', groups: ['g', 'system:authenticated'], extra }),
			'ATTRIBUTE   VALUE\nUsername    jane\nUID         7\nGroups      [g system:authenticated]\nExtra: a    [1 x]\nExtra: b    [2]\n',
		);
	});

	it('prints the review', async () => {
		equal(
			await run({ username: 'jane', uid: '', groups: ['g'] }, 'yaml'),
			'apiVersion: authentication.k8s.io/v1\nkind: SelfSubjectReview\nmetadata:\n  creationTimestamp: null\nstatus:\n  userInfo:\n    groups:\n    - g\n    username: jane\n',
		);
		deepEqual(Object.keys(JSON.parse(await run({ username: 'jane', groups: [] }, 'json'))), [
			'kind',
			'apiVersion',
			'metadata',
			'status',
		]);
	});

	it("prints a forbidden request with upstream's text", async () => {
		const create = async () => {
			throw new KubejoinError('API_FORBIDDEN', {
				resource: 'selfsubjectreviews',
				group: 'authentication.k8s.io',
				name: '',
				because: 'x',
			});
		};
		await rejects(whoAmI(undefined, { reviews: { create }, output: fakeOutput().output }), {
			code: 'COMMAND_INVALID',
			message: 'the selfsubjectreviews API is not enabled in the cluster or you do not have permission to call it',
		});
	});
});

describe('kubectl auth can-i', () => {
	const question = (verb: string, object: string, changes: Partial<AccessQuestion> = {}): AccessQuestion => ({
		...{ verb, object, subresource: '', namespace: 'default', allNamespaces: false },
		...changes,
	});
	const resource = (verb: string, object: string, changes: Partial<AccessQuestion> = {}) => {
		const { spec, warnings } = accessReview(question(verb, object, changes));
		const { namespace, group, resource, subresource, name } = spec.resourceAttributes ?? {};
		return { asked: [namespace, group, resource, subresource, name], warnings };
	};

	it('accepts each name of a resource', () => {
		deepEqual(resource('get', 'secret/x', { namespace: 'kube-system' }), {
			asked: ['kube-system', '', 'secrets', '', 'x'],
			warnings: [],
		});
		deepEqual(resource('update', 'csr', { subresource: 'approval' }), {
			asked: ['default', 'certificates.k8s.io', 'certificatesigningrequests', 'approval', ''],
			warnings: ["resource 'certificatesigningrequests' is not namespace scoped in group 'certificates.k8s.io'"],
		});
		deepEqual(resource('get', 'nodes'), {
			asked: ['default', '', 'nodes', '', ''],
			warnings: ["resource 'nodes' is not namespace scoped"],
		});
		deepEqual(resource('get', 'nodes', { allNamespaces: true }), {
			asked: [undefined, '', 'nodes', '', ''],
			warnings: [],
		});
		deepEqual(resource('*', '*'), { asked: ['default', '', '*', '', ''], warnings: [] });
	});

	it('sends a question about an unknown resource or verb, with a warning', () => {
		deepEqual(resource('fly', 'deployments.apps'), {
			asked: ['default', '', 'deployments.apps', '', ''],
			warnings: [
				"the server doesn't have a resource type 'deployments' in group 'apps'",
				"verb 'fly' is not a known verb",
			],
		});
		deepEqual(resource('impersonate', 'users').warnings, []);
		deepEqual(accessReview(question('fly', '/healthz')), {
			spec: { nonResourceAttributes: { verb: 'fly', path: '/healthz' } },
			warnings: ["verb 'fly' is not a known verb"],
		});
	});

	it('refuses a subresource of a path', () => {
		throws(() => accessReview(question('get', '/x', { subresource: 's' })), {
			code: 'COMMAND_INVALID',
			message: '--subresource can not be used with NonResourceURL',
		});
	});

	it("prints upstream's answers", async () => {
		const answer = async (status: SubjectAccessReviewStatus) => {
			const { output, written } = fakeOutput();
			const create = async (review: Pick<SelfSubjectAccessReview, 'metadata' | 'spec'>) => ({
				apiVersion: '',
				kind: '',
				...review,
				status,
			});
			const isAllowed = await canI({ spec: {}, warnings: ['odd'] }, { reviews: { create }, output });
			return [isAllowed, written.out, written.err];
		};
		deepEqual(await answer({ allowed: true, reason: 'RBAC: allowed' }), [true, 'yes\n', 'Warning: odd\n\n']);
		deepEqual(await answer({ allowed: false }), [false, 'no\n', 'Warning: odd\n\n']);
		deepEqual(await answer({ allowed: false, reason: 'a', evaluationError: 'b' }), [
			false,
			'no - a - b\n',
			'Warning: odd\n\n',
		]);
	});
});
