import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ErrorCode, hasCode, KubejoinError } from '../../../lib/errors.ts';
import type { CertificateSigningRequest } from '../../../lib/kube/types.ts';
import { nodePaths } from '../../../lib/node-paths.ts';
import { generateKeyPair, type KeyPair } from '../../../lib/pki/keys.ts';
import type { PinnedCa } from '../trust.ts';
import { createKey } from './create-key.ts';
import type { JoinContext } from './join-context.ts';
import { decided, requestCertificate, requestName } from './request-certificate.ts';

type Status = NonNullable<CertificateSigningRequest['status']>;
const csrWith = (status: Status, spec = {}): CertificateSigningRequest => ({
	apiVersion: 'certificates.k8s.io/v1',
	kind: 'CertificateSigningRequest',
	metadata: { name: 'c', uid: 'u' },
	spec: { request: '', signerName: '', usages: [], ...spec },
	status,
});
const condition = (type: string) => ({ type, status: 'True', reason: 'R', message: 'M' });
const certificate = Buffer.from('PEM').toString('base64');

describe('requesting a certificate', () => {
	let root: string;
	let keyPair: KeyPair;
	const said: string[] = [];
	beforeEach(async () => {
		said.length = 0;
		root = mkdtempSync(join(tmpdir(), 'kubejoin-node-'));
		({ keyPair } = await createKey({ paths: nodePaths(root), say: () => undefined }).run({}));
	});
	afterEach(() => rmSync(root, { recursive: true }));

	/** The requests of the API, and a list of events for each watch. */
	function fakeRequests(
		watches: readonly (readonly CertificateSigningRequest[])[],
		present?: CertificateSigningRequest,
	) {
		let watched = 0;
		const created: CertificateSigningRequest[] = [];
		return {
			created,
			api: {
				create: async (object: CertificateSigningRequest) => {
					if (present !== undefined)
						throw new KubejoinError('API_ALREADY_EXISTS', {
							resource: 'certificatesigningrequests',
							group: 'certificates.k8s.io',
							name: 'c',
						});
					created.push(object);
					return { ...object, metadata: { ...object.metadata, uid: 'u' } };
				},
				get: async () => present,
				async *watch() {
					for (const object of watches[watched++] ?? []) yield { type: 'MODIFIED', object };
				},
			},
		};
	}
	async function run(api: object, signal = new AbortController().signal, timeoutMs = 1_000) {
		const close = () => undefined;
		const tools = {
			dial: { withCredential: () => ({ api: { certificateSigningRequests: api }, close }) },
			paths: nodePaths(root),
			say: (line: string) => void said.push(line),
			signal,
			retryMs: 0,
		} as unknown as JoinContext;
		const server = { url: 'https://h:1', target: 'h:1', ca: '' as PinnedCa };
		return requestCertificate(tools).run({
			server,
			credential: { token: 'abcdef.0123456789abcdef' },
			nodeName: 'n',
			keyPair,
			tlsBootstrapTimeoutMs: timeoutMs,
		});
	}
	const refusedWith = (code: ErrorCode, work: Promise<unknown>) =>
		assert.rejects(work, (error) => hasCode(error, code));
	const issued = csrWith({ conditions: [condition('Approved')], certificate });

	it('requests a certificate for its node name, and returns it', async () => {
		const { api, created } = fakeRequests([[csrWith({}), issued]]);
		assert.deepEqual(await run(api), { claimedCertificate: 'PEM' });
		const [request] = created;
		assert.deepEqual(
			[request?.spec.signerName, request?.spec.usages],
			['kubernetes.io/kube-apiserver-client-kubelet', ['digital signature', 'client auth']],
		);
		const pem = Buffer.from(request?.spec.request ?? '', 'base64').toString();
		assert.match(
			execFileSync('openssl', ['req', '-noout', '-subject', '-verify'], {
				input: pem,
				encoding: 'utf8',
				stdio: ['pipe', 'pipe', 'ignore'],
			}),
			/O = system:nodes, CN = system:node:n/,
		);
	});

	it('watches again when a watch ends, and ignores a certificate before the approval', async () => {
		const { api } = fakeRequests([[csrWith({ certificate })], [], [issued]]);
		assert.deepEqual(await run(api), { claimedCertificate: 'PEM' });
	});

	it('retries when token-store is unavailable, and not when the token is refused', async () => {
		const { api, created } = fakeRequests([[issued]]);
		const failures: Error[] = [new KubejoinError('AUTHENTICATOR_UNAVAILABLE', { retryAfterSeconds: 1 })];
		const create = async (object: CertificateSigningRequest) => {
			const failure = failures.shift();
			if (failure !== undefined) throw failure;
			return api.create(object);
		};
		assert.deepEqual(await run({ ...api, create }), { claimedCertificate: 'PEM' });
		assert.equal(created.length, 1);
		assert.match(said[0] ?? '', /Waiting for the API server to create the request: .*token-store is unavailable$/);
		failures.push(new KubejoinError('API_UNAUTHORIZED', {}));
		await refusedWith('API_UNAUTHORIZED', run({ ...api, create }));
	});

	it('continues with its own request', async () => {
		const first = fakeRequests([[issued]]);
		await run(first.api);
		const [made] = first.created;
		assert.ok(made);
		const again = fakeRequests([[issued]], { ...made, metadata: { ...made.metadata, uid: 'u' } });
		assert.deepEqual(await run(again.api), { claimedCertificate: 'PEM' });
	});

	it('fails with CERTIFICATE_UNUSABLE when the request of that name has another key', async () => {
		const mine = fakeRequests([[issued]]);
		await run(mine.api);
		const [made] = mine.created;
		assert.ok(made);
		keyPair = await generateKeyPair('ECDSA-P256');
		await refusedWith('CERTIFICATE_UNUSABLE', run(fakeRequests([[issued]], made).api));
	});

	it('deletes the key after CSR_DENIED and CSR_FAILED, because its request stays refused', async () => {
		for (const [type, code] of [
			['Denied', 'CSR_DENIED'],
			['Failed', 'CSR_FAILED'],
		] as const) {
			await createKey({ paths: nodePaths(root), say: () => undefined }).run({});
			await refusedWith(code, run(fakeRequests([[csrWith({ conditions: [condition(type)] })]]).api));
			assert.equal(existsSync(nodePaths(root).pendingKey), false);
		}
	});

	it('fails with CSR_FAILED when another request replaces its own', async () => {
		await refusedWith('CSR_FAILED', run(fakeRequests([[{ ...issued, metadata: { name: 'c', uid: 'other' } }]]).api));
	});

	it('fails with CSR_TIMEOUT without a decision, and keeps the key', async () => {
		await refusedWith('CSR_TIMEOUT', run(fakeRequests([]).api, undefined, 20));
		assert.ok(existsSync(nodePaths(root).pendingKey));
	});

	it('ends with an abort', async () => {
		const stopping = new AbortController();
		stopping.abort();
		await assert.rejects(run(fakeRequests([]).api, stopping.signal), { name: 'AbortError' });
	});

	it('ends with the reason of the abort while it waits, and keeps the key', async () => {
		const stopping = new AbortController();
		const { api } = fakeRequests([]);
		const waits = {
			...api,
			async *watch(_: object, ending: AbortSignal) {
				setImmediate(() => stopping.abort(new KubejoinError('NODE_STOPPED', {})));
				await once(ending, 'abort');
			},
		};
		await refusedWith('NODE_STOPPED', run(waits, stopping.signal, 60_000));
		assert.ok(existsSync(nodePaths(root).pendingKey));
	});

	it('derives the name of a request from key, name, groups and usages, as the kubelet does', () => {
		const field = (text: string) => `${Buffer.from(text).toString('base64url')}|`;
		const text = ['KEY', 'CN', 'O', 'digital signature', 'client auth'].map(field).join('');
		assert.equal(
			requestName('KEY', 'CN', ['O']),
			`node-csr-${createHash('sha512-256').update(text).digest('base64url')}`,
		);
	});

	it('returns no certificate before Approved', () => {
		assert.equal(decided(csrWith({ certificate })), undefined);
		assert.equal(decided(csrWith({ conditions: [condition('Approved')] })), undefined);
		assert.equal(decided(issued), 'PEM');
	});
});
