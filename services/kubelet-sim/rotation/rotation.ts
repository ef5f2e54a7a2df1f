/**
 * A rotation: the node requests its next certificate and authenticates with its current one. Like a join, a rotation
 * has phases and a trace.
 *
 * @source client-go util/certificate certificate_manager.go rotateCerts
 */
import { hasCode } from '../../../lib/errors.ts';
import { makePrivateDirectory, removeFile } from '../../../lib/files.ts';
import { type KeyPair, writePrivateKey } from '../../../lib/pki/keys.ts';
import { type Phase, Workflow } from '../../../lib/workflow.ts';
import { type NodeIdentity, storeCertificate } from '../identity.ts';
import { newKey, pendingKey } from '../join/create-key.ts';
import type { JoinContext } from '../join/join-context.ts';
import { obtainCertificate } from '../join/request-certificate.ts';
import { requireUsable } from '../join/verify-certificate.ts';

/** @source client-go certificateWaitTimeout */
const CERTIFICATE_WAIT_MS = 15 * 60_000;

export interface Present {
	/** The current identity, which authenticates the request. */
	readonly present: NodeIdentity;
}
type WithKey = Present & { readonly keyPair: KeyPair };

/** @throws CSR_DENIED, CSR_FAILED, CSR_TIMEOUT, CERTIFICATE_UNUSABLE, and errors of connections and files */
export const rotationWorkflow = (tools: JoinContext) =>
	Workflow.from<Present>('rotation')
		.followedBy(renewKey(tools))
		.followedBy(requestRenewal(tools))
		.followedBy(useCertificate(tools));

/** Whether a request was pending when the process ended. The rotation reports a key that cannot be read. */
export const isUnderWay = ({ paths }: Pick<JoinContext, 'paths'>, present: NodeIdentity): Promise<boolean> =>
	pendingKey(paths.pendingRotationKey, present).then(
		(pair) => pair !== undefined,
		() => true,
	);

/**
 * @differs upstream creates a key for each attempt, so that a crash leaves an unused request; kubejoin keeps the key
 *   on disk
 */
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
			// Reported once: the next attempt creates a new key.
			if (hasCode(error, 'KEY_MALFORMED')) removeFile(paths.pendingRotationKey);
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
			// After the expiry of the certificate the API server refuses every request.
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
				removeFile(paths.pendingRotationKey);
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
	trust: 'node and cluster trust each other, by the new certificate',
	async run({ present, keyPair, claimedCertificate }) {
		const { nodeName, server } = present;
		try {
			requireUsable(claimedCertificate, { publicKey: keyPair.publicKey, nodeName, ca: server.ca, nowMs: clock() });
		} catch (error) {
			removeFile(paths.pendingRotationKey);
			throw error;
		}
		const written = { nodeName, server, certificate: claimedCertificate, key: writePrivateKey(keyPair.privateKey) };
		const identity = await storeCertificate(paths, written, clock());
		removeFile(paths.pendingRotationKey);
		return { identity };
	},
});
