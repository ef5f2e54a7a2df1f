import assert from 'node:assert/strict';
import { isGlobalUnicast } from '../../../lib/address.ts';
import { PodAddresses } from './pod-addresses.ts';

describe('the addresses of simulated pods', () => {
	it('are of one network for each node, differ, and are kept', () => {
		const [one, other] = [new PodAddresses('node-1'), new PodAddresses('node-2')];
		const addresses = Array.from({ length: 254 }, (_, index) => one.of(`uid-${index}`));
		assert.equal(new Set(addresses).size, 254);
		assert.ok(addresses.every(isGlobalUnicast));
		assert.equal(one.of('uid-7'), addresses[7]);
		assert.ok(!addresses.includes(other.of('uid')));
		assert.throws(() => one.of('more'), RangeError);
		one.release('uid-7');
		assert.equal(one.of('more'), addresses[7]);
	});

	it('are those that pods had before a restart, unless another pod has them', () => {
		const before = new PodAddresses('node-1');
		before.of('a');
		const known = before.of('b');
		const again = new PodAddresses('node-1');
		assert.equal(again.of('b', known), known);
		assert.notEqual(again.of('c', known), known);
		assert.notEqual(again.of('d', '192.168.0.1'), '192.168.0.1');
	});
});
