/** The settings of token-store. */
import { listenSettings, setting, storeSettings } from '../../lib/config.ts';
import { certificatesFile, privateKeyFile } from '../../lib/pki/files.ts';

export const settings = {
	...listenSettings(6445),
	...storeSettings,
	certificate: setting('TLS_CERT_FILE', certificatesFile, 'PEM file with the certificate to show'),
	key: setting('TLS_KEY_FILE', privateKeyFile, 'PEM file with the key of that certificate'),
	clientCa: setting(
		'CLIENT_CA_FILE',
		certificatesFile,
		'PEM file with the CA whose client certificates are accepted: the mesh CA',
	),
};
