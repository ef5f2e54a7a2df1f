/**
 * A rotation: the node asks for its next certificate with the one that it has, as itself and without a token. Three phases and a trace of its own,
 * as the join has. @source client-go util/certificate certificate_manager.go rotateCerts
 */
import { rm } from 'node:fs/promises';
import { hasCode } from '../../../lib/errors.ts';
import { makePrivateDirectory } from '../../../lib/files.ts';
import { type KeyPair, writePrivateKey } from '../../../lib/pki/keys.ts';
import { type Phase, Workflow } from '../../../lib/workflow.ts';
import { type NodeIdentity, storeCertificate } from '../identity.ts';
import { newKey, pendingKey } from '../join/create-key.ts';
import type { JoinContext } from '../join/join-context.ts';
import { obtainCertificate } from '../join/request-certificate.ts';
import { requireUsable } from '../join/verify-certificate.ts';

/** As upstream's certificateWaitTimeout. */
export const CERTIFICATE_WAIT_MS = 15 * 60_000;

export interface Present {
	/** The identity that the node has now, and asks with. */
	readonly present: NodeIdentity;
}
type WithKey = Present & { readonly keyPair: KeyPair };

/** @throws CSR_DENIED, CSR_FAILED, CSR_TIMEOUT, CERTIFICATE_UNUSABLE, and whatever keeps the node from the API server or its disk */
export const rotationWorkflow = (tools: JoinContext) =>
	Workflow.from<Present>('rotation')
		.followedBy(renewKey(tools))
		.followedBy(requestRenewal(tools))
		.followedBy(useCertificate(tools));

/** Whether a request was under way when the node went down. A key that cannot be read is for the rotation to tell. */
export const isUnderWay = ({ paths }: Pick<JoinContext, 'paths'>, present: NodeIdentity): Promise<boolean> =>
	pendingKey(paths.pendingRotationKey, present).then(
		(pair) => pair !== undefined,
		() => true,
	);

/** @differs upstream makes a key for each attempt, so a crash leaves a request behind that nobody waits for; here the key waits on the disk */
const renewKey = ({ paths }: JoinContext): Phase<Present, { readonly keyPair: KeyPair }> => ({
	name: 'rotation/create-key',
	trust: 'unchanged; the key never leaves the node',
	async run({ present }) {
		await makePrivateDirectory(paths.certificateDirectory);
		try {
			return {
				keyPair: (await pendingKey(paths.pendingRotationKey, present)) ?? (await newKey(paths.pendingRotationKey)),
			};
		} catch (error) {
			// Told once; the next attempt has a new one.
			if (hasCode(error, 'KEY_MALFORMED')) await rm(paths.pendingRotationKey, { force: true });
			throw error;
		}
	},
});

const requestRenewal = (tools: JoinContext): Phase<WithKey, { readonly claimedCertificate: string }> => ({
	name: 'rotation/request-certificate',
	trust: 'the cluster trusts the new key: its CA has signed it',
	async run({ present, keyPair }) {
		const { dial, paths, clock } = tools;
		const connection = dial.asNode(present.server, present);
		try {
			// There is nothing to wait for with a certificate that has expired.
			const timeoutMs = Math.ceil(Math.max(Math.min(CERTIFICATE_WAIT_MS, present.notAfter - clock()), 0));
			const wanted = { nodeName: present.nodeName, keyPair, timeoutMs };
			return {
				claimedCertificate: await obtainCertificate(connection.api.certificateSigningRequests, wanted, {
					...tools,
					say: () => undefined,
				}),
			};
		} catch (error) {
			if (hasCode(error, 'CSR_DENIED', 'CSR_FAILED', 'CSR_TIMEOUT', 'CERTIFICATE_UNUSABLE'))
				await rm(paths.pendingRotationKey, { force: true });
			throw error;
		} finally {
			connection.close();
		}
	},
});

const useCertificate = ({
	paths,
	clock,
}: JoinContext): Phase<WithKey & { readonly claimedCertificate: string }, { readonly identity: NodeIdentity }> => ({
	name: 'rotation/use-certificate',
	trust: 'each trusts the other, by the new certificate',
	async run({ present, keyPair, claimedCertificate }) {
		const { nodeName, server } = present;
		try {
			requireUsable(claimedCertificate, { publicKey: keyPair.publicKey, nodeName, ca: server.ca, nowMs: clock() });
		} catch (error) {
			await rm(paths.pendingRotationKey, { force: true });
			throw error;
		}
		const written = { nodeName, server, certificate: claimedCertificate, key: writePrivateKey(keyPair.privateKey) };
		const identity = await storeCertificate(paths, written, clock());
		await rm(paths.pendingRotationKey, { force: true });
		return { identity };
	},
});
