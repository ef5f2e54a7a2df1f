/**
 * Creates the node's key, which never leaves the node. The key is on disk before the request is sent, so that a node
 * that crashes while it waits continues with the same request.
 *
 * @source kubelet certificate/bootstrap LoadClientCert (kubelet-client.key.tmp)
 */
import { createPublicKey } from 'node:crypto';
import { makePrivateDirectory, readFileIfThere, writeWholeFile } from '../../../lib/files.ts';
import { generateKeyPair, type KeyPair, readPrivateKey, spkiOf, writePrivateKey } from '../../../lib/pki/keys.ts';
import type { Phase } from '../../../lib/workflow.ts';
import type { NodeIdentity } from '../identity.ts';
import type { JoinContext } from './join-context.ts';

interface Needs {
	readonly replaces?: NodeIdentity | undefined;
}

export const createKey = ({
	paths,
	say,
}: Pick<JoinContext, 'paths' | 'say'>): Phase<Needs, { readonly keyPair: KeyPair }> => ({
	name: 'tls-bootstrap/create-key',
	trust: 'unchanged; the key never leaves the node',
	async run({ replaces }) {
		await makePrivateDirectory(paths.certificateDirectory);
		const kept = await pendingKey(paths.pendingKey, replaces);
		if (kept === undefined) return { keyPair: await newKey(paths.pendingKey) };
		say(`[kubelet-start] Using the key of an earlier request: ${paths.pendingKey}`);
		return { keyPair: kept };
	},
});

/** The key of a pending request. A crash after a rotation can leave the key of the current certificate in its file. */
export async function pendingKey(
	path: string,
	present: Pick<NodeIdentity, 'key'> | undefined,
): Promise<KeyPair | undefined> {
	const kept = await readFileIfThere(path);
	if (kept === undefined) return undefined;
	const pair = pairOf(kept);
	const isUsed = present !== undefined && spkiOf(pair.publicKey).equals(spkiOf(pairOf(present.key).publicKey));
	return isUsed ? undefined : pair;
}

function pairOf(pem: string): KeyPair {
	const privateKey = readPrivateKey(pem);
	return { privateKey, publicKey: createPublicKey(privateKey) };
}

/** A new key, stored on disk. */
export async function newKey(path: string): Promise<KeyPair> {
	const keyPair = await generateKeyPair('ECDSA-P256');
	await writeWholeFile(path, writePrivateKey(keyPair.privateKey), 0o600);
	return keyPair;
}
