/**
 * Sends a request to ca-service that it has signed, as a controller does that crashed before it stored the answer. It
 * uses the credentials of the controller, because ca-service accepts no other caller.
 */
import { join } from 'node:path';
import { KubejoinError } from '../../../lib/errors.ts';
import { readText } from '../../../lib/files.ts';
import type { CertificateSigningRequest } from '../../../lib/kube/types.ts';
import { parseCertificates } from '../../../lib/pki/certificate.ts';
import { call, openChannel } from '../../../lib/rpc/channel.ts';
import type { LabContext } from '../context.ts';
import { nodeOf } from '../nodes.ts';

/** @returns the certificate as PEM in base64 */
export type Sign = (request: object) => Promise<string>;

/** @param stolen  the directory that holds the controller's credentials */
export async function openSigner({ info }: LabContext, stolen: string): Promise<{ sign: Sign; close: () => void }> {
	const target = info.addresses['ca-service'];
	if (target === undefined)
		throw new KubejoinError('LAB_NOT_FOUND', {
			kind: 'service',
			name: 'ca-service',
			known: Object.keys(info.addresses),
		});
	const read = (file: string): string => readText(join(stolen, file));
	const channel = openChannel(target, {
		...{ ca: read('mesh-ca.crt'), serverName: 'ca-service' },
		...{ cert: read('mesh-client.crt'), key: read('mesh-client.key') },
	});
	return {
		sign: async (request) =>
			(await call<object, { certificate?: string }>(channel, 'CertificateAuthority', 'Sign', request)).certificate ??
			'',
		close: channel.close,
	};
}

/** `security: held: …` for the same certificate; a second certificate is a violation. @throws LAB_NOT_FOUND */
export async function signAgain({ api }: Pick<LabContext, 'api'>, node: string, sign: Sign): Promise<string> {
	const { items } = await api.certificateSigningRequests.list();
	const issued = items.filter((csr) => Boolean(csr.status?.certificate));
	const request = issued.find((csr) => nodeOf(csr) === node);
	if (request === undefined)
		throw new KubejoinError('LAB_NOT_FOUND', {
			kind: 'node with a certificate',
			name: node,
			known: issued.flatMap((csr) => nodeOf(csr) ?? []),
		});
	const before = serialOf(request.status?.certificate ?? '');
	const after = serialOf(await sign(signRequestOf(request)));
	if (before === after)
		return `security: held: ca-service returned the certificate that it had issued to ${node}, serial ${after}`;
	const serials = `serial ${after} after ${before}`;
	return `security: violated: ca-service issued a second certificate for one request of ${node}, ${serials}`;
}

/** The request of the signing controller. */
const signRequestOf = ({ metadata, spec }: CertificateSigningRequest): object => ({
	csr: spec.request,
	signerName: spec.signerName,
	usages: spec.usages,
	...(spec.expirationSeconds === undefined ? {} : { expirationSeconds: spec.expirationSeconds }),
	requestId: metadata.uid ?? '',
});

const serialOf = (certificate: string): string =>
	parseCertificates(Buffer.from(certificate, 'base64').toString())[0].serialNumber;
