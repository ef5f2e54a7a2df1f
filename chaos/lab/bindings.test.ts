import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { hasCode } from '../../lib/errors.ts';
import { removeBinding, restoreBindings } from './bindings.ts';
import { type FakePlace, fakePlace, printed } from './context.fixture.ts';

const name = 'kubeadm:node-autoapprove-bootstrap';
const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'r' };
const binding = {
	...{ apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRoleBinding', roleRef },
	metadata: { name, uid: 'u', resourceVersion: '7', labels: { a: 'b' } },
	subjects: [{ kind: 'Group', name: 'g' }],
};

describe('bindings that an experiment takes away', () => {
	let place: FakePlace;
	let isThere: boolean;
	let created: object[];
	beforeEach(() => {
		place = fakePlace();
		isThere = true;
		created = [];
		place.answer = ([, verb, , , path]) => {
			if (verb === 'get')
				return isThere ? printed(JSON.stringify(binding)) : printed('', 1, 'Error from server (NotFound)');
			if (verb === 'create' && isThere) return printed('', 1, 'Error from server (AlreadyExists): it already exists');
			if (verb === 'create') created.push(JSON.parse(readFileSync(place.ran.at(-1)?.at(-1) ?? path ?? '', 'utf8')));
			isThere = verb === 'create';
			return printed('');
		};
	});
	afterEach(() => place.remove());

	it('are kept before they are deleted, and come back as they were, without what the server had added', async () => {
		await removeBinding(place, name);
		assert.equal(isThere, false);
		assert.deepEqual(await restoreBindings(place), [name]);
		assert.deepEqual(created, [{ ...binding, metadata: { name, labels: { a: 'b' } } }]);
	});

	it('come back once: restoring again does nothing', async () => {
		await removeBinding(place, name);
		await restoreBindings(place);
		assert.deepEqual([await restoreBindings(place), created.length], [[], 1]);
	});

	it('that are there already stay as they are', async () => {
		await removeBinding(place, name);
		isThere = true;
		assert.deepEqual([await restoreBindings(place), created.length], [[name], 0]);
	});

	it('stay kept when they cannot be brought back, for the next time', async () => {
		await removeBinding(place, name);
		const { answer } = place;
		place.answer = () => printed('', 1, 'the server is away');
		await assert.rejects(restoreBindings(place), (error) => hasCode(error, 'SERVICE_FAILED'));
		place.answer = answer;
		assert.deepEqual(await restoreBindings(place), [name]);
	});

	it('SERVICE_FAILED: there is none of that name, and nothing is kept', async () => {
		isThere = false;
		await assert.rejects(
			removeBinding(place, name),
			(error) => hasCode(error, 'SERVICE_FAILED') && error.message.includes('NotFound'),
		);
		assert.deepEqual(readdirSync(join(place.directory, 'bindings')), []);
	});
});
