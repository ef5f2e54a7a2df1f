import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { hasCode } from '../errors.ts';
import { clusterOnlyKubeconfig, parseKubeconfig, userKubeconfig, writeKubeconfig } from './kubeconfig.ts';
import { currentCluster, currentUser, discoveredCluster } from './kubeconfig-access.ts';

const server = 'https://192.168.120.11:6443';
const invalid = (error: unknown) => hasCode(error, 'KUBECONFIG_INVALID');
const refuses = (text: string) => assert.throws(() => currentUser(parseKubeconfig(text, 'x.conf'), 'x.conf'), invalid);
const base64 = (text: string) => Buffer.from(text).toString('base64');

describe('kubeconfigs', () => {
	it("writes cluster-info's byte for byte as client-go", () => {
		assert.equal(
			writeKubeconfig(clusterOnlyKubeconfig(server, 'CA\n'.repeat(100))),
			'apiVersion: v1\nclusters:\n- cluster:\n' +
				`    certificate-authority-data: ${base64('CA\n'.repeat(100))}\n    server: ${server}\n  name: ""\n` +
				'contexts: null\ncurrent-context: ""\nkind: Config\nusers: null\n',
		);
	});

	it("writes a user's as kubeadm and reads it back", () => {
		const config = userKubeconfig(server, 'CA', 'kubernetes-admin', { certificate: 'CERT', key: 'KEY' });
		const text = writeKubeconfig(config);
		assert.equal(
			text,
			'apiVersion: v1\nclusters:\n- cluster:\n' +
				`    certificate-authority-data: ${base64('CA')}\n    server: ${server}\n  name: kubernetes\n` +
				'contexts:\n- context:\n    cluster: kubernetes\n    user: kubernetes-admin\n' +
				'  name: kubernetes-admin@kubernetes\n' +
				'current-context: kubernetes-admin@kubernetes\nkind: Config\n' +
				`users:\n- name: kubernetes-admin\n  user:\n    client-certificate-data: ${base64('CERT')}\n` +
				`    client-key-data: ${base64('KEY')}\n`,
		);
		assert.deepEqual(parseKubeconfig(text, 'admin.conf'), config);
		assert.deepEqual(currentCluster(config, ''), {
			server,
			endpoint: '192.168.120.11:6443',
			ca: 'CA',
			isUnverified: false,
			tlsServerName: undefined,
		});
		assert.deepEqual(currentUser(config, ''), {
			name: 'kubernetes-admin',
			certificate: 'CERT',
			key: 'KEY',
			token: undefined,
		});
		const { token, certificate } = currentUser(userKubeconfig(server, 'CA', 'u', { token: 't' }), '');
		assert.deepEqual([token, certificate], ['t', undefined]);
	});

	it('reads the files that it names, relative to itself', () => {
		const directory = mkdtempSync(join(tmpdir(), 'kubeconfig-'));
		try {
			writeFileSync(join(directory, 'a.crt'), 'CERT');
			writeFileSync(join(directory, 'token'), 'abc\n');
			const user = `client-certificate: a.crt, client-key-data: ${base64('KEY')}, tokenFile: token`;
			const users = `users: [{name: u, user: {${user}}}]`;
			const path = join(directory, 'kubelet.conf');
			const config = parseKubeconfig(`${users}\ncontexts: [{name: c, context: {user: u}}]\ncurrent-context: c\n`, path);
			assert.deepEqual(currentUser(config, path), { name: 'u', certificate: 'CERT', key: 'KEY', token: 'abc' });
			rmSync(join(directory, 'a.crt'));
			assert.throws(() => currentUser(config, path), invalid);
		} finally {
			rmSync(directory, { recursive: true });
		}
	});

	it('the cluster without a name is the one that is discovered', () => {
		const named = userKubeconfig('https://b:1', 'B', 'u', { token: 't' });
		const both = { ...named, clusters: [...named.clusters, ...clusterOnlyKubeconfig(server, 'CA').clusters] };
		assert.equal(discoveredCluster(both, '').server, server);
		assert.equal(discoveredCluster(named, '').server, 'https://b:1');
		assert.throws(() => discoveredCluster({ ...named, currentContext: '' }, ''), invalid);
		const withFile = { name: '', cluster: { server, 'certificate-authority': '/etc/passwd' } };
		assert.deepEqual(discoveredCluster({ ...named, clusters: [withFile] }, ''), {
			server,
			endpoint: '192.168.120.11:6443',
			ca: undefined,
			isUnverified: false,
			tlsServerName: undefined,
		});
	});

	it('KUBECONFIG_INVALID', () => {
		for (const text of [
			'',
			'[]',
			'a: b: c',
			'kind: Pod',
			'clusters: 1',
			'users: [1]',
			'users: [{user: {}}]',
			'current-context: 1',
			'current-context: a',
		])
			refuses(text);
		refuses('x: &x [1]\ny: *x\ncontexts: [{name: c, context: {}}]');
		refuses(
			`contexts: [{name: c, context: {user: u}}]\ncurrent-context: c\nusers: [{name: u, user: {client-key-data: "?"}}]`,
		);
		refuses(`contexts: [{name: c, context: {user: u}}]\ncurrent-context: c\nusers: [{name: u, user: {token: 1}}]`);
		refuses('#'.repeat(1024 * 1024 + 1));
		for (const address of ['http://a:1', 'a:1', ''])
			assert.throws(() => discoveredCluster(clusterOnlyKubeconfig(address, ''), ''), invalid);
	});

	it('throws only KUBECONFIG_INVALID for any input', () => {
		const letters = fc.string({
			unit: fc.constantFrom(...'{}[]:-,&*!|>"\' \n#%@`?ab1~', 'users', 'clusters', 'name', 'user', 'current-context'),
		});
		const throwsOwn = (text: string) => {
			try {
				const config = parseKubeconfig(text, 'x');
				currentUser(config, 'x');
				return true;
			} catch (error) {
				return invalid(error);
			}
		};
		fc.assert(fc.property(fc.oneof(fc.string(), letters), throwsOwn), { numRuns: 1000 });
	});
});
