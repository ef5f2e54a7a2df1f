/**
 * The node's key. It never leaves the node. It is written before anything is asked for, so that a node that dies while it waits asks for the
 * same certificate again when it comes back. @source kubelet certificate/bootstrap LoadClientCert (kubelet-client.key.tmp)
 */
import { createPublicKey } from 'node:crypto';
import { makePrivateDirectory, readFileIfThere, writeWholeFile } from '../../../lib/files.ts';
import { generateKeyPair, type KeyPair, readPrivateKey, writePrivateKey } from '../../../lib/pki/keys.ts';
import type { Phase } from '../../../lib/workflow.ts';
import type { JoinTools } from './tools.ts';

export const createKey = ({ paths, say }: Pick<JoinTools, 'paths' | 'say'>): Phase<object, { readonly keyPair: KeyPair }> => ({
	name: 'tls-bootstrap/create-key',
	trust: 'unchanged; the key never leaves the node',
	async run() {
		await makePrivateDirectory(paths.certificateDirectory);
		const kept = await readFileIfThere(paths.pendingKey);
		if (kept !== undefined) {
			say(`[kubelet-start] Using the key of an earlier request: ${paths.pendingKey}`);
			const privateKey = readPrivateKey(kept);
			return { keyPair: { privateKey, publicKey: createPublicKey(privateKey) } };
		}
		const keyPair = await generateKeyPair('ECDSA-P256');
		await writeWholeFile(paths.pendingKey, writePrivateKey(keyPair.privateKey), 0o600);
		return { keyPair };
	},
});
