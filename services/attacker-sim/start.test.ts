import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { stripVTControlCharacters } from 'node:util';
import { systemClock } from '../../lib/clock.ts';
import { type ErrorCode, hasCode } from '../../lib/errors.ts';
import { type ApiClient, apiClient } from '../../lib/kube/client.ts';
import { parseKubeconfig } from '../../lib/kube/kubeconfig.ts';
import { discoveredCluster } from '../../lib/kube/kubeconfig-access.ts';
import { parseCertificates } from '../../lib/pki/certificate.ts';
import { createCsr } from '../../lib/pki/csr.ts';
import { verifyDetached } from '../../lib/pki/jws.ts';
import { generateKeyPair, writePrivateKey } from '../../lib/pki/keys.ts';
import { spkiPin } from '../../lib/pki/pin.ts';
import { createCa, type Identity, type TestCa } from '../../lib/rpc/fixtures.test.ts';
import type { Call } from '../../lib/rpc/server.ts';
import { openUnverifiedChannel } from '../../lib/rpc/unverified-channel.ts';
import type { AttackRequest } from './attack-request.ts';
import { openApi, type Shown, withApi } from './clients.ts';
import { openService, serviceOf, stolenToken, type TestFiles, testFiles, tokenText } from './fixtures.test.ts';
import type { Report } from './report.ts';
import { type Attacker, startAttacker } from './start.ts';

const genuine = { kubeconfig: 'genuine', 'jws-kubeconfig-abcdef': 'a..b' };
const base64 = (text: string): string => Buffer.from(text).toString('base64');

describe('the attacker between a node and the API server', () => {
	let files: TestFiles;
	let ca: TestCa;
	let server: Awaited<ReturnType<typeof openService>>;
	let readers: string[];
	let attacker: Attacker | undefined;
	let said: string[];

	before(async () => {
		files = testFiles();
		ca = await createCa('kubernetes');
		const data = { 'token-id': base64(stolenToken.id), 'token-secret': base64(stolenToken.secret) };
		const secret = { metadata: { name: 'bootstrap-token-abcdef' }, type: 'bootstrap.kubernetes.io/token', data };
		server = await openService('apiserver-sim', ca, [
			serviceOf('ConfigMaps', { Get: () => ({ metadata: { name: 'cluster-info' }, data: genuine }) }),
			serviceOf('Secrets', {
				List(_request: never, { peer: { certificate } }: Call) {
					if (certificate.state === 'verified')
						readers.push([...certificate.organizations, certificate.commonName].join(' '));
					return { items: [secret] };
				},
			}),
		]);
	});
	beforeEach(() => {
		said = [];
		readers = [];
	});
	afterEach(() => attacker?.stop());
	after(async () => {
		await server?.close();
		files.remove();
	});

	const say = (line: string): void => void said.push(stripVTControlCharacters(line));
	const report = () => JSON.parse(readFileSync(files.path('report.json'), 'utf8')) as Report;
	const requestOf = (changed: Partial<AttackRequest>): AttackRequest => ({
		address: '127.0.0.1',
		port: 0,
		target: server.target,
		clusterCa: ca.pem,
		mode: 'relay',
		report: files.path('report.json'),
		...changed,
	});
	/** @returns the attacker's `host:port` */
	async function start(changed: Partial<AttackRequest>): Promise<string> {
		attacker = await startAttacker(requestOf(changed), { say, clock: systemClock });
		return report().listening;
	}
	async function stopped(): Promise<Report> {
		await attacker?.stop();
		attacker = undefined;
		return report();
	}
	const clusterInfo = async (api: ApiClient) => (await api.configMaps.get('cluster-info', 'kube-public')).data ?? {};
	/** Reads cluster-info as a node that has verified nothing. */
	async function discover(target: string) {
		const channel = openUnverifiedChannel(target);
		try {
			const data = await clusterInfo(apiClient(channel));
			const { ca: trusted = '', server: url } = discoveredCluster(parseKubeconfig(data.kubeconfig ?? '', 'x'), 'x');
			return { data, trusted, url };
		} finally {
			channel.close();
		}
	}
	const asNode = <T>(target: string, trusted: string, shown: Shown, use: (api: ApiClient) => Promise<T>) =>
		withApi(openApi(target, trusted, shown), use);
	/** Requests a certificate with the token, as a node that joins. */
	async function requestIdentity(target: string, trusted: string): Promise<Identity> {
		const pair = await generateKeyPair('ECDSA-P256');
		const subject = { organizations: ['system:nodes'], commonName: 'system:node:a' };
		const request = base64(createCsr({ subject }, pair));
		const spec = { request, signerName: 'x', usages: ['digital signature', 'client auth'] };
		const csr = await asNode(target, trusted, { token: tokenText }, (api) =>
			api.certificateSigningRequests.create({ metadata: { generateName: 'csr-' }, spec }),
		);
		const cert = Buffer.from(csr.status?.certificate ?? '', 'base64').toString();
		return { cert, key: writePrivateKey(pair.privateKey) };
	}
	const register = (api: ApiClient) => api.nodes.create({ metadata: { name: 'a' } });

	it('relays a verified connection to the API server unchanged', async () => {
		const target = await start({ mode: 'relay' });
		assert.deepEqual(await asNode(target, ca.pem, {}, clusterInfo), genuine);
		const { mode, power, connections, bytes, tlsHandshakes, requestCount } = await stopped();
		assert.deepEqual([mode, power, connections, tlsHandshakes, requestCount], ['relay', 'P0', 1, 0, 0]);
		assert.ok(bytes.received > 0 && bytes.sent > 0, JSON.stringify(bytes));
		assert.match(said[0] ?? '', /^\[attacker\] On 127\.0\.0\.1:\d+, between a node and 127\.0\.0\.1:\d+\. Power P0/);
		assert.match(said[1] ?? '', /^\[attacker\] 127\.0\.0\.1:\d+ connected$/);
	});

	it('accepts and never answers as a sink', async () => {
		const target = await start({ mode: 'sink' });
		const refused = assert.rejects(asNode(target, ca.pem, {}, clusterInfo));
		// The API server itself answers two later calls.
		for (let calls = 0; calls < 2; calls++) await asNode(server.target, ca.pem, {}, clusterInfo);
		const { connections, bytes } = await stopped();
		assert.deepEqual([connections, bytes.sent], [1, 0]);
		assert.ok(bytes.received > 0);
		await refused;
	});

	it('serves the genuine cluster-info with its own certificate on a replay', async () => {
		const target = await start({ mode: 'replay' });
		const channel = openUnverifiedChannel(target);
		try {
			assert.deepEqual(await clusterInfo(apiClient(channel)), genuine);
		} finally {
			channel.close();
		}
		await assert.rejects(asNode(target, ca.pem, { token: tokenText }, clusterInfo), (error) =>
			hasCode(error, 'PEER_REFUSED'),
		);
		const { tlsHandshakes, tokenBytes, requests } = await stopped();
		assert.deepEqual([requests.map(({ method }) => method), tokenBytes], [['/kubejoin.v1.ConfigMaps/Get'], 0]);
		assert.ok(tlsHandshakes >= 1);
		assert.ok(said.includes('[attacker] received ConfigMaps/Get, without a credential'), said.join('\n'));
	});

	it('captures a node that trusts its signed cluster-info, and counts the token that it received', async () => {
		const target = await start({ mode: 'forge-signed', token: stolenToken });
		const { data, trusted, url } = await discover(target);
		const { kubeconfig = '', 'jws-kubeconfig-abcdef': jws = '' } = data;
		assert.equal(url, `https://${target}`);
		assert.equal(verifyDetached(jws, kubeconfig, stolenToken.id, stolenToken.secret), true);
		const identity = await requestIdentity(target, trusted);
		await asNode(target, trusted, identity, register);
		const serial = parseCertificates(identity.cert)[0].serialNumber.toLowerCase();
		const { captured, tokenBytes, tokensSeen, clientCertificates, ownCaPin, requestCount } = await stopped();
		assert.deepEqual(captured, [{ node: 'a', serial }]);
		assert.deepEqual([tokenBytes, tokensSeen, clientCertificates], [16, ['abcdef'], ['system:node:a']]);
		assert.deepEqual([ownCaPin, requestCount], [spkiPin(parseCertificates(trusted)[0]), 3]);
		assert.equal(readFileSync(files.path('report.json'), 'utf8').includes(stolenToken.secret), false);
		const registration = '[attacker] received Nodes/Create, with the certificate of system:node:a';
		assert.ok(said.includes(registration), said.join('\n'));
		assert.ok(said.some((line) => line.startsWith('[attacker] CAPTURED a: ') && line.endsWith(serial)));
	});

	it('does not report a node without a certificate of its own as captured', async () => {
		const target = await start({ mode: 'forge-unsigned' });
		const { trusted } = await discover(target);
		await asNode(target, trusted, await ca.client('system:node:a'), register);
		const { captured, clientCertificates } = await stopped();
		assert.deepEqual(captured, []);
		assert.match(clientCertificates.join(), /^not verified: .*CN=system:node:a/);
		assert.ok(said.includes('[attacker] received Nodes/Create, with a certificate of another CA'), said.join('\n'));
	});

	it('alters only the first cluster-info with alter-second', async () => {
		const target = await start({ mode: 'alter-second', token: stolenToken });
		const { trusted, url } = await discover(target);
		assert.deepEqual([trusted.trim(), url], [ca.pem.trim(), `https://${target}`]);
		assert.deepEqual(await asNode(target, ca.pem, {}, clusterInfo), genuine);
	});

	it('impersonates the API server with the stolen CA, and signs with the tokens that an admin can read', async () => {
		const target = await start({ mode: 'impersonate', caKey: ca.key });
		const data = await asNode(target, ca.pem, {}, clusterInfo);
		const { kubeconfig = '', 'jws-kubeconfig-abcdef': jws = '' } = data;
		assert.equal(verifyDetached(jws, kubeconfig, stolenToken.id, stolenToken.secret), true);
		assert.deepEqual(readers, ['system:masters kubernetes-super-admin']);
		await asNode(target, ca.pem, await requestIdentity(target, ca.pem), register);
		const { captured, ownCaPin } = await stopped();
		assert.deepEqual([captured.map(({ node }) => node), ownCaPin], [['a'], undefined]);
	});

	it('closes its port and its connections when it stops', async () => {
		const [host = '', port = ''] = (await start({ mode: 'sink' })).split(':');
		const socket = connect(Number(port), host);
		const closed = new Promise((resolve) => socket.once('close', resolve));
		await new Promise((resolve) => socket.once('connect', resolve));
		await stopped();
		await closed;
		const again = new Promise((_resolve, reject) => connect(Number(port), host).once('error', reject));
		await assert.rejects(again, { code: 'ECONNREFUSED' });
	});

	for (const [title, code, says, changed] of [
		['to listen on every address', 'ATTACK_NOT_ALLOWED', /0\.0\.0\.0/, () => ({ address: '0.0.0.0' })],
		['a target on the internet', 'ATTACK_NOT_ALLOWED', /203\.0\.113\.7/, () => ({ target: '203.0.113.7:6443' })],
		['a port that is taken', 'PORT_IN_USE', /already|in use/, () => ({ port: server.port })],
		[
			'a target with a certificate of another CA',
			'ATTACK_NOT_ALLOWED',
			/is not an apiserver-sim with a certificate of this cluster CA/,
			async () => ({ clusterCa: (await createCa('kubernetes')).pem }),
		],
		[
			'a key of another CA',
			'CERTIFICATE_MALFORMED',
			/another certificate/,
			async () => ({ mode: 'impersonate', caKey: (await createCa('kubernetes')).key }),
		],
		['a report that cannot be written', 'FILE_UNUSABLE', /absent/, () => ({ report: files.path('absent/report') })],
	] satisfies [string, ErrorCode, RegExp, () => Partial<AttackRequest> | Promise<Partial<AttackRequest>>][])
		it(`refuses ${title} with ${code}, and leaves no report`, async () => {
			const path = files.path('none.json');
			await assert.rejects(
				startAttacker(requestOf({ report: path, ...(await changed()) }), { say, clock: systemClock }),
				(error) => hasCode(error, code) && says.test(error.message),
			);
			assert.deepEqual([existsSync(path), said], [false, []]);
		});
});
