/** The settings of ca-service. */
import { boolean, integer, listenSettings, PREFIX, setting, text, withDefault } from '../../lib/config.ts';
import { KubejoinError } from '../../lib/errors.ts';
import { certificatesFile, privateKeyFile } from '../../lib/pki/files.ts';
import { isLabLifetime, MIN_DURATION_SECONDS, MIN_LAB_DURATION_SECONDS } from './sign.ts';

const yearSeconds = 365 * 24 * 3600;

export const settings = {
	...listenSettings(6444),
	caCertificate: setting(
		'CA_CERT_FILE',
		certificatesFile,
		'PEM file with the certificate of the cluster CA, and any others that nodes are to trust',
	),
	caKey: setting('CA_KEY_FILE', privateKeyFile, 'PEM file with the key of one of them, which signs'),
	ledgerFile: setting('LEDGER_FILE', text, 'file for the ledger of issued certificates; created if it does not exist'),
	signingDurationSeconds: withDefault(
		'SIGNING_DURATION_SECONDS',
		integer(MIN_LAB_DURATION_SECONDS, 10 * yearSeconds),
		yearSeconds,
		`seconds that a certificate is signed for at most; less than ${MIN_DURATION_SECONDS} only in a lab`,
	),
	lab: withDefault('LAB', boolean, false, 'true in a lab, where a certificate may live for seconds; default false'),
	certificate: setting('TLS_CERT_FILE', certificatesFile, 'PEM file with the certificate to show'),
	key: setting('TLS_KEY_FILE', privateKeyFile, 'PEM file with the key of that certificate'),
	clientCa: setting(
		'CLIENT_CA_FILE',
		certificatesFile,
		'PEM file with the CA whose client certificates are accepted: the mesh CA',
	),
};

/** @throws CONFIG_INVALID  a lifetime that is only for a lab, and this is none */
export function requireLabFor(signingDurationSeconds: number, isLab: boolean): void {
	if (isLab || !isLabLifetime(signingDurationSeconds)) return;
	const problem =
		`${PREFIX}SIGNING_DURATION_SECONDS=${signingDurationSeconds} cannot be used: ` +
		`less than ${MIN_DURATION_SECONDS} seconds is for a lab only, with ${PREFIX}LAB=true`;
	throw new KubejoinError('CONFIG_INVALID', { problems: [problem] });
}
