import assert from 'node:assert/strict';
import { connectionOf } from './connection.ts';
import type { Attributes } from './otlp.ts';
import { span } from './spans.fixture.ts';

const end = (sha256: string, more: Attributes = {}): Attributes => ({
	'tls.established': true,
	'tls.protocol.version': '1.3',
	'tls.server.hash.sha256': sha256,
	'tls.server.subject': 'CN=kube-apiserver',
	...more,
});
const client = (attributes: Attributes) => span(1, 'call', { kind: 'client', attributes });
const server = (attributes: Attributes) => span(2, 'call', { kind: 'server', attributes });

describe('the connection of a message', () => {
	it('has the report of each end', () => {
		const both = connectionOf(
			client(end('AA', { 'tls.curve': 'x25519', 'kubejoin.tls.verified_by': 'CN=kubernetes' })),
			server(end('AA')),
		);
		assert.equal(both?.client?.curve, 'x25519');
		assert.equal(both?.client?.verifiedBy, 'CN=kubernetes');
		assert.equal(both?.server?.verifiedBy, undefined);
		assert.equal(both?.server?.server?.subject, 'CN=kube-apiserver');
		assert.equal(both?.isIntercepted, false);
	});

	it('is intercepted if the ends report different certificates of the server', () => {
		assert.equal(connectionOf(client(end('AA')), server(end('BB')))?.isIntercepted, true);
	});

	it('is not called intercepted if only one end reported it', () => {
		assert.equal(connectionOf(client(end('AA')), server({}))?.isIntercepted, false);
		assert.equal(connectionOf(server(end('AA')), undefined)?.client, undefined);
	});

	it('is absent without a report', () => {
		assert.equal(connectionOf(client({ 'tls.cipher': 'x' }), undefined), undefined);
	});

	it('has no control characters of a foreign certificate', () => {
		const found = connectionOf(client(end('AA', { 'tls.server.subject': 'CN=a\u001b[31m' })), undefined);
		assert.ok(!found?.client?.server?.subject.includes('\u001b'));
	});
});
