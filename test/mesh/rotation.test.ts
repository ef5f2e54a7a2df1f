/** Certificates with a lifetime of seconds: renewals, denied renewals, expiry while the node is off, and crashes. */
import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseCertificates, readCertificate } from '../../lib/pki/certificate.ts';
import { launch } from '../../lib/process-supervisor.ts';
import { nodeHealthPort, nodePlan } from '../../scripts/mesh/services.ts';
import { verifyStrictly } from '../openssl.ts';
import { eventually, refusedWith, startTestMesh, type TestMesh, tokensIn } from './mesh.ts';

interface Node {
	readonly process: ChildProcess;
	readonly lines: readonly string[];
	readonly ended: Promise<number | null>;
}
/** kubelet-sim as a process that is not restarted. */
function spawnNode(
	mesh: TestMesh,
	name: string,
	index: number,
	config: string | undefined,
	more: readonly string[] = [],
): Node {
	const { args = [], ...plan } = nodePlan(name, index, config ?? '', { ...mesh, store: 'lmdb' });
	const own = config === undefined ? ['join', mesh.endpoint, ...args.slice(3)] : args;
	const lines: string[] = [];
	const { process: child } = launch({ ...plan, args: [...own, ...more] }, (_name, line) => void lines.push(line));
	const ended = once(child, 'close').then(([code]) => code as number | null);
	return { process: child, lines, ended };
}
const says = (node: Node, what: RegExp, seconds = 20) =>
	eventually(seconds, () => {
		const line = node.lines.find((one) => what.test(one));
		assert.ok(line !== undefined, `${what} is not in\n${node.lines.join('\n')}`);
		return line;
	});
const stopAll = (nodes: readonly Node[]) =>
	Promise.all(
		nodes.map((node) => {
			node.process.kill('SIGCONT');
			node.process.kill('SIGTERM');
			return node.ended;
		}),
	);
const pkiOf = (mesh: TestMesh, name: string) => join(mesh.state, 'nodes', name, 'var/lib/kubelet/pki');
function currentCertificate(mesh: TestMesh, name: string) {
	const pem = readFileSync(join(pkiOf(mesh, name), 'kubelet-client-current.pem'), 'utf8');
	return parseCertificates(pem.slice(0, pem.indexOf('-----BEGIN EC')))[0];
}
const requestsOf = async (mesh: TestMesh, name: string) =>
	(await mesh.api.certificateSigningRequests.list()).items.filter(
		({ spec }) => spec.username === `system:node:${name}`,
	);
const joined = /\[register\]/;
const rotated =
	/^\[kubelet\] \S+ rotated its client certificate at \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z, serial [0-9a-f]{32}, valid until \S+Z$/;
const lab = (seconds: number) => ({
	settings: { 'ca-service': { LAB: 'true', SIGNING_DURATION_SECONDS: String(seconds) } },
});

/** The lifetime in the mesh without auto-approval: a renewal begins at least a tenth of it before the expiry. */
const unapprovedSeconds = 90;
/** A person's decision about a request. */
async function decide(mesh: TestMesh, name: string, type: 'Approved' | 'Denied', reason: string): Promise<void> {
	const requests = mesh.api.certificateSigningRequests;
	const request = await requests.get(name);
	const now = new Date().toISOString();
	const decision = { type, status: 'True', reason, lastUpdateTime: now, lastTransitionTime: now };
	await requests.updateApproval({ ...request, status: { ...request.status, conditions: [decision] } });
}

/**
 * Two nodes renew their certificates without auto-approval: the request of one is denied, and the other crashes during
 * its request. Neither waits for the other, whose renewal may begin 18 seconds later.
 *
 * @param nodes  receives the process that continues after the crash
 */
async function renewUnapproved(mesh: TestMesh, nodes: Record<'denied' | 'crashed', Node>): Promise<void> {
	await Promise.all([says(nodes.denied, joined), says(nodes.crashed, joined)]);
	const binding = 'kubeadm:node-autoapprove-certificate-rotation';
	assert.equal((await mesh.kubectl('delete', 'clusterrolebinding', binding)).code, 0);
	const namesOf = async (name: string) => (await requestsOf(mesh, name)).map(({ metadata }) => metadata.name ?? '');
	/** The name of the node's request that is none of `known`. */
	const newRequestOf = (name: string, known: readonly string[], seconds: number) =>
		eventually(seconds, async () => {
			const request = (await namesOf(name)).find((one) => !known.includes(one));
			return request ?? assert.fail('there is none yet');
		});
	const denyAndApprove = async () => {
		const denied = await newRequestOf('denied', [], unapprovedSeconds);
		await decide(mesh, denied, 'Denied', 'KubectlDeny');
		const line = await says(
			nodes.denied,
			/^\[kubelet\] denied could not renew its client certificate \(CSR_DENIED\): .* it retries in 2\.[0-2] s$/,
		);
		assert.match(line, /KubectlDeny/);
		const next = await newRequestOf('denied', [denied], 20);
		await decide(mesh, next, 'Approved', 'KubectlApprove');
		await says(nodes.denied, rotated);
		assert.deepEqual((await namesOf('denied')).sort(), [denied, next].sort());
		const metrics = await (await fetch(`http://127.0.0.1:${nodeHealthPort(mesh.port, 0)}/metrics`)).text();
		assert.match(metrics, /^kubelet_certificate_manager_client_expiration_renew_errors 1$/m);
	};
	const interruptAndApprove = async () => {
		const interrupted = await newRequestOf('crashed', [], unapprovedSeconds);
		nodes.crashed.process.kill('SIGKILL');
		await nodes.crashed.ended;
		nodes.crashed = spawnNode(mesh, 'crashed', 1, undefined);
		await says(nodes.crashed, /continues with its certificate/);
		await decide(mesh, interrupted, 'Approved', 'KubectlApprove');
		await says(nodes.crashed, rotated);
		assert.deepEqual(await namesOf('crashed'), [interrupted]);
	};
	await Promise.all([denyAndApprove(), interruptAndApprove()]);
}

describe('certificates with a lifetime of seconds', () => {
	let mesh: TestMesh;
	let nodes: Record<'denied' | 'crashed', Node>;
	let unapproved: Promise<void>;
	before(async () => {
		mesh = await startTestMesh(lab(unapprovedSeconds));
		const config = mesh.joinConfig({ token: await mesh.createToken(), discovery: '20s' });
		nodes = { denied: spawnNode(mesh, 'denied', 0, config), crashed: spawnNode(mesh, 'crashed', 1, config) };
		// It waits for most of its lifetime, so the tests of the other mesh run meanwhile.
		unapproved = renewUnapproved(mesh, nodes);
		unapproved.catch(() => undefined);
	});
	after(async () => {
		await stopAll(Object.values(nodes ?? {}));
		await mesh?.stopAndRemove();
	});

	describe('certificates of 20 seconds', () => {
		const lifeMs = 20_000;
		let mesh: TestMesh;
		const nodes: Record<string, Node> = {};
		const node = (name: string): Node => nodes[name] ?? assert.fail(`there is no node ${name}`);
		let bornMs: number;

		before(async () => {
			mesh = await startTestMesh(lab(lifeMs / 1_000));
			const used = await mesh.createToken();
			const kept = await mesh.createToken();
			const config = (token: string) => mesh.joinConfig({ token, discovery: '4s' });
			const names = ['rotates', 'asleep', 'tokenless', 'refused'];
			for (const [index, name] of names.entries())
				nodes[name] = spawnNode(mesh, name, index, config(name === 'asleep' ? kept : used));
			await Promise.all(names.map((name) => says(node(name), joined)));
			await stopAll([node('tokenless')]);
			nodes.tokenless = spawnNode(mesh, 'tokenless', 2, undefined);
			await says(node('tokenless'), /continues with its certificate/);
			await mesh.api.secrets.delete(`bootstrap-token-${used.slice(0, 6)}`, { namespace: 'kube-system' });
			bornMs = Date.now();
			for (const name of ['asleep', 'tokenless', 'refused']) node(name).process.kill('SIGSTOP');
		});
		after(async () => {
			await stopAll(Object.values(nodes));
			await mesh?.stopAndRemove();
		});

		it('cause a warning of ca-service that they are for a lab', () => {
			assert.ok(
				mesh.lines.some(
					({ name, line }) => name === 'ca-service' && line.includes('"level":"warn"') && line.includes('for a lab'),
				),
			);
		});

		it('are renewed with the current certificate and without a token, and the node stays Ready', async () => {
			const first = currentCertificate(mesh, 'rotates');
			await eventually(60, () => assert.equal(node('rotates').lines.filter((line) => rotated.test(line)).length, 2));
			const leaf = currentCertificate(mesh, 'rotates');
			verifyStrictly(mesh.ca, leaf.toString(), 'sslclient', Date.now());
			assert.notEqual(leaf.serialNumber, first.serialNumber);
			assert.ok(
				node('rotates').lines.at(-1)?.includes(leaf.serialNumber.toLowerCase()),
				'the line has the serial number of the file',
			);
			const { notBefore, notAfter } = readCertificate(leaf);
			assert.equal(notAfter - notBefore, lifeMs * 1.1);
			const requests = await requestsOf(mesh, 'rotates');
			assert.equal(requests.length, 2);
			for (const { spec, status } of requests) {
				assert.ok(spec.groups?.includes('system:nodes'));
				assert.equal(
					status?.conditions?.[0]?.message,
					'Auto approving self kubelet client certificate after SubjectAccessReview.',
				);
			}
			const files = readdirSync(pkiOf(mesh, 'rotates')).filter((name) => name.startsWith('kubelet-client-'));
			assert.equal(files.length, 4, 'three certificates, and the link to the last');
			assert.equal(
				readlinkSync(join(pkiOf(mesh, 'rotates'), 'kubelet-client-current.pem')),
				files
					.filter((name) => /\d\.pem$/.test(name))
					.sort()
					.at(-1),
			);
			const ready = (await mesh.api.nodes.get('rotates')).status?.conditions?.find(
				({ type }) => type === 'Ready',
			)?.status;
			assert.equal(ready, 'True');
			assert.ok(
				!node('rotates').lines.some((line) => line.includes('Waiting for the API server')),
				'every heartbeat was taken',
			);
			const metrics = await (await fetch(`http://127.0.0.1:${nodeHealthPort(mesh.port, 0)}/metrics`)).text();
			assert.match(metrics, /^kubelet_certificate_manager_client_expiration_renew_errors 0$/m);
		});

		it('that expired while the node was off: with a valid token it joins again as the same Node', async () => {
			await delay(Math.max(bornMs + lifeMs + 1_000 - Date.now(), 0));
			const { uid } = (await mesh.api.nodes.get('asleep')).metadata;
			node('asleep').process.kill('SIGCONT');
			await says(node('asleep'), /expired at \S+; joining again with the bootstrap token/);
			await eventually(20, () => assert.equal(node('asleep').lines.filter((line) => joined.test(line)).length, 2));
			assert.equal((await mesh.api.nodes.get('asleep')).metadata.uid, uid);
			await eventually(20, async () =>
				assert.equal((await fetch(`http://127.0.0.1:${nodeHealthPort(mesh.port, 1)}/readyz`)).status, 200),
			);
		});

		it('that expired while the node was off: without a token it exits with a recovery recipe in three lines', async () => {
			node('tokenless').process.kill('SIGCONT');
			assert.equal(await node('tokenless').ended, 1);
			const text = node('tokenless').lines.join('\n');
			assert.match(
				text,
				/^error: the client certificate of node "tokenless" expired at \S+, and the node has no other credential: no bootstrap token was given$/m,
			);
			assert.match(text, /NODE_LOCKED_OUT/);
			for (const step of [
				'1. .*kubectl-sim token create',
				'2. .*--node-name tokenless --root',
				'3. .*kubectl-sim get nodes tokenless',
			])
				assert.match(text, new RegExp(`^ {4}${step}`, 'm'));
		});

		it('that expired while the node was off: with an expired token it reports the reason of the wait, and exits', async () => {
			node('refused').process.kill('SIGCONT');
			assert.equal(await node('refused').ended, 1);
			const text = node('refused').lines.join('\n');
			assert.match(text, /could not find a JWS signature .* retrying every 5 s for up to 4 s/);
			assert.match(
				text,
				/has no other credential: the bootstrap token was refused at discovery\/fetch-cluster-info: could not find a JWS signature/,
			);
		});

		it('of a locked-out node: the recovery recipe works', async () => {
			const config = mesh.joinConfig({ token: await mesh.createToken(), discovery: '20s' });
			nodes.tokenless = spawnNode(mesh, 'tokenless', 2, config);
			await says(node('tokenless'), joined);
		});

		it('of several nodes in one process: each node has its own, and a failure of one is reported while the others run', async () => {
			const root = join(mesh.state, 'nodes', 'many', 'many-2', 'etc/kubernetes');
			mkdirSync(root, { recursive: true });
			const foreign = readFileSync(join(mesh.state, 'nodes', 'rotates', 'etc/kubernetes/kubelet.conf'));
			writeFileSync(join(root, 'kubelet.conf'), foreign, { mode: 0o600 });
			const config = mesh.joinConfig({ token: await mesh.createToken(), discovery: '20s' });
			const many = spawnNode(mesh, 'many', 4, config, ['--nodes', '3']);
			nodes.many = many;
			await says(many, /^many-2: error: error execution phase preflight: \[preflight\] Some fatal errors occurred:/);
			for (const name of ['many-1', 'many-3'])
				await says(many, new RegExp(`^\\[kubelet\\] ${name} rotated its client certificate at `), 30);
			const serials = ['many-1', 'many-3'].map((name) => currentCertificate(mesh, join('many', name)).serialNumber);
			assert.equal(new Set(serials).size, 2);
			const ready = await fetch(`http://127.0.0.1:${nodeHealthPort(mesh.port, 4)}/readyz?verbose`);
			assert.equal(ready.status, 500);
			await stopAll([many]);
			assert.equal(await many.ended, 1);
		});

		it('appear with no token and no key in any output', () => {
			const printed = [
				...mesh.lines.map(({ line }) => line),
				...Object.values(nodes).flatMap(({ lines }) => lines),
			].join('\n');
			assert.deepEqual(tokensIn(printed), []);
			assert.doesNotMatch(printed, /PRIVATE KEY/);
		});
	});

	describe('certificates of seconds without the lab setting', () => {
		it('prevent the start of ca-service', async () => {
			const state = mkdtempSync(join(tmpdir(), 'kubejoin-'));
			try {
				await refusedWith(
					'SERVICE_FAILED',
					startTestMesh({ state, settings: { 'ca-service': { SIGNING_DURATION_SECONDS: '15' } } }),
				);
			} finally {
				rmSync(state, { recursive: true, force: true });
			}
		});
	});

	describe('certificates of 90 seconds without auto-approval', () => {
		it('a denied renewal is followed by a request for a new key; an interrupted one is continued', () => unapproved);
	});
});
