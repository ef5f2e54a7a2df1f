/** Attacks on the decision who may do what. */
import assert from 'node:assert/strict';
import { createHmac, createSign, generateKeyPairSync } from 'node:crypto';
import { hasCode } from '../../lib/errors.ts';
import { apiVersionOf, resources } from '../../lib/kube/resources.ts';
import { type Lease, wellKnown } from '../../lib/kube/types.ts';
import { type Channel, call, exchange } from '../../lib/rpc/channel.ts';
import { contractOf, kindOf } from '../../lib/rpc/contracts.ts';
import type { AttackGroup } from './attack.ts';
import { issueUser, namespaceAdmin } from './identity.ts';
import { https, type Target } from './target.ts';

const clusterScoped = Object.values(resources).filter(({ namespaced }) => !namespaced);
/** Reviews about the caller itself are open to every user. */
const openToAll = ['SelfSubjectAccessReviews', 'SelfSubjectReviews', 'SelfSubjectRulesReviews'];

async function eachMethodIsForbidden({ mesh }: Target): Promise<void> {
	const channel = mesh.channel(mesh.endpoint, { ca: mesh.ca, ...(await namespaceAdmin(mesh, 'eve')) });
	const leases = { metadata: { namespace: 'default', name: 'of-eve' } };
	await eventuallyAllowed(() => call(channel, 'Leases', 'Create', leases));
	const granted: string[] = [];
	for (const { service } of clusterScoped) {
		if (openToAll.includes(service)) continue;
		for (const [method, definition] of Object.entries(contractOf(service))) {
			if (kindOf(definition) !== 'unary') continue;
			const request = { namespace: 'default', name: 'node-1', metadata: { namespace: 'default', name: 'node-1' } };
			try {
				await call(channel, service, method, request);
				granted.push(`${service}/${method}`);
			} catch (error) {
				if (!hasCode(error, 'API_FORBIDDEN')) granted.push(`${service}/${method}: ${String(error)}`);
			}
		}
	}
	assert.deepEqual(granted, []);
}

/** A new binding takes a moment to reach the authorizer. */
async function eventuallyAllowed(ask: () => Promise<unknown>): Promise<void> {
	for (let attempt = 0; ; attempt++) {
		try {
			await ask();
			return;
		} catch (error) {
			if (attempt === 100 || !hasCode(error, 'API_FORBIDDEN')) throw error;
			await new Promise((resolve) => setTimeout(resolve, 50));
		}
	}
}

async function wrongScopeIsNotFound(target: Target): Promise<void> {
	const eve = await namespaceAdmin(target.mesh, 'eve-rest');
	const statuses: Record<string, number> = {};
	for (const resource of clusterScoped) {
		if (resource.kind === 'Namespace') continue;
		const prefix = resource.group === '' ? '/api' : '/apis';
		for (const name of ['', '/node-1']) {
			const path = `${prefix}/${apiVersionOf(resource)}/namespaces/default/${resource.resource}${name}`;
			const { status } = await https(target, path, eve);
			if (status !== 404) statuses[path] = status;
		}
	}
	assert.deepEqual(statuses, {});
}

/** Every message is authorized as if it were alone. */
async function streamGrantsNothing({ mesh }: Target): Promise<void> {
	const [own, other] = ['streaming', 'streamed'];
	const channelOf = async (name: string) =>
		mesh.channel(mesh.endpoint, { ca: mesh.ca, ...(await issueUser(mesh, `system:node:${name}`, ['system:nodes'])) });
	const renewTime = (ms: number) => new Date(ms).toISOString().replace('Z', '000Z');
	const created = async (from: Channel, name: string) =>
		call<object, Lease>(from, 'Leases', 'Create', {
			metadata: { namespace: wellKnown.kubeNodeLease, name },
			spec: { renewTime: renewTime(Date.now()) },
		});
	const [channel, otherChannel] = [await channelOf(own), await channelOf(other)];
	const [lease, stolen] = [await created(channel, own), await created(otherChannel, other)];
	const renew = exchange<object, Lease>(channel, 'Leases', 'Renew');
	const renewed = await renew(lease);
	const spec = { renewTime: renewTime(Date.now() + 3_600_000) };
	const elsewhere = { metadata: { ...renewed.metadata, namespace: 'default' } };
	for (const forged of [stolen, elsewhere, { metadata: {} }])
		await assert.rejects(renew({ ...forged, spec }), { code: 'API_FORBIDDEN' });
	assert.deepEqual((await mesh.api.leases.get(other, wellKnown.kubeNodeLease)).spec, stolen.spec);
	await renew(renewed);
}

/** The claims and the key are genuine in each token but for one part. */
async function forgedTokensAreUnauthorized(target: Target): Promise<void> {
	const { mesh } = target;
	const admin = await issueUser(mesh, 'token-admin', ['kubeadm:cluster-admins']);
	const json = { ...admin, method: 'POST', headers: { 'content-type': 'application/json' } };
	const accounts = '/api/v1/namespaces/default/serviceaccounts';
	const created = await https(target, accounts, { ...json, body: '{"metadata":{"name":"robot"}}' });
	assert.equal(created.status, 201, created.body);
	const issue = async (spec: object): Promise<string> => {
		const { status, body } = await https(target, `${accounts}/robot/token`, {
			...json,
			body: JSON.stringify({ spec }),
		});
		assert.equal(status, 201, body);
		return JSON.parse(body).status.token;
	};
	const statusWith = async (token: string) =>
		(await https(target, '/version', { headers: { authorization: `Bearer ${token}` } })).status;
	const genuine = await issue({});
	assert.equal(await statusWith(genuine), 200);
	const [header = '', payload = '', signature = ''] = genuine.split('.');
	const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
	const read = (text: string) => JSON.parse(Buffer.from(text, 'base64url').toString());
	const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
	const sign = (text: string) => `${text}.${createSign('sha256').update(text).sign(privateKey, 'base64url')}`;
	const mac = (text: string) =>
		`${text}.${createHmac('sha256', mesh.pki('apiserver-sim/sa.pub')).update(text).digest('base64url')}`;
	const claims = read(payload);
	const forged = {
		'no signature': `${header}.${payload}.`,
		'algorithm none': `${part({ ...read(header), alg: 'none' })}.${payload}.`,
		'the public key as the secret of an HMAC': mac(`${part({ ...read(header), alg: 'HS256' })}.${payload}`),
		'another key': sign(`${header}.${payload}`),
		'another key that its header names': sign(`${part({ alg: 'RS256', kid: '../sa.pub' })}.${payload}`),
		'another subject': `${header}.${part({ ...claims, sub: 'system:serviceaccount:kube-system:admin' })}.${signature}`,
		'another issuer': sign(`${header}.${part({ ...claims, iss: 'https://evil.test' })}`),
		'another audience': await issue({ audiences: ['vault'] }),
		'too long': `${header}.${'A'.repeat(12_000)}.${signature}`,
	};
	for (const [how, token] of Object.entries(forged)) {
		const { status, body } = await https(target, '/version', { headers: { authorization: `Bearer ${token}` } });
		assert.equal(status, 401, `${how}: ${body}`);
		assert.equal(JSON.parse(body).message, 'Unauthorized', how);
	}
}

export const authorization: AttackGroup = {
	name: 'Authorization',
	attacks: [
		{
			title: 'name a namespace in requests for cluster-scoped resources, every gRPC method',
			attacker: 'a namespace admin',
			result: '`Forbidden`: the scope comes from the kind, never from the request',
			run: eachMethodIsForbidden,
		},
		{
			title: 'renew, on the stream of its own Lease, that of another node, one of another namespace, and none',
			attacker: 'a node',
			result: '`Forbidden`, which ends the stream: each message is authorized alone',
			run: streamGrantsNothing,
		},
		{
			title: 'put a cluster-scoped kind under `/namespaces/default/`',
			attacker: 'a namespace admin',
			result: '404, as upstream',
			run: wrongScopeIsNotFound,
		},
		{
			title: 'send `Impersonate-User` with or without `-Group`, `-Uid` and `-Extra-*`',
			attacker: 'a node',
			result: '403, or 400 without a user; the request never runs with the rights of the caller instead',
			async run(target) {
				const node = await issueUser(target.mesh, 'system:node:impersonator', ['system:nodes']);
				for (const [name, wanted] of [
					['Impersonate-User', 403],
					['impersonate-group', 400],
					['IMPERSONATE-UID', 400],
					['Impersonate-Extra-scopes', 400],
				] as const) {
					const headers = { [name]: 'system:masters' };
					const { status, body } = await https(target, '/api/v1/nodes/impersonator', { ...node, headers });
					assert.equal(status, wanted, `${name}: ${body}`);
				}
			},
		},
		{
			title: 'send a thousand headers through a proxy that appends `Impersonate-User`',
			attacker: 'a node',
			result: '403: no header is dropped, and the request never runs with the rights of the proxy',
			async run(target) {
				const node = await issueUser(target.mesh, 'system:node:impersonator', ['system:nodes']);
				const own = Object.fromEntries(Array.from({ length: 1_200 }, (_, at) => [`a${at}`, '']));
				const headers = { ...own, 'Impersonate-User': 'system:masters' };
				const { status, body } = await https(target, '/api/v1/nodes/impersonator', { ...node, headers });
				assert.equal(status, 403, body);
			},
		},
		{
			title: 'forge a service-account token: no signature, another key, algorithm, issuer or audience, altered claims',
			attacker: 'network access only',
			result: '401 without a reason',
			run: forgedTokensAreUnauthorized,
		},
		{
			title: 'send `Bearer` with two blanks, an empty token, or a token of another scheme',
			attacker: 'a bootstrap token',
			result: 'anonymous, as upstream',
			async run(target) {
				const token = await target.mesh.createToken();
				for (const authorization of [`Bearer  ${token}`, `Basic ${token}`, 'Bearer ']) {
					const { body } = await https(target, '/api/v1/nodes', { headers: { authorization } });
					assert.match(body, /system:anonymous/, authorization.slice(0, 8));
				}
			},
		},
		{
			title: 'read a forbidden resource with a method, Accept, selector or paging that is not served',
			attacker: 'network access only',
			result: '403 before 405, 406, 404 or 400',
			async run(target) {
				for (const [method, path, headers] of [
					['DELETE', '/api/v1/nodes/node-1', {}],
					['PATCH', '/api/v1/nodes/node-1', { 'content-type': 'application/json-patch+json' }],
					['GET', '/api/v1/nodes/node-1/status', {}],
					['GET', '/api/v1/secrets?watch=1', {}],
					['POST', '/api/v1/namespaces/kube-system/secrets', { 'content-type': 'application/json' }],
				] as const) {
					const { status, body } = await https(target, path, { method, headers });
					assert.equal(status, 403, `${method} ${path}: ${body}`);
				}
			},
		},
	],
};
