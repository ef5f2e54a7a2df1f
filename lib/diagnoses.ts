/**
 * What a failure most likely comes from, and what else it may come from: for the person who has to do something about it. It is told from the facts
 * of the error and the phase it happened in, to whoever met it; no server sends it, and there is nothing in it that a stranger could use.
 */
import type { Details, DetailsOf, ErrorCode } from './errors.ts';

interface Diagnosis<F> {
	/** A sentence without its full stop. Undefined where the facts say too little. */
	readonly mostLikely: (facts: F, phase: string) => string | undefined;
	/** At most three. */
	readonly alsoPossible?: (facts: F, phase: string) => readonly string[];
	/** What to do, where that depends on the cause; otherwise the remedy of the error's row. */
	readonly remedy?: (facts: F) => string;
}
interface DiagnosisByCause<F> extends Diagnosis<F> {
	/** In place of the above, by the fact `cause`. */
	readonly causes?: Readonly<Record<string, Diagnosis<F>>>;
}
type Reachable = { readonly endpoint: string; readonly problem: string };
type Target = { readonly target: string; readonly problem: string };
const said = (...lines: string[]) => ({ alsoPossible: () => lines });

/** `current time T1 is before T2`, as Go tells of a certificate that is not good now. */
function clocks(problem: string): string | undefined {
	const [, now, relation, limit] = /current time (\S+) is (before|after) (\S+)/.exec(problem) ?? [];
	if (now === undefined) return undefined;
	return relation === 'before'
		? `the clock of this machine is behind: it says ${now}, and the certificate is good from ${limit}`
		: `the certificate ended at ${limit} and was not renewed; this machine's clock says ${now}`;
}
const unreachable = (where: string) => ({
	refused: {
		mostLikely: () => `nothing listens on ${where}: the server is down, or has another port`,
		...said('the address is that of another machine'),
	},
	timeout: {
		mostLikely: () =>
			`nothing comes back from ${where}: the server is paused or overloaded, or a firewall drops what is sent`,
		...said('the machine is off, or the address is wrong'),
	},
	'no-such-host': {
		mostLikely: () => `the name in ${where} is not known to the resolver of this machine`,
		...said('the name was mistyped'),
	},
	'not-tls': {
		mostLikely: () => `what listens on ${where} does not speak TLS: it is another service`,
		...said('a proxy is in between'),
	},
});
const dialProblem = (problem: string): keyof ReturnType<typeof unreachable> | undefined => {
	if (problem.includes('ECONNREFUSED')) return 'refused';
	if (/ETIMEDOUT|EHOSTUNREACH|ENETUNREACH/.test(problem)) return 'timeout';
	if (/Name resolution failed|ENOTFOUND|EAI_AGAIN/.test(problem)) return 'no-such-host';
	return /wrong version number|packet length too long|http request/.test(problem) ? 'not-tls' : undefined;
};

/** For CLUSTER_INFO_UNREACHABLE, which has the endpoint in its facts. */
const byEndpoint = (cause: keyof ReturnType<typeof unreachable>): Diagnosis<Reachable> => ({
	mostLikely: ({ endpoint }) => unreachable(endpoint)[cause].mostLikely(),
	alsoPossible: ({ endpoint }) => unreachable(endpoint)[cause].alsoPossible(),
});
const setClocks = () =>
	'Compare the clocks, with date -u here and on the control plane, and set the wrong one right; then join again';

const peerCauses = {
	'unknown-authority': {
		mostLikely: () =>
			'another CA than the one that is trusted here issued the certificate that was shown: who answers is not who was meant',
		...said('the CA was replaced, and this side still trusts the old one'),
	},
	'name-mismatch': {
		mostLikely: () => 'the server is called by a name or an address that its certificate does not have',
		...said('the address leads to another server of the same CA'),
	},
	'time-validity': {
		mostLikely: ({ problem }: { readonly problem: string }) =>
			clocks(problem) ?? 'the certificate of the server is not good at the time that this machine has',
		...said('the clock of one of the two machines is wrong'),
		remedy: () =>
			'Compare the clocks of both machines with date -u; if they agree, renew the certificate of the server',
	},
	'key-usage': {
		mostLikely: () => 'what answers shows a certificate that is for clients',
		...said('somebody uses the certificate of a client to pretend to be a server'),
	},
};

/** Who is refused, as it stands in a 403. */
function forbidden(because: string): string {
	if (because.includes('attempting to grant RBAC permissions'))
		return 'the rights that were to be given are not held by the one who gives them';
	if (because.includes('"system:anonymous"'))
		return 'no credential was shown, so the caller is a stranger, who may read cluster-info and no more';
	if (because.includes('"system:bootstrap:'))
		return 'a bootstrap token may ask for a certificate and little else, and only with the groups of a joining node';
	if (/"system:node:|\bnode "|node CSR/.test(because))
		return 'a node may read and write what is about itself, and nothing else';
	return 'no role that is bound to this user or its groups allows it';
}

const table: { readonly [C in ErrorCode]?: DiagnosisByCause<DetailsOf<C>> } = {
	PIN_INVALID: { mostLikely: ({ problem }) => pinProblem(problem) },
	TOKEN_MALFORMED: {
		mostLikely: () => 'the token was not copied whole',
		...said('it is the ID alone, or a token of another kind'),
	},
	CLUSTER_INFO_UNREACHABLE: {
		mostLikely: ({ endpoint }) => `there is no way from here to ${endpoint}`,
		...said('what listens there is no API server'),
		causes: {
			refused: byEndpoint('refused'),
			timeout: byEndpoint('timeout'),
			'no-such-host': byEndpoint('no-such-host'),
			'not-tls': byEndpoint('not-tls'),
			'unknown-authority': {
				mostLikely: () =>
					'somebody in between replays the public cluster-info under a certificate of their own: the document anybody can have, the key of its CA they have not',
				...said('the API server still shows a certificate of the CA before the last rotation'),
				remedy: () =>
					'Do not join over this network before you know who answers. No secret was sent, so the token is still good',
			},
			'name-mismatch': {
				mostLikely: ({ endpoint }) =>
					`the certificate of the API server does not have the name or address in ${endpoint}`,
				...said('the address leads to another server of the same cluster'),
				remedy: () =>
					'Join under one of the names that the sentence above lists, or have the certificate of the API server made with this one',
			},
			'time-validity': {
				mostLikely: ({ problem }) => clocks(problem) ?? 'the clock of this machine is wrong',
				...said(
					'the clock of the machine that issued the certificate is wrong',
					'the certificate of the API server was not renewed in time',
				),
				remedy: setClocks,
			},
			'key-usage': { ...peerCauses['key-usage'] },
			unauthorized: {
				mostLikely: () =>
					'the API server lets nobody in who shows no credential (--anonymous-auth=false), and discovery by token needs that it does',
				remedy: () =>
					'Allow anonymous reading of cluster-info on the API server, or bring the CA to the node in another way',
			},
			forbidden: {
				mostLikely: () =>
					'the binding that lets strangers read cluster-info is gone: kubeadm:bootstrap-signer-clusterinfo in kube-public',
				remedy: () =>
					'Look for it on the control plane: kubectl-sim get rolebinding kubeadm:bootstrap-signer-clusterinfo -n kube-public; create it again',
			},
			'not-found': {
				mostLikely: () => 'the cluster publishes no cluster-info: it is not set up for joining by token',
				...said('what answers is the API server of something else'),
			},
		},
	},
	CLUSTER_INFO_UNSIGNED: {
		mostLikely: ({ tokenId }) => `the token "${tokenId}" has expired or was deleted`,
		...said(
			'its ID was mistyped, or it is a token of another cluster',
			'it was made without the usage signing',
			'the controllers, who sign, do not run',
		),
	},
	CLUSTER_INFO_SIGNATURE_INVALID: {
		mostLikely: () => 'the secret half of the token was mistyped; its ID is one that the cluster knows',
		...said(
			'whoever answered is not the cluster, and signed without knowing the secret',
			'the token was deleted and another made under the same ID',
		),
	},
	CLUSTER_INFO_INVALID: {
		mostLikely: () => 'the cluster is not set up for joining by token, or what answers is not its API server',
		...said('somebody edited the ConfigMap cluster-info'),
	},
	CLUSTER_INFO_CHANGED: {
		mostLikely: () => 'somebody in between gave one of the two answers',
		...said('the address or the CA of the cluster was changed at this very moment'),
	},
	CA_HASH_MISMATCH: {
		mostLikely: () => 'the pin is of another cluster, or of this one before its CA was replaced',
		...said(
			'somebody who knows the token answers with a CA of their own',
			'the pin is the hash of the whole certificate, and not of its public key',
		),
	},
	PREFLIGHT_FAILED: { mostLikely: ({ problems }) => preflightProblem(problems) },
	JOIN_ARGUMENTS_INVALID: {
		mostLikely: ({ problems, found = [] }) =>
			found.length > 0 ? found.join('; ') : problems.map(argumentProblem).find((one) => one !== undefined),
	},
	NODE_NAME_TAKEN: {
		mostLikely: ({ node }) => `another machine is called "${node}" and works`,
		...said('this machine was a node before and stopped less than a minute ago, so that its Node still says Ready'),
	},
	CSR_DENIED: {
		mostLikely: ({ reason, message }) =>
			reason.startsWith('Token') ? message : 'a person who looked at the request did not want this node',
		...said('the name of the node is not the one that the owner of the token expects'),
	},
	CSR_FAILED: {
		mostLikely: ({ reason }) =>
			reason === 'SignerValidationFailure'
				? 'the request asks for what this signer does not sign'
				: 'somebody deleted or replaced the request while the node waited',
	},
	CSR_TIMEOUT: {
		mostLikely: () =>
			'nothing approves such requests by itself: the binding kubeadm:node-autoapprove-bootstrap is not there, or is not for this token',
		...said(
			'the controllers do not run, or cannot reach the API server',
			'it is approved, and the CA cannot sign just now',
		),
	},
	CERTIFICATE_UNUSABLE: {
		mostLikely: ({ problem }) =>
			clocks(problem) ?? 'the certificate that came back is of another request or of another CA',
		...said('the clock of this machine is wrong'),
	},
	NODE_LOCKED_OUT: {
		mostLikely: () =>
			'the node was off, or could not reach the API server, in the time in which it renews its certificate',
		...said(
			'its requests to renew were not approved: the binding kubeadm:node-autoapprove-certificate-rotation is gone',
			'the clock of this machine is ahead',
		),
	},
	SIGNER_EXPIRED: {
		mostLikely: ({ notAfter }) => `the cluster CA ended at ${notAfter} and was not renewed`,
		...said('the clock of ca-service is ahead'),
	},
	API_UNAUTHORIZED: {
		mostLikely: (_facts, phase) =>
			phase.startsWith('tls-bootstrap/')
				? 'the token is not for authentication, or it expired or was deleted after cluster-info was read'
				: 'the credential that was shown is not good: a token that is wrong, expired or deleted, or a certificate that has expired or is of another CA',
	},
	AUTHENTICATOR_UNAVAILABLE: {
		mostLikely: () => 'token-store was stopped, has crashed, or cannot be reached by the API server',
		...said('token-store cannot read its store'),
	},
	API_FORBIDDEN: { mostLikely: ({ because }) => forbidden(because) },
	API_PATH_FORBIDDEN: { mostLikely: ({ because }) => forbidden(because) },
	CALLER_DENIED: {
		mostLikely: ({ caller }) =>
			`the certificate of ${caller} is good, and is that of a service that has no business here`,
		...said('a stolen certificate is tried where it does not fit'),
	},
	PEER_REFUSED: {
		mostLikely: () => 'who answers is not who was meant',
		...said('the CA that is trusted here is another than the one that issued the certificate'),
		causes: peerCauses,
	},
	CLIENT_CERTIFICATE_REFUSED: {
		mostLikely: () => 'the certificate that was shown is of another CA or has expired, or none was shown',
		...said('the service was just stopping', 'the clock of one of the two is wrong'),
	},
	CONNECTION_REFUSED: {
		mostLikely: (facts) => dialled(facts)?.mostLikely(),
		alsoPossible: (facts) => dialled(facts)?.alsoPossible() ?? [],
	},
	CALL_FAILED: {
		mostLikely: ({ target }) => `the service on ${target} stopped, or cut the connection, during the call`,
		...said('this caller exceeds a limit of docs/limits.md'),
	},
	DEADLINE_EXCEEDED: {
		mostLikely: ({ target }) => `the service on ${target} is paused or overloaded`,
		...said(
			'the network between here and there drops what is sent',
			'it waits itself for its store or for another service',
		),
	},
	STORE_DAMAGED: {
		mostLikely: ({ problem }) =>
			/version/.test(problem)
				? 'another version of LMDB wrote the file'
				: /meta page of LMDB|begin with/.test(problem)
					? 'another program wrote the file, or a backup of it was not whole'
					: 'the disk was full, or the machine lost its power, while the file was copied or written',
	},
	STORE_UNAVAILABLE: {
		mostLikely: ({ problem }) =>
			/ENOSPC|MDB_MAP_FULL|no space/i.test(problem)
				? 'the disk is full'
				: 'the store is not running, or cannot be reached from the service',
		...said('its password or its certificates are not those that the service has'),
	},
	OBSERVER_UNREACHABLE: {
		mostLikely: () => 'no mesh runs on this machine',
		...said('its page was given another port'),
	},
	STATE_IN_USE: { mostLikely: ({ pid }) => `a mesh that was started before still runs, as process ${pid}` },
};

const dialled = ({ target, problem }: Target) => {
	const cause = dialProblem(problem);
	return cause === undefined ? undefined : unreachable(target)[cause];
};

const emptyDigest = 'SHA-256 of nothing';
function pinProblem(problem: string): string | undefined {
	if (problem.includes(emptyDigest))
		return 'the CA key is not RSA: "openssl rsa" of the usual recipe printed nothing, and nothing is what was hashed';
	if (/expected a 32 byte|could not decode|odd length/.test(problem)) return 'the pin was not copied whole';
	if (problem.includes('unknown hash format')) return 'the hash is of another kind than SHA-256';
	return problem.includes('format:hex-value') ? 'the pin was given without sha256: in front of it' : undefined;
}

const argumentProblem = (problem: string): string | undefined =>
	problem.includes('invalid discovery token CA certificate hash') ? pinProblem(problem) : undefined;

function preflightProblem(problems: readonly string[]): string | undefined {
	const has = (name: string) => problems.some((problem) => problem.startsWith(name));
	if (has('FileAvailable')) return 'this machine, or this --root, was joined before';
	if (has('Clock')) return 'the clock of this machine was never set, as after a boot without a battery';
	return has('DirAvailable') ? 'this user may not write below --root' : undefined;
}

const entryOf = (code: ErrorCode, facts: Details): Diagnosis<Details> | undefined => {
	const entry = table[code] as DiagnosisByCause<Details> | undefined;
	return (typeof facts.cause === 'string' ? entry?.causes?.[facts.cause] : undefined) ?? entry;
};

/** The facts may have come over the wire, from anybody; then they need not fit. */
function told<T>(tell: () => T): T | undefined {
	try {
		return tell();
	} catch {
		return undefined;
	}
}

export const mostLikely = (code: ErrorCode, facts: Details, phase = ''): string | undefined =>
	told(() => entryOf(code, facts)?.mostLikely(facts, phase));
export const alsoPossible = (code: ErrorCode, facts: Details, phase = ''): readonly string[] =>
	told(() => entryOf(code, facts)?.alsoPossible?.(facts, phase)) ?? [];
/** What to do about this cause of the failure; undefined where the remedy of the row is meant. */
export const remedyOfCause = (code: ErrorCode, facts: Details): string | undefined =>
	told(() => entryOf(code, facts)?.remedy?.(facts));

/** The causes that an error can name, for docs/errors.md. */
export const causesOf = (code: ErrorCode): readonly string[] => Object.keys(table[code]?.causes ?? {});

/** How a failed dial looks from its text: `refused`, `timeout`, `no-such-host`, `not-tls`. */
export const causeOfDial = dialProblem;
