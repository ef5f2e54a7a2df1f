/** The life of a node: resume with the identity that it has, or join; then stay. */
import { rm } from 'node:fs/promises';
import { splitHostPort } from '../../lib/address.ts';
import { rfc3339 } from '../../lib/clock.ts';
import { KubejoinError } from '../../lib/errors.ts';
import { parseCertificates } from '../../lib/pki/certificate.ts';
import { matchesPin, parsePin } from '../../lib/pki/pin.ts';
import type { PhaseEvent } from '../../lib/workflow.ts';
import { isExpired, loadIdentity, type NodeIdentity, storeServer } from './identity.ts';
import { joinWorkflow } from './join/join.ts';
import type { JoinRequest } from './join/join-request.ts';
import { validate } from './join/preflight.ts';
import type { JoinTools } from './join/tools.ts';
import { stay } from './stay.ts';

export interface NodeOptions {
	readonly report: (event: PhaseEvent) => void;
	/** Called once, when the node has an identity and is about to stay. */
	readonly onJoined: (identity: NodeIdentity, how: 'joined' | 'resumed') => void;
	readonly onBeat: (atMs: number) => void;
}

/** Resolves when the signal aborts. @throws whatever the join or the stay ends with */
export async function runNode(tools: JoinTools, request: JoinRequest, { report, onJoined, onBeat }: NodeOptions): Promise<void> {
	const kept = await usableIdentity(tools, request);
	const identity = kept ?? (await joinWorkflow(tools).run(request, report, tools.clock, { 'k8s.node.name': request.nodeName })).identity;
	onJoined(identity, kept === undefined ? 'joined' : 'resumed');
	await stay(tools, { identity, criSocket: request.criSocket, onBeat });
}

/** The identity of an earlier join, where it is still good for what is asked now. */
async function usableIdentity(tools: JoinTools, request: JoinRequest): Promise<NodeIdentity | undefined> {
	const { paths, clock, say } = tools;
	const kept = await loadIdentity(paths);
	if (kept === undefined) return undefined;
	if (kept.nodeName !== request.nodeName || !isOfCluster(kept, request.caCertHashes)) return undefined;
	if (!isExpired(kept, clock)) return atEndpoint(kept, request, tools);
	const notAfter = rfc3339(kept.notAfter);
	if (validate(request).checked === undefined) throw new KubejoinError('NODE_LOCKED_OUT', { node: kept.nodeName, notAfter });
	say(`[kubelet] The client certificate expired at ${notAfter}; joining again with the bootstrap token`);
	await rm(paths.kubeconfig, { force: true });
	return undefined;
}

/**
 * The API server may have another address by now. Whoever answers there is verified with the CA that was pinned, as before.
 * @differs a kubelet goes on dialling the server of its kubelet.conf until somebody edits it
 */
async function atEndpoint(kept: NodeIdentity, { endpoint }: JoinRequest, { paths, say }: JoinTools): Promise<NodeIdentity> {
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
