/**
 * Joins of clients that send no trace, such as the real kubeadm and kubelet: this server groups their requests by
 * bootstrap token, name of the certificate request and node, and records the decisions that it sees. A request without
 * credentials belongs to no join, so discovery is not seen. Bounded; nothing here changes an answer.
 */
import { KubejoinError, qualifiedResource } from '../../lib/errors.ts';
import { parseToken } from '../../lib/kube/bootstrap-token.ts';
import { isReady } from '../../lib/kube/node-conditions.ts';
import { type CertificateSigningRequest, type KubeObject, type Node, wellKnown } from '../../lib/kube/types.ts';
import { type CountRefusal, limits } from '../../lib/limits.ts';
import type { ReadCsr } from '../../lib/pki/csr-reader.ts';
import { pauseFor } from '../../lib/poll.ts';
import { isTraced, type SeenSpan, SpanKind, startSeenSpan } from '../../lib/trace.ts';
import { bearerToken } from './authenticate/bearer-token.ts';
import type { Pipeline, UnauthenticatedRequest } from './pipeline.ts';
import type { Credentials } from './request/api-request.ts';

type PhaseKey = 'config' | 'name' | 'certificate' | 'register';
/** In the order of kubeadm and the kubelet. */
const phases: Readonly<Record<PhaseKey, { readonly name: string; readonly trust: string; readonly moment?: string }>> =
	{
		config: { name: 'tls-bootstrap/read-config', trust: 'the API server accepts the token' },
		name: { name: 'tls-bootstrap/check-node-name', trust: 'unchanged; the node asks for its name' },
		certificate: {
			name: 'tls-bootstrap/request-certificate',
			trust: 'the cluster trusts the node: its CA has signed the key',
			moment: 'cluster-trusts-node',
		},
		register: { name: 'register', trust: 'the node is listed, over mutual TLS' },
	};
const order = Object.keys(phases) as readonly PhaseKey[];

const kubeadmConfigMaps = new Set(['kubeadm-config', 'kube-proxy', 'kubelet-config']);

/** An allowed request, or a get of an object that does not exist. */
interface Seen {
	readonly request: UnauthenticatedRequest;
	readonly credentials: Credentials;
	readonly result?: KubeObject | undefined;
	readonly startMs: number;
	readonly endMs: number;
}

export interface ObservedJoins {
	readonly pipeline: Pipeline;
	/** Ends the joins whose client has sent no request for the time of the limit. */
	readonly endUnfinished: () => void;
}

const CHECK_MS = 10_000;

/** Resolves when the signal aborts. */
export async function endUnfinishedJoins({ endUnfinished }: ObservedJoins, signal: AbortSignal): Promise<void> {
	while (!signal.aborted) {
		await pauseFor(CHECK_MS, signal);
		endUnfinished();
	}
}

export interface ObserveJoinsOptions {
	/** Fractions of a millisecond order the requests. */
	readonly nowMs: () => number;
	readonly count: CountRefusal;
	readonly readCsr: ReadCsr;
}

export function observeJoins(pipeline: Pipeline, { nowMs, count, readCsr }: ObserveJoinsOptions): ObservedJoins {
	const joins = new SeenJoins(count, readCsr);
	return { pipeline: observed(pipeline, joins, nowMs), endUnfinished: () => joins.endUnfinished(nowMs()) };
}

function observed(pipeline: Pipeline, joins: SeenJoins, nowMs: () => number): Pipeline {
	return {
		...pipeline,
		execute(request, credentials) {
			if (!isOfInterest(request) || credentials.impersonation.length > 0) return pipeline.execute(request, credentials);
			return executeSeen(request, credentials);
		},
	};

	async function executeSeen(request: UnauthenticatedRequest, credentials: Credentials): Promise<KubeObject> {
		const startMs = nowMs();
		const hasTrace = isTraced();
		const seen = (result?: KubeObject) => {
			// The controllers have traces, and act on the requests of clients that have none.
			if (!hasTrace || request.subresource !== '') joins.see({ request, credentials, result, startMs, endMs: nowMs() });
		};
		try {
			const result = await pipeline.execute(request, credentials);
			seen(result);
			return result;
		} catch (error) {
			if (error instanceof KubejoinError && error.code === 'API_NOT_FOUND') seen();
			throw error;
		}
	}
}

const isOfInterest = ({ resource, namespace, name }: UnauthenticatedRequest): boolean => {
	if (resource.resource === 'configmaps') return namespace === wellKnown.kubeSystem && kubeadmConfigMaps.has(name);
	return ['nodes', 'certificatesigningrequests'].includes(resource.resource);
};

class SeenJoins {
	readonly #count: CountRefusal;
	readonly #readCsr: ReadCsr;
	/** By token and address of the client, the oldest first. */
	readonly #byClient = new Map<string, SeenJoin>();
	#secondStartMs = Number.NEGATIVE_INFINITY;
	#startedInSecond = 0;

	constructor(count: CountRefusal, readCsr: ReadCsr) {
		this.#count = count;
		this.#readCsr = readCsr;
	}

	see(seen: Seen): void {
		const { request, credentials } = seen;
		const { resource, verb, subresource } = request;
		const tokenId = tokenIdOf(credentials);
		if (resource.resource === 'certificatesigningrequests' && subresource !== '') this.#decided(seen);
		else if (tokenId !== undefined)
			this.#withToken(seen, `${tokenId} ${credentials.peer.address.replace(/:\d+$/, '')}`);
		else if (resource.resource === 'nodes' && verb !== 'get') this.#registered(seen);
	}

	#withToken(seen: Seen, client: string): void {
		const { resource, verb, name } = seen.request;
		let join = this.#byClient.get(client);
		const key = resource.resource === 'configmaps' ? 'config' : resource.resource === 'nodes' ? 'name' : 'certificate';
		if (verb !== (key === 'certificate' ? 'create' : 'get')) return;
		if (key === 'config' && name === 'kubeadm-config' && join !== undefined) {
			this.#end(client, join, seen.startMs, unfinished(join, seen.startMs, true));
			join = undefined;
		}
		if (key !== 'config' && seen.result === undefined && key !== 'name') return;
		join ??= this.#start(client, seen.startMs);
		join?.see(key, seen);
		if (key === 'name' && isReady(seen.result as Node | undefined) && join !== undefined)
			this.#end(client, join, seen.endMs, new KubejoinError('NODE_NAME_TAKEN', { node: name }));
	}

	/** A holder of a token could start joins as fast as it can send requests. */
	#isTooFast(nowMs: number): boolean {
		if (nowMs - this.#secondStartMs >= 1_000) {
			this.#secondStartMs = nowMs;
			this.#startedInSecond = 0;
		}
		if (++this.#startedInSecond <= limits.seenJoinStarts.value) return false;
		this.#count('seenJoinStarts');
		return true;
	}

	#start(client: string, startMs: number): SeenJoin | undefined {
		if (this.#isTooFast(startMs)) return undefined;
		const join = new SeenJoin(startMs, this.#readCsr);
		if (!join.isRecorded) return undefined;
		this.#byClient.set(client, join);
		for (const [oldest, one] of this.#byClient) {
			if (this.#byClient.size <= limits.seenJoins.value) break;
			this.#count('seenJoins');
			this.#end(oldest, one, startMs, unfinished(one, startMs));
		}
		return join;
	}

	/** An approval, a denial or a certificate of a controller or an administrator. */
	#decided({ request: { name }, result, endMs }: Seen): void {
		for (const [client, join] of this.#byClient) {
			if (join.csrName !== name || result === undefined) continue;
			const error = join.decide(result as CertificateSigningRequest, endMs);
			if (error !== undefined) this.#end(client, join, endMs, error);
		}
	}

	/** The first write of its Node by a node with a certificate. */
	#registered(seen: Seen): void {
		const { certificate } = seen.credentials.peer;
		if (certificate.state !== 'verified' || seen.result === undefined) return;
		for (const [client, join] of this.#byClient) {
			if (!join.hasCertificate || certificate.commonName !== `${wellKnown.nodeUserPrefix}${join.node}`) continue;
			join.see('register', seen);
			this.#end(client, join, seen.endMs);
		}
	}

	endUnfinished(nowMs: number): void {
		for (const [client, join] of this.#byClient)
			if (nowMs - join.lastMs > limits.seenJoinMs.value) this.#end(client, join, nowMs, unfinished(join, nowMs));
	}

	#end(client: string, join: SeenJoin, endMs: number, error?: KubejoinError): void {
		this.#byClient.delete(client);
		join.end(endMs, error);
	}
}

const unfinished = ({ lastMs }: SeenJoin, nowMs: number, hasBegunAgain = false): KubejoinError =>
	new KubejoinError('JOIN_UNFINISHED', { waitedSeconds: Math.round((nowMs - lastMs) / 1_000), hasBegunAgain });

/** Of an allowed request, so the token is valid; a token beside a certificate is not read. */
const tokenIdOf = ({ authorization, peer: { certificate } }: Credentials): string | undefined =>
	certificate.state === 'verified' ? undefined : parseToken(bearerToken(authorization) ?? '')?.id;

class SeenJoin {
	node = '';
	csrName = '';
	hasCertificate = false;
	lastMs: number;
	readonly #readCsr: ReadCsr;
	readonly #root: SeenSpan;
	#phase: { readonly key: PhaseKey; readonly seen: Seen[]; readonly events: [string, number][] } | undefined;
	#csr: CertificateSigningRequest | undefined;

	constructor(startMs: number, readCsr: ReadCsr) {
		this.lastMs = startMs;
		this.#readCsr = readCsr;
		this.#root = startSeenSpan('join', { attributes: this.#common(), startMs });
	}

	get isRecorded(): boolean {
		return this.#root.isRecorded;
	}

	see(key: PhaseKey, seen: Seen): void {
		this.lastMs = seen.endMs;
		if (key === 'name') this.node = seen.request.name;
		if (this.#phase !== undefined && this.#phase.key !== key) this.#endPhase();
		if (key === 'certificate') this.#requested(seen.result as CertificateSigningRequest);
		this.#phase ??= { key, seen: [], events: [] };
		if (this.#phase.seen.length >= MAX_SEEN) return;
		// Its span is recorded when the phase ends, and a client can close its connection before.
		seen.credentials.peer.tls?.readNow();
		this.#phase.seen.push(seen);
	}

	#requested(csr: CertificateSigningRequest): void {
		this.#csr = csr;
		this.csrName = csr.metadata.name ?? '';
		try {
			const { commonName } = this.#readCsr(csr.spec.request).subject;
			if (commonName.startsWith(wellKnown.nodeUserPrefix))
				this.node = commonName.slice(wellKnown.nodeUserPrefix.length);
		} catch {
			// The API server refuses a request that cannot be parsed; the name is not known then.
		}
	}

	/** @returns why the join has failed */
	decide({ status }: CertificateSigningRequest, atMs: number): KubejoinError | undefined {
		this.lastMs = atMs;
		const conditions = status?.conditions ?? [];
		const words = [...conditions.map(({ type }) => type), ...(status?.certificate ? ['Issued'] : [])];
		this.#phase?.events.push([`csr "${this.csrName}" ${words.join(',') || 'Pending'}`, atMs]);
		for (const { type, reason = '', message = '' } of conditions)
			if (type === 'Denied' || type === 'Failed')
				return new KubejoinError(type === 'Denied' ? 'CSR_DENIED' : 'CSR_FAILED', {
					name: this.csrName,
					reason,
					message,
				});
		if (status?.certificate && this.#phase?.key === 'certificate') {
			this.hasCertificate = true;
			this.#endPhase(atMs);
		}
		return undefined;
	}

	end(endMs: number, error?: KubejoinError): void {
		this.#endPhase(error === undefined ? undefined : endMs, error);
		this.#root.end(endMs, error, { 'k8s.node.name': this.node });
	}

	#common(): Record<string, string> {
		return { 'kubejoin.workflow': 'join', 'kubejoin.seen_by': 'apiserver-sim', 'k8s.node.name': this.node };
	}

	#endPhase(atMs?: number, error?: KubejoinError): void {
		const ended = this.#phase;
		const [first] = ended?.seen ?? [];
		this.#phase = undefined;
		if (ended === undefined || first === undefined) return;
		const { key, seen, events } = ended;
		const index = order.indexOf(key);
		const next = order[index + 1];
		const phase = startSeenSpan(phases[key].name, {
			parent: this.#root,
			startMs: first.startMs,
			attributes: {
				...this.#common(),
				'kubejoin.trust': phases[key].trust,
				'kubejoin.phase.index': index,
				'kubejoin.phase.next': next === undefined ? '' : phases[next].name,
				'kubejoin.moment': phases[key].moment,
				...(key === 'certificate' ? this.#csrAttributes() : {}),
			},
		});
		for (const one of seen) addMessage(one, phase);
		for (const [what, eventMs] of events)
			phase.event('kubejoin.seen', { 'kubejoin.seen.from': 'apiserver-sim', 'kubejoin.seen.what': what }, eventMs);
		phase.end(atMs ?? Math.max(...seen.map(({ endMs }) => endMs)), error);
	}

	#csrAttributes(): Record<string, string | string[]> {
		if (this.#csr === undefined) return {};
		const { request, signerName, usages = [] } = this.#csr.spec;
		return {
			'kubejoin.csr.name': this.csrName,
			'kubejoin.csr.signer': signerName,
			'kubejoin.csr.usages': [...usages],
			'kubejoin.csr.pem': Buffer.from(request, 'base64').toString(),
		};
	}
}

const MAX_SEEN = 20;

function addMessage({ request, credentials, result, startMs, endMs }: Seen, parent: SeenSpan): void {
	const { resource, verb, namespace, name } = request;
	const { certificate } = credentials.peer;
	const isMutual = certificate.state === 'verified';
	const place = [namespace, name].filter((part) => part !== '').join('/');
	const seen = startSeenSpan(verb, {
		parent,
		kind: SpanKind.SERVER,
		startMs,
		attributes: {
			'kubejoin.seen_by': 'apiserver-sim',
			'kubejoin.tls': isMutual ? 'mutual' : 'one-way',
			'kubejoin.request.verb': verb,
			'kubejoin.request.what': `${qualifiedResource(resource)} ${place}`.trim(),
			'kubejoin.user': isMutual ? certificate.commonName : `${wellKnown.bootstrapUserPrefix}${tokenIdOf(credentials)}`,
			'kubejoin.decision': 'allowed',
			...(result === undefined ? { 'kubejoin.expected_error': 'API_NOT_FOUND' } : {}),
		},
	});
	credentials.peer.tls?.describe(seen.span);
	seen.end(endMs);
}
