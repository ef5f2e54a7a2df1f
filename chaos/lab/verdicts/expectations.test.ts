import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { type FakeContext, fakeContext, nodeObject } from '../context.fixture.ts';
import { STARTED_AT } from '../context.ts';
import { ATTEMPTS } from '../faults/stolen-credentials.ts';
import { expectAvailability, expectSecurity, judgeExpectations, recordMissed, recordVerdict } from './expectations.ts';
import type { SecurityQuestion } from './judge.ts';

const question: SecurityQuestion = {
	attackers: [],
	untouched: [],
	noIdentity: [],
	stolen: [],
	lockedOut: [],
	noCertificateOnDisk: [],
	oneCertificate: [],
	noRestrictedLabels: false,
	attemptsRefused: true,
	noHalfJoined: false,
};

describe('what an experiment expects', () => {
	let context: FakeContext;
	beforeEach(() => {
		context = fakeContext();
	});
	afterEach(() => context.remove());
	const tried = (outcome: string) => context.write(ATTEMPTS, [{ command: 'sign', outcome }]);
	const kinds = (lines: readonly string[]) => lines.map((line) => line.split(' ').slice(0, 2).join(' '));

	it('without an experiment only availability is judged, and security is not', async () => {
		const { lines, problems } = await judgeExpectations(context, 0);
		assert.deepEqual([kinds(lines), problems], [['availability: held'], []]);
	});

	it('security is judged when it is asked, not when it was expected: a later violation counts', async () => {
		await tried('outcome: refused X');
		await expectSecurity(context, question, 'held');
		assert.ok(await context.read(STARTED_AT), 'an expectation begins the experiment');
		assert.deepEqual((await judgeExpectations(context, 0)).problems, []);
		await tried('outcome: allowed');
		const { lines, problems } = await judgeExpectations(context, 0);
		assert.deepEqual(kinds(lines), ['security: violated:', 'availability: held']);
		assert.deepEqual(problems, ['security is violated']);
	});

	it('where a violation is expected, a verdict that held is the problem', async () => {
		await expectSecurity(context, question, 'violated');
		await tried('outcome: allowed');
		assert.deepEqual((await judgeExpectations(context, 0)).problems, []);
		await tried('outcome: refused X');
		assert.deepEqual((await judgeExpectations(context, 0)).problems, ['security is held, not violated as expected']);
	});

	it('a violation of a verdict during the method is kept; what was held then is not', async () => {
		await recordVerdict(context, 'availability: held after 1 s');
		await recordVerdict(context, 'security: violated: n has an identity');
		const { lines, problems } = await judgeExpectations(context, 0);
		assert.deepEqual(kinds(lines), ['security: violated:', 'availability: held']);
		assert.deepEqual(problems, ['security is violated']);
	});

	it('a probe that failed during the method is a problem, and by hand it is none', async () => {
		await recordMissed(context, 'node n --until joined');
		assert.deepEqual((await judgeExpectations(context, 0)).problems, []);
		await expectAvailability(context, [], 0);
		await recordMissed(context, 'node n --until joined');
		assert.deepEqual((await judgeExpectations(context, 0)).problems, ['a probe failed: node n --until joined']);
	});

	it('a question without an answer is a violation, and the other verdict is still given', async () => {
		await expectSecurity(context, { ...question, noIdentity: ['never-started'] }, 'held');
		const { lines, problems } = await judgeExpectations(context, 0);
		assert.match(lines[0] ?? '', /^security: violated: it cannot be judged: .*never-started/);
		assert.equal(lines.length, 2);
		assert.deepEqual(problems, ['security is violated']);
	});

	it('nodes of the experiment must be available; the longer of both times is waited for', async () => {
		await expectAvailability(context, ['n'], 1);
		const verdict = judgeExpectations(context, 0);
		context.nodes.push(nodeObject('n', true));
		await delay(50);
		context.leases.push({ apiVersion: '', kind: '', metadata: { name: 'n' }, spec: { renewTime: 'now' } });
		const { lines, problems } = await verdict;
		assert.match(lines[0] ?? '', /^availability: held .*n and every node of the mesh are Ready/);
		assert.deepEqual(problems, []);
		context.nodes.length = 0;
		assert.deepEqual((await judgeExpectations(context, 0)).problems, ['availability is violated']);
	}).timeout(10_000);
});
