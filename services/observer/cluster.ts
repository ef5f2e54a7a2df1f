/** The cluster as its admin sees it, read while a page follows it. The secret of a token is in no answer. */
import { causeText } from '../../lib/errors.ts';
import { field, idOfName } from '../../lib/kube/bootstrap-token.ts';
import type { ApiClient } from '../../lib/kube/client.ts';
import { type Informer, startInformer } from '../../lib/kube/informer.ts';
import { type KubeObject, type Secret, wellKnown } from '../../lib/kube/types.ts';
import type { Log } from '../../lib/log.ts';
import { pauseFor, pollUntil } from '../../lib/poll.ts';
import { createStopping } from '../../lib/stopping.ts';
import { printable } from '../../lib/text.ts';
import type { Cluster, ClusterChange } from './api.ts';
import type { IssuedCertificate } from './certificates.ts';
import { changeOf, piecesOf } from './cluster-change.ts';
import { ClusterRows, nodePart, type ObjectKind } from './cluster-rows.ts';

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

const EVERY_MS = 1_000;
/** The rest of the cluster waits no longer for a part that is slow, and shows its last known state. */
const PART_MS = 500;
const RESYNC_MS = 3_600_000;

/** The next change waits for the promise. */
type OnChange = (change: ClusterChange) => Promise<void> | void;

export interface ClusterView {
	/** Calls back with all of the cluster, then with every change, until the signal aborts. */
	readonly follow: (onChange: OnChange, signal: AbortSignal) => Promise<void>;
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

	async follow(onChange: OnChange, signal: AbortSignal): Promise<void> {
		const { wait = pauseFor } = this.#options;
		this.#followers++;
		let known: Cluster | undefined;
		while (!signal.aborted) {
			const cluster = await this.#read();
			const change = changeOf(known, cluster);
			known = cluster;
			for (const piece of change === undefined ? [] : piecesOf(change)) if (!signal.aborted) await onChange(piece);
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
	readonly #informers: readonly Informer<KubeObject>[];
	readonly #rows: ClusterRows;

	constructor(api: NonNullable<ClusterOptions['api']>, log: Log) {
		// The page itself shows that the API server does not answer.
		const quiet = log.child({}, { level: 'error' });
		const common = (name: ObjectKind) => ({
			...{ name, resyncMs: RESYNC_MS, signal: this.#stopping.signal, log: quiet },
			onChange: () => this.#rows.changed(name),
		});
		const select = { namespace: wellKnown.kubeNodeLease };
		const nodes = startInformer({ ...common('nodes'), client: api.nodes, keep: nodePart });
		const leases = startInformer({ ...common('leases'), client: api.leases, select });
		const requests = startInformer({ ...common('requests'), client: api.certificateSigningRequests });
		const events = startInformer({ ...common('events'), client: api.events });
		this.#informers = [nodes, leases, requests, events];
		this.#rows = new ClusterRows({
			...{ nodes: nodes.list, leases: leases.list, requests: requests.list, events: events.list },
		});
	}

	/** @returns undefined until everything is listed */
	async read(): Promise<Pick<Cluster, ObjectKind> | undefined> {
		const areSynced = await pollUntil(
			async () => this.#informers.every((informer) => informer.isSynced()),
			(synced) => synced,
			{ retryMs: 20, timeoutMs: PART_MS },
		);
		return areSynced ? this.#rows.read() : undefined;
	}

	issued(): readonly IssuedCertificate[] {
		return this.#rows.issued();
	}

	stop(): void {
		this.#stopping.abort();
	}
}

/** The health of the API server follows from its answers where its health port is not asked. */
function withApiServer(services: readonly ServiceHealth[], problem?: string): readonly ServiceHealth[] {
	const name = 'apiserver-sim';
	if (services.some((service) => service.name === name)) return services;
	return [...services, problem === undefined ? { name, health: 'ok' } : { name, health: 'away', problem }];
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
