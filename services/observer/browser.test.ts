import assert from 'node:assert/strict';
import type { Request } from 'express';
import { isForeignHost, isFromBrowser, isFromElsewhere } from './browser.ts';

/** A request with these headers, as express presents it. */
const request = (headers: Readonly<Record<string, string>>, hostname?: string): Request =>
	({ hostname, headers, get: (name: string) => headers[name] }) as unknown as Request;

describe('a request of a browser', () => {
	it('is foreign under a host name that is not in the list', () => {
		const hosts = ['localhost', '127.0.0.1'];
		for (const name of ['localhost', 'LOCALHOST', '127.0.0.1'])
			assert.equal(isForeignHost(request({}, name), hosts), false);
		for (const name of ['evil.example', 'localhost.evil.example', '', undefined])
			assert.equal(isForeignHost(request({}, name), hosts), true, name);
	});

	it('is from elsewhere if its origin is not the host', () => {
		const host = 'localhost:8080';
		for (const [origin, expected] of [
			[undefined, false],
			['http://localhost:8080', false],
			['http://localhost:8081', true],
			['http://localhost', true],
			['https://evil.example', true],
			['null', true],
			['', true],
		] as const) {
			const headers: Record<string, string> = origin === undefined ? { host } : { host, origin };
			assert.equal(isFromElsewhere(request(headers)), expected, origin);
		}
	});

	it('is from elsewhere if the browser marks it as cross-site or same-site', () => {
		for (const [site, expected] of [
			['same-origin', false],
			['none', false],
			['same-site', true],
			['cross-site', true],
		] as const)
			assert.equal(isFromElsewhere(request({ host: 'localhost', 'sec-fetch-site': site })), expected, site);
	});

	it('is recognized by the headers that only a browser sends', () => {
		assert.equal(isFromBrowser(request({})), false);
		assert.equal(isFromBrowser(request({ origin: 'http://localhost' })), true);
		assert.equal(isFromBrowser(request({ 'sec-fetch-site': 'none' })), true);
	});
});
