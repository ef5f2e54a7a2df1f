import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Attributes, Span } from './otlp.ts';
import { idOf, joinedSpans, phase, refusedSpans, root, span, traceId } from './spans.fixture.ts';
import { isJoin, joinOf, phaseDurations, stepsOf } from './steps.ts';

describe('steps of a join', () => {
	const steps = stepsOf(traceId, joinedSpans);
	const labelled = (label: string) => steps.find((step) => step.label === label);

	/** A phase begins a microsecond after the check of the one before. */
	const about = (ms: number): number => Math.round(ms * 100) / 100;

	it('are messages, checks, watch events and store operations, each at its time: a check when it is complete', () => {
		assert.deepEqual(
			steps.map(({ kind, from, to, label, startMs, atMs }) => [about(startMs), about(atMs), kind, from, to, label]),
			[
				[1, 2, 'check', 'node-1', 'node-1', 'preflight'],
				[5, 5, 'message', 'node-1', 'apiserver-sim', 'get configmaps kube-public/cluster-info'],
				[7, 7, 'store', 'apiserver-sim', 'apiserver-sim', 'registry get k'],
				[2, 20, 'check', 'node-1', 'node-1', 'discovery/confirm'],
				[60, 60, 'seen', 'apiserver-sim', 'node-1', 'csr "x" Approved'],
				[62, 62, 'seen', 'apiserver-sim', 'controller-manager-sim', 'csr-signing'],
				[63, 63, 'message', 'controller-manager-sim', 'ca-service', 'CertificateAuthority/Sign'],
				[21, 90, 'check', 'node-1', 'node-1', 'tls-bootstrap/request-certificate'],
			],
		);
	});

	it('a failed check establishes no trust', () => {
		const [failed] = stepsOf(traceId, refusedSpans).filter(({ label }) => label === 'discovery/pin-ca');
		assert.equal(failed?.failure?.code, 'CA_HASH_MISMATCH');
		assert.equal(failed?.trust, undefined);
		assert.equal(labelled('preflight')?.trust, 'after preflight');
	});

	it('an error that the caller expects is an answer and no failure; the same error, not expected, is a failure', () => {
		const asked = (attributes: Span['attributes'], failed?: string) =>
			stepsOf(traceId, [
				root(),
				span(2, 'kubejoin.v1.Leases/Get', {
					kind: 'client',
					...(failed === undefined ? {} : { failed }),
					attributes: { 'rpc.service': 'kubejoin.v1.Leases', 'rpc.method': 'Get', ...attributes },
				}),
			])[0];
		const expected = asked({ 'kubejoin.expected_error': 'API_NOT_FOUND' });
		assert.deepEqual([expected?.expectedError, expected?.failure], ['API_NOT_FOUND', undefined]);
		const failed = asked({ 'error.type': 'API_NOT_FOUND' }, 'not found');
		assert.deepEqual([failed?.expectedError, failed?.failure?.code], [undefined, 'API_NOT_FOUND']);
	});

	it('a message has the user, the decision, the protection and the sizes', () => {
		const { tls, user, decision, sentBytes, receivedBytes, durationMs } =
			labelled('get configmaps kube-public/cluster-info') ?? assert.fail();
		assert.deepEqual(
			[tls, user, decision, sentBytes, receivedBytes, durationMs],
			['one-way', 'system:anonymous', 'allowed', 30, 2000, 10],
		);
	});

	it('steps at other services belong to the phase that caused them', () => {
		assert.equal(labelled('registry get k')?.phase, 'discovery/confirm');
		assert.equal(labelled('CertificateAuthority/Sign')?.phase, 'tls-bootstrap/request-certificate');
	});

	it('the two moments are on the checks that complete them', () => {
		assert.deepEqual(
			steps.flatMap(({ label, moment }) => (moment === undefined ? [] : [[label, moment]])),
			[
				['discovery/confirm', 'node-trusts-cluster'],
				['tls-bootstrap/request-certificate', 'cluster-trusts-node'],
			],
		);
		const failed = stepsOf(traceId, [
			root(),
			phase(2, 'discovery/confirm', { 'kubejoin.moment': 'node-trusts-cluster' }, { failed: 'no' }),
		]);
		assert.deepEqual(
			failed.map(({ moment }) => moment),
			[undefined],
		);
	});

	it('do not depend on the order of arrival, and never fail if spans are missing', () => {
		fc.assert(
			fc.property(fc.shuffledSubarray([...joinedSpans], { minLength: joinedSpans.length }), (spans) => {
				assert.deepEqual(stepsOf(traceId, spans), steps);
			}),
		);
		fc.assert(
			fc.property(fc.shuffledSubarray([...joinedSpans], { minLength: 1 }), (spans) => {
				stepsOf(traceId, spans);
				joinOf(traceId, spans, []);
			}),
		);
	});

	it('thousands of spans, each the parent of the next, are walked once', () => {
		const chain = Array.from({ length: 5_000 }, (_, index) =>
			span(index + 10, 'm', { parentId: idOf(index + 9), kind: 'client', service: 'apiserver-sim' }),
		);
		const startMs = performance.now();
		const found = stepsOf(traceId, [root(), phase(9, 'preflight'), ...chain.toReversed()]);
		assert.equal(found.filter((step) => step.phase === 'preflight').length, 5_001);
		// Quadratic, it takes many seconds.
		assert.ok(performance.now() - startMs < 15_000, `${performance.now() - startMs} ms`);
	});

	it('a service or method that has the name of a part of every object is a name', () => {
		for (const name of ['constructor', '__proto__', 'toString']) {
			const [step] = stepsOf(traceId, [
				span(2, name, { kind: 'client', attributes: { 'rpc.service': name, 'rpc.method': name } }),
			]);
			assert.deepEqual([step?.to, step?.label], ['apiserver-sim', `${name}/${name}`]);
		}
	});

	it('spans of clocks that are apart, that end before they begin or take years, are steps', () => {
		fc.assert(
			fc.property(
				fc.array(fc.double({ min: 1, max: 8e15, noNaN: true }), { minLength: 22, maxLength: 22 }),
				(times) => {
					const spans = joinedSpans.map((one, index) => ({
						...one,
						startMs: times[2 * index] ?? 1,
						endMs: times[2 * index + 1] ?? 1,
					}));
					for (const { startMs, durationMs } of stepsOf(traceId, spans))
						assert.ok(Number.isFinite(startMs) && Number.isFinite(durationMs));
					assert.ok(Number.isFinite(joinOf(traceId, spans, []).durationMs));
				},
			),
		);
	});

	it('spans that are each other’s parents end', () => {
		const [first, second] = joinedSpans.slice(4, 6);
		if (first === undefined || second === undefined) assert.fail();
		assert.ok(stepsOf(traceId, [root(), { ...first, parentId: second.spanId }, { ...second, parentId: first.spanId }]));
	});
});

describe('steps that are no part of a join', () => {
	const answered = [
		...joinedSpans,
		span(11, 'kubejoin.v1.CertificateAuthority/Sign', {
			parentId: idOf(9),
			kind: 'server',
			service: 'ca-service',
			from: 64,
			to: 78,
		}),
	];
	const shown = (spans: readonly Span[]) => JSON.stringify(stepsOf(traceId, spans));
	const request = (id: number, parentId: string, more: Partial<Span> = {}) =>
		span(id, 'kubejoin.v1.Nodes/List', {
			parentId,
			kind: 'server',
			service: 'apiserver-sim',
			from: 200,
			attributes: { 'kubejoin.user': 'system:anonymous', 'kubejoin.decision': 'refused' },
			...more,
		});

	it('a request that names a message, a phase, a command of the store or nothing of it as its parent', () => {
		const parents = [...answered.map(({ spanId }) => spanId), idOf(999)];
		for (const [index, parentId] of parents.entries()) {
			const stranger = request(100 + index, parentId);
			const below = span(200, 'tokens get', {
				parentId: stranger.spanId,
				kind: 'client',
				service: 'apiserver-sim',
				attributes: { 'db.system.name': 'lmdb' },
			});
			assert.equal(shown([...answered, stranger, below]), shown(answered), parentId);
			assert.equal(shown([below, stranger, ...answered]), shown(answered), parentId);
		}
	});

	it('the end of a join, or a phase, that another program reports', () => {
		const attributes = {
			'kubejoin.workflow': 'join',
			'k8s.node.name': 'other',
			'kubejoin.moment': 'node-trusts-cluster',
		};
		for (const service of ['apiserver-sim', 'attacker-sim']) {
			const forged = [root({ service, attributes }), phase(50, 'discovery/pin-ca', attributes, { service })];
			assert.equal(shown([...answered.slice(1), ...forged]), shown(answered.slice(1)));
			const { state, node } = joinOf(traceId, [...forged, ...answered.slice(1)], []);
			assert.deepEqual([state, node], ['joining', 'node-1']);
		}
	});

	it('any set of requests that name any of its spans, and all that follows from them', () => {
		const strangers = fc.uniqueArray(
			fc.record({
				id: fc.integer({ min: 1_000, max: 1_050 }),
				parent: fc.oneof(fc.constantFrom(...answered.map(({ spanId }) => spanId)), fc.constant('')),
				/** Below another of the set, where there is one. */
				below: fc.option(fc.nat({ max: 20 })),
				kind: fc.constantFrom('internal', 'client', 'consumer', 'producer', 'server'),
				isStore: fc.boolean(),
				from: fc.integer({ min: 100, max: 5_000 }),
			}),
			{ maxLength: 20, selector: ({ id }) => id },
		);
		fc.assert(
			fc.property(strangers, fc.infiniteStream(fc.nat()), (set, order) => {
				const foreign = set.map(({ id, parent, below, kind, isStore, from }, index) => {
					const over = below === null || index === 0 ? undefined : set[below % index];
					return request(id, over === undefined ? parent || idOf(9_999) : idOf(over.id), {
						kind: over === undefined ? 'server' : (kind as Span['kind']),
						startMs: 1_700_000_000_000 + from,
						endMs: 1_700_000_000_000 + from + 1,
						attributes: isStore ? { 'db.system.name': 'lmdb' } : {},
					});
				});
				const mixed = [...answered, ...foreign]
					.map((one) => ({ one, at: order.next().value ?? 0 }))
					.sort((a, b) => a.at - b.at)
					.map(({ one }) => one);
				assert.equal(shown(mixed), shown(answered));
			}),
		);
	});
});

describe('a join', () => {
	it('is in progress until its first span has ended, and has the next phase', () => {
		const { state, node, phase: last, nextPhase } = joinOf(traceId, [joinedSpans[1] ?? assert.fail()], []);
		assert.deepEqual([state, node, last, nextPhase], ['joining', 'node-1', 'preflight', 'discovery/confirm']);
	});

	it('has joined, or was refused with code, message, causes and remedy', () => {
		const joined = joinOf(traceId, joinedSpans, []);
		assert.deepEqual([joined.state, joined.durationMs, joined.failure], ['joined', 100, undefined]);
		const refused = joinOf(traceId, refusedSpans, []);
		assert.equal(refused.state, 'refused');
		assert.deepEqual(refused.failure, {
			code: 'CA_HASH_MISMATCH',
			sentence: 'not pinned',
			mostLikely: 'another cluster',
			alsoPossible: ['a forged answer', 'a wrong hash'],
			remedy: 'do not join',
		});
	});

	it('a failure without advice has a code and no causes', () => {
		const { failure } = joinOf(
			traceId,
			[root({ failed: 'no', attributes: { 'kubejoin.workflow': 'join', 'error.type': 'INTERNAL' } })],
			[],
		);
		assert.deepEqual(failure, { code: 'INTERNAL', sentence: 'no', remedy: '' });
	});

	it('has the protection and the receiver of the last message of its node, and the bytes of its tokens', () => {
		const sent = joinedSpans.map((one) =>
			one.spanId === idOf(4) ? { ...one, attributes: { ...one.attributes, 'kubejoin.token.bytes': 23 } } : one,
		);
		const { tls, peer, tokenBytes } = joinOf(traceId, sent, stepsOf(traceId, sent));
		assert.deepEqual([tls, peer, tokenBytes], ['one-way', 'apiserver-sim', 23]);
		assert.equal(joinOf(traceId, joinedSpans, []).tokenBytes, undefined);
	});

	it('has the TLS parameters of the connection of a message, and the lifetimes of both certificates', () => {
		const dates = { notBeforeMs: Date.UTC(2026, 0, 1), notAfterMs: Date.UTC(2027, 0, 1) };
		const tls = {
			'tls.protocol.version': '1.3',
			'tls.cipher': 'TLS_AES_256_GCM_SHA384',
			'tls.next_protocol': 'h2',
			'tls.server.not_before': new Date(dates.notBeforeMs).toISOString(),
			'tls.server.not_after': new Date(dates.notAfterMs).toISOString(),
			'tls.client.not_before': 'yesterday',
		};
		const spans = joinedSpans.map((one) =>
			one.spanId === idOf(4) ? { ...one, attributes: { ...one.attributes, ...tls } } : one,
		);
		const messages = stepsOf(traceId, spans).filter(({ kind }) => kind === 'message');
		assert.deepEqual(
			messages.map(({ negotiated }) => negotiated),
			[{ parameters: ['TLS 1.3', 'TLS_AES_256_GCM_SHA384', 'h2'], server: dates }, undefined],
		);
	});

	it('has the protection of a command of Redis, without a version that its client does not report', () => {
		const tls = { 'db.system.name': 'redis', 'kubejoin.tls': 'mutual', 'tls.established': true };
		const spans = joinedSpans.map((one) =>
			one.spanId === idOf(6) ? { ...one, attributes: { ...one.attributes, ...tls } } : one,
		);
		const command = stepsOf(traceId, spans).find(({ kind }) => kind === 'store');
		assert.deepEqual([command?.tls, command?.negotiated?.parameters], ['mutual', ['TLS']]);
	});

	it('is recognized by a span of its workflow only', () => {
		assert.ok(isJoin(joinedSpans));
		assert.ok(!isJoin(joinedSpans.filter(({ attributes }) => attributes['kubejoin.workflow'] === undefined)));
	});

	it('only phases that passed are timed', () => {
		assert.deepEqual(
			phaseDurations(refusedSpans).map(({ phase: name }) => name),
			['preflight'],
		);
	});

	it('are those of the API server for a client that sends no trace, with its messages', () => {
		const of = (more: Attributes = {}): Attributes => ({ 'kubejoin.seen_by': 'apiserver-sim', ...more });
		const inJoin = of({ 'kubejoin.workflow': 'join', 'k8s.node.name': 'real-1' });
		const seen = (id: number, name: string, fields: Parameters<typeof span>[2]) =>
			span(id, name, { service: 'apiserver-sim', ...fields });
		const spans = [
			seen(1, 'join', { to: 50, attributes: inJoin }),
			seen(2, 'register', { parentId: idOf(1), to: 20, attributes: { ...inJoin, 'kubejoin.trust': 'listed' } }),
			seen(3, 'create', {
				parentId: idOf(2),
				kind: 'server',
				to: 10,
				attributes: of({
					'kubejoin.tls': 'mutual',
					'kubejoin.request.verb': 'create',
					'kubejoin.request.what': 'nodes real-1',
					'kubejoin.user': 'system:node:real-1',
					'kubejoin.decision': 'allowed',
				}),
			}),
			seen(4, 'forged', { parentId: idOf(2), kind: 'server', to: 10, service: 'token-store', attributes: of() }),
		];
		const join = joinOf(traceId, spans, stepsOf(traceId, spans));
		assert.deepEqual([join.node, join.state, join.seenBy], ['real-1', 'joined', 'apiserver-sim']);
		const [message, check, ...others] = stepsOf(traceId, spans);
		assert.deepEqual(others, []);
		assert.deepEqual(
			[message?.kind, message?.from, message?.to, message?.label, message?.tls],
			['message', 'real-1', 'apiserver-sim', 'create nodes real-1', 'mutual'],
		);
		assert.deepEqual([check?.kind, check?.from, check?.trust], ['check', 'real-1', 'listed']);
	});
});
