import assert from 'node:assert/strict';
import type { UserInfo } from '../../../lib/kube/types.ts';
import type { Attributes } from '../authorize/attributes.ts';
import { pathRequest, resourceRequest, userNamed } from '../authorize/fixtures.test.ts';
import { fakeAuthorizer, refusalOf } from '../fixtures.test.ts';
import { impersonationHeaders } from '../request/impersonation-headers.ts';
import { impersonatedUser } from './impersonation.ts';

const caller = userNamed('u', 'g');
const listNodes = resourceRequest({ user: caller, verb: 'list', resource: 'nodes' });
const account = 'system:serviceaccount:ns:sa';

describe('impersonation', () => {
	let asked: readonly string[];
	const ask = async (
		allowed: readonly string[],
		headers: readonly [string, string][],
		request: Attributes = listNodes,
	) => {
		const authorizer = fakeAuthorizer(...allowed);
		asked = authorizer.asked;
		return impersonatedUser(authorizer, request, impersonationHeaders(headers.flat()));
	};
	const all = ['users', 'groups', 'uids', 'serviceaccounts', 'nodes'];
	const legacy = (...names: string[]) => names.flatMap((name) => all.map((kind) => `u impersonate ${kind} ${name}`));

	it('runs a request without such headers as its caller, and asks for no permission', async () => {
		for (const headers of [[], [['impersonate-x', 'a']], [['impersonate-user', '']]] as [string, string][][]) {
			assert.equal(await ask([], headers), caller);
			assert.deepEqual(asked, []);
		}
	});

	it('adds system:authenticated, once, and never to an unauthenticated user', async () => {
		const cases: [[string, string][], string[]][] = [
			[[['Impersonate-User', 'alice']], ['system:authenticated']],
			[
				[
					['Impersonate-User', 'alice'],
					['Impersonate-Group', 'devs'],
				],
				['devs', 'system:authenticated'],
			],
			[
				[
					['impersonate-user', 'alice'],
					['impersonate-group', 'system:authenticated'],
					['impersonate-group', 'devs'],
				],
				['system:authenticated', 'devs'],
			],
			[
				[
					['impersonate-user', 'alice'],
					['impersonate-group', 'system:unauthenticated'],
				],
				['system:unauthenticated'],
			],
			[[['impersonate-user', 'system:anonymous']], ['system:unauthenticated']],
			[
				[['impersonate-user', account]],
				['system:serviceaccounts', 'system:serviceaccounts:ns', 'system:authenticated'],
			],
			[
				[
					['impersonate-user', account],
					['impersonate-group', 'devs'],
				],
				['devs', 'system:authenticated'],
			],
			// Without a constraint a node has only the groups that the caller names.
			[[['impersonate-user', 'system:node:a']], ['system:authenticated']],
		];
		const names = ['alice', 'devs', 'system:authenticated', 'system:unauthenticated', 'system:anonymous', 'sa'];
		for (const [headers, groups] of cases)
			assert.deepEqual((await ask(legacy(...names, 'system:node:a'), headers)).groups, groups, JSON.stringify(headers));
	});

	it('sets the uid and every extra value', async () => {
		const headers: [string, string][] = [
			['Impersonate-User', 'alice'],
			['Impersonate-Uid', 'u1'],
			['Impersonate-Extra-Acme.io%2Fscopes', 'a'],
			['Impersonate-Extra-acme.io%2Fscopes', 'b'],
		];
		const extra = ['a', 'b'].map((value) => `u impersonate userextras/acme.io/scopes ${value}`);
		assert.deepEqual(await ask([...legacy('alice', 'u1'), ...extra], headers), {
			username: 'alice',
			uid: 'u1',
			groups: ['system:authenticated'],
			extra: { 'acme.io/scopes': ['a', 'b'] },
		} satisfies UserInfo);
		assert.match(await refusalOf(ask([...legacy('alice', 'u1'), ...extra.slice(1)], headers)), /^403/);
		assert.match(await refusalOf(ask([...legacy('alice'), ...extra], headers)), /^403/);
	});

	it('refuses without the permission for each group, the user, or the uid', async () => {
		const headers: [string, string][] = [
			['impersonate-user', 'alice'],
			['impersonate-group', 'a'],
			['impersonate-group', 'b'],
			['impersonate-uid', '1'],
		];
		assert.equal((await ask(legacy('alice', 'a', 'b', '1'), headers)).username, 'alice');
		for (const missing of ['alice', 'a', 'b', '1']) {
			const held = ['alice', 'a', 'b', '1'].filter((name) => name !== missing);
			assert.match(await refusalOf(ask(legacy(...held), headers)), /^403/, missing);
		}
	});

	it('names the first permission that is missing, in the recorded words', async () => {
		const text = (verb: string, what: string, object: string, where = 'at the cluster scope', group = '') =>
			`403 Forbidden: ${object} is forbidden: User "u" cannot ${verb} ` +
			`resource "${what}" in API group "${group}" ${where}`;
		assert.equal(
			await refusalOf(ask([], [['impersonate-user', 'alice']])),
			text('impersonate-on:user-info:list', 'nodes', 'nodes'),
		);
		assert.equal(
			await refusalOf(ask(['u impersonate-on:user-info:list nodes'], [['impersonate-user', 'alice']])),
			text('impersonate:user-info', 'users', 'users.authentication.k8s.io "alice"', undefined, 'authentication.k8s.io'),
		);
		assert.equal(
			await refusalOf(ask([], [['impersonate-user', account]])),
			text('impersonate-on:serviceaccount:list', 'nodes', 'nodes'),
		);
		assert.equal(
			await refusalOf(
				ask(
					[],
					[
						['impersonate-user', account],
						['impersonate-group', 'g'],
					],
				),
			),
			text('impersonate', 'serviceaccounts', 'serviceaccounts "sa"', 'in the namespace "ns"'),
		);
		assert.equal(
			await refusalOf(ask([], [['impersonate-user', 'system:node:a']])),
			text('impersonate-on:arbitrary-node:list', 'nodes', 'nodes'),
		);
		assert.equal(
			await refusalOf(ask([], [['impersonate-user', 'alice']], pathRequest(caller, 'get', '/version'))),
			'403 Forbidden: forbidden: User "u" cannot impersonate-on:user-info:get path "/version"',
		);
	});

	it('refuses a group, uid or extra without a user with 400', async () => {
		const problem = (groups: string, uid: string, extra: string) =>
			`400 BadRequest: requested &user.DefaultInfo{Name:"", UID:"${uid}", Groups:${groups}, ` +
			`Extra:map[string][]string${extra}} without impersonating a user name`;
		const cases: [[string, string][], string][] = [
			[[['impersonate-group', 'x']], problem('[]string{"x"}', '', '(nil)')],
			[[['impersonate-uid', '1']], problem('[]string(nil)', '1', '(nil)')],
			[[['impersonate-extra-b', 'c']], problem('[]string(nil)', '', '{"b":[]string{"c"}}')],
			[
				[
					['impersonate-user', ''],
					['impersonate-user', 'alice'],
				],
				problem('[]string(nil)', '', '(nil)'),
			],
		];
		for (const [headers, refusal] of cases) assert.equal(await refusalOf(ask(legacy('alice'), headers)), refusal);
	});

	describe('with a constraint', () => {
		const may = (mode: string, ...permissions: string[]) => [
			`u impersonate-on:${mode}:list nodes`,
			...permissions.map((permission) => `u impersonate:${mode} ${permission}`),
		];

		it('needs both permissions', async () => {
			const permissions = may('user-info', 'users alice', 'groups devs');
			const headers: [string, string][] = [
				['impersonate-user', 'alice'],
				['impersonate-group', 'devs'],
			];
			assert.deepEqual((await ask(permissions, headers)).groups, ['devs', 'system:authenticated']);
			for (const missing of permissions)
				assert.match(
					await refusalOf(
						ask(
							permissions.filter((one) => one !== missing),
							headers,
						),
					),
					/^403/,
					missing,
				);
		});

		it('holds for the verb of the request only', async () => {
			const get = { ...listNodes, verb: 'get', name: 'a' };
			assert.match(
				await refusalOf(ask(may('user-info', 'users alice'), [['impersonate-user', 'alice']], get)),
				/cannot impersonate-on:user-info:get/,
			);
		});

		it('gives a node and a service account their fixed groups', async () => {
			assert.deepEqual(await ask(may('arbitrary-node', 'nodes a'), [['impersonate-user', 'system:node:a']]), {
				username: 'system:node:a',
				groups: ['system:nodes', 'system:authenticated'],
			});
			assert.deepEqual(
				(await ask(may('serviceaccount', 'serviceaccounts sa'), [['impersonate-user', account]])).groups,
				['system:serviceaccounts', 'system:serviceaccounts:ns', 'system:authenticated'],
			);
		});

		it('does not accept system:masters, an empty group, or an invalid extra key', async () => {
			const permissions = may(
				'user-info',
				'users alice',
				'groups system:masters',
				'groups',
				...['a', 'A.io/b', 'a.io/B'].map((key) => `userextras/${key.toLowerCase()} v`),
			);
			for (const header of [
				['impersonate-group', 'system:masters'],
				['impersonate-group', ''],
				['impersonate-extra-a', 'v'],
				['impersonate-extra-a.io%2Fb', ''],
				['impersonate-extra-a.io%2FB%20', 'v'],
			] as [string, string][]) {
				const headers: [string, string][] = [['impersonate-user', 'alice'], header];
				assert.match(await refusalOf(ask(permissions, headers)), /: impersonating .* is not allowed/, header.join());
			}
		});

		it('asks for all groups at once from four on', async () => {
			const headers: [string, string][] = [
				['impersonate-user', 'alice'],
				...['a', 'b', 'c', 'd'].map((name): [string, string] => ['impersonate-group', name]),
			];
			assert.equal((await ask(may('user-info', 'users alice', 'groups *'), headers)).groups.length, 5);
			assert.match(await refusalOf(ask(may('user-info', 'users alice', 'groups *'), headers.slice(0, 4))), /^403/);
		});

		it('lets a service account act as the node of its pod, and as no other', async () => {
			const extra = { 'authentication.kubernetes.io/node-name': ['a'] };
			const onNode = { ...listNodes, user: { username: account, groups: [], extra } };
			const permissions = [
				`${account} impersonate-on:associated-node:list nodes`,
				`${account} impersonate:associated-node nodes *`,
			];
			const headers = (node: string): [string, string][] => [['impersonate-user', `system:node:${node}`]];
			assert.equal((await ask(permissions, headers('a'), onNode)).username, 'system:node:a');
			assert.match(await refusalOf(ask(permissions, headers('b'), onNode)), /impersonate-on:arbitrary-node/);
			const twoNodes = { ...onNode.user, extra: { 'authentication.kubernetes.io/node-name': ['a', 'b'] } };
			assert.match(await refusalOf(ask(permissions, headers('a'), { ...onNode, user: twoNodes })), /arbitrary-node/);
			const person = { ...onNode.user, username: 'u' };
			assert.match(await refusalOf(ask(permissions, headers('a'), { ...onNode, user: person })), /arbitrary-node/);
		});
	});
});
