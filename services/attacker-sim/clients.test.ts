import assert from 'node:assert/strict';
import { hasCode } from '../../lib/errors.ts';
import { createCa, type TestCa } from '../../lib/rpc/fixtures.test.ts';
import type { Call } from '../../lib/rpc/server.ts';
import { type ApiConnection, callAs, isUnary, openApi, resolveHost, type Shown, withApi } from './clients.ts';
import { openService, serviceOf, tokenText } from './fixtures.test.ts';

type Server = Awaited<ReturnType<typeof openService>>;

describe('a connection of the attacker', () => {
	let ca: TestCa;
	let other: TestCa;
	let seen: { authorization: string | undefined; certificate: string }[];
	let server: Server;
	let caService: Server;
	before(async () => {
		[ca, other] = [await createCa('kubernetes'), await createCa('kubernetes')];
		const answer = (_request: never, { metadata, peer: { certificate } }: Call) => {
			const name = certificate.state === 'verified' ? certificate.commonName : certificate.state;
			seen.push({ authorization: metadata('authorization'), certificate: name });
			return { metadata: { name: 'node-1' } };
		};
		const sign = () => ({ certificate: 'Q0VSVA==' });
		server = await openService('apiserver-sim', ca, [serviceOf('Nodes', { Get: answer })]);
		caService = await openService('ca-service', ca, [
			serviceOf('CertificateAuthority', { Sign: sign }),
			serviceOf('Nodes', { Get: answer }),
		]);
	});
	beforeEach(() => {
		seen = [];
	});
	after(async () => {
		await server?.close();
		await caService?.close();
	});

	const getNode = (target: string, trusted: TestCa, shown?: Shown) =>
		withApi(openApi(target, trusted.pem, shown), (api) => api.nodes.get('node-1'));

	it('shows no credential by default', async () => {
		assert.equal((await getNode(server.target, ca)).metadata.name, 'node-1');
		assert.deepEqual(seen, [{ authorization: undefined, certificate: 'none' }]);
	});

	it('shows a stolen token', async () => {
		await getNode(server.target, ca, { token: tokenText });
		assert.deepEqual(seen, [{ authorization: `Bearer ${tokenText}`, certificate: 'none' }]);
	});

	it('shows a stolen certificate', async () => {
		await getNode(server.target, ca, await ca.client('system:node:a'));
		assert.deepEqual(seen, [{ authorization: undefined, certificate: 'system:node:a' }]);
	});

	for (const [title, target, trusted] of [
		['a server with a certificate of another CA', () => server.target, () => other],
		['a server with the name of another service', () => caService.target, () => ca],
	] as const)
		it(`sends nothing to ${title}`, async () => {
			await assert.rejects(getNode(target(), trusted(), { token: tokenText }), (error) =>
				hasCode(error, 'PEER_REFUSED', 'CONNECTION_REFUSED'),
			);
			assert.deepEqual(seen, []);
		});

	it('calls a method of a service with the name of that service', async () => {
		const identity = await ca.client('token-store');
		const sign = { ca: ca.pem, identity, contract: 'CertificateAuthority', method: 'Sign', request: {} };
		const answer = await callAs({ ...sign, service: 'ca-service', target: caService.target });
		assert.deepEqual(answer, { certificate: 'Q0VSVA==' });
		await assert.rejects(callAs({ ...sign, service: 'token-store', target: caService.target }));
	});

	it('is closed after its use, also after a failure', async () => {
		const order: string[] = [];
		const connection = { api: {}, close: () => void order.push('closed') } as unknown as ApiConnection;
		const answer = await withApi(connection, async () => {
			order.push('used');
			return 7;
		});
		const failing = withApi(connection, () => Promise.reject(new Error('the call failed')));
		await assert.rejects(failing, /the call failed/);
		assert.deepEqual([answer, order], [7, ['used', 'closed', 'closed']]);
	});

	it('resolves localhost to loopback addresses', async () => {
		const addresses = await resolveHost('localhost');
		assert.ok(addresses.length > 0 && addresses.every((one) => ['127.0.0.1', '::1'].includes(one)), `${addresses}`);
	});
});

describe('a method that the attacker calls', () => {
	for (const [contract, method, expected] of [
		['CertificateAuthority', 'Sign', true],
		['TokenStore', 'List', true],
		['TokenStore', 'Watch', false],
		['Nodes', 'Watch', false],
		['Nodes', 'Destroy', false],
		['Nodes', '', false],
		['Nodes', 'toString', false],
		['Nodes', 'constructor', false],
		['NoSuchService', 'Get', false],
		['', '', false],
	] as const)
		it(`${contract}/${method} is ${expected ? '' : 'not '}unary`, () =>
			assert.equal(isUnary(contract, method), expected));
});
