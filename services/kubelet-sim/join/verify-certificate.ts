/**
 * Verifies the issued certificate: it must have this node's key and name, be signed by the pinned CA, and be valid now.
 * Then stores it atomically as the node's identity and deletes the bootstrap credentials.
 */

import type { KeyObject, X509Certificate } from 'node:crypto';
import { relative } from 'node:path';
import { hasCode, KubejoinError } from '../../../lib/errors.ts';
import { removeFile } from '../../../lib/files.ts';
import { wellKnown } from '../../../lib/kube/types.ts';
import { parseCertificates, readSubject } from '../../../lib/pki/certificate.ts';
import { chainProblem } from '../../../lib/pki/chain.ts';
import { type KeyPair, writePrivateKey } from '../../../lib/pki/keys.ts';
import type { Pem } from '../../../lib/pki/pem.ts';
import { setSpanAttributes } from '../../../lib/trace.ts';
import type { Phase } from '../../../lib/workflow.ts';
import { type NodeIdentity, storeIdentity } from '../identity.ts';
import type { TrustedServer } from '../trust.ts';
import type { CredentialWord, JoinContext } from './join-context.ts';

interface Needs {
	readonly claimedCertificate: string;
	readonly keyPair: KeyPair;
	readonly nodeName: string;
	readonly server: TrustedServer;
}

const trustTexts: Readonly<Record<CredentialWord, string>> = {
	token: 'node and cluster trust each other; the token is no longer needed',
	credential: 'node and cluster trust each other; the credential is no longer needed',
};

/** @throws CERTIFICATE_UNUSABLE, FILE_UNUSABLE */
export const verifyCertificate = (
	{ paths, clock, say }: JoinContext,
	word: CredentialWord = 'token',
): Phase<Needs, { readonly identity: NodeIdentity }> => ({
	name: 'tls-bootstrap/verify-certificate',
	trust: trustTexts[word],
	async run({ claimedCertificate, keyPair, nodeName, server }) {
		let leaf: X509Certificate;
		try {
			leaf = requireUsable(claimedCertificate, {
				publicKey: keyPair.publicKey,
				nodeName,
				ca: server.ca,
				nowMs: clock(),
			});
		} catch (error) {
			// The request of this key returns the same certificate every time.
			removeFile(paths.pendingKey);
			throw error;
		}
		const identity = await storeIdentity(
			paths,
			{ certificate: claimedCertificate, leaf, key: writePrivateKey(keyPair.privateKey), server, nodeName },
			clock(),
		);
		removeFile(paths.bootstrapKubeconfig);
		removeFile(paths.pendingKey);
		removeFile(paths.pendingRotationKey);
		say(`[kubelet-start] Wrote ${relative(paths.root, paths.kubeconfig)}, deleted the bootstrap credentials`);
		return { identity };
	},
});

interface Expected {
	readonly publicKey: KeyObject;
	readonly nodeName: string;
	readonly ca: Pem;
	readonly nowMs: number;
}

/** @returns the node's certificate @throws CERTIFICATE_UNUSABLE  these certificates cannot be this node's identity */
export function requireUsable(pem: string, expected: Expected): X509Certificate {
	try {
		const [leaf] = parseCertificates(pem);
		const problem = certificateProblem(leaf, expected);
		if (problem !== undefined) throw new KubejoinError('CERTIFICATE_UNUSABLE', { problem });
		setSpanAttributes(() => ({
			'kubejoin.certificate.pem': pem,
			'kubejoin.certificate.subject': leaf.subject.replaceAll('\n', ', '),
			'kubejoin.certificate.issuer': leaf.issuer.replaceAll('\n', ', '),
			'kubejoin.certificate.serial': leaf.serialNumber.toLowerCase(),
			'kubejoin.certificate.not_before': leaf.validFrom,
			'kubejoin.certificate.not_after': leaf.validTo,
		}));
		return leaf;
	} catch (error) {
		if (!hasCode(error, 'CERTIFICATE_MALFORMED')) throw error;
		throw new KubejoinError('CERTIFICATE_UNUSABLE', { problem: error.message }, { cause: error });
	}
}

function certificateProblem(leaf: X509Certificate, { publicKey, nodeName, ca, nowMs }: Expected): string | undefined {
	if (!leaf.publicKey.equals(publicKey)) return 'it is for another key';
	const { commonName, organizations } = readSubject(leaf);
	const wanted = `${wellKnown.nodeUserPrefix}${nodeName}`;
	if (commonName !== wanted) return `it is for "${commonName}" and not for "${wanted}"`;
	if (organizations.length !== 1 || organizations[0] !== wellKnown.groups.nodes)
		return `its organizations are [${organizations.join(', ')}] and not [${wellKnown.groups.nodes}]`;
	if (leaf.ca) return 'it is the certificate of a CA';
	const problem = chainProblem(leaf, { anchors: parseCertificates(ca), now: nowMs, purpose: 'client auth' });
	return problem === undefined ? undefined : `x509: ${problem}`;
}
