import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { type ErrorCode, hasCode, KubejoinError } from '../errors.ts';
import { call, openChannel, type VerifiedTls } from './channel.ts';
import { createCa, type Door, type Identity, openDoor, type TestCa, whoAmI } from './fixtures.test.ts';
import type { Service } from './server.ts';
import { transportError } from './transport-errors.ts';

const never: Service = { ...whoAmI, unary: { Create: () => new Promise<never>(() => undefined) } };

/** The error of a call; undefined if it succeeds. */
async function failureOf(target: string, tls: VerifiedTls, deadlineMs = 4_000): Promise<KubejoinError | undefined> {
	const channel = openChannel(target, tls);
	try {
		await call(channel, 'SelfSubjectReviews', 'Create', {}, { deadlineMs });
		return undefined;
	} catch (error) {
		assert.ok(error instanceof KubejoinError);
		return error;
	} finally {
		channel.close();
	}
}

describe('transport errors, each made for real', () => {
	let ca: TestCa;
	let otherCa: TestCa;
	let server: Identity;
	let client: Identity;
	let trusted: VerifiedTls;
	const doors: Door[] = [];
	const open = async (identity: Identity, services: readonly Service[] = [whoAmI]): Promise<Door> => {
		const door = await openDoor({ identity, clientCa: ca, services });
		doors.push(door);
		return door;
	};
	const fails = async (
		code: ErrorCode,
		problem: string,
		failure: Promise<KubejoinError | undefined>,
	): Promise<void> => {
		const error = await failure;
		assert.ok(hasCode(error, code), `${error?.code}: ${error?.message}`);
		assert.equal(error.details.problem, problem);
	};

	before(async () => {
		[ca, otherCa] = await Promise.all([createCa('ca'), createCa('ca')]);
		server = await ca.server('door', { hosts: ['localhost', '127.0.0.1'] });
		client = await ca.client('someone');
		trusted = { ca: ca.pem, ...client };
	});
	afterEach(() => Promise.all(doors.splice(0).map((door) => door.close())));

	it('none: by name, by address, and by another name that the certificate has', async () => {
		const { target, port } = await open(server);
		assert.equal(await failureOf(target, trusted), undefined);
		assert.equal(await failureOf(`127.0.0.1:${port}`, trusted), undefined);
		assert.equal(await failureOf(`127.0.0.1:${port}`, { ...trusted, serverName: 'localhost' }), undefined);
	});

	it('PEER_REFUSED: another CA issued the certificate of the server, even one of the same name', async () => {
		const { target } = await open(server);
		await fails(
			'PEER_REFUSED',
			'certificate signed by unknown authority',
			failureOf(target, { ...trusted, ca: otherCa.pem }),
		);
		await fails(
			'PEER_REFUSED',
			'certificate signed by unknown authority',
			failureOf(target, { ...trusted, ca: (await createCa('other')).pem }),
		);
	});

	it('PEER_REFUSED: the certificate of the server is for other names', async () => {
		const { target } = await open(server);
		await fails(
			'PEER_REFUSED',
			'certificate is valid for localhost, not ca-service',
			failureOf(target, { ...trusted, serverName: 'ca-service' }),
		);
		await fails(
			'PEER_REFUSED',
			'certificate is valid for 127.0.0.1, not 10.0.0.1',
			failureOf(target, { ...trusted, serverName: '10.0.0.1' }),
		);
		const { port } = await open(await ca.server('localhost'));
		const noAddress = "cannot validate certificate for 127.0.0.1 because it doesn't contain any IP SANs";
		await fails('PEER_REFUSED', noAddress, failureOf(`127.0.0.1:${port}`, trusted));
		const noName = 'certificate relies on legacy Common Name field, use SANs instead';
		await fails('PEER_REFUSED', noName, failureOf(`localhost:${port}`, trusted));
	});

	it('PEER_REFUSED: the certificate of the server has expired, or is for clients', async () => {
		const { target } = await open(await ca.server('door', { hosts: ['localhost'], lifeMs: -1_000 }));
		const error = await failureOf(target, trusted);
		const time = '\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\dZ';
		assert.match(
			String(error?.details.problem),
			new RegExp(`^certificate has expired or is not yet valid: current time ${time} is after ${time}$`),
		);
		assert.deepEqual([error?.code, error?.details.cause], ['PEER_REFUSED', 'time-validity']);
		const { target: other } = await open(await ca.client('door', { hosts: ['localhost'] }));
		await fails('PEER_REFUSED', 'certificate specifies an incompatible key usage', failureOf(other, trusted));
	});

	it('CLIENT_CERTIFICATE_REFUSED: none, of another CA, expired, or for servers; the server logs which', async () => {
		const { target, lines } = await open(server);
		const foreign = await otherCa.client('someone');
		const expired = await ca.client('someone', { lifeMs: -1_000 });
		for (const identity of [{}, foreign, expired, server]) {
			const error = await failureOf(target, { ca: ca.pem, ...identity });
			assert.ok(hasCode(error, 'CLIENT_CERTIFICATE_REFUSED'), `${error?.code}: ${error?.message}`);
		}
		const problems = [
			...new Set(
				lines
					.map((line) => JSON.parse(line))
					.flatMap(({ msg, problem }) =>
						msg === 'connection refused' ? [problem.replace(/\d{4}-\S+Z/g, 'TIME')] : [],
					),
			),
		];
		assert.deepEqual(problems, [
			'no client certificate',
			'certificate signed by unknown authority (CN=someone)',
			'certificate has expired or is not yet valid: current time TIME is after TIME (CN=someone)',
			'INVALID_PURPOSE (CN=door)',
		]);
	});

	it('CLIENT_CERTIFICATE_REFUSED: a server that refuses within TLS', async () => {
		const strict = createTlsServer({ ...server, ca: ca.pem, requestCert: true, ALPNProtocols: ['h2'] }).listen(
			0,
			'127.0.0.1',
		);
		strict.on('secureConnection', (socket) => socket.on('error', () => undefined));
		await once(strict, 'listening');
		const target = `localhost:${(strict.address() as AddressInfo).port}`;
		const foreign = await (await createCa('other')).client('someone');
		for (const identity of [{}, foreign]) {
			const error = await failureOf(target, { ca: ca.pem, ...identity });
			assert.ok(hasCode(error, 'CLIENT_CERTIFICATE_REFUSED'), `${error?.code}: ${error?.message}`);
		}
		strict.close();
	});

	it('CONNECTION_REFUSED: no TLS server, or no listener', async () => {
		const plain = createServer((socket) => socket.resume().end('220 mail\r\n')).listen(0, '127.0.0.1');
		await once(plain, 'listening');
		const target = `127.0.0.1:${(plain.address() as AddressInfo).port}`;
		await fails('CONNECTION_REFUSED', 'SSL routines: wrong version number', failureOf(target, trusted));
		plain.close();
		await once(plain, 'close');
		await fails('CONNECTION_REFUSED', `connect ECONNREFUSED ${target}`, failureOf(target, trusted));
	});

	it('CONNECTION_REFUSED: no such host', async () => {
		const error = await failureOf('nobody.invalid:443', trusted);
		assert.ok(hasCode(error, 'CONNECTION_REFUSED'), `${error?.code}: ${error?.message}`);
	});

	it('DEADLINE_EXCEEDED: connected, and no answer', async () => {
		const { target } = await open(server, [never]);
		const error = await failureOf(target, trusted, 50);
		assert.ok(hasCode(error, 'DEADLINE_EXCEEDED'), `${error?.code}: ${error?.message}`);
		assert.deepEqual(error.details, { target, method: '/kubejoin.v1.SelfSubjectReviews/Create', deadlineMs: 50 });
	});
});

describe('transport errors', () => {
	const made = (code: number, details: string) =>
		transportError({ code, details }, { target: 't:1', method: '/m', deadlineMs: 1 });

	it('CALL_FAILED for any other status, with its status and cause', () => {
		const failure = { code: 13, details: 'odd' };
		const error = transportError(failure, { target: 't:1', method: '/m', deadlineMs: 1 });
		assert.deepEqual(
			[error.code, error.message, error.cause],
			['CALL_FAILED', 't:1 did not complete /m: INTERNAL: odd', failure],
		);
		for (const code of [1, 2, 3, 5, 6, 7, 8, 9, 10, 11, 13, 15, 16, 99]) {
			assert.equal(made(code, '').code, 'CALL_FAILED', String(code));
			assert.match(made(code, '').message, /: ([A-Z_]+|gRPC status \d+)$/);
		}
	});

	it('each status has its code', () => {
		assert.equal(made(4, '').code, 'DEADLINE_EXCEEDED');
		assert.equal(made(8, 'Received message larger than max (5 vs 4)').code, 'API_TOO_LARGE');
		const answer = { code: 8, details: 'Received message larger than max (5 vs 4)', answerLimit: 4 };
		const refused = transportError(answer, { target: 't:1', method: '/m', deadlineMs: 1 });
		assert.deepEqual([refused.code, refused.details], ['API_LIST_TOO_LARGE', { limit: 4 }]);
		assert.equal(made(12, '').code, 'API_PATH_NOT_FOUND');
		assert.equal(made(14, 'Connection dropped').code, 'CONNECTION_REFUSED');
	});

	it('a connection that was closed without a reason has a text', () =>
		assert.equal(made(14, '').details.problem, 'the connection was closed before it was ready'));

	it('the text of a status names no refused certificate, because any server can send it', () => {
		for (const details of ['certificate has expired', 'alert unknown ca', 'certificate is valid for a, not b'])
			assert.equal(made(14, details).code, 'CONNECTION_REFUSED');
	});
});
