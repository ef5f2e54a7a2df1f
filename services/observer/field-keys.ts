/** Sections and fields of the details of a step: `detail.ts` makes them, the page names and explains each. */

export type SectionKind =
	| 'message'
	| 'check'
	| 'decision'
	| 'certificate'
	| 'csr'
	| 'pin'
	| 'jws'
	| 'kubeconfig'
	| 'token'
	| 'failure'
	| 'attributes';

/** Fields of the section `attributes` have the names of the attributes instead. */
export type FieldKey =
	| `certificate.${'subject' | 'issuer' | 'serial' | 'notBefore' | 'notAfter' | 'extendedKeyUsage' | 'isCa'}`
	| `certificate.${'subjectAltNames' | 'publicKey' | 'pin' | 'fingerprint'}`
	| `csr.${'name' | 'signer' | 'usages' | 'subject' | 'publicKey' | 'spki' | 'subjectAltNames'}`
	| `pin.${'certificate' | 'spki' | 'sha256' | 'presented' | 'wanted' | 'matches'}`
	| `jws.${'detached' | 'header' | 'alg' | 'kid' | 'signedText' | 'signature'}`
	| `decision.${'user' | 'groups' | 'verb' | 'resource' | 'decision' | 'reason'}`
	| `message.${'method' | 'from' | 'to' | 'peer' | 'tls' | 'expectedError' | 'sentBytes' | 'receivedBytes' | 'duration'}`
	| `check.${'phase' | 'trust' | 'duration'}`
	| `failure.${'code' | 'sentence' | 'mostLikely' | 'alsoPossible' | 'remedy'}`
	| `token.${'id' | 'user' | 'groups' | 'refused' | 'why'}`;
