import assert from 'node:assert/strict';
import type { Cluster, KnownCertificate } from '../api.ts';
import { type Credentials, identityOf, partyRows, text } from './certificate-parties.ts';

const certificate = (commonName: string, origin: object): KnownCertificate => ({
	...{ serial: commonName, organizations: ['o'], commonName, issuer: 'kubernetes', key: 'P-256', names: 0 },
	...{ notBeforeMs: 0, notAfterMs: 10 },
	...origin,
});
const signer = 'kubernetes.io/kube-apiserver-client-kubelet';
const cluster: Cluster = {
	...{ atMs: 0, requests: [], services: [], leases: [], events: [] },
	nodes: [{ name: 'node-2', status: 'Ready', heartbeatMs: 0 }],
	tokens: [{ id: 'abcdef', expiresMs: 0, usages: [], description: '' }],
};
const rowsOf = (credentials: Partial<Credentials> = {}) =>
	partyRows({ certificates: undefined, cluster: undefined, hasAttacker: false, ...credentials });
const row = (id: string, credentials?: Partial<Credentials>) => rowsOf(credentials).find((one) => one.id === id);

describe('the parties and their certificates', () => {
	it('have the certificate of their file', () => {
		const list = [certificate('renamed', { file: 'admin/admin.conf' })];
		const admin = row('admin/admin.conf', { certificates: { list } });
		assert.equal(admin?.life?.notAfterMs, 10);
		assert.ok(admin !== undefined);
		assert.equal(text(identityOf(admin)), 'O=o\nCN=renamed');
	});

	it('contain each node, with the certificate of its request if one is stored', () => {
		const certificates = { list: [certificate('system:node:node-1', { signer })] };
		const rows = rowsOf({ certificates, cluster }).filter(({ id }) => id.startsWith('kubelet/'));
		assert.deepEqual(
			rows.map(({ id, life }) => [id, life !== undefined]),
			[
				['kubelet/node-1', true],
				['kubelet/node-2', false],
			],
		);
	});

	it('show a serving certificate of a kubelet as soon as one is issued', () => {
		assert.equal(row('kubelet-server')?.isPresent, false);
		const list = [certificate('system:node:node-1', { signer: 'kubernetes.io/kubelet-serving' })];
		assert.equal(row('kubelet-server/system:node:node-1', { certificates: { list } })?.isPresent, true);
		assert.equal(row('kubelet-server', { certificates: { list } }), undefined);
	});

	it('contain tokens, and the attacker only while it runs', () => {
		assert.equal(row('token/abcdef', { cluster })?.expiry, 'never');
		assert.equal(row('attacker-sim'), undefined);
		assert.equal(row('attacker-sim', { hasAttacker: true })?.group, 'attacker');
	});
});
