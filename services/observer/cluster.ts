/** The cluster as its admin sees it, kept by list and watch while somebody looks. Of a token only what is not secret leaves here. */
import { setTimeout as delay } from 'node:timers/promises';
import { causeText } from '../../lib/errors.ts';
import { field, idOfName } from '../../lib/kube/bootstrap-token.ts';
import type { ApiClient } from '../../lib/kube/client.ts';
import {
	type CertificateSigningRequest,
	type Lease,
	type Node,
	type NodeCondition,
	type Secret,
	wellKnown,
} from '../../lib/kube/types.ts';
import { parseCertificates, readCertificate } from '../../lib/pki/certificate.ts';
import { printable } from '../../lib/text.ts';
import type { Cluster } from './api.ts';

export type Certificates = ReadonlyMap<string, NonNullable<Cluster['nodes'][number]['certificate']>>;
type ServiceHealth = Cluster['services'][number];

export interface ClusterOptions {
	/** Absent: only the services' health is known. */
	readonly api?: Pick<ApiClient, 'nodes' | 'leases' | 'certificateSigningRequests' | 'secrets'>;
	readonly checkServices: () => Promise<readonly ServiceHealth[]>;
	readonly clock: () => number;
}

/** The kubelet renews at a random moment in this part of the lifetime. @source client-go util/certificate jitteryDuration */
const ROTATE_FROM = 0.7;
const ROTATE_TO = 0.9;
const EVERY_MS = 1_000;

export interface ClusterView {
	/** What was seen last; asks first when nothing was. */
	readonly now: () => Promise<Cluster>;
	/** Tell of every change, until the signal aborts. */
	readonly follow: (tell: (cluster: Cluster) => void, signal: AbortSignal) => Promise<void>;
}

export function createClusterView({ api, checkServices, clock }: ClusterOptions): ClusterView {
	let last: Cluster = { atMs: 0, nodes: [], tokens: [], requests: [], services: [] };
	let asking: Promise<Cluster> | undefined;

	async function ask(): Promise<Cluster> {
		const services = await checkServices();
		const atMs = clock();
		if (api === undefined)
			return { ...last, atMs, services, problem: 'it was given no kubeconfig (KUBEJOIN_KUBECONFIG_FILE)' };
		try {
			const [nodes, leases, requests, secrets] = await Promise.all([
				api.nodes.list(),
				api.leases.list({ namespace: wellKnown.kubeNodeLease }),
				api.certificateSigningRequests.list(),
				api.secrets.list({ namespace: wellKnown.kubeSystem }),
			]);
			return {
				atMs,
				nodes: nodesOf(nodes.items, leases.items, certificatesOf(requests.items)),
				tokens: tokensOf(secrets.items),
				requests: requests.items.map(requestOf),
				services: withApiServer(services),
			};
		} catch (error) {
			const problem = printable(causeText(error));
			return { ...last, atMs, services: withApiServer(services, problem), problem };
		}
	}
	/** However many ask at once, the cluster is asked once. */
	function refreshed(): Promise<Cluster> {
		asking ??= ask().then((cluster) => {
			last = cluster;
			asking = undefined;
			return cluster;
		});
		return asking;
	}
	return {
		now: () => (last.atMs > clock() - EVERY_MS ? Promise.resolve(last) : refreshed()),
		async follow(tell, signal) {
			let told = '';
			while (!signal.aborted) {
				const cluster = last.atMs > clock() - EVERY_MS ? last : await refreshed();
				const { atMs: _, ...rest } = cluster;
				const json = JSON.stringify(rest);
				if (json !== told && !signal.aborted) tell(cluster);
				told = json;
				await delay(EVERY_MS, undefined, { signal }).catch(() => undefined);
			}
		},
	};
}

/** Where nobody asks it for its health, the API server's answers say how it is. */
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
		const certificate = certificates.get(`${wellKnown.nodeUserPrefix}${name}`);
		return {
			name: printable(name),
			...statusOf(ready),
			heartbeatMs: renewed.get(name) || 0,
			...(certificate === undefined ? {} : { certificate }),
		};
	});
}

/** @source kubectl pkg/printers/internalversion/printers.go printNode: a Ready condition that is not True is NotReady */
function statusOf(ready: NodeCondition | undefined): Pick<Cluster['nodes'][number], 'status' | 'reason'> {
	if (ready === undefined) return { status: 'Unknown' };
	if (ready.status === 'True') return { status: 'Ready' };
	return { status: 'NotReady', ...(ready.reason ? { reason: printable(ready.reason) } : {}) };
}

/** The newest certificate that was issued for each common name. */
function certificatesOf(requests: readonly CertificateSigningRequest[]): Certificates {
	const newest = new Map<string, NonNullable<Cluster['nodes'][number]['certificate']>>();
	for (const { spec, status } of requests) {
		if (!status?.certificate || spec.signerName !== wellKnown.signers.clientKubelet) continue;
		try {
			const [leaf] = parseCertificates(Buffer.from(status.certificate, 'base64').toString());
			const { subject, notBefore, notAfter } = readCertificate(leaf);
			const known = newest.get(subject.commonName);
			if (known !== undefined && known.notAfterMs > notAfter) continue;
			const at = (share: number) => notBefore + (notAfter - notBefore) * share;
			newest.set(subject.commonName, {
				notBeforeMs: notBefore,
				rotateFromMs: at(ROTATE_FROM),
				rotateToMs: at(ROTATE_TO),
				notAfterMs: notAfter,
			});
		} catch {
			// A certificate that cannot be read is shown nowhere.
		}
	}
	return newest;
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
		requester: printable(spec.username ?? ''),
		signer: printable(spec.signerName),
		createdMs: Date.parse(metadata.creationTimestamp ?? '') || 0,
		condition,
	};
}
