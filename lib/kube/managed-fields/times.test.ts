import assert from 'node:assert/strict';
import type { KubeObject } from '../types.ts';
import { isSameApartFromTimes } from './times.ts';

const object = (time: string, data: object, resourceVersion = '1') =>
	({
		apiVersion: 'v1',
		kind: 'ConfigMap',
		metadata: { name: 'c', resourceVersion, managedFields: [{ manager: 'm', time }] },
		data,
	}) as unknown as KubeObject;

describe('a write that changes the times of managed fields', () => {
	const stored = object('1', { a: '1' });
	const metadata = { ...stored.metadata } as Record<string, unknown>;

	it('changes nothing else, apart from the version', () => {
		const { resourceVersion: _, ...unversioned } = metadata;
		for (const written of [
			object('1', { a: '1' }),
			object('2', { a: '1' }, ''),
			{ ...stored, metadata: unversioned },
			{ ...stored, metadata: { ...metadata, managedFields: [{ manager: 'm' }] } },
		] as unknown as KubeObject[])
			assert.equal(isSameApartFromTimes(stored, written), true, JSON.stringify(written));
	});

	it('differs in a field, an entry or the number of them', () => {
		const { managedFields: _, ...untracked } = metadata;
		const entries = metadata.managedFields as unknown[];
		for (const written of [
			object('2', { a: '2' }),
			object('2', {}),
			object('2', { a: '1', b: '1' }),
			{ ...stored, more: {} },
			{ apiVersion: 'v1', kind: 'ConfigMap', metadata },
			{ ...stored, metadata: untracked },
			{ ...stored, metadata: { ...metadata, labels: {} } },
			{ ...stored, metadata: { ...metadata, name: 'd' } },
			{ ...stored, metadata: { ...metadata, managedFields: [] } },
			{ ...stored, metadata: { ...metadata, managedFields: [...entries, ...entries] } },
			{ ...stored, metadata: { ...metadata, managedFields: [{ manager: 'n', time: '1' }] } },
		] as unknown as KubeObject[]) {
			assert.equal(isSameApartFromTimes(stored, written), false, JSON.stringify(written));
			assert.equal(isSameApartFromTimes(written, stored), false, JSON.stringify(written));
		}
	});
});
