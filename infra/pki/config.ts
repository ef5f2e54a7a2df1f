/** The settings of the PKI bootstrap. */
import { list, oneOf, setting, text, withDefault } from '../../lib/config.ts';

export const settings = {
	directory: setting('PKI_DIRECTORY', text, 'directory that gets a subdirectory for each program'),
	keyAlgorithm: withDefault(
		'CA_KEY_ALGORITHM',
		oneOf('RSA-2048', 'ECDSA-P256'),
		'RSA-2048',
		'key of a new cluster CA: RSA-2048 or ECDSA-P256',
	),
	apiServer: setting('API_SERVER', text, 'https://HOST:PORT of the API server, for kubeconfigs'),
	extraSans: withDefault(
		'API_SERVER_SANS',
		list,
		[],
		'more DNS names and IP addresses of the API server, separated by commas',
	),
};
