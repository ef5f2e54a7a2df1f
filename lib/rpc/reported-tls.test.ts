import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createSecureContext, createServer, type Server, type TLSSocket, type TlsOptions } from 'node:tls';
import * as grpc from '@grpc/grpc-js';
import { trace } from '@opentelemetry/api';
import { BasicTracerProvider } from '@opentelemetry/sdk-trace-base';
import { CallFailure } from './call-failure.ts';
import { contractOf } from './contracts.ts';
import { createCa, type Identity, openDoor, type TestCa, whoAmI } from './fixtures.test.ts';
import { GrpcClient } from './grpc-client.ts';
import { ReportedTls } from './reported-tls.ts';
import { nameChecked, trustAnchors } from './verify-server.ts';

const hourMs = 3_600_000;
const hosts = ['localhost', '127.0.0.1'];
const servername = 'localhost';
const method = contractOf('SelfSubjectReviews').Create as grpc.MethodDefinition<object, object>;
/** Without what grpc-js says around a text of Node. */
const ownWords = (details: string): string =>
	details.replace(/^No connection established\. Last error: (Error: )?/, '').replace(/\.? ?Resolution note: .*$/s, '');

type Connector = 'grpc-js' | 'own';

describe('the own connector of gRPC channels', () => {
	let ca: TestCa;
	let client: Identity;
	const servers: Server[] = [];
	before(async () => {
		ca = await createCa('kubernetes');
		client = await ca.client('caller');
	});
	afterEach(() => {
		for (const server of servers.splice(0)) server.close();
	});

	/** The answer of a server to a call, or the error, as a client with this connector reads it. */
	const askWith = (connector: Connector, port: number, host: string): Promise<string> =>
		connector === 'own' ? askOwn(port, host) : askTheirs(port, host);

	async function askOwn(port: number, host: string): Promise<string> {
		const secureContext = createSecureContext({ ...trustAnchors(ca.pem), ...client });
		const connection = { host: '127.0.0.1', port, servername, secureContext, ...nameChecked(host) };
		const tls = new ReportedTls(() => connection, { side: 'client' });
		const channel = new GrpcClient({ target: `127.0.0.1:${port}`, userAgent: 'test', connect: () => tls.connect() });
		try {
			const message = method.requestSerialize({});
			const answer = await channel.unary({ path: method.path, message, deadlineMs: 30_000 });
			return JSON.stringify(method.responseDeserialize(answer));
		} catch (error) {
			assert.ok(error instanceof CallFailure);
			return `${error.code} ${error.details}`;
		} finally {
			channel.close();
		}
	}

	function askTheirs(port: number, host: string): Promise<string> {
		const secureContext = createSecureContext({ ...trustAnchors(ca.pem), ...client });
		const credentials = grpc.credentials.createFromSecureContext(secureContext, nameChecked(host));
		const channel = new grpc.Client(`127.0.0.1:${port}`, credentials, {
			'grpc.ssl_target_name_override': servername,
			'grpc.use_local_subchannel_pool': 1,
			'grpc.enable_http_proxy': 0,
		});
		const { path, requestSerialize, responseDeserialize } = method;
		return new Promise<string>((resolve) => {
			const deadline = Date.now() + 30_000;
			channel.makeUnaryRequest(path, requestSerialize, responseDeserialize, {}, { deadline }, (error, answer) =>
				resolve(error === null ? JSON.stringify(answer) : `${error.code} ${ownWords(error.details)}`),
			);
		}).finally(() => channel.close());
	}
	async function askBoth(port: number, host = 'localhost'): Promise<string> {
		const [own, theirs] = [await askWith('own', port, host), await askWith('grpc-js', port, host)];
		assert.equal(own, theirs);
		return own;
	}
	async function ofDoor(identity: Identity, host?: string): Promise<string> {
		const door = await openDoor({ identity, clientCa: ca, clientCertificate: 'required', services: [whoAmI] });
		try {
			return await askBoth(door.port, host);
		} finally {
			await door.close();
		}
	}
	async function listen(options: TlsOptions, onSocket: (socket: TLSSocket) => void = () => undefined) {
		const server = createServer(options, (socket) => {
			socket.on('error', () => undefined);
			onSocket(socket);
		}).listen(0, '127.0.0.1');
		servers.push(server);
		await once(server, 'listening');
		return (server.address() as AddressInfo).port;
	}

	it('passes on the certificate of the server as it is, because its fields cost more than the handshake', async () => {
		const port = await listen({ ...(await ca.server('door', { hosts })), ALPNProtocols: ['h2'] });
		const seen: unknown[] = [];
		const connection = {
			...{ host: '127.0.0.1', port, servername, ...trustAnchors(ca.pem) },
			checkServerIdentity: (_host: string, certificate: object) => void seen.push(certificate),
		};
		const socket = new ReportedTls(() => connection, { side: 'client' }).connect();
		await once(socket, 'secureConnect');
		socket.destroy();
		assert.equal(seen.length, 1);
		assert.ok(seen[0] instanceof X509Certificate);
	});

	// With spans, the connector also reads the certificates of refused servers.
	for (const provider of [undefined, new BasicTracerProvider()])
		describe(provider === undefined ? 'without traces' : 'with traces', () => {
			before(() => void (provider && trace.setGlobalTracerProvider(provider)));
			after(() => trace.disable());

			it('accepts and refuses the servers that the connector of grpc-js accepts and refuses', async function () {
				this.timeout(120_000);
				const namesake = await createCa('kubernetes');
				assert.equal(await ofDoor(await ca.server('door', { hosts })), '{"status":{"userInfo":{"username":"caller"}}}');
				const refused: readonly [Identity, RegExp, string?][] = [
					[await (await createCa('other')).server('door', { hosts }), /unable to verify|self.signed|unable to get/],
					[await namesake.server('door', { hosts }), /unable to verify|signature failure|unable to get/],
					[await ca.server('door', { hosts: ['elsewhere'] }), /certificate is valid for elsewhere, not localhost/],
					[await ca.server('door', { hosts }), /not elsewhere/, 'elsewhere'],
					[await ca.server('localhost'), /not valid|no .*SANs|Common Name/],
					[await ca.server('door', { hosts, lifeMs: -hourMs }), /expired/],
					[await ca.client('localhost', { hosts }), /purpose/],
				];
				for (const [identity, text, host] of refused) {
					const answer = await ofDoor(identity, host);
					assert.match(answer, /^14 /);
					assert.match(answer, text);
				}
			});

			it('refuses a server also where the environment of Node accepts every server', async () => {
				const door = await (await createCa('other')).server('door', { hosts });
				const port = await listen({ ...door, ALPNProtocols: ['h2'] });
				const { env } = process;
				env.NODE_TLS_REJECT_UNAUTHORIZED = '0';
				try {
					assert.match(await askWith('own', port, 'localhost'), /^14 (unable|self)/);
				} finally {
					Reflect.deleteProperty(env, 'NODE_TLS_REJECT_UNAUTHORIZED');
				}
			});

			it('refuses TLS 1.1, and a server without a certificate', async () => {
				const identity = await ca.server('door', { hosts });
				const old = { ...identity, minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const;
				for (const options of [old, { ciphers: 'aNULL@SECLEVEL=0', maxVersion: 'TLSv1.2' } as const])
					assert.match(await askBoth(await listen(options)), /^14 /);
			});

			it('sends no byte of a call to a server that it refuses', async () => {
				const received: number[] = [];
				const identity = await (await createCa('other')).server('door', { hosts });
				const port = await listen({ ...identity, ALPNProtocols: ['h2'] }, (socket) => {
					socket.on('data', ({ length }) => received.push(length));
				});
				assert.match(await askWith('own', port, 'localhost'), /^14 /);
				assert.deepEqual(received, []);
			});

			it('offers HTTP/2 alone, and the name of the server', async () => {
				const offered: string[] = [];
				const port = await listen({
					...(await ca.server('door', { hosts })),
					ALPNCallback: ({ servername, protocols }) => {
						offered.push(`${servername} ${protocols.join()}`);
						return undefined;
					},
				});
				for (const connector of ['own', 'grpc-js'] as const)
					assert.match(await askWith(connector, port, 'localhost'), /^14 .*no.application.protocol/i);
				assert.deepEqual([...new Set(offered)], ['localhost h2']);
			});
		});
});

describe('the TLS connections of a client', () => {
	it('keep no buffer of Node for the protocol that they offer', () => {
		const end = { side: 'client', anchors: () => [], host: 'localhost' } as const;
		const socket = new ReportedTls(() => ({ host: '127.0.0.1', port: 1 }), end).connect();
		socket.on('error', () => undefined).destroy();
		const { ALPNProtocols: offered } = (socket as TLSSocket & { _tlsOptions: { ALPNProtocols: Buffer } })._tlsOptions;
		assert.equal(offered.toString('latin1'), '\x02h2');
		assert.equal(offered.buffer.byteLength, 3);
	});
});
