/**
 * The rows of the page for the objects of the cluster. The row of an object that did not change is the same: a cluster
 * can have ten thousand nodes, and is read each second.
 */
import { readyCondition } from '../../lib/kube/node-conditions.ts';
import {
	type CertificateSigningRequest,
	type Event,
	type Lease,
	type Node,
	type NodeCondition,
	wellKnown,
} from '../../lib/kube/types.ts';
import { limits } from '../../lib/limits.ts';
import { parseCertificates, readCertificate } from '../../lib/pki/certificate.ts';
import { parseCsr } from '../../lib/pki/csr.ts';
import { printable } from '../../lib/text.ts';
import type { Cluster } from './api.ts';
import type { IssuedCertificate } from './certificates.ts';

type NodeRow = Cluster['nodes'][number];
type Certificates = ReadonlyMap<string, Issued>;

/**
 * The kubelet renews at a random time in this part of the lifetime.
 * @source client-go util/certificate jitteryDuration
 */
const ROTATE_FROM = 0.7;
const ROTATE_TO = 0.9;

/** The fields of a Node that its row needs. The observer keeps no others, because there can be thousands of nodes. */
export const nodePart = ({ apiVersion, kind, metadata: { name, resourceVersion }, status }: Node): Node => {
	const conditions = (status?.conditions ?? []).filter(({ type }) => type === 'Ready');
	return { apiVersion, kind, metadata: { name, resourceVersion }, status: { conditions } };
};

export interface ClusterObjects {
	readonly nodes: () => readonly Node[];
	readonly leases: () => readonly Lease[];
	readonly requests: () => readonly CertificateSigningRequest[];
	readonly events: () => readonly Event[];
}
export type ObjectKind = keyof ClusterObjects;

export class ClusterRows {
	readonly #objects: ClusterObjects;
	/** The kinds of which an object changed since the last read. */
	readonly #changed = new Set<ObjectKind>(['nodes', 'leases', 'requests', 'events']);
	#rows: Pick<Cluster, ObjectKind> = { nodes: [], requests: [], leases: [], events: [] };
	#certificates: Certificates = new Map();
	readonly #leaseRows = new RowMemo(leaseRow);
	readonly #requestRows = new RowMemo(requestRow);
	readonly #eventRows = new RowMemo(eventRow);
	readonly #issued = new RowMemo(issuedFor);
	/** With the other values that the row was made of. */
	readonly #nodeRows = new WeakMap<Node, NodeRow>();

	constructor(objects: ClusterObjects) {
		this.#objects = objects;
	}

	changed(kind: ObjectKind): void {
		this.#changed.add(kind);
	}

	read(): Pick<Cluster, ObjectKind> {
		const { leases, requests, events } = this.#objects;
		const changed = (kind: ObjectKind) => this.#changed.has(kind);
		if (changed('requests')) this.#certificates = this.#newest();
		this.#rows = {
			requests: changed('requests') ? this.#requestRows.all(requests()) : this.#rows.requests,
			leases: changed('leases') ? this.#leaseRows.all(leases()) : this.#rows.leases,
			events: changed('events') ? newestEvents(this.#eventRows.all(events())) : this.#rows.events,
			nodes: this.#rows.nodes,
		};
		const isOfNode = changed('nodes') || changed('leases') || changed('requests');
		if (isOfNode) this.#rows = { ...this.#rows, nodes: this.#readNodes(this.#rows.leases) };
		this.#changed.clear();
		return this.#rows;
	}

	issued(): readonly IssuedCertificate[] {
		return [...this.#newest().values()];
	}

	#readNodes(leases: Cluster['leases']): Cluster['nodes'] {
		const renewed = new Map(leases.map(({ name, renewedMs }) => [name, renewedMs]));
		return this.#objects.nodes().map((node) => {
			const { name = '' } = node.metadata;
			const key = keyOf(wellKnown.signers.clientKubelet, `${wellKnown.nodeUserPrefix}${name}`);
			const certificate = this.#certificates.get(key)?.certificate;
			const heartbeatMs = renewed.get(printable(name)) ?? 0;
			const known = this.#nodeRows.get(node);
			if (known?.heartbeatMs === heartbeatMs && known.certificate === certificate) return known;
			const row = {
				name: printable(name),
				...statusOf(readyCondition(node)),
				heartbeatMs,
				...(certificate === undefined ? {} : { certificate }),
			};
			this.#nodeRows.set(node, row);
			return row;
		});
	}

	/** The newest certificate issued for each signer and common name. */
	#newest(): Certificates {
		const newest = new Map<string, Issued>();
		for (const issued of this.#issued.all(this.#objects.requests())) {
			if (issued === undefined) continue;
			const key = keyOf(issued.signer, issued.commonName);
			const known = newest.get(key);
			if (known === undefined || known.certificate.notAfterMs <= issued.certificate.notAfterMs) newest.set(key, issued);
		}
		return newest;
	}
}

/** Makes the row of an object once. */
class RowMemo<T extends object, Row> {
	readonly #make: (object: T) => Row;
	readonly #made = new WeakMap<T, { readonly row: Row }>();

	constructor(make: (object: T) => Row) {
		this.#make = make;
	}

	all(objects: readonly T[]): readonly Row[] {
		return objects.map((object) => {
			const made = this.#made.get(object) ?? { row: this.#make(object) };
			this.#made.set(object, made);
			return made.row;
		});
	}
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

const leaseRow = ({ metadata, spec }: Lease): Cluster['leases'][number] => ({
	name: printable(metadata.name ?? ''),
	holder: printable(spec?.holderIdentity ?? ''),
	createdMs: timeOf(metadata.creationTimestamp),
	renewedMs: timeOf(spec?.renewTime),
});

const eventRow = (event: Event): Cluster['events'][number] => {
	const { metadata, involvedObject, reason, message, type, count, lastTimestamp, eventTime, series } = event;
	return {
		id: printable(`${metadata.namespace}/${metadata.name}`),
		lastSeenMs: timeOf(series?.lastObservedTime ?? lastTimestamp ?? eventTime ?? metadata.creationTimestamp),
		type: printable(type ?? ''),
		reason: printable(reason ?? ''),
		object: printable(`${involvedObject?.kind?.toLowerCase() ?? ''}/${involvedObject?.name ?? ''}`),
		message: printable(message ?? ''),
		count: series?.count ?? count ?? 1,
	};
};

const newestEvents = (events: Cluster['events']): Cluster['events'] =>
	events.toSorted((a, b) => b.lastSeenMs - a.lastSeenMs).slice(0, limits.pageEvents.value);

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

function requestRow({ metadata, spec, status }: CertificateSigningRequest): Cluster['requests'][number] {
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
