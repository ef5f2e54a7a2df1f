import assert from 'node:assert/strict';
import type { KubeObject } from '../types.ts';
import { withStoredTimes } from './times.ts';

const object = (time: string, data: object, resourceVersion = '1') =>
	({
		apiVersion: 'v1',
		kind: 'ConfigMap',
		metadata: { name: 'c', resourceVersion, managedFields: [{ manager: 'm', time }] },
		data,
	}) as unknown as KubeObject;

describe('times of managed fields', () => {
	it('stay when nothing but the version changes', () => {
		assert.deepEqual(withStoredTimes(object('1', {}), object('2', {}, '')), object('1', {}, ''));
	});
	it('change with the object, and with the entries', () => {
		const changed = object('2', { a: '1' });
		assert.equal(withStoredTimes(object('1', {}), changed), changed);
		const untracked = { ...changed, metadata: { name: 'c' } };
		assert.equal(withStoredTimes(changed, untracked), untracked);
	});
});
