import assert from 'node:assert/strict';
import type { PeerCertificate } from '../../../lib/rpc/peer.ts';
import { KubeletAccess, type Reviews } from './access.ts';

const minute = 60_000;

describe('access to the kubelet', () => {
	let nowMs: number;
	let asked: string[];
	let allowed: Set<string>;
	let isDown: boolean;
	const reviews = {
		of: () => ({
			async create({ spec: { token } }: { readonly spec: { readonly token: string } }) {
				asked.push(`token ${token}`);
				if (isDown) throw new Error('down');
				const user = { username: token === 'nameless' ? '' : 'sa', groups: ['g'], uid: 'u' };
				return { status: token === 'wrong' ? {} : { authenticated: token !== 'revoked', user } };
			},
		}),
		subjectAccessReviews: {
			async create({ spec }: { readonly spec: Record<string, never> }) {
				const { verb, resource, subresource, name, version } = spec.resourceAttributes ?? ({} as never);
				const question = `${spec.user} ${verb} ${resource}/${subresource} ${name} ${version}`;
				asked.push(question);
				if (isDown) throw new Error('down');
				return { status: { allowed: allowed.has(question) } };
			},
		},
	} as unknown as Reviews;
	let access: KubeletAccess;
	const verified = (commonName: string): PeerCertificate => ({
		...{ state: 'verified', commonName, organizations: ['o'], fingerprint: 'f', notBefore: 0, notAfter: 1 },
	});
	const none: PeerCertificate = { state: 'none' };
	const refusal = async (
		path: string,
		{ certificate = none, authorization }: { certificate?: PeerCertificate; authorization?: string } = {},
		method = 'GET',
	) => {
		const found = await access.refusalOf({ method, path, peer: { address: '', certificate }, authorization });
		return found === undefined ? 'allowed' : `${found.status} ${found.text}`;
	};
	beforeEach(() => {
		[nowMs, asked, allowed, isDown] = [1_000, [], new Set(), false];
		access = new KubeletAccess({ nodeName: 'n', reviews: () => reviews, clock: () => nowMs });
	});

	it('is refused without credentials, and for those that are not valid', async () => {
		const unverified: PeerCertificate = { state: 'unverified', problem: 'expired' };
		for (const shown of [
			{},
			{ certificate: unverified },
			{ certificate: verified('') },
			{ authorization: 'Bearer wrong' },
			{ authorization: 'Bearer revoked' },
			{ authorization: 'Bearer nameless' },
			{ authorization: 'Basic dmFsaWQ=' },
			{ authorization: 'Bearer' },
			{ certificate: unverified, authorization: 'Bearer wrong' },
		])
			assert.equal(await refusal('/healthz', shown), '401 Unauthorized');
		assert.deepEqual(asked, ['token wrong', 'token revoked', 'token nameless']);
	});

	it('is decided by the API server for each subresource, until one is allowed', async () => {
		const certificate = verified('admin');
		const forbidden = '403 Forbidden (user=admin, verb=get, resource=nodes, subresource(s)=[pods proxy])\n';
		assert.equal(await refusal('/pods', { certificate }), forbidden);
		assert.deepEqual(asked, ['admin get nodes/pods n v1', 'admin get nodes/proxy n v1']);
		allowed.add('admin get nodes/proxy n v1');
		assert.equal(
			await refusal('/containerLogs/a/b/c', { certificate: verified('admin') }),
			forbidden.replace('pods ', ''),
		);
		nowMs += 31_000;
		assert.equal(await refusal('/containerLogs/a/b/c', { certificate }), 'allowed');
		assert.equal(
			await refusal('/run/a', { certificate }, 'POST'),
			'403 Forbidden (user=admin, verb=create, resource=nodes, subresource(s)=[proxy])\n',
		);
	});

	it('with a certificate needs no token, and with a wrong certificate a valid token', async () => {
		for (const user of ['admin', 'sa']) allowed.add(`${user} get nodes/healthz n v1`);
		assert.equal(
			await refusal('/healthz', { certificate: verified('admin'), authorization: 'Bearer wrong' }),
			'allowed',
		);
		const unverified: PeerCertificate = { state: 'unverified', problem: 'x' };
		assert.equal(await refusal('/healthz', { certificate: unverified, authorization: 'bearer  valid' }), 'allowed');
	});

	it('is asked again after the time of upstream: 2 minutes for a token, 5 for a permission, 30 s for a refusal', async () => {
		const authorization = 'Bearer valid';
		allowed.add('sa get nodes/metrics n v1');
		const count = async (path: string) => {
			asked = [];
			await refusal(path, { authorization });
			return asked.length;
		};
		assert.equal(await count('/metrics'), 2);
		assert.equal(await count('/metrics'), 0);
		assert.equal(await count('/stats'), 1);
		nowMs += 31_000;
		assert.deepEqual([await count('/metrics'), await count('/stats')], [0, 1]);
		nowMs += 2 * minute;
		assert.deepEqual(await count('/metrics'), 1);
		nowMs += 3 * minute;
		assert.deepEqual(await count('/metrics'), 2);
	});

	it('is refused while the API server cannot be asked, and the failure is not remembered', async () => {
		isDown = true;
		assert.equal(await refusal('/healthz', { authorization: 'Bearer valid' }), '401 Unauthorized');
		assert.equal(
			await refusal('/metrics', { certificate: verified('admin') }),
			'500 Authorization error (user=admin, verb=get, resource=nodes, subresource=metrics)',
		);
		isDown = false;
		allowed.add('sa get nodes/healthz n v1');
		assert.equal(await refusal('/healthz', { authorization: 'Bearer valid' }), 'allowed');
		access = new KubeletAccess({ nodeName: 'n', reviews: () => undefined, clock: () => nowMs });
		assert.equal(await refusal('/healthz', { authorization: 'Bearer valid' }), '401 Unauthorized');
	});
});
