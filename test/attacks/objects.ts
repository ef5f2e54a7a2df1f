/** Requests and objects that are too large, too many, or that no encoder can send back. */
import assert from 'node:assert/strict';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { type Message, messageOf, type ValueType } from '../../lib/codec/schema.ts';
import { hasCode } from '../../lib/errors.ts';
import { apiVersionOf, resources } from '../../lib/kube/resources.ts';
import { createCsr } from '../../lib/pki/csr.ts';
import { generateKeyPair } from '../../lib/pki/keys.ts';
import { call, type VerifiedChannel, withBearerToken } from '../../lib/rpc/channel.ts';
import type { AttackGroup } from './attack.ts';
import { issueUser, namespaceAdmin } from './identity.ts';
import { https, type Target } from './target.ts';

const signerName = 'kubernetes.io/kube-apiserver-client-kubelet';
const kubeletUsages = ['digital signature', 'client auth'];

async function withToken({ mesh }: Target): Promise<VerifiedChannel> {
	return withBearerToken(mesh.channel(mesh.endpoint, { ca: mesh.ca }), await mesh.createToken());
}

async function csrOf(node: string): Promise<string> {
	const subject = { commonName: `system:node:${node}`, organizations: ['system:nodes'] };
	const pem = createCsr({ subject }, await generateKeyPair('ECDSA-P256'));
	return Buffer.from(pem).toString('base64');
}

/** The longest time that an honest anonymous client waits for cluster-info while `work` runs. */
async function slowestHonestMs({ mesh }: Target, work: () => Promise<unknown>): Promise<number> {
	const anonymous = mesh.client({ ca: mesh.ca });
	await anonymous.configMaps.get('cluster-info', 'kube-public');
	let isDone = false;
	const working = work().finally(() => {
		isDone = true;
	});
	let slowest = 0;
	const delay = monitorEventLoopDelay();
	delay.enable();
	do {
		const startedMs = performance.now();
		await anonymous.configMaps.get('cluster-info', 'kube-public');
		slowest = Math.max(slowest, performance.now() - startedMs);
	} while (!isDone);
	delay.disable();
	await working;
	// The attacker runs in this process, so its own pauses are subtracted.
	return Math.max(0, slowest - delay.max / 1e6);
}

/** Refused as the caller's fault: never a success, never an internal error, never a broken connection. */
async function refused(promise: Promise<unknown>): Promise<void> {
	const codes = [
		'MESSAGE_TOO_COMPLEX',
		'API_INVALID',
		'API_BAD_REQUEST',
		'API_TOO_LARGE',
		'API_REQUEST_TOO_LARGE',
		'API_FORBIDDEN',
	] as const;
	await assert.rejects(promise, (error: unknown) => {
		assert.ok(
			codes.some((code) => error instanceof Error && 'code' in error && error.code === code),
			`refused with ${String(error).slice(0, 300)}`,
		);
		return true;
	});
}

const manyUsages = (count: number): string[] => Array.from({ length: count }, (_, index) => `usage-${index}`);

/** A LEN field of a protobuf message. */
function field(number: number, content: Buffer): Buffer {
	const varint: number[] = [];
	let rest = content.length;
	for (; rest > 127; rest = Math.floor(rest / 128)) varint.push((rest % 128) | 128);
	return Buffer.concat([Buffer.from([(number << 3) | 2, ...varint, rest]), content]);
}
/** nanos = -1 as protobuf has it: ten bytes of varint. */
const negativeNanos = Buffer.from([0x08, 1, 0x10, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1]);

function sendLease(channel: VerifiedChannel, name: string, renewTime: Buffer): Promise<unknown> {
	const metadata = Buffer.concat([field(1, Buffer.from(name)), field(3, Buffer.from('default'))]);
	const lease = Buffer.concat([field(1, metadata), field(2, field(4, renewTime))]);
	const { client, metadata: sent } = channel;
	return client.unary({ path: '/kubejoin.v1.Leases/Create', message: lease, metadata: sent, deadlineMs: 10_000 });
}

/** A value with `word` as every text and in every map, beside the name of a resource, which some rules ask for. */
function filled(type: ValueType, word: string, depth: number): unknown {
	switch (type.form) {
		case 'string':
			return word;
		case 'strings':
			return [word];
		case 'list':
			return [filled(type.item, word, depth)];
		case 'map':
			return Object.fromEntries([word, 'pods'].map((key) => [key, filled(type.item, word, depth)]));
		case 'message':
			return filledMessage(type.message, word, depth + 1);
		case 'bool':
			return true;
		case 'int32':
		case 'int64':
		case 'quantity':
		case 'intOrString':
			return type.form === 'quantity' ? '1' : 1;
		default:
			return undefined;
	}
}
function filledMessage(message: Message, word: string, depth = 0): object {
	const names = depth > 6 ? [] : [...message.jsonFields].filter(([name]) => name !== 'managedFields');
	return Object.fromEntries(names.map(([name, { field }]) => [name, filled(field.type, word, depth)]));
}

async function namePrototypes(target: Target): Promise<void> {
	const admin = await issueUser(target.mesh, 'prototypes', ['kubeadm:cluster-admins']);
	const failures: string[] = [];
	for (const resource of Object.values(resources)) {
		const [apiVersion, { kind }] = [apiVersionOf(resource), resource];
		const message = messageOf({ apiVersion, kind });
		if (message === undefined || !resource.verbs.includes('create')) continue;
		const place = resource.namespaced ? 'namespaces/default/' : '';
		const path = `/${resource.group === '' ? 'api' : 'apis'}/${apiVersion}/${place}${resource.resource}?dryRun=All`;
		for (const word of ['constructor', '__proto__', 'toString']) {
			const metadata = { name: 'constructor', labels: { [word]: word }, annotations: { [word]: word } };
			const body = JSON.stringify({ ...filledMessage(message, word), apiVersion, kind, metadata });
			const headers = { 'content-type': 'application/json' };
			const answer = await https(target, path, { ...admin, method: 'POST', headers, body });
			const isRefused = answer.status >= 200 && answer.status < 500 && !answer.body.includes('native code');
			if (!isRefused) failures.push(`${kind} with ${word}: ${answer.status} ${answer.body.slice(0, 200)}`);
		}
	}
	assert.deepEqual(failures, []);
}

export const objects: AttackGroup = {
	name: 'Objects and requests',
	attacks: [
		{
			title: 'create certificate requests with 2.9 MB of annotations, or an object of 1.6 MB',
			attacker: 'a bootstrap token',
			result: 'refused; every list still answers',
			limits: ['objectBytes', 'annotationBytes'],
			async run(target) {
				const channel = await withToken(target);
				for (const bytes of [2_900_000, 1_600_000, 262_145]) {
					const metadata = { generateName: 'large-', annotations: { 'example.com/note': 'a'.repeat(bytes) } };
					const spec = { request: await csrOf('large'), signerName, usages: kubeletUsages };
					await refused(call(channel, 'CertificateSigningRequests', 'Create', { metadata, spec }));
				}
				await target.mesh.api.certificateSigningRequests.list();
			},
		},
		{
			title: 'ask for a certificate with 120,000 distinct usages',
			attacker: 'a bootstrap token',
			result: 'refused; another client waits less than a second',
			limits: ['requestUsages'],
			async run(target) {
				const channel = await withToken(target);
				const spec = { request: await csrOf('many'), signerName, usages: manyUsages(120_000) };
				const object = { metadata: { generateName: 'many-' }, spec };
				const slowest = await slowestHonestMs(target, () =>
					refused(call(channel, 'CertificateSigningRequests', 'Create', object)),
				);
				assert.ok(slowest < 1_000, `another client waited ${Math.round(slowest)} ms`);
			},
		},
		{
			title: 'send a value so long that its error does not fit the trailers, 20 times on one connection',
			attacker: 'a bootstrap token',
			result: 'each call gets its error; the connection stays open',
			async run(target) {
				const channel = await withToken(target);
				for (const bytes of [500_000, 60_000]) {
					const request = Buffer.alloc(bytes, 65).toString('base64');
					for (let attempt = 0; attempt < 10; attempt++) {
						const spec = { request, signerName, usages: kubeletUsages };
						await refused(call(channel, 'CertificateSigningRequests', 'Create', { metadata: { name: 'long' }, spec }));
					}
				}
				const selected = { fieldSelector: `metadata.name=${'n'.repeat(1_000_000)}` };
				await refused(call(channel, 'Nodes', 'List', selected));
			},
		},
		{
			title: 'store a Lease whose time no encoder can send back',
			attacker: 'a namespace admin',
			result: 'refused when it is written; `Leases/List` answers',
			async run(target) {
				const { mesh } = target;
				const channel = mesh.channel(mesh.endpoint, { ca: mesh.ca, ...(await namespaceAdmin(mesh, 'eve-lease')) });
				for (let attempt = 0; attempt < 100; attempt++) {
					try {
						await call(channel, 'Leases', 'List', { namespace: 'default' });
						break;
					} catch (error) {
						if (!hasCode(error, 'API_FORBIDDEN')) throw error;
						await new Promise((resolve) => setTimeout(resolve, 50));
					}
				}
				await assert.rejects(sendLease(channel, 'negative-nanos', negativeNanos));
				await mesh.api.leases.list();
			},
		},
		{
			title: 'create objects of every kind in which each text is a name that all objects of JavaScript have',
			attacker: 'a namespace admin',
			result: 'created or 4xx; no internal error',
			run: namePrototypes,
		},
		{
			title: 'label a Node with a value of 64 characters or a key that is none',
			attacker: 'a namespace admin',
			result: "refused with upstream's text",
			async run({ mesh }) {
				const [node] = (await mesh.api.nodes.list()).items;
				assert.ok(node, 'there is a node');
				const invalid: Record<string, string>[] = [{ tier: 'a'.repeat(64) }, { 'not a key': 'x' }, { tier: '-x' }];
				for (const labels of invalid) {
					const { apiVersion: _v, kind: _k, ...unsent } = node;
					await refused(mesh.api.nodes.update({ ...unsent, metadata: { ...node.metadata, labels } }));
				}
			},
		},
	],
};
