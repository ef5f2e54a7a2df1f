/** Reads stolen files: a token, or the kubeconfig of a node. Their contents are in no message. */
import { causeText, KubejoinError } from '../../lib/errors.ts';
import { readText } from '../../lib/files.ts';
import { parseKubeconfig } from '../../lib/kube/kubeconfig.ts';
import { currentUser } from '../../lib/kube/kubeconfig-access.ts';
import { readPem, writePem } from '../../lib/pki/pem.ts';
import { tokenOf } from './attack-request.ts';
import type { Identity } from './certificates.ts';

/** @throws ATTACK_ARGUMENTS_INVALID */
export async function readNamed(option: string, path: string): Promise<string> {
	try {
		return readText(path);
	} catch (error) {
		return refuse(`${option} ${path} cannot be read: ${causeText(error)}`);
	}
}

/** @returns `id.secret` @throws ATTACK_ARGUMENTS_INVALID */
export async function readStolenToken(path: string): Promise<string> {
	const problems: string[] = [];
	const token = tokenOf(await readNamed('--token-file', path), problems);
	return token === undefined ? refuse(...problems) : `${token.id}.${token.secret}`;
}

/**
 * Reads certificate and key of a kubeconfig's user; a node has both in one file.
 *
 * @throws ATTACK_ARGUMENTS_INVALID, KUBECONFIG_INVALID
 */
export async function readStolenIdentity(path: string): Promise<Identity> {
	const { certificate, key } = currentUser(parseKubeconfig(await readNamed('--kubeconfig', path), path), path);
	if (certificate === undefined || key === undefined) return refuse(`--kubeconfig ${path} has no client certificate`);
	return {
		cert: blocksOf(certificate, (type) => type === 'CERTIFICATE'),
		key: blocksOf(key, (type) => type.endsWith('PRIVATE KEY')),
	};
}

const blocksOf = (pem: string, isWanted: (type: string) => boolean): string =>
	readPem(pem)
		.blocks.flatMap(({ type, der }) => (isWanted(type) ? [writePem(type, der)] : []))
		.join('');

function refuse(...problems: readonly string[]): never {
	throw new KubejoinError('ATTACK_ARGUMENTS_INVALID', { problems });
}
