/** The settings of ca-service. */
import { contentsOf, integer, listenSettings, optional, setting, text } from '../../lib/config.ts';

const yearSeconds = 365 * 24 * 3600;

export const settings = {
	...listenSettings(6444),
	caCertificate: setting('CA_CERT_FILE', contentsOf, 'PEM file with the certificate of the cluster CA, and after it any others that nodes shall trust'),
	caKey: setting('CA_KEY_FILE', contentsOf, 'PEM file with the key of the first of them'),
	ledgerFile: setting('LEDGER_FILE', text, 'file for the ledger of what was signed; created where there is none'),
	signingDurationSeconds: optional('SIGNING_DURATION_SECONDS', integer(600, 10 * yearSeconds), yearSeconds, 'seconds that a certificate is signed for at most'),
	certificate: setting('TLS_CERT_FILE', contentsOf, 'PEM file with the certificate to show'),
	key: setting('TLS_KEY_FILE', contentsOf, 'PEM file with the key of that certificate'),
	clientCa: setting('CLIENT_CA_FILE', contentsOf, 'PEM file with the CA whose client certificates are accepted: the mesh CA'),
};
