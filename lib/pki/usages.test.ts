import assert from 'node:assert/strict';
import { certificateUsages, isUsage, usageNames } from './usages.ts';

describe('usages', () => {
	it('knows the 23 names of the API and no other', () => {
		assert.equal(new Set(usageNames).size, 23);
		assert.ok(isUsage('s/mime'));
		assert.ok(!isUsage('serverauth'));
		assert.ok(!isUsage('constructor'));
	});

	it('sets a bit and an OID once, in any order and for repeated usages', () => {
		const usages = certificateUsages([
			'client auth',
			'server auth',
			'key encipherment',
			'digital signature',
			'signing',
			's/mime',
			'email protection',
		]);
		assert.deepEqual(usages, {
			keyUsageBits: [0, 2],
			extKeyUsageOids: ['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2', '1.3.6.1.5.5.7.3.4'],
		});
	});
});
