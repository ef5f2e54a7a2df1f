/** Settings that name PEM files: read and checked at the start, so that the message names the setting and the file. */
import { contentsOf, type Parse } from '../config.ts';
import { causeText } from '../errors.ts';
import { certificatesPem } from './certificate.ts';
import { privateKeyPem, readPrivateKey } from './keys.ts';

const checked =
	(read: (pem: string) => string, wanted: string): Parse<string> =>
	(path) => {
		const contents = contentsOf(path);
		try {
			return read(contents);
		} catch (error) {
			throw new Error(`a file with ${wanted} (${causeText(error)})`);
		}
	};

/** The certificates of the file that the setting names, in PEM and nothing around them. */
export const certificatesFile: Parse<string> = checked((pem) => certificatesPem(pem).join(''), 'certificates in PEM');

/** The private key of the file that the setting names, in PEM and nothing around it. */
export const privateKeyFile: Parse<string> = checked(privateKeyPem, 'a private key in PEM');

/** As `privateKeyFile`, for an RSA key. */
export const rsaKeyFile: Parse<string> = checked((pem) => {
	const type = readPrivateKey(pem).asymmetricKeyType ?? '';
	if (type !== 'rsa') throw new Error(`the key is of type ${type}`);
	return privateKeyPem(pem);
}, 'an RSA private key in PEM');
