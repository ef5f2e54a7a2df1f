import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hasCode, KubejoinError } from '../../lib/errors.ts';
import { nodePaths } from '../../lib/node-paths.ts';
import { buildCaCertificate, buildCertificate, createIssuer, parseCertificates } from '../../lib/pki/certificate.ts';
import { generateKeyPair, spkiOf, writePrivateKey } from '../../lib/pki/keys.ts';
import { spkiPin } from '../../lib/pki/pin.ts';
import { loadIdentity, storeIdentity } from './identity.ts';
import { testRequest } from './join/fixtures.test.ts';
import type { JoinContext } from './join/join-context.ts';
import { runNode } from './node.ts';
import type { PinnedCa } from './trust.ts';

const now = Date.UTC(2026, 5, 1);
const hour = 3_600_000;
const token = 'abcdef.0123456789abcdef';

describe('a node', () => {
	let root: string;
	let ca: string;
	const said: string[] = [];
	beforeEach(async () => {
		said.length = 0;
		root = mkdtempSync(join(tmpdir(), 'kubejoin-node-'));
		const caPair = await generateKeyPair('ECDSA-P256');
		ca = buildCaCertificate(
			{ commonName: 'kubernetes', dnsNames: [], notBefore: now - hour, notAfter: now + 10 * hour },
			caPair,
		);
		const pair = await generateKeyPair('ECDSA-P256');
		const certificate = buildCertificate(
			{
				subject: { commonName: 'system:node:n', organizations: ['system:nodes'] },
				spki: spkiOf(pair.publicKey),
				notBefore: now - hour,
				notAfter: now + hour,
				usages: ['digital signature', 'client auth'],
			},
			createIssuer(parseCertificates(ca)[0], caPair.privateKey),
		);
		const server = { url: 'https://h:6443', target: 'h:6443', ca: ca as PinnedCa };
		await storeIdentity(
			nodePaths(root),
			{ certificate, key: writePrivateKey(pair.privateKey), server, nodeName: 'n' },
			now,
		);
	});
	afterEach(() => rmSync(root, { recursive: true }));

	/** An unreachable API server. It records the connections, and a heartbeat ends the test. */
	function run(
		changes: {
			clock?: number;
			expires?: boolean;
			clusterInfo?: object;
			nodeName?: string;
			pins?: readonly string[];
			token?: string;
			endpoint?: string;
		} = {},
	) {
		let clockMs = changes.clock ?? now;
		const dialled: string[] = [];
		const stopping = new AbortController();
		const gone = async () => {
			stopping.abort();
			throw new KubejoinError('CONNECTION_REFUSED', { target: 'h:6443', problem: 'gone' });
		};
		const connection = (way: string) => () => {
			dialled.push(way);
			const { expires, clusterInfo } = changes;
			const denied = async () => {
				throw new KubejoinError('CSR_DENIED', { name: 'c', reason: 'R', message: 'not you' });
			};
			const away = async () => {
				throw new KubejoinError('CONNECTION_REFUSED', { target: 'h:6443', problem: 'away' });
			};
			return {
				api: {
					configMaps: { get: clusterInfo === undefined ? gone : async () => ({ data: clusterInfo }) },
					nodes: { create: expires ? away : gone },
					leases: {},
					certificateSigningRequests: { create: denied },
				},
				close: () => undefined,
			};
		};
		const tools = {
			dial: {
				unverified: connection('unverified'),
				verified: connection('verified'),
				withCredential: connection('token'),
				asNode: connection('node'),
				keepOpen: () => () => undefined,
			},
			paths: nodePaths(root),
			say: (line: string) => void said.push(line),
			clock: () => clockMs,
			async waitUntil(atMs: number, signal: AbortSignal) {
				if (!changes.expires) return void (signal.aborted || (await once(signal, 'abort')));
				await new Promise((resolve) => setImmediate(resolve));
				clockMs = Math.max(clockMs, atMs);
			},
			signal: stopping.signal,
			retryMs: 0,
		} as unknown as JoinContext;
		const request = {
			...testRequest,
			endpoint: changes.endpoint ?? 'h:6443',
			token: changes.token ?? token,
			tlsBootstrapToken: changes.token ?? token,
			caCertHashes: changes.pins ?? [spkiPin(parseCertificates(ca)[0])],
			nodeName: changes.nodeName ?? 'n',
			discoveryTimeoutMs: 0,
			tlsBootstrapTimeoutMs: 0,
		};
		const how: string[] = [];
		const none = () => undefined;
		const ended = runNode(tools, request, {
			report: none,
			onJoined: (_identity, word) => void how.push(word),
			onBeat: none,
			onRotated: none,
			onRefused: none,
		});
		return { ended, how, dialled };
	}

	it('continues with its certificate, and sends no token', async () => {
		const { ended, how, dialled } = run();
		await ended;
		assert.deepEqual([how, dialled], [['resumed'], ['node']]);
	});

	it('needs no token to continue', async () => {
		const { ended, how } = run({ token: '', pins: [] });
		await ended;
		assert.deepEqual(how, ['resumed']);
	});

	it('uses the new address of the API server with its certificate', async () => {
		const { ended, how, dialled } = run({ endpoint: 'elsewhere:7443' });
		await ended;
		assert.deepEqual([how, dialled], [['resumed'], ['node']]);
		assert.equal((await loadIdentity(nodePaths(root)))?.server.url, 'https://elsewhere:7443');
	});

	it('refuses the files of another node name or another cluster with PREFLIGHT_FAILED', async () => {
		for (const changes of [{ nodeName: 'm' }, { pins: [`sha256:${'0'.repeat(64)}`] }]) {
			const { ended, dialled } = run(changes);
			await assert.rejects(
				ended,
				(error) =>
					hasCode(error, 'PREFLIGHT_FAILED') && error.message.includes('FileAvailable--etc-kubernetes-kubelet.conf'),
			);
			assert.deepEqual(dialled, []);
		}
		assert.ok(existsSync(nodePaths(root).kubeconfig), 'the identity of the other node is untouched');
	});

	it('joins again with a token when its certificate has expired', async () => {
		const { ended, dialled } = run({ clock: now + 2 * hour });
		await assert.rejects(ended);
		assert.deepEqual(dialled, ['unverified']);
		assert.ok(said.some((line) => line.includes('joining again with the bootstrap token')));
	});

	it('ends with NODE_LOCKED_OUT and a remedy when its certificate has expired and there is no token', async () => {
		const { ended, dialled } = run({ clock: now + 2 * hour, token: '' });
		await assert.rejects(ended, (error) => {
			assert.ok(hasCode(error, 'NODE_LOCKED_OUT'), String(error));
			assert.match(error.message, /expired at 2026-06-01T01:00:00Z, .*no bootstrap token was given$/);
			assert.equal(error.remedy.match(/^ {4}\d\. .*$/gm)?.length, 3);
			assert.ok(error.remedy.includes(`--node-name n --root ${root}`));
			return true;
		});
		assert.deepEqual(dialled, []);
	});

	it('ends with NODE_LOCKED_OUT and the cause when its token is refused, and keeps its files', async () => {
		const { ended } = run({ clock: now + 2 * hour, clusterInfo: { kubeconfig: 'x' } });
		const why = /the bootstrap token was refused at discovery\/fetch-cluster-info: could not find a JWS/;
		await assert.rejects(ended, (error) => hasCode(error, 'NODE_LOCKED_OUT') && why.test(error.message));
		assert.ok(said.some((line) => line.includes('joining again with the bootstrap token')));
		assert.equal((await loadIdentity(nodePaths(root)))?.nodeName, 'n');
	});

	it('removes the file with the token after a failed join', async () => {
		const { bootstrapKubeconfig } = nodePaths(root);
		writeFileSync(bootstrapKubeconfig, `token: ${token}`, { mode: 0o600 });
		const { ended } = run({ clock: now + 2 * hour });
		await assert.rejects(ended);
		assert.equal(existsSync(bootstrapKubeconfig), false);
	});

	it('is locked out when its certificate expires while it runs without a token, with the failed renewal as the reason', async () => {
		const { ended, how } = run({ expires: true, token: '' });
		const why = /was not renewed: certificate signing request is denied, .*not you/;
		await assert.rejects(ended, (error) => hasCode(error, 'NODE_LOCKED_OUT') && why.test(error.message));
		assert.deepEqual(how, ['resumed']);
	});

	it('joins again when its certificate expires while it runs with a token', async () => {
		const { ended, how, dialled } = run({ expires: true });
		await assert.rejects(ended);
		assert.deepEqual([how, dialled.filter((way) => way !== 'node')], [['resumed'], ['unverified']]);
		assert.ok(said.some((line) => /expired at .* and was not renewed \(.*not you\); joining again/.test(line)));
	});
});
