/**
 * The object identifiers that certificates and requests of kubejoin have. der.ts reads and writes them from a table;
 * it reads any other as well.
 */
export const oids = {
	commonName: '2.5.4.3',
	organization: '2.5.4.10',
	subjectKeyIdentifier: '2.5.29.14',
	keyUsage: '2.5.29.15',
	subjectAltName: '2.5.29.17',
	basicConstraints: '2.5.29.19',
	nameConstraints: '2.5.29.30',
	authorityKeyIdentifier: '2.5.29.35',
	extKeyUsage: '2.5.29.37',
	serverAuth: '1.3.6.1.5.5.7.3.1',
	clientAuth: '1.3.6.1.5.5.7.3.2',
	extensionRequest: '1.2.840.113549.1.9.14',
	rsaSha256: '1.2.840.113549.1.1.11',
	ecdsaSha256: '1.2.840.10045.4.3.2',
	ecKey: '1.2.840.10045.2.1',
	p256: '1.2.840.10045.3.1.7',
} as const;
