/** The life of a node: go on with the identity that it has, or join; then stay; and when its certificate has expired, join again. */
import { rm } from 'node:fs/promises';
import { splitHostPort } from '../../lib/address.ts';
import { rfc3339 } from '../../lib/clock.ts';
import { hasCode, KubejoinError } from '../../lib/errors.ts';
import type { InTurn } from '../../lib/limit.ts';
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
	/** Of the phases of a join. */
	readonly report: (event: PhaseEvent) => void;
	/** Called whenever the node has an identity and is about to stay. */
	readonly onJoined: (identity: NodeIdentity, how: 'joined' | 'resumed') => void;
	readonly onBeat: (atMs: number) => void;
	/** Does the work of a join when its turn has come. */
	readonly inTurn?: InTurn;
}

/** Resolves when the signal aborts. @throws whatever a join ends with; NODE_LOCKED_OUT */
export async function runNode(tools: JoinContext, request: JoinRequest, options: NodeOptions): Promise<void> {
	let ended: Expired | undefined;
	while (!tools.signal.aborted) {
		const kept = await keptIdentity(tools, request);
		const isGood = kept !== undefined && !isExpired(kept, tools.clock);
		const identity = isGood
			? await atEndpoint(kept, request, tools)
			: await join(tools, request, options, kept && { kept, ...ended });
		options.onJoined(identity, isGood ? 'resumed' : 'joined');
		ended = await stay(tools, { ...options, identity, criSocket: request.criSocket });
	}
}

/** The identity of an earlier join, expired or not, where it is one for what is asked now. */
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
		const why = lapsed.refusal === undefined ? '' : `, for it was not renewed: ${lapsed.refusal.message}`;
		tools.say(
			`[kubelet] The client certificate expired at ${rfc3339(lapsed.kept.notAfter)}${why}; joining again with the bootstrap token`,
		);
	}
	const isPinned = request.caCertHashes.length > 0 || !request.unsafeSkipCaVerification;
	const workflow = isPinned ? joinWorkflow(tools) : joinWithoutPinWorkflow(tools);
	const attributes = { 'k8s.node.name': request.nodeName };
	try {
		return (await inTurn(() => workflow.run({ ...request, replaces: lapsed?.kept }, report, tools.clock, attributes)))
			.identity;
	} catch (error) {
		// What the token itself was refused with; anything else keeps its own name.
		if (lapsed === undefined || !hasCode(error, 'CLUSTER_INFO_UNSIGNED', 'API_UNAUTHORIZED', 'API_FORBIDDEN'))
			throw error;
		throw lockedOut(tools, lapsed, `the bootstrap token was refused at ${error.phase}: ${error.message}`, error);
	} finally {
		// @source kubeadm cmd/phases/join/kubelet.go: the file with the token is removed after a failure too.
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
	const facts = { node: kept.nodeName, root: paths.root, notAfter: rfc3339(kept.notAfter), because };
	return new KubejoinError('NODE_LOCKED_OUT', facts, { cause: cause ?? refusal });
}

/**
 * The API server may have another address by now. Whoever answers there is verified with the CA that was trusted, as before.
 * @differs a kubelet goes on dialling the server of its kubelet.conf until somebody edits it
 */
async function atEndpoint(
	kept: NodeIdentity,
	{ endpoint }: JoinRequest,
	{ paths, say }: JoinContext,
): Promise<NodeIdentity> {
	if (endpoint === kept.server.target || splitHostPort(endpoint) === undefined) return kept;
	say(`[kubelet] The API server was at ${kept.server.target} and is now dialled at ${endpoint}`);
	const server = { ...kept.server, url: `https://${endpoint}`, target: endpoint };
	await storeServer(paths, server);
	return { ...kept, server };
}

/** Whether the CA that was kept is one of the given pins; without pins there is nothing to compare. Bad pins are for preflight to refuse. */
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
