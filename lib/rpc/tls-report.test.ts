import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { connect, createServer } from 'node:tls';
import { promisify } from 'node:util';
import { context, SpanKind, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import {
	BasicTracerProvider,
	InMemorySpanExporter,
	type ReadableSpan,
	SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { fingerprintOf } from '../pki/certificate.ts';
import { inSpan } from '../trace.ts';
import { call, openChannel, type VerifiedTls } from './channel.ts';
import { createCa, type Door, type Identity, openDoor, type TestCa, whoAmI } from './fixtures.test.ts';
import { readTls, TlsReport } from './tls-report.ts';
import { openUnverifiedChannel } from './unverified-channel.ts';

const run = promisify(execFile);

describe('the TLS attributes of a span', () => {
	const exporter = new InMemorySpanExporter();
	let ca: TestCa;
	let server: Identity;
	let client: Identity;
	let door: Door;
	before(async () => {
		context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
		trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }));
		ca = await createCa('ca');
		server = await ca.server('door', { hosts: ['localhost', '127.0.0.1'] });
		client = await ca.client('caller');
		door = await openDoor({ identity: server, clientCa: ca, clientCertificate: 'optional', services: [whoAmI] });
	});
	after(async () => {
		await door.close();
		trace.disable();
		context.disable();
	});
	beforeEach(() => exporter.reset());

	const ask = async (channel: ReturnType<typeof openChannel> | ReturnType<typeof openUnverifiedChannel>, calls = 1) => {
		try {
			for (let count = 0; count < calls; count += 1)
				// A call is a part of a trace, and begins none.
				await inSpan('join', {}, () => call(channel, 'SelfSubjectReviews', 'Create', {}, { deadlineMs: 4_000 }));
		} finally {
			channel.close();
		}
	};
	const askVerified = (tls: Partial<VerifiedTls>, calls = 1) =>
		ask(openChannel(door.target, { ca: ca.pem, ...tls }), calls);
	const spansOf = (kind: SpanKind): readonly ReadableSpan[] =>
		exporter.getFinishedSpans().filter((span) => span.kind === kind);
	const of = (kind: SpanKind) => spansOf(kind)[0]?.attributes ?? assert.fail();
	const serial = ({ cert }: Identity): string => new X509Certificate(cert).serialNumber.toLowerCase();
	const hash = (pem: string): string => fingerprintOf(new X509Certificate(pem)).toUpperCase();

	it('need a trace: a call of a program that traces nothing at the moment is in none', async () => {
		const channel = openChannel(door.target, { ca: ca.pem, ...client });
		await call(channel, 'SelfSubjectReviews', 'Create', {}, { deadlineMs: 4_000 });
		channel.close();
		assert.deepEqual(spansOf(SpanKind.CLIENT), []);
		assert.equal(spansOf(SpanKind.SERVER)[0]?.parentSpanContext, undefined);
	});

	it('are those that openssl s_client prints, and those of the certificates of both ends', async () => {
		await askVerified(client);
		const { stdout } = await run('sh', [
			'-c',
			`openssl s_client -connect 127.0.0.1:${door.port} -alpn h2 </dev/null 2>&1`,
		]);
		for (const kind of [SpanKind.CLIENT, SpanKind.SERVER]) {
			const end = of(kind);
			assert.match(stdout, new RegExp(`New, TLSv${end['tls.protocol.version']}, Cipher is ${end['tls.cipher']}`));
			assert.match(stdout, new RegExp(`ALPN protocol: ${end['tls.next_protocol']}`));
			assert.equal(end['kubejoin.tls.server.serial'], serial(server));
			assert.equal(end['kubejoin.tls.client.serial'], serial(client));
			assert.equal(end['tls.server.hash.sha256'], hash(server.cert));
			assert.equal(end['tls.client.subject'], 'CN=caller');
			assert.equal(end['kubejoin.tls.verified_by'], 'CN=ca');
			assert.equal(end['kubejoin.tls.verified_by.hash.sha256'], hash(ca.pem));
			assert.equal(end['tls.resumed'], false);
		}
		assert.equal(of(SpanKind.CLIENT)['kubejoin.tls.verified_name'], 'DNS:localhost');
		assert.equal(of(SpanKind.CLIENT)['kubejoin.tls.verified_usage'], 'server auth');
		assert.equal(of(SpanKind.SERVER)['kubejoin.tls.verified_usage'], 'client auth');
		assert.equal(of(SpanKind.CLIENT)['network.local.port'], of(SpanKind.SERVER)['network.peer.port']);
	});

	it('have the group of the key exchange', async () => {
		// Newer Nodes prefer a hybrid group, and Node 22 reports no name for it.
		const options = { ...server, ecdhCurve: 'X25519' };
		const listening = createServer(options).listen(0, '127.0.0.1');
		await once(listening, 'listening');
		const { port } = listening.address() as AddressInfo;
		const socket = connect({ host: '127.0.0.1', port, servername: 'localhost', ca: ca.pem });
		try {
			await once(socket, 'secureConnect');
			assert.equal(readTls(socket, { side: 'client' }).attributes['tls.curve'], 'x25519');
		} finally {
			socket.destroy();
			listening.close();
		}
	});

	it('have the chain of a connection once', async () => {
		await askVerified(client, 3);
		for (const kind of [SpanKind.CLIENT, SpanKind.SERVER]) {
			const chains = spansOf(kind).flatMap(({ events }) =>
				events.filter(({ name }) => name === 'kubejoin.tls.handshake'),
			);
			assert.equal(spansOf(kind).length, 3);
			assert.equal(chains.length, 1);
			const [leaf] = Object(chains[0]?.attributes)['tls.server.certificate_chain'] as string[];
			assert.equal(hash(leaf ?? ''), hash(server.cert));
		}
	});

	it('say what neither end verified', async () => {
		await ask(openUnverifiedChannel(door.target));
		assert.equal(of(SpanKind.CLIENT)['kubejoin.tls.verified_by'], undefined);
		assert.equal(of(SpanKind.SERVER)['kubejoin.tls.verified_by'], undefined);
		assert.equal(of(SpanKind.SERVER)['tls.client.subject'], undefined);
		assert.equal(of(SpanKind.CLIENT)['tls.server.subject'], 'CN=door');
	});

	it('have the certificate that the client refused, and the reason', async () => {
		const other = await createCa('other');
		await assert.rejects(askVerified({ ca: other.pem }));
		assert.equal(of(SpanKind.CLIENT)['tls.established'], false);
		assert.equal(of(SpanKind.CLIENT)['kubejoin.tls.error'], 'SELF_SIGNED_CERT_IN_CHAIN');
		assert.equal(of(SpanKind.CLIENT)['kubejoin.tls.verified_by'], undefined);
		assert.equal(of(SpanKind.CLIENT)['kubejoin.tls.server.serial'], serial(server));
		exporter.reset();
		await assert.rejects(askVerified({ serverName: 'another.example' }));
		assert.equal(of(SpanKind.CLIENT)['kubejoin.tls.error'], 'HOSTNAME_MISMATCH');
		assert.equal(of(SpanKind.CLIENT)['kubejoin.tls.verified_name'], undefined);
	});

	it('have no error of a connection that was lost after its handshake', () => {
		const report = new TlsReport(() => ({ attributes: { 'tls.established': true }, chains: {} }));
		report.ended();
		report.ended(Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' }));
		const span = trace.getTracer('test').startSpan('call');
		report.describe(span);
		span.end();
		assert.deepEqual(exporter.getFinishedSpans()[0]?.attributes, { 'tls.established': true });
	});

	it('contain no private key', async () => {
		await askVerified(client);
		const all = JSON.stringify(exporter.getFinishedSpans().map(({ attributes, events }) => [attributes, events]));
		assert.doesNotMatch(all, /PRIVATE KEY/);
		for (const { key } of [client, server])
			for (const line of key.split('\n').filter((one) => one.length === 64)) assert.ok(!all.includes(line));
	});
});
