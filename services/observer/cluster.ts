/** The cluster as its admin sees it, read while a page follows it. The secret of a token is in no answer. */
import { causeText } from '../../lib/errors.ts';
import { field, idOfName } from '../../lib/kube/bootstrap-token.ts';
import type { ApiClient } from '../../lib/kube/client.ts';
import { type Informer, startInformer } from '../../lib/kube/informer.ts';
import {
	type CertificateSigningRequest,
	type Event,
	type KubeObject,
	type Lease,
	type Node,
	type NodeCondition,
	type Secret,
	wellKnown,
} from '../../lib/kube/types.ts';
import { limits } from '../../lib/limits.ts';
import type { Log } from '../../lib/log.ts';
import { parseCertificates, readCertificate } from '../../lib/pki/certificate.ts';
import { parseCsr } from '../../lib/pki/csr.ts';
import { pauseFor, pollUntil } from '../../lib/poll.ts';
import { createStopping } from '../../lib/stopping.ts';
import { printable } from '../../lib/text.ts';
import type { Cluster } from './api.ts';
import type { IssuedCertificate } from './certificates.ts';

type Certificates = ReadonlyMap<string, Issued>;
type ServiceHealth = Cluster['services'][number];

export interface ClusterOptions {
	/** Absent: only the health of the services is known. */
	readonly api?: Pick<ApiClient, 'nodes' | 'leases' | 'certificateSigningRequests' | 'secrets' | 'events'> | undefined;
	readonly checkServices: () => Promise<readonly ServiceHealth[]>;
	readonly clock: () => number;
	/** Pause between two reads. Default: the timer of Node. */
	readonly wait?: (ms: number, signal: AbortSignal) => Promise<void>;
	readonly log: Log;
	readonly partMs?: number;
}

/**
 * The kubelet renews at a random time in this part of the lifetime.
 * @source client-go util/certificate jitteryDuration
 */
const ROTATE_FROM = 0.7;
const ROTATE_TO = 0.9;
const EVERY_MS = 1_000;
/** The rest of the cluster waits no longer for a part that is slow, and shows what is known of it. */
const PART_MS = 500;
const RESYNC_MS = 3_600_000;

export interface ClusterView {
	/** Call back with the cluster, then with every change, until the signal aborts. */
	readonly follow: (onChange: (cluster: Cluster) => void, signal: AbortSignal) => Promise<void>;
	/** The newest certificate of each signer and common name; empty while no page follows the cluster. */
	readonly issued: () => readonly IssuedCertificate[];
}

export const createClusterView = (options: ClusterOptions): ClusterView => new FollowedCluster(options);

interface ListedTokens extends Pick<Cluster, 'tokens' | 'problem'> {
	/** The API server answers no request. */
	readonly apiServerProblem?: string;
}

/** Reads the cluster once a second while it has followers, however many they are. */
class FollowedCluster implements ClusterView {
	readonly #options: ClusterOptions;
	#last: Cluster = { atMs: 0, nodes: [], tokens: [], requests: [], leases: [], events: [], services: [] };
	#reading: Promise<Cluster> | undefined;
	#watches: Watches | undefined;
	#followers = 0;
	readonly #health: Part<readonly ServiceHealth[]>;
	readonly #tokens: Part<ListedTokens>;

	constructor(options: ClusterOptions) {
		this.#options = options;
		const { checkServices, partMs = PART_MS } = options;
		this.#health = new Part<readonly ServiceHealth[]>([], checkServices, partMs);
		this.#tokens = new Part<ListedTokens>({ tokens: [] }, () => this.#listTokens(), partMs);
	}

	async follow(onChange: (cluster: Cluster) => void, signal: AbortSignal): Promise<void> {
		const { wait = pauseFor } = this.#options;
		this.#followers++;
		let known = '';
		while (!signal.aborted) {
			const cluster = await this.#read();
			const { atMs: _, ...rest } = cluster;
			const json = JSON.stringify(rest);
			if (json !== known && !signal.aborted) onChange(cluster);
			known = json;
			await wait(EVERY_MS, signal);
		}
		if (--this.#followers > 0) return;
		this.#watches?.stop();
		this.#watches = undefined;
	}

	issued(): readonly IssuedCertificate[] {
		return this.#watches?.issued() ?? [];
	}

	#read(): Promise<Cluster> {
		if (this.#last.atMs > this.#options.clock() - EVERY_MS) return Promise.resolve(this.#last);
		this.#reading ??= this.#ask().then((cluster) => {
			this.#last = cluster;
			this.#reading = undefined;
			return cluster;
		});
		return this.#reading;
	}

	async #ask(): Promise<Cluster> {
		const { api, clock, log } = this.#options;
		if (api === undefined) {
			const services = await this.#health.read();
			const problem = 'the observer has no kubeconfig (KUBEJOIN_KUBECONFIG_FILE)';
			return { ...this.#last, atMs: clock(), services, problem };
		}
		this.#watches ??= new Watches(api, log);
		const [health, { tokens, problem, apiServerProblem }, found] = await Promise.all([
			this.#health.read(),
			this.#tokens.read(),
			this.#watches.read(),
		]);
		const { problem: _, ...last } = this.#last;
		return {
			...(found === undefined ? last : { ...found, atMs: clock() }),
			...{ tokens, services: withApiServer(health, apiServerProblem) },
			...(problem === undefined ? {} : { problem }),
		};
	}

	/** The API server reads them from token-store. Secrets have no watch; those of kube-system are the tokens. */
	async #listTokens(): Promise<ListedTokens> {
		try {
			const secrets = await this.#options.api?.secrets.list({ namespace: wellKnown.kubeSystem });
			return { tokens: tokensOf(secrets?.items ?? []) };
		} catch (error) {
			const problem = printable(causeText(error));
			return { tokens: this.#last.tokens, problem, ...(await this.#askWithoutTokens()) };
		}
	}

	/** The API server answers other requests while token-store is unavailable. This list has few objects or none. */
	async #askWithoutTokens(): Promise<Pick<ListedTokens, 'apiServerProblem'>> {
		try {
			await this.#options.api?.leases.list({ namespace: wellKnown.kubeSystem, metadataOnly: true });
			return {};
		} catch (error) {
			return { apiServerProblem: printable(causeText(error)) };
		}
	}
}

/** A part of the cluster that has one reader at a time. */
class Part<T> {
	#known: T;
	#reading: Promise<void> | undefined;
	readonly #ask: () => Promise<T>;
	readonly #partMs: number;

	constructor(first: T, ask: () => Promise<T>, partMs: number) {
		this.#known = first;
		this.#ask = ask;
		this.#partMs = partMs;
	}

	/** The new value, or the one before if the new one takes long. */
	async read(): Promise<T> {
		this.#reading ??= this.#ask().then((value) => {
			this.#known = value;
			this.#reading = undefined;
		});
		const enough = new AbortController();
		await Promise.race([this.#reading, pauseFor(this.#partMs, enough.signal)]);
		enough.abort();
		return this.#known;
	}
}

/** Nodes, leases, requests and events, kept by list and watch: a read costs the API server nothing. */
class Watches {
	readonly #stopping = createStopping();
	readonly #nodes: Informer<Node>;
	readonly #leases: Informer<Lease>;
	readonly #requests: Informer<CertificateSigningRequest>;
	readonly #events: Informer<Event>;
	readonly #certificates = new IssuedCertificates();

	constructor(api: NonNullable<ClusterOptions['api']>, log: Log) {
		// The page itself shows that the API server does not answer.
		const quiet = log.child({}, { level: 'error' });
		const common = { onChange: () => undefined, resyncMs: RESYNC_MS, signal: this.#stopping.signal, log: quiet };
		const select = { namespace: wellKnown.kubeNodeLease };
		this.#nodes = startInformer({ ...common, client: api.nodes, name: 'nodes' });
		this.#leases = startInformer({ ...common, client: api.leases, select, name: 'leases' });
		this.#requests = startInformer({ ...common, client: api.certificateSigningRequests, name: 'requests' });
		this.#events = startInformer({ ...common, client: api.events, name: 'events' });
	}

	/** @returns undefined until everything is listed */
	async read(): Promise<Pick<Cluster, 'nodes' | 'requests' | 'leases' | 'events'> | undefined> {
		const all = [this.#nodes, this.#leases, this.#requests, this.#events];
		const areSynced = await pollUntil(
			async () => all.every((informer) => informer.isSynced()),
			(synced) => synced,
			{ retryMs: 20, timeoutMs: PART_MS },
		);
		if (!areSynced) return undefined;
		const requests = byName(this.#requests.list());
		return {
			nodes: nodesOf(byName(this.#nodes.list()), this.#leases.list(), this.#certificates.newest(requests)),
			requests: requests.map((request) => requestOf(request)),
			leases: byName(this.#leases.list()).map(leaseOf),
			events: eventsOf(this.#events.list()),
		};
	}

	issued(): readonly IssuedCertificate[] {
		return [...this.#certificates.newest(this.#requests.list()).values()];
	}

	stop(): void {
		this.#stopping.abort();
	}
}

const byName = <T extends KubeObject>(objects: readonly T[]): readonly T[] =>
	objects.toSorted((a, b) => ((a.metadata.name ?? '') < (b.metadata.name ?? '') ? -1 : 1));

/** The health of the API server follows from its answers where its health port is not asked. */
function withApiServer(services: readonly ServiceHealth[], problem?: string): readonly ServiceHealth[] {
	const name = 'apiserver-sim';
	if (services.some((service) => service.name === name)) return services;
	return [...services, problem === undefined ? { name, health: 'ok' } : { name, health: 'away', problem }];
}

function nodesOf(nodes: readonly Node[], leases: readonly Lease[], certificates: Certificates): Cluster['nodes'] {
	const renewed = new Map(leases.map(({ metadata, spec }) => [metadata.name, Date.parse(spec?.renewTime ?? '')]));
	return nodes.map(({ metadata, status }) => {
		const name = metadata.name ?? '';
		const ready = status?.conditions?.find(({ type }) => type === 'Ready');
		const key = keyOf(wellKnown.signers.clientKubelet, `${wellKnown.nodeUserPrefix}${name}`);
		const certificate = certificates.get(key)?.certificate;
		return {
			name: printable(name),
			...statusOf(ready),
			heartbeatMs: renewed.get(name) || 0,
			...(certificate === undefined ? {} : { certificate }),
		};
	});
}

/** @source pkg/printers/internalversion/printers.go printNode: a Ready condition that is not True is NotReady */
function statusOf(ready: NodeCondition | undefined): Pick<Cluster['nodes'][number], 'status' | 'reason'> {
	if (ready === undefined) return { status: 'Unknown' };
	if (ready.status === 'True') return { status: 'Ready' };
	return { status: 'NotReady', ...(ready.reason ? { reason: printable(ready.reason) } : {}) };
}

type Certificate = NonNullable<Cluster['nodes'][number]['certificate']>;
interface Issued extends IssuedCertificate {
	readonly commonName: string;
	readonly certificate: Certificate;
}
const keyOf = (signer: string, commonName: string): string => `${signer} ${commonName}`;

/** The newest certificate issued for each signer and common name. A certificate is parsed once. */
class IssuedCertificates {
	/** Undefined: not issued, or not readable. */
	readonly #parsed = new WeakMap<CertificateSigningRequest, Issued | undefined>();

	newest(requests: readonly CertificateSigningRequest[]): Certificates {
		const newest = new Map<string, Issued>();
		for (const request of requests) {
			if (!this.#parsed.has(request)) this.#parsed.set(request, issuedFor(request));
			const issued = this.#parsed.get(request);
			if (issued === undefined) continue;
			const key = keyOf(issued.signer, issued.commonName);
			const known = newest.get(key);
			if (known === undefined || known.certificate.notAfterMs <= issued.certificate.notAfterMs) newest.set(key, issued);
		}
		return newest;
	}
}

function issuedFor({ spec, status }: CertificateSigningRequest): Issued | undefined {
	if (!status?.certificate) return undefined;
	try {
		const pem = Buffer.from(status.certificate, 'base64').toString();
		const { subject, notBefore, notAfter } = readCertificate(parseCertificates(pem)[0]);
		const at = (share: number) => notBefore + (notAfter - notBefore) * share;
		return {
			...{ signer: spec.signerName, pem, commonName: subject.commonName },
			certificate: {
				notBeforeMs: notBefore,
				rotateFromMs: at(ROTATE_FROM),
				rotateToMs: at(ROTATE_TO),
				notAfterMs: notAfter,
			},
		};
	} catch {
		return undefined;
	}
}

const timeOf = (text: string | null | undefined): number => Date.parse(text ?? '') || 0;

const leaseOf = ({ metadata, spec }: Lease): Cluster['leases'][number] => ({
	name: printable(metadata.name ?? ''),
	holder: printable(spec?.holderIdentity ?? ''),
	createdMs: timeOf(metadata.creationTimestamp),
	renewedMs: timeOf(spec?.renewTime),
});

function eventsOf(events: readonly Event[]): Cluster['events'] {
	return events
		.map(({ metadata, involvedObject, reason, message, type, count, lastTimestamp, eventTime, series }) => ({
			id: printable(`${metadata.namespace}/${metadata.name}`),
			lastSeenMs: timeOf(series?.lastObservedTime ?? lastTimestamp ?? eventTime ?? metadata.creationTimestamp),
			type: printable(type ?? ''),
			reason: printable(reason ?? ''),
			object: printable(`${involvedObject?.kind?.toLowerCase() ?? ''}/${involvedObject?.name ?? ''}`),
			message: printable(message ?? ''),
			count: series?.count ?? count ?? 1,
		}))
		.toSorted((a, b) => b.lastSeenMs - a.lastSeenMs)
		.slice(0, limits.pageEvents.value);
}

const tokensOf = (secrets: readonly Secret[]): Cluster['tokens'] =>
	secrets.flatMap((secret) => {
		const id = idOfName(secret.metadata.name ?? '');
		if (id === undefined) return [];
		const usages = ['authentication', 'signing'].filter(
			(usage) => field(secret, `usage-bootstrap-${usage}`) === 'true',
		);
		return [
			{
				id: printable(id),
				expiresMs: Date.parse(field(secret, 'expiration')) || 0,
				usages,
				description: printable(field(secret, 'description')),
			},
		];
	});

/** The requester of a renewal is the node; the subject of a first request is in its bytes. */
const nodeOf = (spec: CertificateSigningRequest['spec']): { readonly node?: string } => {
	const { nodeUserPrefix } = wellKnown;
	if (spec.username?.startsWith(nodeUserPrefix)) return { node: printable(spec.username.slice(nodeUserPrefix.length)) };
	try {
		const { commonName } = parseCsr(Buffer.from(spec.request, 'base64').toString()).subject;
		return commonName.startsWith(nodeUserPrefix) ? { node: printable(commonName.slice(nodeUserPrefix.length)) } : {};
	} catch {
		return {};
	}
};

function requestOf({ metadata, spec, status }: CertificateSigningRequest): Cluster['requests'][number] {
	const types = (status?.conditions ?? []).map(({ type }) => type);
	const condition = types.includes('Denied')
		? 'Denied'
		: types.includes('Failed')
			? 'Failed'
			: !types.includes('Approved')
				? 'Pending'
				: status?.certificate
					? 'Approved,Issued'
					: 'Approved';
	return {
		name: printable(metadata.name ?? ''),
		...nodeOf(spec),
		requester: printable(spec.username ?? ''),
		signer: printable(spec.signerName),
		createdMs: Date.parse(metadata.creationTimestamp ?? '') || 0,
		condition,
	};
}
