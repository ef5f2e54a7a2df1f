/** The settings of token-store. */
import { contentsOf, listenSettings, setting, storeSettings } from '../../lib/config.ts';

export const settings = {
	...listenSettings(6445),
	...storeSettings,
	certificate: setting('TLS_CERT_FILE', contentsOf, 'PEM file with the certificate to show'),
	key: setting('TLS_KEY_FILE', contentsOf, 'PEM file with the key of that certificate'),
	clientCa: setting(
		'CLIENT_CA_FILE',
		contentsOf,
		'PEM file with the CA whose client certificates are accepted: the mesh CA',
	),
};
