/** The observer against a mesh: streams of a join and of a refused one, the cluster, actions and refusals. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { runProgram } from '../../lib/process-supervisor.ts';
import { eventually, startTestMesh, type TestMesh, tokensIn } from './mesh.ts';

interface Row {
	readonly name: string;
	readonly status?: string;
	readonly condition?: string;
	readonly heartbeatMs?: number;
	readonly certificate?: { readonly notBeforeMs: number; readonly rotateFromMs: number; readonly notAfterMs: number };
}
interface ClusterChange {
	readonly problem?: string;
	readonly rows: { readonly [kind: string]: { readonly set: readonly Row[] } | undefined };
	readonly tokens?: readonly { readonly id: string }[];
	readonly services?: readonly { readonly health: string }[];
}
interface Told {
	readonly event: string;
	readonly data: Record<string, unknown> & { readonly id?: string };
}

describe('the observer', () => {
	const stopping = new AbortController();
	const bodies: string[] = [];
	let mesh: TestMesh;
	let page: string;
	let token: string;
	let collector: Server;
	const forwarded: string[] = [];

	/** Follow a stream; the array grows. */
	async function follow(path: string): Promise<Told[]> {
		const told: Told[] = [];
		const response = await fetch(page + path, { signal: stopping.signal });
		assert.equal(response.status, 200);
		void (async () => {
			let text = '';
			for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
				bodies.push(chunk);
				text += chunk;
				for (let end = text.indexOf('\n\n'); end !== -1; end = text.indexOf('\n\n')) {
					const [, event = '', data = ''] = /^event: (.*)\ndata: (.*)$/m.exec(text.slice(0, end)) ?? [];
					if (event !== '') told.push({ event, data: JSON.parse(data) });
					text = text.slice(end + 2);
				}
			}
		})().catch(() => undefined);
		return told;
	}
	const of = (told: Told[], event: string) => told.filter((one) => one.event === event).map(({ data }) => data);
	/** The parts of the cluster that changes of a stream set, and the rows of a kind by their name. */
	const clusterOf = (told: Told[]) => {
		const changes = of(told, 'cluster') as unknown as ClusterChange[];
		const rowsOf = (kind: 'nodes' | 'requests') => {
			const sets = changes.flatMap(({ rows }) => rows[kind]?.set ?? []);
			return new Map(sets.map((row) => [row.name, row]));
		};
		return {
			...{ nodes: rowsOf('nodes'), requests: rowsOf('requests'), problem: changes.at(-1)?.problem },
			tokens: changes.findLast((one) => one.tokens)?.tokens ?? [],
			services: changes.findLast((one) => one.services)?.services ?? [],
		};
	};
	const joinOfNode = (told: Told[], node: string) => of(told, 'join').findLast((join) => join.node === node);
	const watch = (...args: string[]) =>
		runProgram({ name: 'watch', program: 'scripts/kubejoin.js', args: ['watch', '--url', page, ...args] });
	const post = async (path: string, headers: Record<string, string>, body: unknown = {}) => {
		const response = await fetch(page + path, {
			method: 'POST',
			headers: { 'content-type': 'application/json', ...headers },
			body: JSON.stringify(body),
		});
		return { status: response.status, body: (await response.json()) as Record<string, string> };
	};

	let early: Told[];
	before(async () => {
		collector = createServer(async (request, response) => {
			let body = '';
			for await (const chunk of request) body += chunk;
			forwarded.push(`${request.method} ${request.url} ${body}`);
			response.end('{}');
		});
		await once(collector.listen(0, '127.0.0.1'), 'listening');
		const telemetry = { OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${(collector.address() as AddressInfo).port}` };
		mesh = await startTestMesh({ telemetry, observer: { story: 'steps', columns: 80 } });
		page = mesh.page;
		early = await follow('/api/stream?steps=all');
		token = await mesh.createToken();
		await mesh.startNode('node-1', 0, mesh.joinConfig({ token, discovery: '20s' }));
		await mesh.joinAndFail({ token, pins: [`sha256:${'0'.repeat(64)}`] });
		await eventually(10, () => {
			assert.equal(joinOfNode(early, 'node-1')?.state, 'joined');
			assert.equal(joinOfNode(early, 'refused')?.state, 'refused');
		});
	});
	after(async () => {
		stopping.abort();
		await mesh?.stopAndRemove();
		collector?.close();
		collector?.closeAllConnections();
	});

	it('streams a join while it runs: every lane, both moments, the protection of each message', async () => {
		const { id } = joinOfNode(early, 'node-1') ?? assert.fail();
		await eventually(5, () => {
			const steps = new Map(of(early, 'step').flatMap((step) => (step.join === id ? [[step.id, step]] : [])));
			const all = [...steps.values()];
			assert.deepEqual([...new Set(all.flatMap(({ from, to }) => [from, to]))].sort(), [
				'apiserver-sim',
				'ca-service',
				'controller-manager-sim',
				'node-1',
				'token-store',
			]);
			const at = (moment: string) => all.find((step) => step.moment === moment)?.label;
			assert.deepEqual(
				[at('node-trusts-cluster'), at('cluster-trusts-node')],
				['discovery/confirm', 'tls-bootstrap/request-certificate'],
			);
			const own = all
				.filter(({ kind, from }) => kind === 'message' && from === 'node-1')
				.sort((a, b) => Number(a.startMs) - Number(b.startMs));
			assert.deepEqual(
				own.map(({ tls }) => tls),
				[...['unverified'], ...Array(5).fill('one-way'), 'mutual'],
			);
			const verify = all.find(({ label }) => label === 'TokenStore/Verify');
			assert.deepEqual([verify?.from, verify?.to, verify?.tls], ['apiserver-sim', 'token-store', 'mutual']);
			assert.ok(
				all.some(
					({ from, to, label }) =>
						from === 'controller-manager-sim' && to === 'ca-service' && label === 'CertificateAuthority/Sign',
				),
				'nothing was signed',
			);
		});
	});

	it('shows the phase, the cause and the remedy of a refused join', () => {
		const { phase, failure } = joinOfNode(early, 'refused') ?? assert.fail();
		assert.equal(phase, 'discovery/pin-ca');
		const { code, sentence, mostLikely, alsoPossible, remedy } = failure as Record<string, string>;
		assert.equal(code, 'CA_HASH_MISMATCH');
		assert.match(sentence ?? '', /none of the public keys "sha256:[0-9a-f]{64}" are pinned/);
		assert.match(mostLikely ?? '', /the pin belongs to another cluster/);
		assert.equal(alsoPossible?.length, 2);
		assert.match(remedy ?? '', /kubectl-sim token create/);
	});

	it('sends the same to a later reader', async () => {
		const late = await follow('/api/stream?steps=all');
		await eventually(5, () => {
			const last = (told: Told[]) =>
				JSON.stringify(
					[...new Map(of(told, 'step').map((step) => [step.id, step])).values()].sort((a, b) =>
						(a.id ?? '') < (b.id ?? '') ? -1 : 1,
					),
				);
			assert.equal(last(late), last(early));
		});
		const { id } = joinOfNode(late, 'node-1') ?? assert.fail();
		const one = await follow(`/api/joins/${id}/stream`);
		await eventually(5, () => assert.equal(of(one, 'step').length, of(one, 'join')[0]?.steps));
	});

	it('shows the details of a step: the pin from the bytes, the signature, the certificate, the decision', async () => {
		const { id } = joinOfNode(early, 'node-1') ?? assert.fail();
		const sections = async (label: string) => {
			const step = of(early, 'step').find((one) => one.join === id && one.label === label);
			const response = await fetch(`${page}/api/joins/${id}/steps/${step?.id}`);
			const body = await response.text();
			bodies.push(body);
			const { sections: all } = JSON.parse(body) as {
				sections: { kind: string; fields: { key: string; value: string }[]; text?: string }[];
			};
			return (kind: string, key: string) =>
				all.find((section) => section.kind === kind)?.fields.find((field) => field.key === key)?.value;
		};
		const pin = await sections('discovery/pin-ca');
		assert.equal(`sha256:${pin('pin', 'pin.sha256')}`, mesh.pin);
		assert.equal(pin('pin', 'pin.matches'), 'true');
		const signature = await sections('discovery/verify-signature');
		assert.deepEqual([signature('jws', 'jws.alg'), signature('jws', 'jws.kid')], ['HS256', token.slice(0, 6)]);
		const verified = await sections('tls-bootstrap/verify-certificate');
		assert.equal(verified('certificate', 'certificate.subject'), 'O=system:nodes, CN=system:node:node-1');
		assert.equal(verified('certificate', 'certificate.extendedKeyUsage'), 'client auth');
		const requested = await sections('tls-bootstrap/request-certificate');
		assert.equal(requested('csr', 'csr.subject'), 'O=system:nodes, CN=system:node:node-1');
		const created = await sections('create certificatesigningrequests.certificates.k8s.io');
		assert.match(
			created('decision', 'decision.reason') ?? '',
			/^RBAC: allowed by ClusterRoleBinding "kubeadm:kubelet-bootstrap"/,
		);
	});

	it('prints a story of 80 columns, JSON, one node, or one line for each join with kubejoin watch', async () => {
		const story = await watch('--no-follow');
		assert.equal(story.code, 0, story.stderr);
		assert.match(story.stdout, /^node-1 +NOW THE NODE TRUSTS THE CLUSTER/m);
		assert.match(story.stdout, /^refused was refused after \d/m);
		assert.match(story.stdout, /^ {4}CA_HASH_MISMATCH: /m);
		// A name may be longer than a line.
		for (const line of story.stdout.split('\n')) assert.ok(line.length <= 80 || /\S{70,}/.test(line), line);
		assert.ok(!story.stdout.includes('\u001b'));
		const brief = await watch('--no-follow', '--brief', 'node-1');
		assert.match(brief.stdout, /^node-1 joined in \d+ ms\n$/);
		const json = await watch('--no-follow', '-o', 'json', 'node-1');
		const lines = json.stdout
			.trimEnd()
			.split('\n')
			.map((line) => JSON.parse(line) as Record<string, object>);
		assert.deepEqual([...new Set(lines.flatMap(Object.keys))].sort(), ['join', 'step']);
		// The observer's own output is the same story.
		await eventually(5, () =>
			assert.ok(
				mesh.lines.some(({ name, line }) => name === 'observer' && /^node-1 +NOW THE NODE TRUSTS/.test(line)),
				'the observer has not printed it',
			),
		);
	});

	it('is OBSERVER_UNREACHABLE if nothing, or another program, listens', async () => {
		for (const url of ['http://127.0.0.1:9', `http://127.0.0.1:${mesh.port + 3}`]) {
			const { code, stderr } = await runProgram({
				name: 'watch',
				program: 'scripts/kubejoin.js',
				args: ['watch', '--url', url],
			});
			assert.equal(code, 1);
			assert.match(
				stderr,
				/^error: cannot connect to an observer at .*\n {2}code: {10}OBSERVER_UNREACHABLE\n {2}most likely: {3}.*\n {2}also possible: .*\n {2}do this: {7}/,
			);
		}
	});

	it('shows the cluster: nodes with heartbeat and lifetime, tokens without secrets, requests, services', async () => {
		await eventually(10, () => {
			const { nodes, tokens, requests, services, problem } = clusterOf(early);
			assert.equal(problem, undefined);
			const node = nodes.get('node-1') ?? assert.fail();
			assert.equal(node.status, 'Ready');
			assert.ok(Date.now() - Number(node.heartbeatMs) < 60_000, `a heartbeat at ${node.heartbeatMs}`);
			const { notBeforeMs, rotateFromMs, notAfterMs } = node.certificate ?? assert.fail();
			assert.ok(notBeforeMs < rotateFromMs && rotateFromMs < notAfterMs, 'the times are not in order');
			assert.ok(
				tokens.some(({ id }) => id === token.slice(0, 6)),
				'the token is not listed',
			);
			assert.deepEqual(
				[...requests.values()].map(({ condition }) => condition),
				['Approved,Issued'],
			);
			assert.deepEqual(
				services.map(({ health }) => health),
				['ok', 'ok', 'ok', 'ok'],
			);
		});
	});

	it('accepts actions of its own page only: checks key, origin, host and form', async () => {
		const { key, actions } = of(early, 'session')[0] as { key: string; actions: string[] };
		assert.deepEqual(actions, ['join', 'join-with-wrong-pin', 'approve', 'deny', 'run-experiment', 'stop-experiment']);
		const good = { 'x-kubejoin-session': key };
		for (const [headers, status, code] of [
			[{}, 403, 'PAGE_REQUEST_REFUSED'],
			[{ 'x-kubejoin-session': `${key}x` }, 403, 'PAGE_REQUEST_REFUSED'],
			[{ ...good, origin: 'https://evil.example' }, 403, 'PAGE_REQUEST_REFUSED'],
			[{ ...good, 'content-type': 'text/plain' }, 400, 'PAGE_BAD_REQUEST'],
		] as const) {
			const { status: found, body } = await post('/api/actions/join', headers);
			assert.deepEqual([found, body.code], [status, code]);
		}
		assert.equal((await post('/api/actions/delete-everything', good)).body.code, 'PAGE_BAD_REQUEST');
		assert.equal((await post('/api/actions/approve', good, { request: '--all' })).body.code, 'PAGE_BAD_REQUEST');
		assert.match((await post('/api/actions/approve', good, { request: 'nobody' })).body.sentence ?? '', /not found/);
		// As a browser sends it for a page whose name was made to point here.
		const rebound = await new Promise<number | undefined>((resolve, reject) => {
			request(`${page}/api/stream`, { headers: { host: `evil.example:${mesh.pagePort}` } }, (response) =>
				resolve(response.resume().statusCode),
			)
				.once('error', reject)
				.end();
		});
		assert.equal(rebound, 403);
	});

	it('joins a node, and one that is refused, for the page', async () => {
		const { key } = of(early, 'session')[0] as { key: string };
		const headers = { 'x-kubejoin-session': key, origin: page };
		const { body: right } = await post('/api/actions/join', headers);
		const { body: wrong } = await post('/api/actions/join-with-wrong-pin', headers);
		await eventually(20, () => {
			assert.equal(joinOfNode(early, String(right.done))?.state, 'joined');
			assert.equal(joinOfNode(early, String(wrong.done))?.state, 'refused');
		});
	});

	it('decides a pending request', async () => {
		const { key } = of(early, 'session')[0] as { key: string };
		const requests = await mesh.api.certificateSigningRequests.list();
		const spec = requests.items[0]?.spec ?? assert.fail();
		await mesh.api.certificateSigningRequests.create({
			metadata: { name: 'by-hand' },
			spec: { ...spec, signerName: 'kubernetes.io/kube-apiserver-client', usages: ['client auth'] },
		});
		const condition = () => clusterOf(early).requests.get('by-hand')?.condition;
		await eventually(5, () => assert.equal(condition(), 'Pending'));
		assert.equal((await post('/api/actions/deny', { 'x-kubejoin-session': key }, { request: 'by-hand' })).status, 200);
		await eventually(5, () => assert.equal(condition(), 'Denied'));
	});

	it('forwards all traces to the collector of the standard variables', async () => {
		await eventually(5, () => {
			const { id } = joinOfNode(early, 'node-1') ?? assert.fail();
			const spans = forwarded
				.filter((one) => one.startsWith('POST /v1/traces '))
				.join('')
				.match(new RegExp(`"traceId":"${id}"`, 'g'));
			assert.ok(Number(spans?.length) > 40, `${spans?.length} spans of the join`);
		});
	});

	it('has earlier joins with their steps after a crash, and shows new ones', async () => {
		const observer = mesh.service('observer');
		const before = observer.pid();
		const { id, steps } = joinOfNode(early, 'node-1') ?? assert.fail();
		observer.kill('SIGKILL');
		await eventually(10, () => assert.notEqual(observer.pid(), before));
		await observer.started();
		const fresh = await follow('/api/stream');
		await eventually(5, () => assert.deepEqual(joinOfNode(fresh, 'node-1'), joinOfNode(early, 'node-1')));
		const restored = await follow(`/api/joins/${id}/stream`);
		await eventually(5, () => assert.equal(of(restored, 'step').length, steps));
		await mesh.startNode('node-after', 5, mesh.joinConfig({ token, discovery: '20s' }));
		await eventually(10, () => assert.equal(joinOfNode(fresh, 'node-after')?.state, 'joined'));
	});

	it('sends and prints no secret of a token and no key', () => {
		const all =
			bodies.join('') +
			forwarded.join('') +
			mesh.lines
				.filter(({ name }) => name === 'observer')
				.map(({ line }) => line)
				.join('\n');
		assert.ok(all.length > 10_000);
		assert.ok(!all.includes(token.split('.')[1] ?? ''));
		assert.ok(!all.includes('PRIVATE KEY'));
		// The page's own tokens as well: nothing has the form of one.
		assert.deepEqual(tokensIn(all), []);
	});
});
