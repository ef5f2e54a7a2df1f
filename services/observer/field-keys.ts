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
	| `certificate.${'subjectAltNames' | 'publicKey' | 'pin' | 'fingerprint' | 'keyUsage' | 'chain' | 'presentedBy'}`
	| `csr.${'name' | 'signer' | 'usages' | 'subject' | 'publicKey' | 'spki' | 'subjectAltNames' | 'validity'}`
	| `csr.${'requester' | 'groups' | 'approvedBy' | 'approvedWhy' | 'signedBy' | 'deliveredBy'}`
	| `pin.${'certificate' | 'spki' | 'sha256' | 'presented' | 'wanted' | 'matches' | 'mistake'}`
	| `jws.${'detached' | 'header' | 'alg' | 'kid' | 'signedText' | 'signature' | 'madeBy' | 'recomputedBy'}`
	| `decision.${'user' | 'groups' | 'verb' | 'resource' | 'decision' | 'reason'}`
	| `message.${'method' | 'from' | 'to' | 'peer' | 'tls' | 'expectedError' | 'sentBytes' | 'receivedBytes' | 'duration'}`
	| `check.${'phase' | 'trust' | 'duration'}`
	| `failure.${'code' | 'sentence' | 'mostLikely' | 'alsoPossible' | 'remedy'}`
	| `token.${'id' | 'user' | 'groups' | 'refused' | 'why' | 'sentBytes' | 'checkedBy'}`;

export type PartKey =
	| 'structure'
	| 'version'
	| 'serial'
	| 'algorithm'
	| 'issuer'
	| 'notBefore'
	| 'notAfter'
	| 'subject'
	| 'publicKey'
	| 'signature'
	| 'keyUsage'
	| 'extendedKeyUsage'
	| 'basicConstraints'
	| 'subjectKeyId'
	| 'authorityKeyId'
	| 'subjectAltNames'
	| 'otherExtension'
	| 'requestedExtensions'
	| 'hashed'
	| 'notHashed'
	| `jws${'Header' | 'Payload' | 'Signature'}`
	| `token${'Id' | 'Secret'}`
	| 'dot';

/** A check that a program of the mesh makes. */
export type CheckKey =
	| 'inputValid'
	| `clusterInfo${'Signed' | 'Same'}`
	| 'serverVerified'
	| 'fileHasCa'
	| 'credentialAccepted'
	| `pin${'Equal' | 'Given'}`
	| `jws${'KeyId' | 'Algorithm' | 'Equal'}`
	| `token${'Form' | 'Found' | 'NotDeleted' | 'Type' | 'Secret' | 'Id' | 'NotExpired' | 'Usage' | 'Groups'}`
	| `node${'NameFree' | 'Registered'}`
	| 'keyWritten'
	| `csr${'Signature' | 'Approved' | 'Issued'}`
	| `certificate${'Key' | 'Name' | 'Groups' | 'NotCa' | 'Chain'}`
	| `gate${'Authentication' | 'Authorization' | 'Admission'}`;
