/**
 * Calls a service with a certificate that authenticates but is not authorized, or with a certificate of the other CA.
 */
import { randomUUID } from 'node:crypto';
import { asKubejoinError, KubejoinError } from '../../lib/errors.ts';
import { wellKnown } from '../../lib/kube/types.ts';
import { createCsr } from '../../lib/pki/csr.ts';
import { generateKeyPair } from '../../lib/pki/keys.ts';
import { callAs, isUnary, resolveHost } from './clients.ts';
import { type MeshService, meshServices, requireNearTarget } from './guard-rails.ts';
import { refusedText } from './output.ts';
import { readNamed } from './stolen-files.ts';

export interface CallFlags {
	readonly service: string;
	readonly target: string;
	readonly ca: string;
	readonly cert: string;
	readonly key: string;
	readonly method?: string;
}

/** The default methods: those that are most useful to an attacker. */
const wanted: Readonly<Record<MeshService, readonly [contract: string, method: string]>> = {
	'ca-service': ['CertificateAuthority', 'Sign'],
	'token-store': ['TokenStore', 'List'],
	'apiserver-sim': ['Nodes', 'List'],
};

/** @returns lines; the first is the outcome @throws ATTACK_NOT_ALLOWED, ATTACK_ARGUMENTS_INVALID */
export async function callService(flags: CallFlags): Promise<readonly string[]> {
	const service = meshServices.find((name) => name === flags.service);
	if (service === undefined)
		return refuse(`--service ${flags.service} is unknown; it must be one of ${meshServices.join(', ')}`);
	const { contract, method } = methodOf(service, flags.method);
	await requireNearTarget(flags.target, service, resolveHost);
	const [ca, cert, key] = await Promise.all([
		readNamed('--ca', flags.ca),
		readNamed('--cert', flags.cert),
		readNamed('--key', flags.key),
	]);
	try {
		const request = method === 'Sign' ? await signRequest() : {};
		const answer = await callAs({
			service,
			target: flags.target,
			ca,
			identity: { cert, key },
			contract,
			method,
			request,
		});
		return [`outcome: answered ${contract}/${method}`, `fields: ${Object.keys(answer).join(', ') || 'none'}`];
	} catch (error) {
		const known = asKubejoinError(error);
		// The text of OpenSSL contains no key.
		if (known.code === 'INTERNAL')
			return refuse(
				`--cert ${flags.cert} and --key ${flags.key} are not a certificate and its key, or --ca ${flags.ca} is not a CA`,
			);
		return [refusedText(known)];
	}
}

function methodOf(
	service: MeshService,
	text: string | undefined,
): { readonly contract: string; readonly method: string } {
	const [usual, usualMethod] = wanted[service];
	const [contract = '', method = '', ...more] =
		text === undefined ? [usual, usualMethod] : text.includes('/') ? text.split('/') : [usual, text];
	if (more.length > 0 || !isUnary(contract, method))
		return refuse(`--method ${text} is not a unary method; see proto/kubejoin`);
	return { contract, method };
}

/** A request that ca-service would sign for an authorized caller. */
async function signRequest(): Promise<object> {
	const subject = { organizations: [wellKnown.groups.nodes], commonName: `${wellKnown.nodeUserPrefix}attacker` };
	const csr = Buffer.from(createCsr({ subject }, await generateKeyPair('ECDSA-P256'))).toString('base64');
	return {
		csr,
		signerName: wellKnown.signers.clientKubelet,
		usages: ['digital signature', 'client auth'],
		requestId: randomUUID(),
	};
}

function refuse(...problems: readonly string[]): never {
	throw new KubejoinError('ATTACK_ARGUMENTS_INVALID', { problems });
}
