/** Spans for tests: those of a join that succeeded, and of one that was refused. */
import type { Attributes, Span } from './otlp.ts';

export const traceId = '0af7651916cd43dd8448eb211c80319c';
const START_MS = 1_700_000_000_000;

/** @param fields.from, fields.to  milliseconds since the join began */
export function span(
	id: number,
	name: string,
	fields: Partial<Span> & { readonly from?: number; readonly to?: number } = {},
): Span {
	const { from = id, to = from + 1, ...rest } = fields;
	return {
		traceId,
		spanId: id.toString(16).padStart(16, '0'),
		parentId: '',
		name,
		kind: 'internal',
		service: 'kubelet-sim',
		startMs: START_MS + from,
		endMs: START_MS + to,
		attributes: {},
		events: [],
		...rest,
	};
}
export const idOf = (id: number): string => id.toString(16).padStart(16, '0');

const ofJoin = (more: Attributes = {}): Attributes => ({
	'kubejoin.workflow': 'join',
	'k8s.node.name': 'node-1',
	...more,
});
export const phase = (id: number, name: string, more: Attributes = {}, fields: Parameters<typeof span>[2] = {}): Span =>
	span(id, name, { parentId: idOf(1), attributes: ofJoin({ 'kubejoin.trust': `after ${name}`, ...more }), ...fields });
export const root = (fields: Parameters<typeof span>[2] = {}): Span =>
	span(1, 'join', { from: 0, to: 100, attributes: ofJoin(), ...fields });

/** preflight, a message to the API server with a store operation, a watch event, and the work of a controller. */
export const joinedSpans: readonly Span[] = [
	root(),
	phase(2, 'preflight', { 'kubejoin.phase.next': 'discovery/confirm' }, { from: 1, to: 2 }),
	phase(3, 'discovery/confirm', { 'kubejoin.moment': 'node-trusts-cluster' }, { from: 2, to: 20 }),
	span(4, 'kubejoin.v1.ConfigMaps/Get', {
		parentId: idOf(3),
		kind: 'client',
		from: 5,
		to: 15,
		attributes: {
			'rpc.service': 'kubejoin.v1.ConfigMaps',
			'rpc.method': 'Get',
			'kubejoin.tls': 'one-way',
			'server.address': '127.0.0.1:6443',
		},
		events: [
			{
				name: 'rpc.message',
				atMs: START_MS + 5,
				attributes: { 'rpc.message.type': 'SENT', 'rpc.message.uncompressed_size': 30 },
			},
			{
				name: 'rpc.message',
				atMs: START_MS + 14,
				attributes: { 'rpc.message.type': 'RECEIVED', 'rpc.message.uncompressed_size': 2000 },
			},
		],
	}),
	span(5, 'kubejoin.v1.ConfigMaps/Get', {
		parentId: idOf(4),
		kind: 'server',
		service: 'apiserver-sim',
		from: 6,
		to: 14,
		attributes: {
			'kubejoin.request.verb': 'get',
			'kubejoin.request.what': 'configmaps kube-public/cluster-info',
			'kubejoin.user': 'system:anonymous',
			'kubejoin.decision': 'allowed',
		},
	}),
	span(6, 'registry get', {
		parentId: idOf(5),
		kind: 'client',
		service: 'apiserver-sim',
		from: 7,
		attributes: { 'db.system.name': 'lmdb', 'kubejoin.key': 'k' },
	}),
	phase(
		7,
		'tls-bootstrap/request-certificate',
		{ 'kubejoin.moment': 'cluster-trusts-node' },
		{
			from: 21,
			to: 90,
			events: [
				{
					name: 'kubejoin.seen',
					atMs: START_MS + 60,
					attributes: { 'kubejoin.seen.from': 'apiserver-sim', 'kubejoin.seen.what': 'csr "x" Approved' },
				},
			],
		},
	),
	span(8, 'csr-signing', { parentId: idOf(7), kind: 'consumer', service: 'controller-manager-sim', from: 62, to: 80 }),
	span(9, 'kubejoin.v1.CertificateAuthority/Sign', {
		parentId: idOf(8),
		kind: 'client',
		service: 'controller-manager-sim',
		from: 63,
		to: 79,
		attributes: { 'rpc.service': 'kubejoin.v1.CertificateAuthority', 'rpc.method': 'Sign', 'kubejoin.tls': 'mutual' },
	}),
	span(10, 'csr-approving', { parentId: idOf(7), kind: 'consumer', service: 'controller-manager-sim', from: 85 }),
];

const notPinned = {
	'error.type': 'CA_HASH_MISMATCH',
	'kubejoin.most_likely': 'another cluster',
	'kubejoin.also_possible': ['a forged answer', 'a wrong hash'],
	'kubejoin.remedy': 'do not join',
};

export const refusedSpans: readonly Span[] = [
	root({ to: 30, failed: 'not pinned', attributes: ofJoin(notPinned) }),
	phase(2, 'preflight', { 'kubejoin.phase.next': 'discovery/pin-ca' }, { from: 1, to: 2 }),
	phase(
		3,
		'discovery/pin-ca',
		{ 'kubejoin.phase.next': 'discovery/confirm', ...notPinned },
		{ from: 2, to: 29, failed: 'not pinned' },
	),
];
