import assert from 'node:assert/strict';
import { createHash, createPrivateKey, X509Certificate } from 'node:crypto';
import {
	existsSync,
	mkdirSync,
	mkdtempSync,
	readdirSync,
	readFileSync,
	rmSync,
	statSync,
	writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { errorForPeople } from '../../lib/cli/error-text.ts';
import { hasCode, KubejoinError } from '../../lib/errors.ts';
import { parseKubeconfig } from '../../lib/kube/kubeconfig.ts';
import { currentCluster, currentUser } from '../../lib/kube/kubeconfig-access.ts';
import { parseCertificates, readCertificate } from '../../lib/pki/certificate.ts';
import { chainProblem } from '../../lib/pki/chain.ts';
import { sequence, tagged, taggedBytes } from '../../lib/pki/der.ts';
import {
	type CertificateSpec,
	caExtension,
	type Made,
	makeCertificate,
	usageExtension,
} from '../../lib/pki/fixtures.test.ts';
import { type KeyAlgorithm, writePrivateKey } from '../../lib/pki/keys.ts';
import { verifyStrictly } from '../../test/openssl.ts';
import { issuePki, type PkiOptions } from './issue.ts';

const now = Date.UTC(2026, 0, 31, 12);
const day = 24 * 60 * 60 * 1000;
const apiServer = 'https://control-plane.test:6443';

const layout: Record<string, string[]> = {
	'ca-service': ['ca.crt', 'ca.key', 'mesh-ca.crt', 'server.crt', 'server.key', 'traces-key'],
	'token-store': ['mesh-ca.crt', 'server.crt', 'server.key', 'store-password', 'store.crt', 'store.key', 'traces-key'],
	'apiserver-sim': [
		'ca.crt',
		'kubelet-client.crt',
		'kubelet-client.key',
		'mesh-ca.crt',
		'sa.key',
		'sa.pub',
		'server.crt',
		'server.key',
		'store-password',
		'store.crt',
		'store.key',
		'token-store-client.crt',
		'token-store-client.key',
		'traces-key',
	],
	'controller-manager-sim': [
		'controller-manager.conf',
		'mesh-ca.crt',
		'mesh-client.crt',
		'mesh-client.key',
		'traces-key',
	],
	'kubelet-sim': ['traces-key'],
	'attacker-sim': ['traces-key'],
	observer: ['certificates.json', 'traces-key'],
	redis: ['mesh-ca.crt', 'server.crt', 'server.key', 'users.acl'],
	admin: ['admin.conf', 'ca.crt', 'kube-proxy.conf', 'scheduler.conf', 'super-admin.conf'],
	'mesh-ca': ['mesh-ca.crt', 'mesh-ca.key'],
};

describe('the PKI', () => {
	// RSA keys take seconds on a busy machine.

	let directory = '';
	beforeEach(() => {
		directory = mkdtempSync(join(tmpdir(), 'pki-'));
	});
	afterEach(() => rmSync(directory, { recursive: true }));

	const read = (path: string): string => readFileSync(join(directory, path), 'utf8');
	const subjectIn = (path: string) => readCertificate(parseCertificates(read(path))[0]).subject;
	const files = (): string[] =>
		Object.keys(layout).flatMap((part) => readdirSync(join(directory, part)).map((file) => `${part}/${file}`));
	const isCopy = (file: string): boolean =>
		/(^|[/-])ca\.crt$/.test(file) && !['ca-service/ca.crt', 'mesh-ca/mesh-ca.crt'].includes(file);
	/** @returns the lines that begin with `made` */
	const issue = async (options: Partial<PkiOptions> = {}): Promise<string[]> => {
		const lines: string[] = [];
		await issuePki({
			directory,
			keyAlgorithm: 'ECDSA-P256',
			apiServer,
			extraSans: [],
			clock: () => now,
			say: (line) => lines.push(line),
			...options,
		});
		assert.ok(lines.every((line) => /^(kept|made) /.test(line)));
		return lines.filter((line) => line.startsWith('made '));
	};
	const refuses = (options: Partial<PkiOptions> = {}, code: 'FILE_UNUSABLE' | 'CONFIG_INVALID' = 'FILE_UNUSABLE') =>
		assert.rejects(issue(options), (error: unknown) => hasCode(error, code));
	const identityIn = (path: string) => {
		const config = parseKubeconfig(read(path), path);
		return { cluster: currentCluster(config, path), user: currentUser(config, path) };
	};

	it('gives each program its files, and only the owner can read keys', async () => {
		await issue();
		assert.deepEqual(readdirSync(directory).sort(), Object.keys(layout).sort());
		for (const [part, expected] of Object.entries(layout)) {
			assert.deepEqual(readdirSync(join(directory, part)).sort(), expected);
			assert.equal(statSync(join(directory, part)).mode & 0o777, 0o700);
		}
		for (const file of files())
			assert.equal(statSync(join(directory, file)).mode & 0o777, /\.(crt|pub)$/.test(file) ? 0o644 : 0o600, file);
	});

	it('publishes every certificate for the observer, and no key', async () => {
		await issue();
		const published: Record<string, string> = JSON.parse(read('observer/certificates.json'));
		const certificates = files().filter((file) => /\.(crt|conf)$/.test(file) && !isCopy(file));
		assert.deepEqual(Object.keys(published).sort(), certificates.sort());
		assert.equal(published['apiserver-sim/server.crt'], read('apiserver-sim/server.crt'));
		assert.equal(published['admin/admin.conf'], identityIn('admin/admin.conf').user.certificate);
		assert.doesNotMatch(read('observer/certificates.json'), /-----BEGIN [A-Z ]*KEY-----/);
	});

	describe('with a CA that an operator brings', () => {
		const caDirectory = () => join(directory, 'ca-service');
		const bring = (certificate: string, key: string) => {
			mkdirSync(caDirectory(), { recursive: true });
			writeFileSync(join(caDirectory(), 'ca.crt'), certificate);
			writeFileSync(join(caDirectory(), 'ca.key'), key);
		};
		const ca = (commonName: string, options: Partial<CertificateSpec> = {}) =>
			makeCertificate({ commonName, ...options, extensions: [caExtension(), ...(options.extensions ?? [])] });
		const keyOf = ({ keys }: Made) => writePrivateKey(keys.privateKey);
		const parameters = '-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n';
		const refusesFile = (file: string, problem: RegExp) =>
			assert.rejects(issue(), (error: unknown) => {
				assert.ok(error instanceof KubejoinError);
				assert.equal(error.details.path, join(caDirectory(), file));
				assert.match(error.message, problem);
				return error.code === 'FILE_UNUSABLE';
			});

		it('accepts an intermediate CA without its root, text around it, and EC parameters before its key', async () => {
			const root = await ca('root');
			const intermediate = await ca('intermediate', { issuer: root });
			bring(`Certificate:\n    Data:\n${intermediate.pem}`, parameters + keyOf(intermediate));
			await issue();
			const leaf = parseCertificates(read('apiserver-sim/server.crt'))[0];
			const chain = { now, purpose: 'server auth' } as const;
			assert.equal(chainProblem(leaf, { ...chain, anchors: [intermediate.certificate] }), undefined);
			assert.equal(chainProblem(leaf, { ...chain, anchors: parseCertificates(read('admin/ca.crt')) }), undefined);
			assert.deepEqual(await issue(), [], 'the next run keeps all files');
		});

		it('signs with the CA whose key exists, in a bundle of an old and a new CA', async () => {
			const [old, renewed] = [await ca('kubernetes'), await ca('kubernetes')];
			for (const bundle of [old.pem + renewed.pem, renewed.pem + old.pem]) {
				bring(bundle, keyOf(renewed));
				await issue();
				const leaf = parseCertificates(read('apiserver-sim/server.crt'))[0];
				assert.ok(leaf.verify(renewed.keys.publicKey));
				assert.equal(read('admin/ca.crt'), bundle);
			}
		});

		it('refuses an unusable file, names it and its contents', async () => {
			const own = await ca('own');
			const other = await ca('other');
			const encrypted = own.keys.privateKey.export({
				type: 'pkcs8',
				format: 'pem',
				cipher: 'aes-128-cbc',
				passphrase: 'x',
			});
			bring(own.pem, own.pem);
			await refusesFile('ca.key', /no PEM block of a private key: found CERTIFICATE/);
			bring(own.pem, String(encrypted));
			await refusesFile('ca.key', /it is encrypted/);
			bring(keyOf(own), keyOf(own));
			await refusesFile('ca.crt', /no PEM block of type CERTIFICATE: found EC PRIVATE KEY/);
			bring(own.pem, keyOf(other));
			await refusesFile('ca.crt', /the private key belongs to another certificate/);
			bring(own.pem.slice(0, -20), keyOf(own));
			await refusesFile('ca.crt', /has no END line/);
		});

		it('refuses a CA whose constraints exclude a certificate of the plan', async () => {
			const permitted = sequence(tagged(0, sequence(taggedBytes(2, Buffer.from('corp.example')))));
			const constrained = await ca('corp', { extensions: [['nameConstraints', permitted, true]] });
			bring(constrained.pem, keyOf(constrained));
			await refusesFile(
				'ca.crt',
				/cannot sign apiserver-sim\/server\.crt: x509: .*DNS name "kubernetes" is not permitted/,
			);
			const forMail = await ca('mail', { extensions: [usageExtension('email protection')] });
			bring(forMail.pem, keyOf(forMail));
			await refusesFile('ca.crt', /incompatible key usage/);
		});
	});

	it('writes no private key and no password into two directories', async () => {
		await issue();
		const keys = files().flatMap((file) => {
			if (file.endsWith('.key')) return [read(file)];
			return file.endsWith('.conf') ? [identityIn(file).user.key ?? ''] : [];
		});
		const prints = keys.map((key) =>
			createHash('sha256')
				.update(createPrivateKey(key).export({ type: 'pkcs8', format: 'der' }))
				.digest('hex'),
		);
		assert.equal(prints.length, 17);
		assert.equal(new Set(prints).size, prints.length);
		assert.notEqual(read('token-store/store-password'), read('apiserver-sim/store-password'));
		const traces = files()
			.filter((file) => file.endsWith('/traces-key'))
			.map(read);
		assert.deepEqual([traces.length, new Set(traces).size], [7, 7]);
	});

	for (const keyAlgorithm of ['RSA-2048', 'ECDSA-P256'] as KeyAlgorithm[]) {
		it(`issues certificates that pass openssl verify -x509_strict under a CA of ${keyAlgorithm}`, async () => {
			await issue({ keyAlgorithm });
			const cluster = read('ca-service/ca.crt');
			const mesh = read('mesh-ca/mesh-ca.crt');
			assert.equal(
				new X509Certificate(cluster).publicKey.asymmetricKeyType,
				keyAlgorithm === 'RSA-2048' ? 'rsa' : 'ec',
			);
			for (const file of files()) {
				const isOfCluster = /^apiserver-sim\/(server|kubelet-client)\.crt$/.test(file);
				const purpose = file.endsWith('/server.crt') ? 'sslserver' : 'sslclient';
				if (/\/(mesh-)?ca\.crt$/.test(file)) verifyStrictly(read(file), read(file), 'any', now);
				else if (file.endsWith('.crt')) verifyStrictly(isOfCluster ? cluster : mesh, read(file), purpose, now);
				else if (file.endsWith('.conf'))
					verifyStrictly(cluster, identityIn(file).user.certificate ?? '', 'sslclient', now);
			}
		});
	}

	it('separates the two CAs: no certificate of the mesh verifies under the cluster CA', async () => {
		await issue();
		assert.throws(() => verifyStrictly(read('ca-service/ca.crt'), read('token-store/server.crt'), 'any', now));
		assert.throws(() => verifyStrictly(read('mesh-ca/mesh-ca.crt'), read('apiserver-sim/server.crt'), 'any', now));
	});

	it("uses upstream's subjects, and the address of the API server in kubeconfigs", async () => {
		await issue();
		const users = {
			'admin/admin.conf': { organizations: ['kubeadm:cluster-admins'], commonName: 'kubernetes-admin' },
			'admin/super-admin.conf': { organizations: ['system:masters'], commonName: 'kubernetes-super-admin' },
			'admin/scheduler.conf': { organizations: [], commonName: 'system:kube-scheduler' },
			'admin/kube-proxy.conf': { organizations: [], commonName: 'system:kube-proxy' },
			'controller-manager-sim/controller-manager.conf': {
				organizations: [],
				commonName: 'system:kube-controller-manager',
			},
		};
		for (const [path, subject] of Object.entries(users)) {
			const { cluster, user } = identityIn(path);
			assert.deepEqual(cluster, {
				server: apiServer,
				endpoint: apiServer.replace('https://', ''),
				ca: read('ca-service/ca.crt'),
				isUnverified: false,
				tlsServerName: undefined,
			});
			assert.deepEqual(readCertificate(parseCertificates(user.certificate ?? '')[0]).subject, subject);
		}
		assert.match(read('admin/admin.conf'), /current-context: kubernetes-admin@kubernetes\n/);
		assert.equal(subjectIn('controller-manager-sim/mesh-client.crt').commonName, 'system:kube-controller-manager');
		assert.equal(subjectIn('token-store/store.crt').commonName, 'token-store');
		assert.equal(subjectIn('apiserver-sim/token-store-client.crt').commonName, 'apiserver-sim');
		assert.equal(subjectIn('apiserver-sim/server.crt').commonName, 'kube-apiserver');
		const kubeletClient = { organizations: [], commonName: 'kube-apiserver-kubelet-client' };
		assert.deepEqual(subjectIn('apiserver-sim/kubelet-client.crt'), kubeletClient);
	});

	it('issues the API server a certificate for each of its names and addresses', async () => {
		await issue({ extraSans: ['10.0.0.9', '2001:db8::1', 'api.example.com'] });
		const certificate = new X509Certificate(read('apiserver-sim/server.crt'));
		for (const host of [
			'kubernetes',
			'kubernetes.default.svc.cluster.local',
			'apiserver-sim',
			'localhost',
			'control-plane.test',
			'api.example.com',
		]) {
			assert.ok(certificate.checkHost(host), host);
		}
		for (const address of ['127.0.0.1', '::1', '10.96.0.1', '10.0.0.9', '2001:db8::1'])
			assert.ok(certificate.checkIP(address), address);
		const redis = new X509Certificate(read('redis/server.crt'));
		assert.ok(redis.checkHost('redis') && redis.checkHost('localhost') && redis.checkIP('127.0.0.1'));
	});

	it('issues CAs for ten years and leaves for one, back-dated by five minutes', async () => {
		await issue();
		const life = (path: string) => {
			const { notBefore, notAfter } = readCertificate(parseCertificates(read(path))[0]);
			return { notBefore: now - notBefore, days: Math.round((notAfter - notBefore) / day) };
		};
		assert.deepEqual(life('ca-service/ca.crt'), { notBefore: 300_000, days: 3650 });
		assert.deepEqual(life('redis/server.crt'), { notBefore: 300_000, days: 365 });
	});

	it('gives Redis hashes of passwords, and each user one keyspace', async () => {
		await issue();
		const [first, tokens, registry] = read('redis/users.acl').split('\n');
		const hash = (part: string) =>
			createHash('sha256')
				.update(read(`${part}/store-password`).trimEnd())
				.digest('hex');
		assert.match(first ?? '', /^user default off resetpass /);
		assert.ok(tokens?.startsWith(`user token-store on #${hash('token-store')} ~{tokens}:* resetchannels -@all +`));
		assert.ok(
			registry?.startsWith(`user apiserver-sim on #${hash('apiserver-sim')} ~{registry}:* resetchannels -@all +`),
		);
	});

	it('keeps every byte in a second run', async () => {
		assert.ok((await issue()).length > 25);
		const before = files().map(read);
		assert.deepEqual(await issue({ keyAlgorithm: 'RSA-2048', clock: () => now + 300 * day }), []);
		assert.deepEqual(files().map(read), before);
	});

	it('replaces invalid files, and no others', async () => {
		await issue();
		const ca = read('ca-service/ca.crt');
		writeFileSync(join(directory, 'redis/server.crt'), 'x');
		writeFileSync(join(directory, 'token-store/store.key'), read('redis/server.key'));
		rmSync(join(directory, 'ca-service/server.key'));
		writeFileSync(join(directory, 'apiserver-sim/token-store-client.crt'), read('apiserver-sim/store.crt'));
		writeFileSync(join(directory, 'admin/ca.crt'), '');
		writeFileSync(
			join(directory, 'admin/admin.conf'),
			read('admin/admin.conf').replace('client-key-data: ', 'client-key-data: AAAA'),
		);
		writeFileSync(join(directory, 'apiserver-sim/sa.key'), '');
		rmSync(join(directory, 'redis/users.acl'));
		const made = (await issue()).map((line) => line.split(/[ :]/)[1]).sort();
		assert.deepEqual(made, [
			'admin/admin.conf',
			'admin/ca.crt',
			'apiserver-sim/sa.key',
			'apiserver-sim/sa.pub',
			'apiserver-sim/token-store-client.crt',
			'ca-service/server.crt',
			'observer/certificates.json',
			'redis/server.crt',
			'redis/users.acl',
			'token-store/store.crt',
		]);
		assert.equal(read('ca-service/ca.crt'), ca);
		assert.deepEqual(await issue(), []);
	});

	it('replaces files when the names or the address of the API server change', async () => {
		await issue();
		assert.deepEqual(
			(await issue({ extraSans: ['api.example.com'] })).map((line) => line.split(/[ :]/)[1]),
			['apiserver-sim/server.crt', 'observer/certificates.json'],
		);
		assert.equal(
			(await issue({ apiServer: 'https://[::1]:6443', extraSans: ['api.example.com', 'control-plane.test'] })).length,
			6,
		);
	});

	it('replaces leaves 30 days before they expire, and keeps the CA', async () => {
		await issue();
		const made = await issue({ clock: () => now + 340 * day });
		assert.equal(made.length, 15);
		assert.equal(made.filter((line) => line.includes('it would have expired')).length, 14);
	});

	it('issues no leaf that outlives its CA, and keeps one that expires with it', async () => {
		await issue();
		const clock = () => now + 3640 * day;
		assert.equal((await issue({ clock })).length, 15);
		const { notAfter } = readCertificate(parseCertificates(read('redis/server.crt'))[0]);
		assert.equal(notAfter, readCertificate(parseCertificates(read('mesh-ca/mesh-ca.crt'))[0]).notAfter);
		assert.deepEqual(await issue({ clock }), []);
	});

	it('refuses to create a second CA', async () => {
		await issue();
		const key = read('ca-service/ca.key');
		const certificate = read('ca-service/ca.crt');
		const restore = () => {
			writeFileSync(join(directory, 'ca-service/ca.key'), key);
			writeFileSync(join(directory, 'ca-service/ca.crt'), certificate);
		};
		for (const file of ['ca-service/ca.key', 'ca-service/ca.crt']) {
			rmSync(join(directory, file));
			await refuses();
			assert.ok(!existsSync(join(directory, file)));
			writeFileSync(join(directory, file), 'x');
			await refuses();
			await assert.rejects(
				issue(),
				(error: unknown) =>
					error instanceof KubejoinError &&
					errorForPeople(error).includes(`Restore ${join(directory, file)} from a backup`) &&
					errorForPeople(error).includes('delete the cluster and start a new one: npm start -- --reset'),
			);
			restore();
		}
		writeFileSync(join(directory, 'ca-service/ca.key'), read('mesh-ca/mesh-ca.key'));
		await refuses();
		rmSync(join(directory, 'ca-service'), { recursive: true });
		await refuses();
	});

	it('refuses an expired CA and a directory that cannot be created', async () => {
		await issue();
		await refuses({ clock: () => now + 3651 * day });
		await refuses({ directory: join(directory, 'redis/users.acl') });
	});

	it('refuses an invalid address or name of the API server', async () => {
		for (const wrong of ['http://a:1', 'a:1', 'https://a', 'https://a:1/x', 'https://u@a:1'])
			await refuses({ apiServer: wrong }, 'CONFIG_INVALID');
		for (const wrong of ['a b', 'a,b', '1.2.3.4/24', '', 'größe'])
			await refuses({ extraSans: [wrong] }, 'CONFIG_INVALID');
		assert.deepEqual(readdirSync(directory), []);
	});
});
