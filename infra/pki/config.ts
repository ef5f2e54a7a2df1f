/** The settings of the certificates' bootstrap. */
import { list, oneOf, setting, text, withDefault } from '../../lib/config.ts';

export const settings = {
	directory: setting('PKI_DIRECTORY', text, 'directory in which each consumer gets one of its own'),
	keyAlgorithm: withDefault(
		'CA_KEY_ALGORITHM',
		oneOf('RSA-2048', 'ECDSA-P256'),
		'RSA-2048',
		'key of the cluster CA, when it is made: RSA-2048 or ECDSA-P256',
	),
	apiServer: setting('API_SERVER', text, 'https://HOST:PORT of the API server, as kubeconfigs name it'),
	extraSans: withDefault(
		'API_SERVER_SANS',
		list,
		[],
		'more DNS names and IP addresses of the API server, separated by commas',
	),
};
