import assert from 'node:assert/strict';
import fc from 'fast-check';
import { joinedSpans, phase, refusedSpans, root, traceId } from './spans.fixture.ts';
import { isJoin, joinOf, phaseDurations, stepsOf } from './steps.ts';

describe('steps of a join', () => {
	const steps = stepsOf(traceId, joinedSpans);
	const labelled = (label: string) => steps.find((step) => step.label === label);

	it('are messages, checks, what a watch told and what was stored, in the order in which they began', () => {
		assert.deepEqual(
			steps.map(({ kind, from, to, label, startMs }) => [startMs, kind, from, to, label]),
			[
				[1, 'check', 'node-1', 'node-1', 'preflight'],
				[2, 'check', 'node-1', 'node-1', 'discovery/confirm'],
				[5, 'message', 'node-1', 'apiserver-sim', 'get configmaps kube-public/cluster-info'],
				[7, 'store', 'apiserver-sim', 'apiserver-sim', 'registry get k'],
				[21, 'check', 'node-1', 'node-1', 'tls-bootstrap/request-certificate'],
				[60, 'seen', 'apiserver-sim', 'node-1', 'csr "x" Approved'],
				[62, 'seen', 'apiserver-sim', 'controller-manager-sim', 'csr-signing'],
				[63, 'message', 'controller-manager-sim', 'ca-service', 'CertificateAuthority/Sign'],
			],
		);
	});

	it('a message says who asked, what was decided, how it was protected and how long it was', () => {
		const { tls, user, decision, sentBytes, receivedBytes, durationMs } =
			labelled('get configmaps kube-public/cluster-info') ?? assert.fail();
		assert.deepEqual(
			[tls, user, decision, sentBytes, receivedBytes, durationMs],
			['one-way', 'system:anonymous', 'allowed', 30, 2000, 10],
		);
	});

	it('everything that happened during a phase belongs to it, at other services too', () => {
		assert.equal(labelled('registry get k')?.phase, 'discovery/confirm');
		assert.equal(labelled('CertificateAuthority/Sign')?.phase, 'tls-bootstrap/request-certificate');
	});

	it('the two moments are on the checks that make them', () => {
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

	it('are the same in whatever order the spans came, and never fail, however few came', () => {
		fc.assert(
			fc.property(fc.shuffledSubarray([...joinedSpans], { minLength: joinedSpans.length }), (spans) => {
				assert.deepEqual(stepsOf(traceId, spans), steps);
			}),
		);
		fc.assert(
			fc.property(fc.shuffledSubarray([...joinedSpans], { minLength: 1 }), (spans) => {
				stepsOf(traceId, spans);
				joinOf(traceId, spans, 0);
			}),
		);
	});

	it('spans that are each other’s parents end', () => {
		const [first, second] = joinedSpans.slice(4, 6);
		if (first === undefined || second === undefined) assert.fail();
		assert.ok(stepsOf(traceId, [root(), { ...first, parentId: second.spanId }, { ...second, parentId: first.spanId }]));
	});
});

describe('a join', () => {
	it('is under way until its first span has ended, and says which phase is next', () => {
		const { state, node, phase: last, nextPhase } = joinOf(traceId, [joinedSpans[1] ?? assert.fail()], 1);
		assert.deepEqual([state, node, last, nextPhase], ['joining', 'node-1', 'preflight', 'discovery/confirm']);
	});

	it('has joined, or was refused with code, sentence, what it comes from, and remedy', () => {
		const joined = joinOf(traceId, joinedSpans, 8);
		assert.deepEqual([joined.state, joined.durationMs, joined.failure], ['joined', 100, undefined]);
		const refused = joinOf(traceId, refusedSpans, 2);
		assert.equal(refused.state, 'refused');
		assert.deepEqual(refused.failure, {
			code: 'CA_HASH_MISMATCH',
			sentence: 'not pinned',
			mostLikely: 'another cluster',
			alsoPossible: ['a forged answer', 'a wrong hash'],
			remedy: 'do not join',
		});
	});

	it('a failure that nobody says more of has a code and no guesses', () => {
		const { failure } = joinOf(
			traceId,
			[root({ failed: 'no', attributes: { 'kubejoin.workflow': 'join', 'error.type': 'INTERNAL' } })],
			0,
		);
		assert.deepEqual(failure, { code: 'INTERNAL', sentence: 'no', remedy: '' });
	});

	it('is known by a span of its workflow, and by no other', () => {
		assert.ok(isJoin(joinedSpans));
		assert.ok(!isJoin(joinedSpans.filter(({ attributes }) => attributes['kubejoin.workflow'] === undefined)));
	});

	it('only phases that ended well are timed', () => {
		assert.deepEqual(
			phaseDurations(refusedSpans).map(({ phase: name }) => name),
			['preflight'],
		);
	});
});
