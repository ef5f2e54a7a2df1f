import assert from 'node:assert/strict';
import { existsSync, lstatSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hasCode } from '../../../lib/errors.ts';
import { makePrivateDirectory } from '../../../lib/files.ts';
import { nodePaths } from '../../../lib/node-paths.ts';
import {
	buildCaCertificate,
	buildCertificate,
	createIssuer,
	type Issuer,
	parseCertificates,
} from '../../../lib/pki/certificate.ts';
import { generateKeyPair, type KeyPair, spkiOf, writePrivateKey } from '../../../lib/pki/keys.ts';
import type { Usage } from '../../../lib/pki/usages.ts';
import { isExpired, loadIdentity, storeIdentity } from '../identity.ts';
import type { PinnedCa } from '../trust.ts';
import type { JoinContext } from './join-context.ts';
import { requireUsable, verifyCertificate } from './verify-certificate.ts';

const now = Date.UTC(2026, 1, 1);
const hour = 3_600_000;

describe('an issued certificate', () => {
	let ca: string;
	let issuer: Issuer;
	let other: Issuer;
	let pair: KeyPair;
	const makeCa = async () => {
		const keys = await generateKeyPair('ECDSA-P256');
		const pem = buildCaCertificate(
			{ commonName: 'kubernetes', dnsNames: [], notBefore: now - hour, notAfter: now + 10 * hour },
			keys,
		);
		return { pem, issuer: createIssuer(parseCertificates(pem)[0], keys.privateKey) };
	};
	before(async () => {
		({ pem: ca, issuer } = await makeCa());
		({ issuer: other } = await makeCa());
		pair = await generateKeyPair('ECDSA-P256');
	});
	const sign = (
		changes: {
			name?: string;
			groups?: string[];
			from?: number;
			until?: number;
			usage?: Usage;
			by?: Issuer;
			key?: KeyPair;
			isCa?: boolean;
		} = {},
	) =>
		buildCertificate(
			{
				subject: { commonName: changes.name ?? 'system:node:n', organizations: changes.groups ?? ['system:nodes'] },
				spki: spkiOf((changes.key ?? pair).publicKey),
				notBefore: changes.from ?? now - hour,
				notAfter: changes.until ?? now + hour,
				usages: [
					'digital signature',
					changes.usage ?? 'client auth',
					...(changes.isCa ? (['cert sign'] as const) : []),
				],
				isCa: changes.isCa ?? false,
			},
			changes.by ?? issuer,
		);
	const refusal = (pem: string): string | undefined => {
		try {
			requireUsable(pem, { publicKey: pair.publicKey, nodeName: 'n', ca, nowMs: now });
			return undefined;
		} catch (error) {
			return hasCode(error, 'CERTIFICATE_UNUSABLE') ? String(error.details.problem) : assert.fail(String(error));
		}
	};

	it('is accepted when key, name, groups, CA, lifetime and usage are right', () =>
		assert.equal(refusal(sign()), undefined));
	it('is refused with the reason otherwise', async () => {
		const stranger = await generateKeyPair('ECDSA-P256');
		for (const [pem, reason] of [
			[sign({ key: stranger }), /another key/],
			[sign({ name: 'system:node:m' }), /"system:node:m" and not for "system:node:n"/],
			[sign({ groups: ['system:masters'] }), /organizations/],
			[sign({ groups: ['system:nodes', 'system:masters'] }), /organizations/],
			[sign({ by: other }), /^x509: certificate signed by unknown authority$/],
			[sign({ until: now - 1_000 }), /expired/],
			[sign({ from: now + 60_000 }), /not yet|valid/],
			[sign({ isCa: true }), /^it is the certificate of a CA$/],
			[sign({ usage: 'server auth' }), /incompatible key usage/],
			['nonsense', /cannot be parsed/],
		] as const) {
			assert.match(refusal(pem) ?? '', reason);
		}
	});

	describe('on disk', () => {
		let root: string;
		beforeEach(() => {
			root = mkdtempSync(join(tmpdir(), 'kubejoin-node-'));
		});
		afterEach(() => rmSync(root, { recursive: true }));
		const server = () => ({ url: 'https://h:6443', target: 'h:6443', ca: ca as PinnedCa });
		const run = (claimedCertificate: string) => {
			const tools = { paths: nodePaths(root), clock: () => now, say: () => undefined } as unknown as JoinContext;
			return verifyCertificate(tools).run({ claimedCertificate, keyPair: pair, nodeName: 'n', server: server() });
		};

		it('becomes the identity, can be loaded, and the bootstrap credentials are deleted', async () => {
			const paths = nodePaths(root);
			await makePrivateDirectory(paths.kubernetesDirectory);
			await makePrivateDirectory(paths.certificateDirectory);
			for (const path of [paths.bootstrapKubeconfig, paths.pendingKey]) writeFileSync(path, 'x');
			const { identity } = await run(sign());
			for (const path of [paths.bootstrapKubeconfig, paths.pendingKey]) assert.equal(existsSync(path), false);
			assert.ok(lstatSync(paths.currentCertificate).isSymbolicLink());
			for (const path of [paths.currentCertificate, paths.kubeconfig]) assert.equal(statSync(path).mode & 0o777, 0o600);
			assert.equal(readFileSync(paths.clusterCa, 'utf8'), ca);
			assert.deepEqual(await loadIdentity(paths), identity);
			assert.equal(
				isExpired(identity, () => now),
				false,
			);
			assert.equal(
				isExpired(identity, () => now + hour),
				true,
			);
		});

		it('is not stored when it is CERTIFICATE_UNUSABLE', async () => {
			await assert.rejects(
				async () => run(sign({ by: other })),
				(error) => hasCode(error, 'CERTIFICATE_UNUSABLE'),
			);
			assert.equal(existsSync(nodePaths(root).kubeconfig), false);
		});

		it('is replaced atomically by a newer one, and its file stays', async () => {
			const paths = nodePaths(root);
			const key = writePrivateKey(pair.privateKey);
			const older = sign();
			const newer = sign({ until: now + 2 * hour });
			await storeIdentity(paths, { certificate: older, key, server: server(), nodeName: 'n' }, now);
			await storeIdentity(paths, { certificate: newer, key, server: server(), nodeName: 'n' }, now + 1_000);
			assert.equal((await loadIdentity(paths))?.certificate, newer);
			assert.ok(
				readFileSync(join(paths.certificateDirectory, 'kubelet-client-2026-02-01-00-00-00.pem'), 'utf8').startsWith(
					older,
				),
			);
		});

		it('is undefined when absent, and refused by name when damaged', async () => {
			const paths = nodePaths(root);
			assert.equal(await loadIdentity(paths), undefined);
			await run(sign());
			writeFileSync(
				paths.currentCertificate,
				`${sign()}${writePrivateKey((await generateKeyPair('ECDSA-P256')).privateKey)}`,
			);
			await assert.rejects(loadIdentity(paths), (error) => hasCode(error, 'CERTIFICATE_MALFORMED'));
			writeFileSync(paths.currentCertificate, 'torn');
			await assert.rejects(loadIdentity(paths), (error) => hasCode(error, 'CERTIFICATE_MALFORMED', 'KEY_MALFORMED'));
			writeFileSync(paths.kubeconfig, 'a: [');
			await assert.rejects(loadIdentity(paths), (error) => hasCode(error, 'KUBECONFIG_INVALID'));
		});
	});
});
