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

describe('ClusterRoleBindings that an experiment removes', () => {
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

	it('are stored before their deletion, and restored without the fields of the server', async () => {
		await removeBinding(context, name);
		assert.equal(isThere, false);
		assert.deepEqual(await restoreBindings(context), [name]);
		assert.deepEqual(created, [{ ...binding, metadata: { name, labels: { a: 'b' } } }]);
	});

	it('are restored once', async () => {
		await removeBinding(context, name);
		await restoreBindings(context);
		assert.deepEqual([await restoreBindings(context), created.length], [[], 1]);
	});

	it('are left alone when they exist', async () => {
		await removeBinding(context, name);
		isThere = true;
		assert.deepEqual([await restoreBindings(context), created.length], [[name], 0]);
	});

	it('stay stored when they cannot be restored', async () => {
		await removeBinding(context, name);
		const { answer } = context;
		context.answer = () => printed('', 1, 'the server is unavailable');
		await assert.rejects(restoreBindings(context), (error) => hasCode(error, 'SERVICE_FAILED'));
		context.answer = answer;
		assert.deepEqual(await restoreBindings(context), [name]);
	});

	it('are reported with SERVICE_FAILED when they do not exist, and nothing is stored', async () => {
		isThere = false;
		await assert.rejects(
			removeBinding(context, name),
			(error) => hasCode(error, 'SERVICE_FAILED') && error.message.includes('NotFound'),
		);
		assert.deepEqual(readdirSync(join(context.directory, 'bindings')), []);
	});
});
