import assert from 'node:assert/strict';
import { trace } from '@opentelemetry/api';
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { KubejoinError } from '../../lib/errors.ts';
import { type ApiResource, resources } from '../../lib/kube/resources.ts';
import type { KubeObject } from '../../lib/kube/types.ts';
import { limits } from '../../lib/limits.ts';
import { createCsr } from '../../lib/pki/csr.ts';
import { createCsrReader } from '../../lib/pki/csr-reader.ts';
import { generateKeyPair } from '../../lib/pki/keys.ts';
import { TlsReport } from '../../lib/rpc/tls-report.ts';
import type { Pipeline, UnauthenticatedRequest } from './pipeline.ts';
import type { Credentials } from './request/api-request.ts';
import { observeJoins } from './seen-joins.ts';

const peer = (address: string, node?: string): Credentials['peer'] => ({
	address,
	certificate:
		node === undefined
			? { state: 'none' }
			: {
					state: 'verified',
					commonName: `system:node:${node}`,
					organizations: ['system:nodes'],
					fingerprint: 'f',
					notBefore: 0,
					notAfter: 0,
				},
});
const withToken = (address = '10.0.0.7:4711'): Credentials => ({
	peer: peer(address),
	authorization: 'Bearer abcdef.0123456789abcdef',
	impersonation: [],
});
const asNode = (node: string): Credentials => ({
	peer: peer('10.0.0.7:4712', node),
	authorization: undefined,
	impersonation: [],
});

describe('a join of a client that sends no trace', () => {
	const exporter = new InMemorySpanExporter();
	let now: number;
	let answer: object | Error;
	let counted: string[];
	let pipeline: Pipeline;
	let endUnfinished: () => void;
	let request64: string;

	before(async () => {
		trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }));
		const subject = { commonName: 'system:node:real-1', organizations: ['system:nodes'] };
		request64 = Buffer.from(createCsr({ subject }, await generateKeyPair('ECDSA-P256'))).toString('base64');
	});
	after(() => trace.disable());
	beforeEach(() => {
		exporter.reset();
		now = 1_700_000_000_000;
		counted = [];
		const inner = {
			async execute() {
				now += 2;
				if (answer instanceof Error) throw answer;
				return answer as KubeObject;
			},
		} as unknown as Pipeline;
		({ pipeline, endUnfinished } = observeJoins(inner, {
			nowMs: () => now,
			count: (limit) => void counted.push(limit),
			readCsr: createCsrReader(),
		}));
	});

	const ask = async (
		resource: ApiResource,
		verb: string,
		more: Partial<UnauthenticatedRequest>,
		credentials: Credentials,
		result: object | Error = { metadata: {} },
	) => {
		now += 10;
		answer = result;
		const request = { resource, verb, subresource: '', namespace: '', name: '', ...more } as UnauthenticatedRequest;
		await pipeline.execute(request, credentials).catch(() => undefined);
	};
	const readConfig = async (credentials = withToken()) => {
		for (const name of ['kubeadm-config', 'kube-proxy', 'kubelet-config'])
			await ask(resources.configMaps, 'get', { namespace: 'kube-system', name }, credentials);
	};
	const notFound = new KubejoinError('API_NOT_FOUND', { resource: 'nodes', group: '', name: 'real-1' });
	const checkName = (credentials = withToken()) =>
		ask(resources.nodes, 'get', { name: 'real-1' }, credentials, notFound);
	const csr = (status: object = {}) => ({
		metadata: { name: 'node-csr-x' },
		spec: { request: request64, signerName: 'kubernetes.io/kube-apiserver-client-kubelet', usages: ['client auth'] },
		status,
	});
	const requestCertificate = () => ask(resources.certificateSigningRequests, 'create', {}, withToken(), csr());
	const decide = (subresource: string, status: object) =>
		ask(
			resources.certificateSigningRequests,
			'update',
			{ subresource, name: 'node-csr-x' },
			{ peer: peer('127.0.0.1:1'), authorization: undefined, impersonation: [] },
			csr(status),
		);
	const approved = [{ type: 'Approved', status: 'True' }];
	const spans = () => exporter.getFinishedSpans();
	const rootSpan = () => spans().find(({ name }) => name === 'join');
	const phaseNames = () =>
		spans()
			.filter(({ attributes }) => 'kubejoin.trust' in attributes)
			.map(({ name }) => name);

	it('is one trace with the phases that the server sees, from the token to the Node', async () => {
		await readConfig();
		await checkName();
		await requestCertificate();
		await decide('approval', { conditions: approved });
		await decide('status', { conditions: approved, certificate: 'eA==' });
		assert.equal(rootSpan(), undefined);
		await ask(resources.nodes, 'create', { name: 'real-1' }, asNode('real-1'));
		assert.deepEqual(phaseNames(), [
			'tls-bootstrap/read-config',
			'tls-bootstrap/check-node-name',
			'tls-bootstrap/request-certificate',
			'register',
		]);
		assert.equal(new Set(spans().map((span) => span.spanContext().traceId)).size, 1);
		const root = rootSpan();
		assert.equal(root?.attributes['k8s.node.name'], 'real-1');
		assert.equal(root?.attributes['error.type'], undefined);
		const phase = spans().find(({ name }) => name === 'tls-bootstrap/request-certificate');
		assert.equal(phase?.attributes['kubejoin.moment'], 'cluster-trusts-node');
		assert.deepEqual(
			phase?.events.map(({ attributes }) => attributes?.['kubejoin.seen.what']),
			['csr "node-csr-x" Approved', 'csr "node-csr-x" Approved,Issued'],
		);
		const messages = spans().filter(({ attributes }) => 'kubejoin.user' in attributes);
		assert.deepEqual(
			messages.map(({ attributes }) => [attributes['kubejoin.request.what'], attributes['kubejoin.tls']]),
			[
				['configmaps kube-system/kubeadm-config', 'one-way'],
				['configmaps kube-system/kube-proxy', 'one-way'],
				['configmaps kube-system/kubelet-config', 'one-way'],
				['nodes real-1', 'one-way'],
				['certificatesigningrequests.certificates.k8s.io', 'one-way'],
				['nodes real-1', 'mutual'],
			],
		);
		assert.equal(messages[0]?.attributes['kubejoin.user'], 'system:bootstrap:abcdef');
	});

	it('has the connection of each request, which its client closed before the phase ended', async () => {
		let isOpen = true;
		const read = () => ({ attributes: isOpen ? { 'tls.cipher': 'c' } : {}, chains: {} });
		const { peer: from, ...credentials } = withToken();
		await readConfig({ ...credentials, peer: { ...from, tls: new TlsReport(read) } });
		isOpen = false;
		await checkName();
		const messages = spans().filter(({ attributes }) => 'kubejoin.user' in attributes);
		assert.deepEqual(
			messages.map(({ attributes }) => attributes['tls.cipher']),
			['c', 'c', 'c'],
		);
		assert.ok(!JSON.stringify(spans().map(({ attributes }) => attributes)).includes('0123456789abcdef'));
	});

	it('has failed when its request is denied', async () => {
		await requestCertificate();
		await decide('approval', { conditions: [{ type: 'Denied', status: 'True', reason: 'R', message: 'no' }] });
		assert.equal(rootSpan()?.attributes['error.type'], 'CSR_DENIED');
		assert.equal(rootSpan()?.attributes['k8s.node.name'], 'real-1');
	});

	it('has failed when a Ready node has its name', async () => {
		await readConfig();
		const ready = { metadata: {}, status: { conditions: [{ type: 'Ready', status: 'True' }] } };
		await ask(resources.nodes, 'get', { name: 'real-1' }, withToken(), ready);
		assert.equal(rootSpan()?.attributes['error.type'], 'NODE_NAME_TAKEN');
	});

	it('ends as unfinished after a time, or when kubeadm begins again', async () => {
		await readConfig();
		await readConfig();
		assert.equal(rootSpan()?.attributes['error.type'], 'JOIN_UNFINISHED');
		assert.equal(rootSpan()?.status.message, 'a client with the same token and address began another join');
		exporter.reset();
		now += limits.seenJoinMs.value;
		endUnfinished();
		assert.equal(rootSpan(), undefined);
		now += 1;
		endUnfinished();
		assert.equal(rootSpan()?.attributes['error.type'], 'JOIN_UNFINISHED');
		assert.match(rootSpan()?.status.message ?? '', /^the node sent no further request of its join within \d+ s$/);
	});

	it('does not begin with a token beside a certificate, which nothing has verified', async () => {
		const both = { ...withToken(), peer: peer('10.0.0.7:4711', 'other') };
		await readConfig(both);
		await readConfig(both);
		assert.deepEqual(spans(), []);
	});

	it('is apart from a join with the same token from another address', async () => {
		await readConfig();
		await readConfig(withToken('10.0.0.8:1'));
		await requestCertificate();
		await decide('status', { conditions: approved, certificate: 'eA==' });
		await ask(resources.nodes, 'create', { name: 'real-1' }, asNode('real-1'));
		assert.deepEqual(phaseNames(), ['tls-bootstrap/read-config', 'tls-bootstrap/request-certificate', 'register']);
	});

	it('contains only allowed requests, and is ended by its own node', async () => {
		await ask(
			resources.configMaps,
			'get',
			{ namespace: 'kube-system', name: 'kubeadm-config' },
			withToken(),
			new Error(),
		);
		await requestCertificate();
		await ask(resources.nodes, 'create', { name: 'real-1' }, asNode('real-1'));
		await decide('status', { conditions: approved, certificate: 'eA==' });
		await ask(resources.nodes, 'create', { name: 'other' }, asNode('other'));
		assert.equal(rootSpan(), undefined);
		assert.deepEqual(phaseNames(), ['tls-bootstrap/request-certificate']);
	});

	it('is not shown when too many begin within a second', async () => {
		const begin = (client: number) =>
			ask(
				resources.configMaps,
				'get',
				{ namespace: 'kube-system', name: 'kubelet-config' },
				withToken(`10.2.0.${client}:1`),
			);
		for (let client = 0; client <= limits.seenJoinStarts.value; client++) await begin(client);
		assert.deepEqual(counted, ['seenJoinStarts']);
		now += 1_000;
		await begin(99);
		assert.equal(counted.length, 1);
	});

	it('is bounded in number; the oldest ends as unfinished', async () => {
		for (let i = 0; i <= limits.seenJoins.value; i++) {
			now += 1_000;
			await readConfig(withToken(`10.1.${i >> 8}.${i & 255}:1`));
		}
		assert.deepEqual(counted, ['seenJoins']);
		assert.equal(rootSpan()?.attributes['error.type'], 'JOIN_UNFINISHED');
	});
});
