/**
 * Runs a node: it continues with its identity or joins, sends heartbeats, and joins again when its certificate
 * expires.
 */
import { splitHostPort } from '../../lib/address.ts';
import { rfc3339 } from '../../lib/clock.ts';
import { hasCode, KubejoinError } from '../../lib/errors.ts';
import { removeFile } from '../../lib/files.ts';
import { parseCertificates } from '../../lib/pki/certificate.ts';
import type { KeyPair } from '../../lib/pki/keys.ts';
import { matchesPin, parsePin } from '../../lib/pki/pin.ts';
import { quoteInput } from '../../lib/text.ts';
import type { PhaseEvent } from '../../lib/workflow.ts';
import type { ClusterSettings } from './cluster-settings.ts';
import type { Registration } from './heartbeat.ts';
import { isExpired, loadIdentity, type NodeIdentity, storeServer } from './identity.ts';
import { joinByFileWorkflow, joinWithoutPinWorkflow, joinWorkflow } from './join/join.ts';
import type { BootstrapCredential, JoinContext, NodeConnection } from './join/join-context.ts';
import type { JoinRequest } from './join/join-request.ts';
import { validate } from './join/preflight.ts';
import { type Expired, type InTurn, type StayOptions, stay } from './keep-running.ts';
import type { RenewalEvents } from './rotation/keep-renewed.ts';
import type { ClaimedClusterInfo, FileCa, PinnedCa, SignedKubeconfig, TrustedServer } from './trust.ts';

export interface NodeOptions extends RenewalEvents, Pick<StayOptions, 'reconnectInTurn' | 'correlator'> {
	/** Called after each phase of a join. */
	readonly report: (event: PhaseEvent) => void;
	/** Called each time that the node has a valid identity, before its heartbeats. */
	readonly onJoined: (identity: NodeIdentity, how: 'joined' | 'resumed') => void;
	readonly onBeat: (atMs: number) => void;
	readonly onConnected?: (connection: NodeConnection, identity: NodeIdentity) => Promise<void>;
	/** Limits the number of concurrent joins. */
	readonly inTurn?: InTurn;
}

/** Resolves when the signal aborts. @throws NODE_LOCKED_OUT, and the errors of a join */
export async function runNode(tools: JoinContext, request: JoinRequest, options: NodeOptions): Promise<void> {
	let ended: Expired | undefined;
	while (!tools.signal.aborted) {
		const kept = await keptIdentity(tools, request);
		const isValid = kept !== undefined && !isExpired(kept, tools.clock);
		const closeUnused = tools.dial.keepOpen();
		try {
			const joined: Joined = isValid
				? { identity: await atEndpoint(kept, request, tools) }
				: await join(tools, request, options, kept && { kept, ...ended });
			options.onJoined(joined.identity, isValid ? 'resumed' : 'joined');
			const staying = stay(tools, { ...options, ...joined });
			// The node continues on the connection on which it registered; that with the token is unused now.
			closeUnused();
			ended = await staying;
		} finally {
			closeUnused();
		}
	}
}

/** The identity of an earlier join, expired or not, if it has the requested name and a pinned CA. */
async function keptIdentity({ paths }: JoinContext, request: JoinRequest): Promise<NodeIdentity | undefined> {
	const kept = await loadIdentity(paths);
	return kept?.nodeName === request.nodeName && isOfCluster(kept, request.caCertHashes) ? kept : undefined;
}

interface Joined {
	readonly identity: NodeIdentity;
	/** Absent: the node registers with its first heartbeat. */
	readonly registration?: Registration;
}

interface Lapsed extends Expired {
	readonly kept: NodeIdentity;
}

async function join(
	tools: JoinContext,
	request: JoinRequest,
	{ report, inTurn = (work) => work() }: NodeOptions,
	lapsed?: Lapsed,
): Promise<Joined> {
	if (lapsed !== undefined) {
		const { problems } = validate(request);
		const hasNone = request.token === '' && request.discoveryFile === '';
		if (problems.length > 0)
			throw lockedOut(tools, lapsed, hasNone ? 'no bootstrap token was given' : problems.join('; '));
		const why = lapsed.refusal === undefined ? '' : ` and was not renewed (${lapsed.refusal.message})`;
		tools.say(
			`[kubelet] The client certificate expired at ${rfc3339(lapsed.kept.notAfter)}${why}; ` +
				`joining again with ${replacedBy(request)}`,
		);
	}
	const workflow = workflowOf(request, tools);
	const attributes = { 'k8s.node.name': request.nodeName };
	try {
		const run = () => workflow.run({ ...request, replaces: lapsed?.kept }, report, tools.clock, attributes);
		// The results of the other phases, with keys and the token's kubeconfig, end with the join.
		const { identity, registration } = await inTurn(run);
		return { identity, ...(registration === undefined ? {} : { registration }) };
	} catch (error) {
		// These errors refuse the credential; any other error is not about it.
		if (lapsed === undefined || !hasCode(error, 'CLUSTER_INFO_UNSIGNED', 'API_UNAUTHORIZED', 'API_FORBIDDEN'))
			throw error;
		throw lockedOut(tools, lapsed, `${replacedBy(request)} was refused at ${error.phase}: ${error.message}`, error);
	} finally {
		// @source kubeadm cmd/phases/join/kubelet.go: removes the file with the token after a failure, too
		removeFile(tools.paths.bootstrapKubeconfig);
	}
}

/** The credential that replaces an expired certificate. */
const replacedBy = ({ discoversBy, tlsBootstrapToken }: JoinRequest): string =>
	discoversBy.includes('file') && tlsBootstrapToken === ''
		? 'the credential of the discovery file'
		: 'the bootstrap token';

/** The results of the phases that ran. */
export interface PartOfJoin {
	readonly nodeName: string;
	readonly claimedClusterInfo?: ClaimedClusterInfo;
	readonly signedKubeconfig?: SignedKubeconfig;
	readonly pinnedCa?: PinnedCa;
	readonly fileCa?: FileCa;
	readonly server?: TrustedServer;
	readonly credential?: BootstrapCredential;
	readonly settings?: ClusterSettings;
	readonly keyPair?: KeyPair;
	readonly claimedCertificate?: string;
	readonly identity?: NodeIdentity;
}
type Run<Result> = (...args: Parameters<ReturnType<typeof joinWorkflow>['run']>) => Promise<Result>;
/** A join, however the node discovers the cluster. */
interface Join {
	readonly phases: readonly { readonly name: string }[];
	readonly run: Run<Joined>;
	readonly until: (phase: string) => { readonly run: Run<PartOfJoin> } | undefined;
}
interface Skippable extends Join {
	readonly phases: readonly { readonly name: string; readonly canBeSkipped: boolean }[];
	readonly without: (names: ReadonlySet<string>) => Join;
}

/**
 * Runs the phases up to one, without heartbeats.
 *
 * @throws JOIN_ARGUMENTS_INVALID  there is no such phase
 */
export async function joinUntil(
	tools: JoinContext,
	request: JoinRequest,
	phase: string,
	report: NodeOptions['report'],
): Promise<PartOfJoin> {
	const workflow = workflowOf(request, tools);
	const part = workflow.until(phase);
	if (part === undefined)
		throw new KubejoinError('JOIN_ARGUMENTS_INVALID', {
			problems: [`invalid phase name: ${quoteInput(phase, 64).slice(1, -1)}`],
			remedy: `Name one of these phases: ${workflow.phases.map(({ name }) => name).join(', ')}`,
		});
	try {
		return await part.run(request, report, tools.clock, { 'k8s.node.name': request.nodeName });
	} finally {
		removeFile(tools.paths.bootstrapKubeconfig);
	}
}

/** @throws JOIN_ARGUMENTS_INVALID  a phase that the request skips does not exist, or is needed */
function workflowOf(request: JoinRequest, tools: JoinContext): Join {
	const { discoversBy, caCertHashes, unsafeSkipCaVerification, skippedPhases } = request;
	const skipping = (workflow: Skippable) => workflow.without(phasesToSkip(skippedPhases, workflow.phases));
	if (discoversBy.length === 1 && discoversBy.includes('file')) return skipping(joinByFileWorkflow(tools));
	const isPinned = caCertHashes.length > 0 || !unsafeSkipCaVerification;
	return skipping(isPinned ? joinWorkflow(tools) : joinWithoutPinWorkflow(tools));
}

/**
 * A name with a slash is a phase, another one also a group of phases.
 *
 * @source kubeadm cmd/phases/workflow/runner.go computePhaseRunFlags
 * @throws JOIN_ARGUMENTS_INVALID
 */
function phasesToSkip(names: readonly string[], phases: Skippable['phases']): ReadonlySet<string> {
	const skipped = new Set<string>();
	const problems: string[] = [];
	for (const name of names) {
		const named = phases.filter((phase) => phase.name === name || phase.name.startsWith(`${name}/`));
		if (named.length === 0) problems.push(`invalid phase name: ${quoteInput(name, 64).slice(1, -1)}`);
		for (const phase of named) {
			if (phase.canBeSkipped) skipped.add(phase.name);
			else problems.push(`the phase ${phase.name} cannot be skipped: the phases after it need its result`);
		}
	}
	if (problems.length === 0) return skipped;
	const possible = phases.filter(({ canBeSkipped }) => canBeSkipped).map(({ name }) => name);
	throw new KubejoinError('JOIN_ARGUMENTS_INVALID', {
		problems,
		remedy: `Skip only these phases, or none: ${possible.join(', ')}`,
	});
}

function lockedOut(
	{ paths }: JoinContext,
	{ kept, refusal }: Lapsed,
	token: string,
	cause?: KubejoinError,
): KubejoinError {
	const because = refusal === undefined ? token : `${token}, and the certificate was not renewed: ${refusal.message}`;
	const details = { node: kept.nodeName, root: paths.root, notAfter: rfc3339(kept.notAfter), because };
	return new KubejoinError('NODE_LOCKED_OUT', details, { cause: cause ?? refusal });
}

/**
 * Use the address of the request. The server at it is verified with the stored CA.
 *
 * @differs a kubelet dials the server in its kubelet.conf until a person edits the file
 */
async function atEndpoint(
	kept: NodeIdentity,
	{ endpoint }: JoinRequest,
	{ paths, say }: JoinContext,
): Promise<NodeIdentity> {
	if (endpoint === kept.server.target || splitHostPort(endpoint) === undefined) return kept;
	say(`[kubelet] Using the API server at ${endpoint} instead of ${kept.server.target}`);
	const server = { ...kept.server, url: `https://${endpoint}`, target: endpoint };
	await storeServer(paths, server);
	return { ...kept, server };
}

/** Whether a pin matches the stored CA, or there are no pins. Preflight refuses malformed pins. */
function isOfCluster({ server }: NodeIdentity, caCertHashes: readonly string[]): boolean {
	const pins = caCertHashes.flatMap((hash) => {
		try {
			return [parsePin(hash)];
		} catch {
			return [];
		}
	});
	return pins.length === 0 || parseCertificates(server.ca).some((certificate) => matchesPin(certificate, pins));
}
