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

describe('expectations of an experiment', () => {
	let context: FakeContext;
	beforeEach(() => {
		context = fakeContext();
	});
	afterEach(() => context.remove());
	const tried = (outcome: string) => context.write(ATTEMPTS, [{ command: 'sign', outcome }]);
	const kinds = (lines: readonly string[]) => lines.map((line) => line.split(' ').slice(0, 2).join(' '));

	it('judge only availability without an experiment', async () => {
		const { lines, problems } = await judgeExpectations(context, 0);
		assert.deepEqual([kinds(lines), problems], [['availability: held'], []]);
	});

	it('judge security after the method, so a later violation counts', async () => {
		await tried('outcome: refused X');
		await expectSecurity(context, question, 'held');
		assert.ok(await context.read(STARTED_AT), 'an expectation begins the experiment');
		assert.deepEqual((await judgeExpectations(context, 0)).problems, []);
		await tried('outcome: allowed');
		const { lines, problems } = await judgeExpectations(context, 0);
		assert.deepEqual(kinds(lines), ['security: violated:', 'availability: held']);
		assert.deepEqual(problems, ['security is violated']);
	});

	it('report a verdict that held when a violation is expected', async () => {
		await expectSecurity(context, question, 'violated');
		await tried('outcome: allowed');
		assert.deepEqual((await judgeExpectations(context, 0)).problems, []);
		await tried('outcome: refused X');
		assert.deepEqual((await judgeExpectations(context, 0)).problems, ['security is held, not violated as expected']);
	});

	it('keep a violation during the method, but not a verdict that held', async () => {
		await recordVerdict(context, 'availability: held after 1 s');
		await recordVerdict(context, 'security: violated: n has an identity');
		const { lines, problems } = await judgeExpectations(context, 0);
		assert.deepEqual(kinds(lines), ['security: violated:', 'availability: held']);
		assert.deepEqual(problems, ['security is violated']);
	});

	it('report a failed probe of the method, but not one that a user ran', async () => {
		await recordMissed(context, 'node n --until joined');
		assert.deepEqual((await judgeExpectations(context, 0)).problems, []);
		await expectAvailability(context, [], 0);
		await recordMissed(context, 'node n --until joined');
		assert.deepEqual((await judgeExpectations(context, 0)).problems, ['a probe failed: node n --until joined']);
	});

	it('report a question that cannot be judged as a violation, with the other verdict', async () => {
		await expectSecurity(context, { ...question, noIdentity: ['never-started'] }, 'held');
		const { lines, problems } = await judgeExpectations(context, 0);
		assert.match(lines[0] ?? '', /^security: violated: it cannot be judged: .*never-started/);
		assert.equal(lines.length, 2);
		assert.deepEqual(problems, ['security is violated']);
	});

	it('require the nodes of the experiment, within the longer of both times', async () => {
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
	});
});
