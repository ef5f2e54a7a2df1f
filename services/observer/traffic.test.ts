import assert from 'node:assert/strict';
import type { Traffic as Sent } from './api.ts';
import { createJoins, type Joins } from './joins.ts';
import type { Span } from './otlp.ts';
import { joinedSpans, refusedSpans, span } from './spans.fixture.ts';
import { Traffic } from './traffic.ts';

describe('the traffic of the map', () => {
	let nowMs: number;
	let joins: Joins;
	let traffic: Traffic;
	let sent: Sent[];
	beforeEach(() => {
		nowMs = 1_700_000_000_000;
		joins = createJoins({ keptJoins: 100, keptLines: 100, clock: () => 0 });
		traffic = new Traffic(joins, { list: () => [] }, () => nowMs);
		sent = [];
		traffic.listen((one) => sent.push(one));
	});
	const flush = (times = 1) => {
		for (let flushed = 0; flushed < times; flushed++) {
			joins.flush();
			traffic.flush();
			nowMs += 100;
		}
	};
	const add = (spans: readonly Span[], id = '1') => joins.add(spans.map((one) => ({ ...one, traceId: id.repeat(32) })));
	const messages = () => sent.flatMap((one) => one.messages);
	const line = (from: string, to: string) => traffic.lines().find((one) => one.from === from && one.to === to);

	it('has each message once, with its receiver, also when its other half arrives later', () => {
		add(joinedSpans.filter(({ kind }) => kind !== 'server'));
		flush();
		add(joinedSpans);
		flush(5);
		assert.deepEqual(
			messages().map(({ from, to, label }) => [from, to, label]),
			[
				['node-1', 'apiserver-sim', 'get configmaps kube-public/cluster-info'],
				['controller-manager-sim', 'ca-service', 'CertificateAuthority/Sign'],
			],
		);
	});

	it('counts the requests with spans as calls to the observer that have no TLS', () => {
		traffic.addExport('ca-service');
		traffic.addExport('ca-service');
		const { tls, calls } = line('ca-service', 'observer') ?? assert.fail();
		assert.deepEqual([tls, calls], ['none', 2]);
	});

	it('counts the calls of each line: all nodes are one, and a store is the end of one', () => {
		add(joinedSpans);
		add(joinedSpans, '2');
		flush(3);
		assert.deepEqual(line('kubelet-sim', 'apiserver-sim'), {
			...{ from: 'kubelet-sim', to: 'apiserver-sim', tls: 'one-way', calls: 2, refused: 0, perMinute: 2 },
		});
		assert.equal(line('controller-manager-sim', 'ca-service')?.calls, 2);
		assert.equal(line('apiserver-sim', 'lmdb')?.calls, 2);
	});

	it('names the last message of a line whose connection is known', () => {
		add(joinedSpans);
		flush(3);
		assert.equal(line('controller-manager-sim', 'ca-service')?.last, undefined);
		const known = { 'tls.protocol.version': '1.3', 'tls.cipher': 'TLS_AES_256_GCM_SHA384' };
		add(
			joinedSpans.map((one) => ({ ...one, attributes: { ...one.attributes, ...known } })),
			'2',
		);
		flush(3);
		const { id, join = '' } = line('controller-manager-sim', 'ca-service')?.last ?? assert.fail();
		assert.equal(join, '2'.repeat(32));
		assert.equal(joins.steps(join).find((step) => step.id === id)?.label, 'CertificateAuthority/Sign');
	});

	it('counts a minute, and then forgets it', () => {
		add(joinedSpans);
		flush(3);
		nowMs += 58_000;
		flush();
		assert.equal(line('kubelet-sim', 'apiserver-sim')?.perMinute, 1);
		nowMs += 2_000;
		flush();
		assert.deepEqual(
			[line('kubelet-sim', 'apiserver-sim')?.perMinute, line('kubelet-sim', 'apiserver-sim')?.calls],
			[0, 1],
		);
		nowMs += 3_600_000;
		flush();
		assert.equal(line('kubelet-sim', 'apiserver-sim')?.calls, 1);
	});

	it('counts refused calls', () => {
		const failed = span(9, 'm', {
			parentId: refusedSpans[1]?.spanId ?? '',
			kind: 'client',
			failed: 'no',
			attributes: { 'rpc.service': 'kubejoin.v1.Nodes', 'rpc.method': 'Get', 'error.type': 'PEER_REFUSED' },
		});
		add([...refusedSpans, failed]);
		flush(3);
		assert.deepEqual([line('kubelet-sim', 'apiserver-sim')?.refused, messages()[0]?.failed], [1, 'PEER_REFUSED']);
	});

	it('sends a bounded number of messages at once, and counts the rest', () => {
		const many = Array.from({ length: 60 }, (_, index) =>
			span(100 + index, 'm', { parentId: joinedSpans[2]?.spanId ?? '', kind: 'client' }),
		);
		add([...joinedSpans, ...many]);
		flush(3);
		assert.ok(sent.every((one) => one.messages.length <= 24));
		assert.equal(
			traffic.lines().reduce((sum, { to, calls }) => sum + (to === 'lmdb' ? 0 : calls), 0),
			62,
		);
	});

	it('is silent while nothing happens', () => {
		add(joinedSpans);
		flush(3);
		const before = sent.length;
		flush(50);
		assert.ok(sent.length - before <= 1, `${sent.length - before} events`);
	});
});
