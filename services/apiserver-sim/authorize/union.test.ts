/** The union of authorizers: their order, the one that decides, and the reason if none decides. */
import { strict as assert } from 'node:assert';
import type { Authorizer, Decision } from './attributes.ts';
import { resourceRequest } from './fixtures.test.ts';
import { unionOf } from './union.ts';

const saying = (decision: Decision): Authorizer => ({ authorize: async () => decision });
const unasked: Authorizer = { authorize: () => assert.fail('asked after the decision was made') };
const noOpinion: Decision = { decision: 'NoOpinion', reason: '' };

describe('unionOf', () => {
	for (const decision of ['Allow', 'Deny'] as const) {
		it(`ends with the first ${decision} and only its reason`, async () => {
			const first = saying({ decision: 'NoOpinion', reason: 'first', error: 'broken' });
			const union = unionOf(first, saying({ decision, reason: 'second' }), unasked);
			assert.deepEqual(await union.authorize(resourceRequest({})), { decision, reason: 'second' });
		});
	}
	it('joins the reasons by lines, without the empty ones', async () => {
		const union = unionOf(
			saying({ ...noOpinion, reason: 'a' }),
			saying(noOpinion),
			saying({ ...noOpinion, reason: 'b' }),
		);
		assert.deepEqual(await union.authorize(resourceRequest({})), {
			...noOpinion,
			reason: 'a\nb',
			error: undefined,
		});
	});
	it('collects the errors', async () => {
		const union = unionOf(saying({ ...noOpinion, error: 'a' }), saying({ ...noOpinion, error: 'b' }));
		assert.deepEqual(await union.authorize(resourceRequest({})), { ...noOpinion, error: '[a, b]' });
	});
	it('has no opinion without authorizers', async () =>
		assert.deepEqual(await unionOf().authorize(resourceRequest({})), { ...noOpinion, error: undefined }));
});
