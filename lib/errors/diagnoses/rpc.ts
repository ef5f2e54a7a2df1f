/** Causes of failed connections and calls between services. */
import { causeOfDial, type Diagnosis, type DiagnosisTable, diagnoseDial, explainValidity, or } from './diagnosis.ts';

type Problem = { readonly problem: string };

export const clientCertificate: Diagnosis<unknown> = {
	mostLikely: () => 'the server presents a certificate that is for clients',
	...or('an attacker uses the certificate of a client to impersonate a server'),
};

const peerCauses: Readonly<Record<string, Diagnosis<Problem>>> = {
	'unknown-authority': {
		mostLikely: () =>
			'an untrusted CA issued the certificate of the server, so this is probably not the intended server',
		...or('the CA was replaced, and this client still trusts the old one'),
	},
	'name-mismatch': {
		mostLikely: () => 'the certificate of the server does not contain the name or address that was used',
		...or('the address belongs to another server of the same CA'),
	},
	'time-validity': {
		mostLikely: ({ problem }) =>
			explainValidity(problem) ?? "the server's certificate is not valid at this machine's current time",
		...or('the clock of one of the two machines is wrong'),
		remedy: () =>
			'Compare the clocks of both machines with date -u; if they agree, renew the certificate of the server',
	},
	'key-usage': clientCertificate,
};

const diagnoseTarget = ({ target, problem }: { readonly target: string; readonly problem: string }) => {
	const cause = causeOfDial(problem);
	return cause === undefined ? undefined : diagnoseDial(target)[cause];
};

export const rpcDiagnoses = {
	CALLER_DENIED: {
		mostLikely: ({ caller }) => `the certificate of ${caller} is valid, but that service may not call this method`,
		...or('an attacker uses a stolen certificate'),
	},
	PEER_REFUSED: {
		mostLikely: () => 'this is not the intended server',
		...or('this client does not trust the CA that issued the certificate'),
		causes: peerCauses,
	},
	CLIENT_CERTIFICATE_REFUSED: {
		mostLikely: () => 'the client certificate is missing or has expired, or another CA issued it',
		...or('the service was shutting down', 'the clock of one of the two machines is wrong'),
	},
	CONNECTION_REFUSED: {
		mostLikely: (details) => diagnoseTarget(details)?.mostLikely(),
		alsoPossible: (details) => diagnoseTarget(details)?.alsoPossible() ?? [],
	},
	CALL_FAILED: {
		mostLikely: ({ target }) => `the service on ${target} stopped or closed the connection during the call`,
		...or('this client exceeds a limit of docs/limits.md'),
	},
	DEADLINE_EXCEEDED: {
		mostLikely: ({ target }) => `the service on ${target} is paused or overloaded`,
		...or('the network drops the packets', 'the service waits for its store or for another service'),
	},
} satisfies DiagnosisTable;
