/** The union of authorizers: their order, the one that decides, and the reason if none decides. */
import { strict as assert } from 'node:assert';
import type { Authorizer, Decision } from './attributes.ts';
import { resourceRequest, userNamed } from './fixtures.test.ts';
import { privilegedGroups } from './privileged-groups.ts';
import { unionOf } from './union.ts';

const saying = (decision: Decision): Authorizer => ({ authorize: () => decision });
const unasked: Authorizer = { authorize: () => assert.fail('asked after the decision was made') };
const noOpinion: Decision = { decision: 'NoOpinion', reason: '' };

describe('unionOf', () => {
	for (const decision of ['Allow', 'Deny'] as const) {
		it(`ends with the first ${decision} and only its reason`, async () => {
			const first = saying({ decision: 'NoOpinion', reason: 'first', error: 'broken' });
			const union = unionOf({ first, second: saying({ decision, reason: 'second' }), unasked });
			assert.deepEqual(union.authorize(resourceRequest({})), { decision, reason: 'second' });
		});
	}
	it('joins the reasons by lines after the names of their authorizers, without the empty ones', async () => {
		const union = unionOf({
			node: saying({ ...noOpinion, reason: 'a' }),
			silent: saying(noOpinion),
			rbac: saying({ ...noOpinion, reason: 'b' }),
		});
		assert.deepEqual(union.authorize(resourceRequest({})), {
			...noOpinion,
			reason: 'node: a\nrbac: b',
			error: undefined,
		});
	});
	it('collects the errors', async () => {
		const union = unionOf({ a: saying({ ...noOpinion, error: 'a' }), b: saying({ ...noOpinion, error: 'b' }) });
		assert.deepEqual(union.authorize(resourceRequest({})), { ...noOpinion, error: '[a, b]' });
	});
	it('has no opinion without authorizers', async () =>
		assert.deepEqual(unionOf({}).authorize(resourceRequest({})), { ...noOpinion, error: undefined }));
});

describe('privilegedGroups', () => {
	it('allows system:masters everything, without a reason', () => {
		const decisionFor = (...groups: string[]) =>
			privilegedGroups.authorize(resourceRequest({ user: userNamed('u', ...groups), verb: 'escalate' }));
		assert.deepEqual(decisionFor('a', 'system:masters'), { decision: 'Allow', reason: '' });
		assert.deepEqual(decisionFor('system:master'), { decision: 'NoOpinion', reason: '' });
	});
});
