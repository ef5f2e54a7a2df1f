import assert from 'node:assert/strict';
import { pageUrl } from './page-address.ts';

describe('the URL of the page', () => {
	for (const [listenAddress, expected] of [
		['127.0.0.1', 'http://127.0.0.1:8080'],
		['192.0.2.1', 'http://192.0.2.1:8080'],
		['::1', 'http://[::1]:8080'],
		['0.0.0.0', 'http://127.0.0.1:8080'],
		['::', 'http://127.0.0.1:8080'],
	] as const)
		it(`is ${expected} for ${listenAddress}`, () => assert.equal(pageUrl({ listenAddress, port: 8080 }), expected));
});
