import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer as createHttp, type RequestListener } from 'node:http';
import { createServer, type Server } from 'node:https';
import { type AddressInfo, createServer as createTcp, type Socket } from 'node:net';
import { Readable } from 'node:stream';
import { createServer as createTls, type TLSSocket } from 'node:tls';
import { resources } from '../../../lib/kube/resources.ts';
import type { KubeObject } from '../../../lib/kube/types.ts';
import { type LimitName, limits } from '../../../lib/limits.ts';
import { buildCaCertificate, buildCertificate, createIssuer, parseCertificates } from '../../../lib/pki/certificate.ts';
import { generateKeyPair, spkiOf, writePrivateKey } from '../../../lib/pki/keys.ts';
import { hostNames } from '../../../lib/pki/names.ts';
import type { Attributes } from '../authorize/attributes.ts';
import { userNamed } from '../authorize/fixtures.test.ts';
import { createKubeletTransport, type KubeletTransport } from '../kubelet-client.ts';
import type { ResourceStorage } from '../request/api-request.ts';
import { KubeletLocations, withProxy } from '../resources/kubelet-locations.ts';
import { withLogs } from '../resources/pod-logs.ts';
import { withStreams } from '../resources/pod-streams.ts';
import { type Doors, openDoors } from './fixtures.test.ts';
import { KubeletDoor } from './kubelet-door.ts';

const hourMs = 3_600_000;

async function identities() {
	const caPair = await generateKeyPair('ECDSA-P256');
	const dates = { notBefore: Date.now() - hourMs, notAfter: Date.now() + hourMs };
	const ca = buildCaCertificate({ commonName: 'kubernetes', dnsNames: [], ...dates }, caPair);
	const issuer = createIssuer(parseCertificates(ca)[0], caPair.privateKey);
	const issue = async (commonName: string, usage: 'client auth' | 'server auth', host = '127.0.0.1') => {
		const pair = await generateKeyPair('ECDSA-P256');
		const subject = { organizations: [], commonName };
		const names = hostNames([host]);
		const template = { subject, spki: spkiOf(pair.publicKey), ...dates, usages: [usage], names };
		return { cert: buildCertificate(template, issuer), key: writePrivateKey(pair.privateKey) };
	};
	return {
		ca,
		kubelet: await issue('system:node:node-1', 'server auth'),
		elsewhere: await issue('system:node:node-2', 'server auth', '127.0.0.2'),
		own: await issue('kube-apiserver', 'server auth'),
		client: await issue('kube-apiserver-kubelet-client', 'client auth'),
	};
}

const ok = 'HTTP/1.1 200 OK\r\n';
const abc = '3\r\nabc\r\n0\r\n';
const unreadableAnswers = [
	'',
	...[999, 600, 199, '099', '000'].map((status) => `HTTP/1.1 ${status} X\r\ncontent-length: 0\r\n\r\n`),
	'HTTP/1.1 101 X\r\nconnection: upgrade\r\nupgrade: SPDY/3.1\r\n\r\nbytes',
	'HTTP/1.1 101 X\r\n\r\nbytes',
	'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 X\r\nlink: </x>\r\n\r\n',
	`${ok}content-length: 5\r\ncontent-length: 6\r\n\r\nabcdef`,
	`${ok}content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`,
	`${ok}:status: 500\r\n\r\nabc`,
	`${ok}x y: z\r\n\r\nabc`,
	`${ok}x: ${'y'.repeat(70_000)}\r\n\r\nabc`,
	'HTTP/2 200\r\n\r\n',
	'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
	'\0\0\0\x04\0\0\0\0\0',
];
const truncatedAnswers = [
	`${ok}content-length: 5\r\n\r\nabc`,
	`${ok}transfer-encoding: chunked\r\n\r\n5\r\nabc`,
	`${ok}transfer-encoding: chunked\r\n\r\nffffffffffffffffff\r\n`,
];
const strangeAnswers = [
	`${ok}content-length: 3\r\n\r\nabcdefgh`,
	`${ok}transfer-encoding: gzip, chunked\r\n\r\n${abc}\r\n`,
	`${ok}transfer-encoding: chunked\r\ntrailer: x\r\n\r\n${abc}x: y\r\n\r\n`,
	`${ok}http2-settings: x\r\nconnection: close\r\n\r\nabc`,
	`${ok}te: gzip\r\nkeep-alive: x\r\nproxy-connection: x\r\nupgrade: h2c\r\n\r\nabc`,
	`${ok}__proto__: x\r\nconstructor: y\r\nset-cookie: a\r\nset-cookie: b\r\n\r\nabc`,
	`${ok}x: \xff\x80\r\n\r\nabc`,
	`${ok}location: //x\r\naudit-id: x\r\nwarning: x\r\nwww-authenticate: Basic\r\n\r\nabc`,
	`${ok}date: x\r\ndate: y\r\n\r\nabc`,
];

describe('a request that a kubelet answers', () => {
	let pki: Awaited<ReturnType<typeof identities>>;
	let kubelet: Server;
	let port: number;
	let doors: Doors | undefined;
	let transport: KubeletTransport | undefined;
	let handler: RequestListener;
	let counted: LimitName[];
	let objects: Map<string, object>;
	const stored = (kind: string): ResourceStorage => ({
		subresources: [],
		get: async () => ({ apiVersion: 'v1', kind, metadata: {} }),
	});

	before(async () => {
		pki = await identities();
	});
	async function open(
		more: {
			readonly ca?: string;
			readonly allowsLoopback?: boolean;
			readonly cert?: string;
			readonly idleMs?: number;
			readonly refusedVerb?: string;
		} = {},
	) {
		const reader = {
			get: async (resource: { resource: string }, _namespace: string, name: string) =>
				objects.get(`${resource.resource}/${name}`),
			list: async () => [],
		};
		const { allowsLoopback = true, ca, cert = pki.own.cert, refusedVerb, ...bounds } = more;
		const authorizer = {
			authorize: ({ verb }: Attributes) =>
				({ decision: verb === refusedVerb ? 'NoOpinion' : 'Allow', reason: '' }) as const,
		};
		const lookup = async (host: string) => (host === 'rebound.test' ? ['10.0.0.1', '169.254.169.254'] : []);
		const locations = new KubeletLocations({ objects: reader as never, lookup, allowsLoopback });
		const connections = { objects: reader as never, locations, authorizer };
		close();
		transport = createKubeletTransport({ ...pki.client, ca, ownCertificate: cert, ...bounds });
		doors = await openDoors({
			authenticate: async () => userNamed('admin', 'system:masters'),
			authorizer,
			endpoints: new Map([
				[resources.nodes, withProxy(stored('Node'), locations)],
				[resources.pods, withStreams(withLogs(stored('Pod'), connections), connections)],
			]),
			kubelets: transport,
			count: (limit) => void counted.push(limit),
		});
	}
	function close() {
		transport?.close();
		doors?.close();
	}
	const node = (status: object): KubeObject =>
		({ apiVersion: 'v1', kind: 'Node', metadata: { name: 'node-1' }, status }) as KubeObject;
	const at = (address: string) =>
		objects.set(
			'nodes/node-1',
			node({
				addresses: [
					{ type: 'Hostname', address: 'node-1' },
					{ type: 'InternalIP', address },
				],
				daemonEndpoints: { kubeletEndpoint: { Port: port } },
			}),
		);

	beforeEach(async () => {
		counted = [];
		handler = (request, response) => void response.end(`${request.method} ${request.url}`);
		const { cert, key } = pki.kubelet;
		const options = { cert, key, ca: [pki.ca], requestCert: true, rejectUnauthorized: false };
		kubelet = createServer(options, (request, response) => handler(request, response)).listen(0, '127.0.0.1');
		await once(kubelet, 'listening');
		({ port } = kubelet.address() as AddressInfo);
		objects = new Map<string, object>([
			['pods/p', { metadata: { name: 'p' }, spec: { nodeName: 'node-1', containers: [{ name: 'web' }] } }],
			[
				'pods/two',
				{ metadata: { name: 'two' }, spec: { nodeName: 'node-1', containers: [{ name: 'a' }, { name: 'b' }] } },
			],
			['pods/free', { metadata: { name: 'free' }, spec: { containers: [{ name: 'web' }] } }],
		]);
		at('127.0.0.1');
		await open();
	});
	afterEach(() => {
		close();
		kubelet.closeAllConnections();
		kubelet.close();
	});
	const restOf: Doors['rest'] = (...request) => doors?.rest(...request) ?? assert.fail();
	const messageOf = async (path: string, method = 'GET', headers: Readonly<Record<string, string>> = {}) => {
		const { status, text } = await restOf(method, path, headers);
		return `${status} ${text.startsWith('{') ? JSON.parse(text).message : text}`;
	};
	const proxied = '/api/v1/nodes/node-1/proxy';
	const logOf = (pod: string, query = '') => messageOf(`/api/v1/namespaces/d/pods/${pod}/log${query}`);

	describe('below nodes/proxy', () => {
		it('is passed on with its method, path, query and body', async () => {
			handler = async (request, response) => {
				const chunks: Buffer[] = [];
				for await (const chunk of request) chunks.push(chunk);
				response.setHeader('x-kubelet', 'yes');
				response.writeHead(207).end(`${request.method} ${request.url} ${Buffer.concat(chunks)}`);
			};
			for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']) {
				const body = method === 'GET' || method === 'OPTIONS' ? '' : 'body';
				const { status, text, headers } = await restOf(method, `${proxied}/a/b%20c/?q=1%2F2`, {}, body);
				assert.deepEqual([status, text], [207, `${method} /a/b%20c/?q=1%2F2 ${body}`]);
				assert.equal(headers['x-kubelet'], 'yes');
			}
			assert.equal((await restOf('HEAD', `${proxied}/x`)).status, 207);
		});

		it('carries the client certificate of the API server, and no credential of the caller', async () => {
			let seen: object = {};
			handler = (request, response) => {
				const socket = request.socket as TLSSocket;
				const { authorized } = socket;
				const { subject } = socket.getPeerCertificate();
				const { authorization, 'impersonate-user': user, connection, 'x-forwarded-uri': uri, via } = request.headers;
				seen = { authorized, name: subject.CN, authorization, user, connection, uri, via };
				response.end();
			};
			const headers = { authorization: 'Bearer x', connection: 'close, via', via: 'v' };
			await restOf('GET', `${proxied}/healthz`, headers);
			assert.deepEqual(seen, {
				...{ authorized: true, name: 'kube-apiserver-kubelet-client', authorization: undefined, user: undefined },
				...{ connection: 'keep-alive', uri: `${proxied}/healthz`, via: undefined },
			});
		});

		it('carries no header with a credential of the caller', async () => {
			const credentials = {
				authorization: 'Bearer hidden',
				'proxy-authorization': 'Basic hidden',
				'impersonate-user': 'hidden',
				'impersonate-extra-hidden': 'x',
				'x-remote-user': 'hidden',
				'x-remote-extra-hidden': 'x',
				'sec-websocket-protocol': 'base64url.bearer.authorization.k8s.io.hidden',
			};
			handler = (request, response) => void response.end(JSON.stringify(request.rawHeaders));
			const { status, text } = await restOf('GET', `${proxied}/healthz`, credentials);
			assert.equal(status, 200);
			assert.ok(!text.includes('hidden'), text);
		});

		it('presents the client certificate to no other port of the node', async () => {
			const seen: unknown[] = [];
			handler = (request, response) => {
				seen.push((request.socket as TLSSocket).getPeerCertificate().subject?.CN);
				response.end();
			};
			const location = { scheme: 'https', host: '127.0.0.1', port, path: '/' } as const;
			const sent = { method: 'GET', headers: {}, signal: AbortSignal.timeout(60_000), onIdle: () => undefined };
			for (const isKubelet of [true, false]) {
				const answer = await transport?.send({ ...location, isKubelet }, sent);
				answer?.resume();
			}
			assert.deepEqual(seen, ['kube-apiserver-kubelet-client', undefined]);
		});

		it('is redirected to the path with a slash, and redirections of the kubelet stay behind the proxy', async () => {
			const { status, headers } = await restOf('GET', `${proxied}?x=1`);
			assert.deepEqual([status, headers.location], [301, `${proxied}/?x=1`]);
			for (const [location, expected] of [
				['/logs/', `${proxied}/logs/`],
				['other', 'other'],
				['https://example.com/x', 'https://example.com/x'],
				[`https://127.0.0.1:${port}/y`, `${proxied}/y`],
			] as const) {
				handler = (_request, response) => void response.writeHead(302, { location }).end();
				assert.equal((await restOf('GET', `${proxied}/logs`)).headers.location, expected);
			}
		});

		it('is refused for an address that no node may have, as is a log', async () => {
			await open({ allowsLoopback: false });
			for (const address of [
				'127.0.0.1',
				'::1',
				'0.0.0.0',
				'169.254.169.254',
				'fe80::1',
				'224.0.0.1',
				'rebound.test',
			]) {
				at(address);
				assert.equal(await messageOf(`${proxied}/healthz`), '400 address not allowed', address);
				assert.equal(await logOf('p'), '400 address not allowed', address);
			}
			at('unknown.test');
			assert.equal(await messageOf(`${proxied}/healthz`), '400 no addresses for hostname');
			assert.equal(await logOf('p'), '400 no addresses for hostname');
		});

		it('reaches only the port of the kubelet at a loopback address', async () => {
			const other = createHttp((_request, response) => void response.end('other')).listen(0, '127.0.0.1');
			await once(other, 'listening');
			const { port: otherPort } = other.address() as AddressInfo;
			const to = (id: string) => messageOf(`/api/v1/nodes/${id}/proxy/healthz`);
			assert.equal(await to(`node-1:${otherPort}`), '400 address not allowed');
			assert.equal(await to(`http:node-1:${otherPort}`), '400 address not allowed');
			assert.equal(await to(`node-1:${port}`), '200 GET /healthz');
			other.close();
			for (const id of ['a:b:c', 'ftp:node-1:1', 'node-1:0', 'node-1:65536', ':'])
				assert.equal(await to(id), `400 invalid node request "${id}"`);
		});

		it('is refused when the address is that of the API server itself', async () => {
			await open({ cert: pki.kubelet.cert });
			assert.equal(
				await messageOf(`${proxied}/api`),
				'503 error trying to reach service: the address is that of this API server',
			);
		});

		it('says as upstream that the kubelet cannot be reached', async () => {
			kubelet.close();
			kubelet.closeAllConnections();
			await once(kubelet, 'close');
			const unreachable = `dial tcp 127.0.0.1:${port}: connect: connection refused`;
			assert.equal(await messageOf(`${proxied}/healthz`), `503 error trying to reach service: ${unreachable}`);
			const url = `https://127.0.0.1:${port}/containerLogs/d/p/web`;
			assert.equal(await logOf('p'), `500 Get "${url}": ${unreachable}`);
			assert.equal(await messageOf('/api/v1/nodes/node-2/proxy/healthz'), '404 nodes "node-2" not found');
			objects.set('nodes/node-1', node({}));
			assert.equal(await messageOf(`${proxied}/x`), '500 no preferred addresses found; known addresses: []');
			assert.equal(await logOf('p'), '500 no preferred addresses found; known addresses: []');
		});

		it('ends after the time for connecting when the node accepts and says nothing', async function () {
			this.timeout(limits.kubeletConnectTime.value + 20_000);
			const accepted: Socket[] = [];
			const silent = createTcp((socket) => void accepted.push(socket)).listen(0, '127.0.0.1');
			await once(silent, 'listening');
			({ port } = silent.address() as AddressInfo);
			at('127.0.0.1');
			assert.equal(
				await messageOf(`${proxied}/healthz`),
				`503 error trying to reach service: dial tcp 127.0.0.1:${port}: i/o timeout`,
			);
			for (const socket of accepted) socket.destroy();
			silent.close();
		});

		it('ends when no byte passes for the time of the limit, and is counted', async () => {
			await open({ idleMs: 50 });
			handler = () => undefined;
			assert.match(await messageOf(`${proxied}/x`), /^503 error trying to reach service: /);
			// A busy machine takes long from the request to the first byte.
			await open({ idleMs: 1_000 });
			handler = (_request, response) => void response.writeHead(200).write('x');
			await assert.rejects(messageOf(`${proxied}/x`));
			assert.deepEqual(counted, ['proxyIdleTime', 'proxyIdleTime']);
		});

		it('is refused above the number of open requests of a user, and counted', async () => {
			const open: import('node:http').ServerResponse[] = [];
			const max = limits.proxiedRequests.value;
			handler = (_request, response) => {
				response.writeHead(200).write('x');
				if (open.push(response) > max) for (const one of open) one.end();
			};
			const waiting = Array.from({ length: max }, () => restOf('GET', `${proxied}/x`));
			for (; open.length < max; ) await new Promise((resolve) => setImmediate(resolve));
			const { status, headers } = await restOf('GET', `${proxied}/x`);
			assert.deepEqual([status, headers['retry-after'], counted], [429, '1', ['proxiedRequests']]);
			for (const response of open) response.end();
			await Promise.all(waiting);
			handler = (_request, response) => void response.end();
			assert.equal((await restOf('GET', `${proxied}/x`)).status, 200);
		});

		it('ends alone when the answer of the kubelet is not valid HTTP', async function () {
			this.timeout(60_000);
			let bytes = '';
			const { cert, key } = pki.kubelet;
			const hostile = createTls({ cert, key }, (socket) => {
				socket.on('error', () => undefined).once('data', () => socket.end(bytes));
			}).listen(0, '127.0.0.1');
			await once(hostile, 'listening');
			({ port } = hostile.address() as AddressInfo);
			at('127.0.0.1');
			const outcomes = async (path: string) => {
				const of = ({ status, text }: { readonly status: number; readonly text: string }) =>
					status === 200 ? `200 ${text}` : String(status);
				const both = [() => restOf('GET', path), () => doors?.rest2(path) ?? assert.fail()];
				const found = new Set<string>();
				for (const ask of both) found.add(await ask().then(of, () => 'cut off'));
				return [...found].join(' or ');
			};
			const log = '/api/v1/namespaces/d/pods/p/log';
			for (bytes of unreadableAnswers)
				assert.deepEqual([await outcomes(`${proxied}/x`), await outcomes(log)], ['503', '500'], bytes);
			for (bytes of truncatedAnswers)
				assert.deepEqual([await outcomes(`${proxied}/x`), await outcomes(log)], ['cut off', 'cut off'], bytes);
			for (bytes of strangeAnswers)
				assert.deepEqual([await outcomes(`${proxied}/x`), await outcomes(log)], ['200 abc', '200 abc'], bytes);
			bytes = 'HTTP/1.1 204 X\r\ncontent-length: 5\r\n\r\nbytes';
			assert.equal(await outcomes(`${proxied}/x`), '204');
			hostile.close();
		});

		it('ends at the kubelet when the caller has gone', async () => {
			let ended: Promise<unknown> | undefined;
			handler = (request, response) => {
				response.writeHead(200).write('first');
				ended = once(request.socket, 'close');
				doors?.close();
			};
			await restOf('GET', `${proxied}/x`).catch(() => undefined);
			await ended;
		});
	});

	it('is verified with the CA if one is configured', async () => {
		await open({ ca: pki.ca });
		assert.equal(await messageOf(`${proxied}/healthz`), '200 GET /healthz');
		const { ca } = await identities();
		await open({ ca });
		assert.match(await messageOf(`${proxied}/healthz`), /^503 error trying to reach service: .*certificate/);
		assert.match(await logOf('p', '?insecureSkipTLSVerifyBackend=true'), /^200 GET/);
		await open({ ca: pki.ca });
		kubelet.setSecureContext({ ...pki.elsewhere, ca: [pki.ca] });
		const problem = 'certificate is valid for 127.0.0.2, not 127.0.0.1';
		assert.ok((await messageOf(`${proxied}/healthz`)).includes(problem));
	});

	describe('for the log of a pod', () => {
		it('has the options in the order of Go', async () => {
			const query = '?timestamps=true&tailLines=5&follow=1&limitBytes=9&sinceSeconds=60&previous=true&pretty=1';
			const sent = 'follow=true&limitBytes=9&previous=true&sinceSeconds=60&tailLines=5&timestamps=true';
			assert.equal(await logOf('p', query), `200 GET /containerLogs/d/p/web?${sent}`);
			const since = '?sinceTime=2026-01-01T01:00:00%2B01:00&follow=false';
			assert.equal(await logOf('p', since), '200 GET /containerLogs/d/p/web?sinceTime=2026-01-01T00%3A00%3A00Z');
		});

		it('is refused for wrong options, with the texts of upstream', async () => {
			const invalid = 'PodLogOptions "p" is invalid: ';
			for (const [query, expected] of [
				['?tailLines=-1', `422 ${invalid}tailLines: Invalid value: -1: must be greater than or equal to 0`],
				['?limitBytes=0', `422 ${invalid}limitBytes: Invalid value: 0: must be greater than 0`],
				['?sinceSeconds=0', `422 ${invalid}sinceSeconds: Invalid value: 0: must be greater than 0`],
				[
					'?sinceSeconds=1&sinceTime=2026-01-01T00:00:00Z',
					`422 ${invalid}: Forbidden: at most one of \`sinceTime\` or \`sinceSeconds\` may be specified`,
				],
				['?stream=Stdout', `422 ${invalid}stream: Forbidden: may not be specified`],
				['?tailLines=x', '400 strconv.ParseInt: parsing "x": invalid syntax'],
				['?container=x', '400 container x is not valid for pod p'],
			] as const)
				assert.equal(await logOf('p', query), expected);
			const several = 'a container name must be specified for pod two, choose one of: [a b]';
			assert.equal(await logOf('two'), `400 ${several}`);
			assert.equal(await logOf('absent'), '404 pods "absent" not found');
		});

		it('is empty for a pod that is on no node', async () => {
			assert.equal(await logOf('free'), '204 ');
		});

		it("has the kubelet's refusals as upstream's Status", async () => {
			for (const [status, text, expected] of [
				[400, 'is waiting to start', '400 is waiting to start'],
				[500, 'broken', '500 Internal error occurred: broken'],
				[404, 'pod does not exist', '404 the server could not find the requested resource ( pods/log p)'],
				[401, 'Unauthorized', '401 the server has asked for the client to provide credentials ( pods/log p)'],
				[403, 'Forbidden (user=x)', '403 Forbidden (user=x) ( pods/log p)'],
			] as const) {
				handler = (_request, response) => void response.writeHead(status).end(text);
				assert.equal(await logOf('p'), expected);
			}
		});

		it('has no other method', async () => {
			const { status } = await restOf('POST', '/api/v1/namespaces/d/pods/p/log');
			assert.equal(status, 405);
		});
	});

	describe('for a stream of a pod', () => {
		const upgrade = { connection: 'Upgrade', upgrade: 'SPDY/3.1' };
		const streamOf = (rest: string, method = 'POST', headers: Readonly<Record<string, string>> = upgrade) =>
			messageOf(`/api/v1/namespaces/d/pods/${rest}`, method, headers);

		it("is answered with the kubelet's refusal", async () => {
			handler = ({ method, url }, response) => void response.writeHead(405).end(`${method} ${url}`);
			for (const [rest, sent] of [
				[
					'p/exec?command=ls&command=-l&stdin=true&stdout=1&tty=false',
					'exec/d/p/web?command=ls&command=-l&input=1&output=1',
				],
				['two/exec?container=b&stderr=true&tty=true', 'exec/d/two/b?error=1&tty=1'],
				['p/attach?stdout=true&command=ls', 'attach/d/p/web?output=1'],
				['p/portforward?ports=80&ports=443', 'portForward/d/p?port=80%2C443'],
				['two/portforward', 'portForward/d/two'],
			] as const) {
				assert.equal(await streamOf(rest), `405 POST /${sent}`);
				assert.equal(await streamOf(rest, 'GET'), `405 GET /${sent}`);
			}
		});

		it('is refused before the kubelet is asked, with the texts of upstream', async () => {
			for (const stream of ['attach', 'exec', 'portforward']) {
				assert.equal(await streamOf(`free/${stream}`), '400 pod free does not have a host assigned');
				assert.equal(await streamOf(`absent/${stream}`), '404 pods "absent" not found');
				assert.equal(await streamOf(`p/${stream}`, 'POST', {}), '400 Upgrade request required');
				assert.match(await streamOf(`p/${stream}`, 'PUT'), /^405 /);
			}
			assert.equal(await streamOf('p/exec?container=x'), '400 container x is not valid for pod p');
		});

		it('needs the permission to create also by GET', async () => {
			await open({ refusedVerb: 'create' });
			assert.equal(await streamOf('p/exec', 'GET'), '403 pods "p" is forbidden: ');
			assert.match(await streamOf('p/exec'), /^403 .*cannot create resource "pods\/exec"/);
		});

		it('is an error when the kubelet is unreachable or accepts it', async () => {
			handler = (_request, response) => void response.end();
			assert.equal(await streamOf('p/exec'), '500 invalid upgrade response: status code 200');
			kubelet.close();
			kubelet.closeAllConnections();
			assert.match(
				await streamOf('p/exec'),
				/^500 error dialing backend: dial tcp 127.0.0.1:\d+: connect: connection refused$/,
			);
		});
	});

	it('is sent again on another connection if the kept one has ended, and only if it has no effect', async () => {
		const used = new WeakSet<object>();
		handler = (request, response) => {
			if (used.has(request.socket)) request.socket.destroy();
			used.add(request.socket);
			response.end('answered');
		};
		for (const expected of ['GET 200', 'GET 200', 'POST 503']) {
			const [method = ''] = expected.split(' ');
			const { status } = await restOf(method, `${proxied}/x`, {}, method === 'POST' ? 'body' : '');
			assert.equal(`${method} ${status}`, expected);
		}
	});

	it('keeps its connection for the next request', async () => {
		const ports = new Set<number | undefined>();
		handler = (request, response) => {
			ports.add(request.socket.remotePort);
			response.end();
		};
		for (let count = 0; count < 3; count++) await restOf('GET', `${proxied}/x`);
		assert.equal(ports.size, 1);
	});
});

describe('the open requests of a user', () => {
	it('leave room once each, also when the caller goes before it reads the answer', async () => {
		const transport = { send: async () => Object.assign(Readable.from(['a', 'b']), { statusCode: 200 }), close() {} };
		const door = new KubeletDoor(transport as never, () => undefined);
		const location = { scheme: 'https', host: 'h', port: 1, path: '' };
		const pipeline = { connect: async () => ({ location, user: userNamed('u') }) };
		const ask = (lifetime = new AbortController()) =>
			door.answer({} as never, { subresource: 'log', name: 'p', lifetime } as never, pipeline as never);
		const requireRoomForOne = async () => {
			await ask();
			await assert.rejects(ask(), { code: 'API_TOO_MANY_CONNECTIONS' });
		};
		const callers = Array.from({ length: limits.proxiedRequests.value - 1 }, () => new AbortController());
		const bodies = await Promise.all(callers.map(async (caller) => (await ask(caller)).body as AsyncIterable<unknown>));
		await requireRoomForOne();

		callers[0]?.abort();
		await requireRoomForOne();

		const reading = bodies[1]?.[Symbol.asyncIterator]() ?? assert.fail();
		await reading.next();
		callers[1]?.abort();
		await reading.return?.();
		await requireRoomForOne();
	});
});
