/**
 * The rules of each built-in signer of Kubernetes. Two services apply them independently: the approver, to recognize
 * the request of a node, and ca-service, which does not trust the approver. The texts are upstream's, because they
 * appear in the Failed condition of the request.
 */

import type { VerifiedCsr } from '../pki/csr.ts';
import { wellKnown } from './types.ts';

const { client, clientKubelet, serving } = wellKnown.signers;

type Rule = (csr: VerifiedCsr, usages: readonly string[]) => string | undefined;

const rules: ReadonlyMap<string, Rule> = new Map([
	[client, clientViolation],
	[clientKubelet, clientKubeletViolation],
	[serving, servingViolation],
]);

/**
 * True for the signers of kubejoin.
 *
 * @differs upstream's kubernetes.io/legacy-unknown signs anything; kubejoin does not have that signer
 */
export const isKnownSigner = (signerName: string): boolean => rules.has(signerName);

/**
 * Which rule of its signer a request breaks.
 *
 * @param signerName  one that `isKnownSigner`
 * @returns upstream's text, the first violation in upstream's order; undefined when there is none
 * @source  pkg/apis/certificates/helpers.go, pkg/controller/certificates/signer; admission plugin
 *   CertificateSubjectRestriction
 */
export function signerViolation(signerName: string, csr: VerifiedCsr, usages: readonly string[]): string | undefined {
	const rule = rules.get(signerName);
	return rule === undefined ? `unrecognized signerName: ${JSON.stringify(signerName)}` : rule(csr, usages);
}

/**
 * @differs upstream also signs a request without a common name, which authenticates no user, and refuses system:masters
 *   only in admission
 */
function clientViolation({ subject }: VerifiedCsr, usages: readonly string[]): string | undefined {
	if (subject.organizations.includes(wellKnown.groups.masters))
		return `use of ${client} signer with ${wellKnown.groups.masters} group is not allowed`;
	const wrong = usages.find((usage) => !['digital signature', 'key encipherment', 'client auth'].includes(usage));
	if (wrong !== undefined) return `invalid usage for client certificate: ${wrong}`;
	if (!usages.includes('client auth')) return 'missing required usage for client certificate: client auth';
	return subject.commonName === '' ? 'subject common name is empty' : undefined;
}

function clientKubeletViolation(csr: VerifiedCsr, usages: readonly string[]): string | undefined {
	if (!isOfNodes(csr)) return 'subject organization is not system:nodes';
	if (csr.names.dns.length > 0) return 'DNS subjectAltNames are not allowed';
	if (csr.names.email.length > 0) return 'Email subjectAltNames are not allowed';
	if (csr.names.ip.length > 0) return 'IP subjectAltNames are not allowed';
	if (csr.names.uri.length > 0) return 'URI subjectAltNames are not allowed';
	if (!isOneNode(csr)) return 'subject common name does not begin with system:node:';
	return nodeUsagesViolation(usages, 'client auth');
}

function servingViolation(csr: VerifiedCsr, usages: readonly string[]): string | undefined {
	if (!isOfNodes(csr)) return 'subject organization is not system:nodes';
	if (csr.names.dns.length === 0 && csr.names.ip.length === 0) return 'DNS or IP subjectAltName is required';
	if (csr.names.email.length > 0) return 'Email subjectAltNames are not allowed';
	if (csr.names.uri.length > 0) return 'URI subjectAltNames are not allowed';
	return (
		nodeUsagesViolation(usages, 'server auth') ??
		(isOneNode(csr) ? undefined : 'subject common name does not begin with system:node:')
	);
}

const isOfNodes = ({ subject }: VerifiedCsr): boolean =>
	subject.organizations.length === 1 && subject.organizations[0] === wellKnown.groups.nodes;
const isOneNode = ({ subject }: VerifiedCsr): boolean => subject.commonName.startsWith(wellKnown.nodeUserPrefix);

/** Exactly digital signature and the purpose, or these and key encipherment. */
function nodeUsagesViolation(usages: readonly string[], purpose: 'client auth' | 'server auth'): string | undefined {
	const allowed = ['digital signature', 'key encipherment', purpose].sort();
	const fits =
		usages.every((usage) => allowed.includes(usage)) &&
		usages.includes('digital signature') &&
		usages.includes(purpose);
	return fits ? undefined : `usages did not match [${allowed.join(' ')}]`;
}
