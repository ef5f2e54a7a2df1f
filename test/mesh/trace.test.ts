/** The trace of a join at an OpenTelemetry collector, from the node through the controller to the CA and the store. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { get } from 'node:https';
import { apiClient } from '../../lib/kube/client.ts';
import { withBearerToken } from '../../lib/rpc/channel.ts';
import { eventually, startTestMesh, type TestMesh } from './mesh.ts';

interface Span {
	readonly traceId: string;
	readonly spanId: string;
	readonly parentSpanId?: string;
	readonly name: string;
	readonly service: string;
	readonly attributes: Readonly<Record<string, unknown>>;
}

interface OtlpSpan extends Omit<Span, 'attributes' | 'service'> {
	readonly attributes: readonly { readonly key: string; readonly value: Readonly<Record<string, unknown>> }[];
}
interface OtlpRequest {
	readonly resourceSpans: readonly {
		readonly resource: { readonly attributes: OtlpSpan['attributes'] };
		readonly scopeSpans: readonly { readonly spans: readonly OtlpSpan[] }[];
	}[];
}

const readAttributes = (attributes: OtlpSpan['attributes']) =>
	Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]));

describe('traces', () => {
	const spans: Span[] = [];
	const bodies: string[] = [];
	let collector: Server;
	let mesh: TestMesh;
	let token: string;

	before(async () => {
		collector = createServer(async (request, response) => {
			const chunks: Buffer[] = [];
			for await (const chunk of request) chunks.push(chunk as Buffer);
			const body = Buffer.concat(chunks).toString();
			bodies.push(body);
			for (const { resource, scopeSpans } of (JSON.parse(body) as OtlpRequest).resourceSpans) {
				const service = String(readAttributes(resource.attributes)['service.name']);
				for (const span of scopeSpans.flatMap((scope) => scope.spans))
					spans.push({ ...span, service, attributes: readAttributes(span.attributes) });
			}
			response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
		});
		collector.listen(0, '127.0.0.1');
		await once(collector, 'listening');
		const address = collector.address();
		const url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
		mesh = await startTestMesh({ telemetry: { OTEL_EXPORTER_OTLP_ENDPOINT: url } });
		token = await mesh.createToken();
		await mesh.startNode('node-1', 0, mesh.joinConfig({ token, discovery: '20s' }));
	});
	after(async () => {
		await mesh?.stopAndRemove();
		collector?.closeAllConnections();
		collector?.close();
	});

	const joined = () =>
		eventually(10, () => {
			const root = spans.find(({ name, service }) => name === 'join' && service === 'kubelet-sim');
			assert.ok(root, 'the join has not ended');
			const trace = spans.filter(({ traceId }) => traceId === root.traceId);
			assert.ok(
				trace.some(({ name, service }) => service === 'ca-service' && name.endsWith('/Sign')),
				'nothing was signed',
			);
			return { root, trace };
		});

	it('contain each phase of a join, and spans of every service, in one trace', async () => {
		const { root, trace } = await joined();
		assert.equal(root.attributes['k8s.node.name'], 'node-1');
		const phases = trace.filter(({ parentSpanId }) => parentSpanId === root.spanId).map(({ name }) => name);
		assert.deepEqual(phases.sort(), [
			'discovery/confirm',
			'discovery/fetch-cluster-info',
			'discovery/pin-ca',
			'discovery/verify-signature',
			'preflight',
			'register',
			'tls-bootstrap/check-node-name',
			'tls-bootstrap/create-key',
			'tls-bootstrap/read-config',
			'tls-bootstrap/request-certificate',
			'tls-bootstrap/verify-certificate',
		]);
		assert.deepEqual([...new Set(trace.map(({ service }) => service))].sort(), [
			'apiserver-sim',
			'ca-service',
			'controller-manager-sim',
			'kubelet-sim',
			'token-store',
		]);
	});

	it('contain the reason of an approval, and that of a 401, which the client does not receive', async () => {
		const { trace } = await joined();
		const decision = trace.find(
			({ name, attributes }) => name === 'csr-approving' && attributes['kubejoin.decision'] === 'approved',
		);
		assert.match(
			String(decision?.attributes['kubejoin.decision.reason']),
			/^RBAC: allowed by ClusterRoleBinding "kubeadm:node-autoapprove-bootstrap"/,
		);
		const channel = withBearerToken(mesh.channel(mesh.endpoint, { ca: mesh.ca }), 'aaaaaa.0123456789abcdef');
		const traceparent = '00-1af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
		await assert.rejects(
			apiClient({ ...channel, metadata: { ...channel.metadata, traceparent } }).nodes.list(),
			(error: Error) => error.message === 'Unauthorized' && !JSON.stringify(error).includes('bearer'),
		);
		await eventually(10, () => {
			const refused = spans.find(
				({ service, attributes }) =>
					service === 'apiserver-sim' && attributes['kubejoin.unauthorized.why'] !== undefined,
			);
			assert.match(JSON.stringify(refused?.attributes ?? {}), /invalid bearer token/);
		});
	});

	it('contain the SubjectAccessReview, the signature and the store in the phase request-certificate', async () => {
		const { trace } = await joined();
		const byId = new Map(trace.map((span) => [span.spanId, span]));
		const pathOf = (span: Span | undefined): string[] =>
			span === undefined ? [] : [...pathOf(byId.get(span.parentSpanId ?? '')), span.name];
		for (const [service, name] of [
			['ca-service', 'kubejoin.v1.CertificateAuthority/Sign'],
			['apiserver-sim', 'kubejoin.v1.SubjectAccessReviews/Create'],
			['apiserver-sim', 'registry create'],
			['token-store', 'tokens get'],
		]) {
			const found = trace.filter((span) => span.service === service && span.name === name);
			assert.ok(found.length > 0, `${service} ${name}`);
			assert.ok(
				found.some((span) => pathOf(span)[0] === 'join'),
				pathOf(found[0]).join(' > '),
			);
		}
		const signature = trace.find((span) => span.service === 'ca-service' && span.name.endsWith('/Sign'));
		assert.ok(pathOf(signature).includes('tls-bootstrap/request-certificate'), pathOf(signature).join(' > '));
	});

	it('contain each decision and its reason', async () => {
		const { trace } = await joined();
		const attribute = (name: string, key: string) =>
			trace.filter((span) => span.name === name).map(({ attributes }) => attributes[key]);
		assert.deepEqual(attribute('discovery/verify-signature', 'kubejoin.jws.header'), [
			`{"alg":"HS256","kid":"${token.slice(0, 6)}"}`,
		]);
		assert.ok(
			attribute('kubejoin.v1.TokenStore/Verify', 'kubejoin.token.user').includes(
				`system:bootstrap:${token.slice(0, 6)}`,
			),
		);
		assert.ok(
			attribute('kubejoin.v1.CertificateSigningRequests/Create', 'kubejoin.decision.reason').some((reason) =>
				String(reason).startsWith('RBAC: allowed by ClusterRoleBinding "kubeadm:kubelet-bootstrap"'),
			),
		);
		assert.ok(
			attribute('kubejoin.v1.CertificateAuthority/Sign', 'kubejoin.certificate.subject').includes(
				'O=system:nodes, CN=system:node:node-1',
			),
		);
	});

	it('continue the trace of an HTTPS client, down to the store', async () => {
		const traceId = '0af7651916cd43dd8448eb211c80319c';
		const path = '/api/v1/namespaces/kube-public/configmaps/cluster-info';
		await new Promise((resolve, reject) => {
			const headers = { traceparent: `00-${traceId}-b7ad6b7169203331-01` };
			get(`https://${mesh.endpoint}${path}`, { ca: mesh.ca, agent: false, headers }, (response) =>
				response.resume().on('end', resolve),
			).once('error', reject);
		});
		await eventually(5, () => {
			const trace = spans.filter((span) => span.traceId === traceId);
			assert.deepEqual(trace.map(({ name }) => name).sort(), ['GET', 'registry get']);
			const message = trace.find(({ name }) => name === 'GET');
			assert.deepEqual(
				[message?.attributes['url.path'], String(message?.attributes['http.response.status_code'])],
				[path, '200'],
			);
			assert.equal(message?.attributes['kubejoin.user'], 'system:anonymous');
		});
	});

	it('contain no token secret and no key', async () => {
		await joined();
		const secret = token.split('.')[1] ?? '';
		for (const body of bodies) {
			assert.ok(!body.includes(secret));
			assert.ok(!body.includes('PRIVATE KEY'));
		}
	});
});
