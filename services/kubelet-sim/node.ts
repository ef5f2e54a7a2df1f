/**
 * Runs a node: it continues with its identity or joins, sends heartbeats, and joins again when its certificate
 * expires.
 */
import { rm } from 'node:fs/promises';
import { splitHostPort } from '../../lib/address.ts';
import { rfc3339 } from '../../lib/clock.ts';
import { hasCode, KubejoinError } from '../../lib/errors.ts';
import { parseCertificates } from '../../lib/pki/certificate.ts';
import { matchesPin, parsePin } from '../../lib/pki/pin.ts';
import type { PhaseEvent } from '../../lib/workflow.ts';
import { isExpired, loadIdentity, type NodeIdentity, storeServer } from './identity.ts';
import { joinWithoutPinWorkflow, joinWorkflow } from './join/join.ts';
import type { JoinContext } from './join/join-context.ts';
import type { JoinRequest } from './join/join-request.ts';
import { validate } from './join/preflight.ts';
import { type Expired, stay } from './keep-running.ts';
import type { RenewalEvents } from './rotation/keep-renewed.ts';

export interface NodeOptions extends RenewalEvents {
	/** Called after each phase of a join. */
	readonly report: (event: PhaseEvent) => void;
	/** Called each time that the node has a valid identity, before its heartbeats. */
	readonly onJoined: (identity: NodeIdentity, how: 'joined' | 'resumed') => void;
	readonly onBeat: (atMs: number) => void;
	/** Limits the number of concurrent joins. */
	readonly inTurn?: <T>(work: () => Promise<T>) => Promise<T>;
}

/** Resolves when the signal aborts. @throws NODE_LOCKED_OUT, and the errors of a join */
export async function runNode(tools: JoinContext, request: JoinRequest, options: NodeOptions): Promise<void> {
	let ended: Expired | undefined;
	while (!tools.signal.aborted) {
		const kept = await keptIdentity(tools, request);
		const isValid = kept !== undefined && !isExpired(kept, tools.clock);
		const identity = isValid
			? await atEndpoint(kept, request, tools)
			: await join(tools, request, options, kept && { kept, ...ended });
		options.onJoined(identity, isValid ? 'resumed' : 'joined');
		ended = await stay(tools, { ...options, identity });
	}
}

/** The identity of an earlier join, expired or not, if it has the requested name and a pinned CA. */
async function keptIdentity({ paths }: JoinContext, request: JoinRequest): Promise<NodeIdentity | undefined> {
	const kept = await loadIdentity(paths);
	return kept?.nodeName === request.nodeName && isOfCluster(kept, request.caCertHashes) ? kept : undefined;
}

interface Lapsed extends Expired {
	readonly kept: NodeIdentity;
}

async function join(
	tools: JoinContext,
	request: JoinRequest,
	{ report, inTurn = (work) => work() }: NodeOptions,
	lapsed?: Lapsed,
): Promise<NodeIdentity> {
	if (lapsed !== undefined) {
		const { checked, problems } = validate(request);
		if (checked === undefined)
			throw lockedOut(tools, lapsed, request.token === '' ? 'no bootstrap token was given' : problems.join('; '));
		const why = lapsed.refusal === undefined ? '' : ` and was not renewed (${lapsed.refusal.message})`;
		tools.say(
			`[kubelet] The client certificate expired at ${rfc3339(lapsed.kept.notAfter)}${why}; ` +
				'joining again with the bootstrap token',
		);
	}
	const isPinned = request.caCertHashes.length > 0 || !request.unsafeSkipCaVerification;
	const workflow = isPinned ? joinWorkflow(tools) : joinWithoutPinWorkflow(tools);
	const attributes = { 'k8s.node.name': request.nodeName };
	try {
		return (await inTurn(() => workflow.run({ ...request, replaces: lapsed?.kept }, report, tools.clock, attributes)))
			.identity;
	} catch (error) {
		// These errors refuse the token; any other error is not about it.
		if (lapsed === undefined || !hasCode(error, 'CLUSTER_INFO_UNSIGNED', 'API_UNAUTHORIZED', 'API_FORBIDDEN'))
			throw error;
		throw lockedOut(tools, lapsed, `the bootstrap token was refused at ${error.phase}: ${error.message}`, error);
	} finally {
		// @source kubeadm cmd/phases/join/kubelet.go: removes the file with the token after a failure, too
		await rm(tools.paths.bootstrapKubeconfig, { force: true });
	}
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
