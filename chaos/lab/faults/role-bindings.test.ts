import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { hasCode } from '../../../lib/errors.ts';
import { type FakeContext, fakeContext, printed } from '../context.fixture.ts';
import { removeBinding, restoreBindings } from './role-bindings.ts';

const name = 'kubeadm:node-autoapprove-bootstrap';
const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'r' };
const binding = {
	...{ apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRoleBinding', roleRef },
	metadata: { name, uid: 'u', resourceVersion: '7', labels: { a: 'b' } },
	subjects: [{ kind: 'Group', name: 'g' }],
};

describe('bindings that an experiment takes away', () => {
	let context: FakeContext;
	let isThere: boolean;
	let created: object[];
	beforeEach(() => {
		context = fakeContext();
		isThere = true;
		created = [];
		context.answer = ([, verb, , , path]) => {
			if (verb === 'get')
				return isThere ? printed(JSON.stringify(binding)) : printed('', 1, 'Error from server (NotFound)');
			if (verb === 'create' && isThere) return printed('', 1, 'Error from server (AlreadyExists): it already exists');
			if (verb === 'create') created.push(JSON.parse(readFileSync(context.ran.at(-1)?.at(-1) ?? path ?? '', 'utf8')));
			isThere = verb === 'create';
			return printed('');
		};
	});
	afterEach(() => context.remove());

	it('are kept before they are deleted, and come back as they were, without what the server had added', async () => {
		await removeBinding(context, name);
		assert.equal(isThere, false);
		assert.deepEqual(await restoreBindings(context), [name]);
		assert.deepEqual(created, [{ ...binding, metadata: { name, labels: { a: 'b' } } }]);
	});

	it('come back once: restoring again does nothing', async () => {
		await removeBinding(context, name);
		await restoreBindings(context);
		assert.deepEqual([await restoreBindings(context), created.length], [[], 1]);
	});

	it('that are there already stay as they are', async () => {
		await removeBinding(context, name);
		isThere = true;
		assert.deepEqual([await restoreBindings(context), created.length], [[name], 0]);
	});

	it('stay kept when they cannot be brought back, for the next time', async () => {
		await removeBinding(context, name);
		const { answer } = context;
		context.answer = () => printed('', 1, 'the server is away');
		await assert.rejects(restoreBindings(context), (error) => hasCode(error, 'SERVICE_FAILED'));
		context.answer = answer;
		assert.deepEqual(await restoreBindings(context), [name]);
	});

	it('SERVICE_FAILED: there is none of that name, and nothing is kept', async () => {
		isThere = false;
		await assert.rejects(
			removeBinding(context, name),
			(error) => hasCode(error, 'SERVICE_FAILED') && error.message.includes('NotFound'),
		);
		assert.deepEqual(readdirSync(join(context.directory, 'bindings')), []);
	});
});
