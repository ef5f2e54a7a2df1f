import assert from 'node:assert/strict';
import { hasCode, KubejoinError } from '../errors.ts';
import { sequence, tagged, taggedBytes } from '../pki/der.ts';
import {
	caExtension,
	type ExtensionSpec,
	type Made,
	makeCertificate,
	namesExtension,
	usageExtension,
} from '../pki/fixtures.test.ts';
import { writePrivateKey } from '../pki/keys.ts';
import { call, openChannel } from './channel.ts';
import { createCa, type Identity, openDoor, whoAmI } from './fixtures.test.ts';
import { sniOf } from './verify-server.ts';

/** PEM of a certificate and of those that are sent along with it. */
const identity = (leaf: Made, ...chain: readonly Made[]): Identity => ({
	cert: [leaf, ...chain].map(({ pem }) => pem).join(''),
	key: writePrivateKey(leaf.keys.privateKey),
});
const serverNames = namesExtension({ dns: ['localhost'], ip: ['127.0.0.1', '::1'] });
const ca = (commonName: string, issuer?: Made, ...more: ExtensionSpec[]) =>
	makeCertificate({ commonName, extensions: [caExtension(), ...more], issuer });
const leafOf = (issuer: Made, ...more: ExtensionSpec[]) =>
	makeCertificate({ commonName: 'leaf', issuer, extensions: [serverNames, ...more] });

describe('chains over TLS, client and server', () => {
	let root: Made;
	let intermediate: Made;

	/** Who the server says the client is, or why the client refused the server. */
	async function ask(
		server: Identity,
		trusted: string,
		client: { readonly identity: Identity; readonly clientCa: string },
		serverName = 'localhost',
	): Promise<string> {
		const door = await openDoor({
			identity: server,
			clientCa: { ...(await createCa('unused')), pem: client.clientCa },
			clientCertificate: 'optional',
			services: [whoAmI],
		});
		const channel = openChannel(door.target, { ca: trusted, ...client.identity, serverName });
		try {
			const answer = await call<object, { status?: { userInfo?: { username?: string } } }>(
				channel,
				'SelfSubjectReviews',
				'Create',
				{},
				{ deadlineMs: 4_000 },
			);
			return answer.status?.userInfo?.username || 'unverified';
		} catch (error) {
			assert.ok(error instanceof KubejoinError);
			return hasCode(error, 'PEER_REFUSED') ? String(error.details.problem) : error.code;
		} finally {
			channel.close();
			await door.close();
		}
	}
	/** One chain for both sides. */
	const both = (leaf: Identity, trusted: string) => ask(leaf, trusted, { identity: leaf, clientCa: trusted });
	/** The chain of the client alone. */
	const asClient = async (leaf: Identity, clientCa: string) =>
		ask(identity(await leafOf(root)), root.pem, { identity: leaf, clientCa });

	before(async () => {
		root = await ca('root');
		intermediate = await ca('intermediate', root);
	});

	it('an intermediate CA alone is an anchor, with or without the root', async () => {
		const leaf = await leafOf(intermediate);
		assert.equal(await both(identity(leaf), intermediate.pem), 'leaf');
		assert.equal(await both(identity(leaf, intermediate), intermediate.pem), 'leaf');
		assert.equal(await both(identity(leaf, intermediate), root.pem), 'leaf');
		assert.equal(await both(identity(leaf), root.pem + intermediate.pem), 'leaf');
		assert.equal(await both(identity(leaf), root.pem), 'certificate signed by unknown authority');
		assert.equal(await asClient(identity(leaf), root.pem), 'unverified');
	});

	it('an old and a new CA of one name, in any order, with text around them', async () => {
		const [old, renewed] = [await createCa('kubernetes'), await createCa('kubernetes')];
		for (const bundle of [`Certificate:\n    Data:\n${old.pem}\n# new\n${renewed.pem}`, renewed.pem + old.pem]) {
			for (const issuer of [old, renewed]) {
				const client = { identity: await issuer.client('leaf'), clientCa: bundle };
				assert.equal(await ask(await issuer.server('server', { hosts: ['localhost'] }), bundle, client), 'leaf');
			}
		}
	});

	it('a forged certificate is refused on both sides, also under an intermediate anchor', async () => {
		for (const issuer of [root, intermediate]) {
			const stranger = await ca(issuer.commonName, issuer === root ? undefined : root);
			const forged = identity(
				await makeCertificate({
					commonName: 'leaf',
					issuer,
					extensions: [serverNames],
					signedBy: stranger.keys.privateKey,
				}),
			);
			assert.match(await both(forged, issuer.pem), /unknown authority/);
			assert.equal(await asClient(forged, issuer.pem), 'unverified');
		}
	});

	it('checks path length, name constraints, usages and critical extensions below any anchor', async () => {
		const permitted = sequence(tagged(0, sequence(taggedBytes(2, Buffer.from('example.com')))));
		const limits: readonly (readonly [limit: ExtensionSpec, refusal: RegExp])[] = [
			[['nameConstraints', permitted, true], /not authorized to sign for this name/],
			[usageExtension('code signing'), /incompatible key usage/],
			[['1.2.3.4', sequence(), true], /unhandled critical extension/],
		];
		for (const [limit, refusal] of limits) {
			for (const issuer of [await ca('limited', undefined, limit), await ca('limited', root, limit)]) {
				const leaf = identity(await leafOf(issuer));
				assert.match(await both(leaf, issuer.pem), refusal);
				assert.equal(await asClient(leaf, issuer.pem), 'unverified', String(refusal));
			}
		}
		const short = await makeCertificate({ commonName: 'short', extensions: [caExtension(0)] });
		const below = await ca('below', short);
		const leaf = identity(await leafOf(below), below);
		assert.match(await both(leaf, short.pem), /too many intermediates/);
		assert.equal(await asClient(leaf, short.pem), 'unverified');
	});

	it('an expired certificate below an intermediate anchor', async () => {
		const expired = await makeCertificate({
			commonName: 'leaf',
			issuer: intermediate,
			extensions: [serverNames],
			notAfter: Date.now() - 1000,
		});
		assert.match(await both(identity(expired), intermediate.pem), /has expired or is not yet valid/);
		assert.equal(await asClient(identity(expired), intermediate.pem), 'unverified');
	});

	it('addresses in any spelling, and names that the server chose to mislead', async () => {
		const server = identity(await leafOf(root));
		const client = { identity: server, clientCa: root.pem };
		for (const name of ['::1', '0:0:0:0:0:0:0:1', '127.0.0.1', '::ffff:127.0.0.1', 'LOCALHOST', 'localhost.'])
			assert.equal(await ask(server, root.pem, client, name), 'leaf', name);
		assert.equal(await ask(server, root.pem, client, '::2'), 'certificate is valid for 127.0.0.1, ::1, not ::2');
		const misleading = await makeCertificate({
			commonName: 'leaf',
			issuer: root,
			extensions: [namesExtension({ dns: ['self-signed certificate', 'certificate has expired'] })],
		});
		assert.equal(
			await ask(identity(misleading), root.pem, client),
			'certificate is valid for self-signed certificate, certificate has expired, not localhost',
		);
	});

	it('only DNS names are sent in the handshake', () => {
		assert.deepEqual(['a.b', 'localhost', '1.2.3.4', '::1', '[::1]', '::1%lo'].map(sniOf), [
			'a.b',
			'localhost',
			'',
			'',
			'',
			'',
		]);
	});
});
