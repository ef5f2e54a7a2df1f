import assert from 'node:assert/strict';
import type { ApiClient } from '../../lib/kube/client.ts';
import type { KeyAlgorithm } from '../../lib/pki/keys.ts';
import { createCa, type Door, openDoor, type TestCa, whoAmI } from '../../lib/rpc/fixtures.test.ts';
import { createDial, createDials } from './clients.ts';
import type { ApiConnection } from './join/join-context.ts';
import type { PinnedCa } from './trust.ts';

describe('the connections of a node', () => {
	let ca: TestCa;
	let door: Door;
	before(async () => {
		ca = await createCa('kubernetes');
	});
	beforeEach(async () => {
		const identity = await ca.server('apiserver-sim', { hosts: ['localhost'] });
		door = await openDoor({ identity, clientCa: ca, clientCertificate: 'optional', services: [whoAmI] });
	});
	afterEach(() => door.close());

	const trusted = () => ca.pem as PinnedCa;
	const server = () => ({ url: `https://${door.target}`, target: door.target, ca: trusted() });
	const node = async (name: string, algorithm: KeyAlgorithm = 'ECDSA-P256') => {
		const options = { organizations: ['system:nodes'], algorithm };
		const { cert: certificate, key } = await ca.client(`system:node:${name}`, options);
		return { certificate, key };
	};
	async function user({ api, close }: ApiConnection<never>): Promise<string | undefined> {
		const { status } = await (api as unknown as ApiClient).selfSubjectReviews.create({ metadata: {} } as never);
		close();
		return status?.userInfo?.username;
	}

	it('uses the verified connection for the calls with the token, and no unverified one', async () => {
		const dial = createDial();
		const closeUnused = dial.keepOpen();
		await user(dial.unverified(door.target));
		assert.equal(door.handshakes(), 1);
		await user(dial.verified(door.target, trusted()));
		await user(dial.withCredential(server(), { token: 'abcdef.0123456789abcdef' }));
		await user(dial.withCredential(server(), { token: 'abcdef.0123456789abcdef' }));
		assert.equal(door.handshakes(), 2);
		await user(dial.unverified(door.target));
		assert.equal(door.handshakes(), 3);
		closeUnused();
	});

	it('uses one connection for an identity, and another one for another identity', async () => {
		const dial = createDial();
		const first = await node('first');
		const staying = dial.asNode(server(), first);
		assert.equal(await user(dial.asNode(server(), first)), 'system:node:first');
		assert.equal(await user(dial.asNode(server(), await node('second'))), 'system:node:second');
		assert.equal(door.handshakes(), 2);
		assert.equal(await user(staying), 'system:node:first');
		assert.equal(door.handshakes(), 2);
	});

	it('presents the certificate of a credential beside its token, which cannot replace it', async () => {
		const credential = { ...(await node('first')), token: 'abcdef.0123456789abcdef' };
		assert.equal(await user(createDial().withCredential(server(), credential)), 'system:node:first');
	});

	it('verifies each server with its own CA and name', async () => {
		const dial = createDial();
		const closeUnused = dial.keepOpen();
		await user(dial.verified(door.target, trusted()));
		const other = (await createCa('other')).pem as PinnedCa;
		await assert.rejects(user(dial.verified(door.target, other)), { code: 'PEER_REFUSED' });
		const renamed = { ...server(), tlsServerName: 'elsewhere' };
		await assert.rejects(user(dial.withCredential(renamed, { token: 'token' })), { code: 'PEER_REFUSED' });
		closeUnused();
	});

	it('closes a connection after its last user, unless a join keeps it open', async () => {
		const dial = createDial();
		await user(dial.verified(door.target, trusted()));
		await user(dial.verified(door.target, trusted()));
		assert.equal(door.handshakes(), 2);
		const closeUnused = dial.keepOpen();
		await user(dial.verified(door.target, trusted()));
		closeUnused();
		await user(dial.verified(door.target, trusted()));
		assert.equal(door.handshakes(), 4);
	});

	it('gives each node of a process connections of its own', async () => {
		const newDial = createDials();
		const [first, second] = [newDial(), newDial()];
		await Promise.all([first, second].map((dial) => user(dial.verified(door.target, trusted()))));
		assert.equal(door.handshakes(), 2);
		const other = (await createCa('other')).pem as PinnedCa;
		await assert.rejects(user(second.verified(door.target, other)), { code: 'PEER_REFUSED' });
		assert.equal(await user(first.asNode(server(), await node('first'))), 'system:node:first');
		assert.equal(await user(second.asNode(server(), await node('second'))), 'system:node:second');
	});

	it('presents the certificate of the identity after one with a key of another kind', async () => {
		const newDial = createDials();
		const identities = { rsa: await node('rsa', 'RSA-2048'), ecdsa: await node('ecdsa') };
		for (const name of ['ecdsa', 'rsa', 'ecdsa', 'rsa'] as const)
			assert.equal(await user(newDial().asNode(server(), identities[name])), `system:node:${name}`);
	});
});
