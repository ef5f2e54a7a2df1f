import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ErrorCode, KubejoinError } from '../../../lib/errors.ts';
import { makePrivateDirectory } from '../../../lib/files.ts';
import type { CertificateSigningRequest, Lease } from '../../../lib/kube/types.ts';
import { nodePaths } from '../../../lib/node-paths.ts';
import {
	buildCaCertificate,
	buildCertificate,
	createIssuer,
	type Issuer,
	parseCertificates,
} from '../../../lib/pki/certificate.ts';
import { parseCsr } from '../../../lib/pki/csr.ts';
import { generateKeyPair, spkiOf, writePrivateKey } from '../../../lib/pki/keys.ts';
import type { Registration } from '../heartbeat.ts';
import { loadIdentity, type NodeIdentity, storeIdentity } from '../identity.ts';
import type { JoinContext } from '../join/join-context.ts';
import { stay } from '../keep-running.ts';
import type { PinnedCa } from '../trust.ts';
import { keepRenewed, randomFraction, retryAfterMs, rotationDeadline } from './keep-renewed.ts';

const start = Date.UTC(2026, 5, 1);
const second = 1_000;
const lifeMs = 100 * second;

describe('the time of a renewal', () => {
	const validity = { notBefore: start, notAfter: start + lifeMs };

	it('is between 70 % and 90 % of the validity', () => {
		assert.equal(rotationDeadline(validity, 0), start + 70 * second);
		assert.equal(rotationDeadline(validity, 0.5), start + 80 * second);
		const drawn = Array.from({ length: 2_000 }, () => rotationDeadline(validity, randomFraction()));
		assert.ok(drawn.every((atMs) => atMs >= start + 70 * second && atMs < start + 90 * second));
		assert.ok(
			Math.min(...drawn) < start + 71 * second && Math.max(...drawn) > start + 89 * second,
			'the whole range is drawn from',
		);
	});

	it('differs between a thousand nodes, and few are within one millisecond of another', () => {
		const drawn = Array.from({ length: 1_000 }, () => rotationDeadline(validity, randomFraction()));
		// Two of them can be equal: a time of today has a resolution of a quarter of a microsecond.
		assert.ok(new Set(drawn).size >= drawn.length - 3);
		assert.ok(drawn.filter((atMs) => Number.isInteger(atMs)).length < 20);
	});

	it('is 2, 4, 8, 16 and then 32 seconds after a refusal, plus up to 10 %', () => {
		assert.deepEqual(
			[1, 2, 3, 4, 5, 6, 60].map((failures) => retryAfterMs(failures, 0) / second),
			[2, 4, 8, 16, 32, 32, 32],
		);
		assert.equal(retryAfterMs(1, 1), 2_200);
	});
});

describe('a node that keeps its certificate renewed', () => {
	let root: string;
	let issuer: Issuer;
	let ca: string;
	let first: NodeIdentity;
	let nowMs: number;
	const paths = () => nodePaths(root);

	beforeEach(async () => {
		nowMs = start;
		root = mkdtempSync(join(tmpdir(), 'kubejoin-node-'));
		const caPair = await generateKeyPair('ECDSA-P256');
		ca = buildCaCertificate(
			{ commonName: 'kubernetes', dnsNames: [], notBefore: start - lifeMs, notAfter: start + 1_000 * lifeMs },
			caPair,
		);
		issuer = createIssuer(parseCertificates(ca)[0], caPair.privateKey);
		const pair = await generateKeyPair('ECDSA-P256');
		const server = { url: 'https://h:6443', target: 'h:6443', ca: ca as PinnedCa };
		first = await storeIdentity(
			paths(),
			{ certificate: sign(spkiOf(pair.publicKey)), key: writePrivateKey(pair.privateKey), server, nodeName: 'n' },
			start,
		);
	});
	afterEach(() => rmSync(root, { recursive: true }));

	const sign = (spki: Buffer, name = 'n') =>
		buildCertificate(
			{
				subject: { commonName: `system:node:${name}`, organizations: ['system:nodes'] },
				spki,
				notBefore: nowMs,
				notAfter: nowMs + lifeMs,
				usages: ['digital signature', 'client auth'],
			},
			issuer,
		);

	type Answer = 'issued' | 'denied' | 'failed' | 'gone' | 'crash' | 'of-another';
	/**
	 * An API server with a list of answers; after the last, the node is stopped. Time passes only while all parties, such
	 * as heartbeats and renewal, wait.
	 */
	function world(answers: readonly Answer[], parties = 1) {
		const waiting = new Map<() => void, number>();
		const advance = () => {
			if (waiting.size < parties) return;
			nowMs = Math.max(nowMs, Math.min(...waiting.values()));
			for (const [resume, atMs] of waiting) if (atMs <= nowMs && waiting.delete(resume)) resume();
		};
		const stopping = new AbortController();
		stopping.signal.addEventListener('abort', () => {
			for (const resume of waiting.keys()) resume();
		});
		const requests: string[] = [];
		const askedWith: string[] = [];
		const waited: number[] = [];
		const stored = new Map<string, CertificateSigningRequest>();
		const connections = { open: 0 };
		const registrations = { count: 0 };
		let used = 0;
		const api = (serial: string) => ({
			nodes: {
				async create(node: object) {
					registrations.count++;
					return { ...node, metadata: { uid: 'u' } };
				},
				get: async () => ({ metadata: {}, status: {} }),
				updateStatus: async (node: object) => node,
			},
			leases: {
				create: async (lease: Lease) => lease,
				async renew(lease: Lease) {
					if (lease.metadata.name !== 'deleted') return lease;
					throw new KubejoinError('API_NOT_FOUND', { resource: 'leases', group: '', name: 'n' } as never);
				},
			},
			certificateSigningRequests: {
				async create(csr: CertificateSigningRequest) {
					const name = csr.metadata.name ?? '';
					askedWith.push(serial);
					if (answers[used] === 'gone') {
						used++;
						throw new KubejoinError('CONNECTION_REFUSED', { target: 'h:6443', problem: 'gone' });
					}
					if (stored.has(name))
						throw new KubejoinError('API_ALREADY_EXISTS', {
							resource: 'certificatesigningrequests',
							group: 'certificates.k8s.io',
							name,
						});
					requests.push(name);
					const made = { ...csr, metadata: { ...csr.metadata, uid: name } };
					stored.set(name, made);
					return made;
				},
				get: async (name: string) => stored.get(name),
				async *watch({ fieldSelector = '' }) {
					const csr = stored.get(fieldSelector.slice('metadata.name='.length));
					const answer = answers[used++];
					const condition = (type: string) => ({ type, status: 'True', reason: 'R', message: 'M' });
					const { spki } = parseCsr(Buffer.from(csr?.spec.request ?? '', 'base64').toString());
					const issued = () => Buffer.from(sign(spki, answer === 'of-another' ? 'm' : 'n')).toString('base64');
					if (answer === 'crash' || answer === undefined) {
						stopping.abort();
						return;
					}
					const type = answer === 'denied' ? 'Denied' : answer === 'failed' ? 'Failed' : 'Approved';
					yield {
						type: 'MODIFIED',
						object: {
							...csr,
							status: { conditions: [condition(type)], ...(type === 'Approved' ? { certificate: issued() } : {}) },
						},
					};
				},
			},
		});
		const tools = {
			dial: {
				asNode(_server: object, identity: NodeIdentity) {
					connections.open++;
					return { api: api(identity.serial), close: () => void connections.open-- };
				},
			},
			paths: paths(),
			say: () => undefined,
			clock: () => nowMs,
			async waitUntil(atMs: number, signal: AbortSignal) {
				waited.push(atMs - nowMs);
				if (signal.aborted) return;
				await new Promise<void>((resolve) => {
					waiting.set(resolve, atMs);
					// Other tasks run first, as with real time.
					setImmediate(advance);
				});
			},
			signal: stopping.signal,
			retryMs: 0,
		} as unknown as JoinContext;
		return { tools, requests, askedWith, waited, connections, registrations, stop: () => stopping.abort() };
	}
	async function run(answers: readonly Answer[]) {
		const { tools, stop, ...seen } = world(answers);
		const rotated: NodeIdentity[] = [];
		const refused: { code: ErrorCode; retryMs: number }[] = [];
		let left = answers.length;
		const onEach = () => --left === 0 && stop();
		await keepRenewed(
			tools,
			first,
			{
				onRotated(identity) {
					rotated.push(identity);
					onEach();
				},
				onRefused({ code }, retryMs) {
					refused.push({ code, retryMs });
					onEach();
				},
			},
			() => 0,
		);
		return { ...seen, rotated, refused };
	}
	const codes = (refused: readonly { code: ErrorCode }[]) => refused.map(({ code }) => code);

	it('requests each certificate with the current one and a new key', async () => {
		const { rotated, askedWith, requests, waited, connections } = await run(['issued', 'issued', 'issued']);
		assert.deepEqual(waited.slice(0, 3), [70 * second, 70 * second, 70 * second]);
		assert.deepEqual(askedWith, [first.serial, rotated[0]?.serial, rotated[1]?.serial]);
		assert.equal(new Set(requests).size, 3);
		assert.equal(new Set([first, ...rotated].map(({ key }) => key)).size, 4);
		assert.deepEqual(await loadIdentity(paths()), rotated[2]);
		assert.equal(existsSync(paths().pendingRotationKey), false);
		assert.equal(connections.open, 0);
	});

	it('creates a new key and a new request after a denial and a failure, and waits longer each time', async () => {
		const { refused, rotated, requests } = await run(['denied', 'failed', 'issued', 'denied']);
		assert.deepEqual(codes(refused), ['CSR_DENIED', 'CSR_FAILED', 'CSR_DENIED']);
		assert.deepEqual(
			refused.map(({ retryMs }) => retryMs),
			[2_000, 4_000, 2_000],
		);
		assert.equal(new Set(requests).size, 4);
		assert.equal(rotated.length, 1);
	});

	it('keeps its key while the API server is unavailable', async () => {
		const { refused, requests } = await run(['gone', 'gone', 'issued']);
		assert.deepEqual(codes(refused), ['CONNECTION_REFUSED', 'CONNECTION_REFUSED']);
		assert.equal(requests.length, 1);
	});

	it('refuses the certificate of another node, and keeps its own', async () => {
		const { refused, rotated } = await run(['of-another']);
		assert.deepEqual(codes(refused), ['CERTIFICATE_UNUSABLE']);
		assert.deepEqual([rotated, existsSync(paths().pendingRotationKey)], [[], false]);
		assert.deepEqual(await loadIdentity(paths()), first);
	});

	it('reports a damaged pending key once, and creates another', async () => {
		await makePrivateDirectory(paths().certificateDirectory);
		writeFileSync(paths().pendingRotationKey, 'torn');
		const { refused, rotated } = await run(['issued', 'issued']);
		assert.deepEqual([codes(refused), rotated.length], [['KEY_MALFORMED'], 1]);
	});

	it('continues at once with the same key and request after a crash between request and certificate', async () => {
		const crashed = world(['crash', 'issued']);
		await keepRenewed(
			crashed.tools,
			first,
			{ onRotated: () => assert.fail(), onRefused: () => assert.fail() },
			() => 0,
		);
		assert.ok(existsSync(paths().pendingRotationKey));
		const again = await run(['issued']).catch((error: unknown) => assert.fail(String(error)));
		assert.ok(again.waited.includes(0));
		assert.deepEqual(again.requests, crashed.requests);
		assert.equal(again.rotated.length, 1);
	});

	it('does not use its current key as a pending key after a crash before the clean-up', async () => {
		writeFileSync(paths().pendingRotationKey, first.key);
		const { waited, rotated } = await run(['issued']);
		assert.equal(waited[0], 70 * second);
		assert.notEqual(rotated[0]?.key, first.key);
	});

	it('ends when the certificate has expired', async () => {
		const { tools, stop } = world(Array(100).fill('denied'));
		const refused: string[] = [];
		await keepRenewed(
			tools,
			first,
			{ onRotated: () => assert.fail(), onRefused: ({ code }) => void refused.push(code) },
			() => 0,
		);
		assert.equal(nowMs, start + lifeMs);
		// At 70, 72, 76, 84 and 100 seconds; the last is after the expiry.
		assert.deepEqual(refused, Array(4).fill('CSR_DENIED'));
		stop();
	});

	it('sends heartbeats with the new certificate, closes the old connection, and reports why a renewal failed', async () => {
		const answers: readonly Answer[] = ['issued', 'issued', ...Array<Answer>(100).fill('denied')];
		const { tools, connections } = world(answers, 2);
		const serials: string[] = [];
		let beats = 0;
		let mostOpen = 0;
		const ended = await stay(tools, {
			identity: first,
			onBeat() {
				beats++;
				mostOpen = Math.max(mostOpen, connections.open);
			},
			onRotated: ({ serial }) => void serials.push(serial),
			onRefused: () => undefined,
		});
		assert.equal(ended?.refusal?.code, 'CSR_DENIED');
		assert.equal(serials.length, 2);
		assert.equal(connections.open, 0);
		assert.ok(beats > 10, `${beats} heartbeats`);
		assert.ok(mostOpen <= 2, 'a heartbeat and a rotation have a connection each, and nothing else has');
	});

	it('continues with the registration of its join, and registers when that is lost', async () => {
		const { tools, registrations } = world(['issued', ...Array<Answer>(100).fill('denied')], 2);
		const lease = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name: 'n' } };
		const stayFrom = (known: Omit<Registration, 'becameReady'>) => {
			const registration = { ...known, becameReady: true };
			registrations.count = 0;
			const none = () => undefined;
			return stay(tools, { identity: first, registration, onBeat: none, onRotated: none, onRefused: none });
		};
		await stayFrom({ nodeUid: 'u', lease });
		assert.equal(registrations.count, 0);
		nowMs = start;
		await stayFrom({ nodeUid: 'u', lease: { ...lease, metadata: { name: 'deleted' } } });
		assert.equal(registrations.count, 1);
	});

	it('keeps the newest files, and two files for two certificates of one second', async () => {
		for (let number = 0; number < 12; number++) {
			const { publicKey, privateKey } = await generateKeyPair('ECDSA-P256');
			const certificate = sign(spkiOf(publicKey));
			await storeIdentity(paths(), { ...first, certificate, key: writePrivateKey(privateKey) }, start + second);
			assert.equal((await loadIdentity(paths()))?.certificate, certificate);
		}
		const files = readdirSync(paths().certificateDirectory).filter((name) => name.endsWith('.pem'));
		assert.equal(readlinkSync(paths().currentCertificate), 'kubelet-client-2026-06-01-00-00-01-11.pem');
		assert.equal(files.length, 1 + 1 + 10);
		assert.ok(!files.includes('kubelet-client-2026-06-01-00-00-00.pem'), 'the oldest is gone');
	});
});
