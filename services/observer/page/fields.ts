/** Names of the fields of a step's details, and their meaning to Kubernetes. */
import type { FieldKey } from '../field-keys.ts';

export interface FieldText {
	readonly name: string;
	readonly meaning?: string;
}

/** A field that `detail.ts` makes and this table lacks does not compile. */
export const fields: Readonly<Record<FieldKey, FieldText>> = {
	'certificate.subject': {
		name: 'Subject',
		meaning: 'The API server reads CN as the user name and each O as a group.',
	},
	'certificate.issuer': {
		name: 'Issuer',
		meaning: 'The CA that signed it. A program that trusts the CA also trusts the identity in the certificate.',
	},
	'certificate.serial': { name: 'Serial number', meaning: 'Unique for the CA; 128 random bits.' },
	'certificate.notBefore': {
		name: 'Valid from',
		meaning: 'Five minutes before it was issued, so that a machine whose clock is slow accepts it.',
	},
	'certificate.notAfter': {
		name: 'Valid until',
		meaning:
			'Kubernetes checks no revocation: until this time, the holder of the private key has this identity. ' +
			'The kubelet renews the certificate at 70 to 90 % of its lifetime.',
	},
	'certificate.extendedKeyUsage': {
		name: 'Extended key usage',
		meaning: 'client auth: identifies a client. server auth: identifies a server.',
	},
	'certificate.keyUsage': { name: 'Key usage', meaning: 'The operations that the key may be used for.' },
	'certificate.isCa': { name: 'Is a CA', meaning: 'Whether its key can sign other certificates.' },
	'certificate.subjectAltNames': {
		name: 'Subject alternative names',
		meaning: 'The names and addresses under which clients can connect to the server.',
	},
	'certificate.publicKey': { name: 'Public key' },
	'certificate.chain': {
		name: 'Chain',
		meaning: 'From the certificate to the CA that a verifier must trust. Each has signed the one before it.',
	},
	'certificate.presentedBy': { name: 'Presented in', meaning: 'The connections whose ends report this certificate.' },
	'certificate.pin': { name: 'Pin of the public key' },
	'certificate.fingerprint': {
		name: 'SHA-256 of the certificate',
		meaning: 'Not the pin: the pin is the hash of the public key, and stays the same if a renewal keeps the key.',
	},
	'csr.name': {
		name: 'Name',
		meaning: 'Derived from public key, subject and usages, so that a node that retries finds its request again.',
	},
	'csr.signer': {
		name: 'Signer',
		meaning: 'The signer applies its own rules. This signer issues only client certificates of nodes.',
	},
	'csr.usages': { name: 'Usages' },
	'csr.subject': {
		name: 'Subject',
		meaning: 'The identity that the node requests: user system:node:NAME, group system:nodes.',
	},
	'csr.publicKey': {
		name: 'Public key',
		meaning: 'The node generates the key pair. The private key does not leave the node.',
	},
	'csr.spki': { name: 'Public key, DER' },
	'csr.subjectAltNames': { name: 'Subject alternative names' },
	'csr.validity': { name: 'Valid', meaning: 'The signer decides. A request can ask for a shorter time.' },
	'csr.requester': {
		name: 'Requester',
		meaning: 'The API server records the authenticated user in the request. No client can change it.',
	},
	'csr.groups': { name: 'Groups of the requester' },
	'csr.approvedBy': { name: 'Approved by' },
	'csr.approvedWhy': { name: 'Reason of the decision' },
	'csr.signedBy': { name: 'Signed by' },
	'csr.deliveredBy': { name: 'Certificate delivered by' },
	'pin.certificate': { name: '1. CA certificate in cluster-info' },
	'pin.spki': {
		name: '2. Its public key (SubjectPublicKeyInfo)',
		meaning: 'The hash covers the public key, not the certificate.',
	},
	'pin.sha256': { name: '3. SHA-256 of the public key' },
	'pin.presented': { name: '4. Pin of the CA in cluster-info' },
	'pin.wanted': { name: '5. Pins in the join command' },
	'pin.matches': {
		name: '6. One of them matches',
		meaning: 'If none matches, the node stops and does not send its token.',
	},
	'pin.mistake': { name: 'Likely mistake' },
	'jws.detached': {
		name: 'Signature in cluster-info',
		meaning: 'header..signature: the payload is the kubeconfig beside it.',
	},
	'jws.header': { name: 'Header' },
	'jws.alg': { name: 'Algorithm', meaning: 'Only HS256 is accepted: HMAC-SHA256 with the token secret as its key.' },
	'jws.kid': { name: 'Key ID', meaning: 'ID of the token whose secret made the signature.' },
	'jws.signedText': { name: 'Signed text' },
	'jws.signature': { name: 'Signature' },
	'jws.madeBy': { name: 'Made by', meaning: 'token-store has the token secrets. The controller writes the signature.' },
	'jws.recomputedBy': {
		name: 'Computed again by',
		meaning: 'With its own copy of the token secret. The result is in no trace: it is a valid signature of this text.',
	},
	'decision.user': { name: 'User' },
	'decision.groups': { name: 'Groups' },
	'decision.verb': { name: 'Verb' },
	'decision.resource': { name: 'Resource' },
	'decision.decision': { name: 'Decision' },
	'decision.reason': {
		name: 'Reason',
		meaning: 'The rule that allows the request. A request that no rule allows is refused.',
	},
	'message.method': { name: 'Method' },
	'message.from': { name: 'From' },
	'message.to': { name: 'To' },
	'message.peer': { name: 'Address' },
	'message.tls': {
		name: 'Protection',
		meaning:
			'unverified: encrypted, but the client did not verify the server. one-way: the client verified the server. ' +
			'mutual: each verified the other.',
	},
	'message.expectedError': { name: 'Answer', meaning: 'The caller expects this answer; it is not a failure.' },
	'message.sentBytes': { name: 'Bytes sent' },
	'message.receivedBytes': { name: 'Bytes received' },
	'message.duration': { name: 'Duration' },
	'check.phase': { name: 'Phase' },
	'check.trust': { name: 'Trust after this phase' },
	'check.duration': { name: 'Duration' },
	'failure.code': { name: 'Error code' },
	'failure.sentence': { name: 'Message' },
	'failure.mostLikely': { name: 'Most likely cause' },
	'failure.alsoPossible': { name: 'Also possible' },
	'failure.remedy': { name: 'Do this' },
	'token.id': { name: 'Token ID', meaning: 'The public part of the token. No trace contains the token secret.' },
	'token.sentBytes': {
		name: 'Bytes sent',
		meaning: 'ID, dot and secret, in the header Authorization. TLS encrypts the header.',
	},
	'token.checkedBy': { name: 'Verified by' },
	'token.user': { name: 'User' },
	'token.groups': { name: 'Groups' },
	'token.refused': { name: 'Refused' },
	'token.why': {
		name: 'Reason',
		meaning: 'Only the log of the server has the reason; the client receives Unauthorized.',
	},
};
