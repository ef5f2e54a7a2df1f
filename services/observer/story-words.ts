/** The words of the story in the terminal, for each step of a join. */
import type { Step, Tls } from './api.ts';

/** The node's action in each phase, in at most 33 characters: 80 columns then hold a node name of 13. */
const phaseWords: ReadonlyMap<string, string> = new Map([
	['preflight', 'checks its arguments and files'],
	['discovery/fetch-cluster-info', 'gets cluster-info, TLS unverified'],
	['discovery/verify-signature', 'checks that the token signed it'],
	['discovery/pin-ca', 'finds the pinned hash in its CA'],
	['discovery/confirm', 'gets it again over verified TLS'],
	['discovery/trust-without-pin', 'trusts any holder of the token'],
	['tls-bootstrap/check-node-name', 'sends the token; its name is free'],
	['tls-bootstrap/create-key', 'creates a key, kept on this node'],
	['tls-bootstrap/request-certificate', 'asks the CA for its certificate'],
	['tls-bootstrap/verify-certificate', 'verifies it; needs no token now'],
	['register', 'creates its Node, over mutual TLS'],
]);

/** The parts of a message's label, which is `VERB RESOURCE.GROUP/SUBRESOURCE NAME` or `SERVICE/METHOD`. */
const messageWords: readonly (readonly [label: RegExp, words: string])[] = [
	[/^get configmaps kube-public\/cluster-info$/, 'gets cluster-info'],
	[/^get nodes /, 'looks for a Node of its name'],
	[/^create nodes$/, 'creates its Node'],
	[/^get leases /, 'looks for its Lease'],
	[/^create leases /, 'creates its Lease'],
	[/^create certificatesigningrequests$/, 'asks for a certificate'],
	[/^(get|list|watch) certificatesigningrequests/, 'waits for its certificate'],
	[/^update certificatesigningrequests\/approval /, 'approves the request'],
	[/^update certificatesigningrequests\/status /, 'stores the certificate'],
	[/^create subjectaccessreviews$/, 'asks whether the node may have it'],
	[/^TokenStore\/Verify$/, 'asks whether the token is valid'],
	[/^CertificateAuthority\/Sign$/, 'asks for the signature'],
];
const seenWords: ReadonlyMap<string, string> = new Map([
	['csr-approving', 'sees the request'],
	['csr-signing', 'sees the approval'],
]);

export const momentWords = {
	'node-trusts-cluster': 'NOW THE NODE TRUSTS THE CLUSTER: it can send its token',
	'cluster-trusts-node': 'NOW THE CLUSTER TRUSTS THE NODE: it has a certificate',
} as const;

const tlsWords: Readonly<Record<Tls, string>> = {
	unverified: 'TLS not verified',
	'one-way': 'server verified',
	mutual: 'mutual TLS',
};

/** @param trust  the sentence of a phase that this table does not have */
export const wordsOfPhase = (phase: string, trust = ''): string => phaseWords.get(phase) ?? trust;

/** `pin-ca` for `discovery/pin-ca`. */
export const shortPhase = (phase: string): string => phase.slice(phase.lastIndexOf('/') + 1);

/** Without the API group, and with names of certificate requests cut: a story has one of them. */
const shortLabel = (label: string): string =>
	label
		.replace(/\b([a-z]+)\.[a-z.]+\.k8s\.io\b/g, '$1')
		.replace(/\b(node-csr-[\w-]{4})[\w-]{12,}/g, '$1…')
		.replace(/^csr "([^"]*)"/, 'csr $1');

/** `→ apiserver-sim, server verified: asks for a certificate [create certificatesigningrequests]` */
export function wordsOfMessage(step: Step, node: string): string {
	const { from, to, tls } = step;
	const label = shortLabel(step.label);
	const sender = from === node ? '' : `${from} `;
	const how = tls === undefined ? '' : `, ${tlsWords[tls]}`;
	const words = messageWords.find(([pattern]) => pattern.test(label))?.[1];
	const what = words === undefined ? label : `${words} [${label}]`;
	return `${sender}→ ${to}${how}: ${what}${outcomeOf(step)}`;
}

/** `← apiserver-sim, by watch: csr node-csr-qmz4… Approved` */
export function wordsOfSeen({ from, to, label }: Step, node: string): string {
	const words = seenWords.get(label);
	const what = words === undefined ? shortLabel(label) : `${words} [${label}]`;
	return `${to === node ? '' : `${to} `}← ${from}, by watch: ${what}`;
}

const outcomeOf = ({ failure, expectedError }: Step): string => {
	const code = failure?.code ?? expectedError;
	if (code === undefined) return '';
	return expectedError === 'API_NOT_FOUND' ? ': there is none' : `: ${code}`;
};
