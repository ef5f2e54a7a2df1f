import assert from 'node:assert/strict';
import { hasCode } from '../../../lib/errors.ts';
import { generateKeyPair, type KeyPair } from '../../../lib/pki/keys.ts';
import { type FakeContext, fakeContext, printed, requestOf } from '../context.fixture.ts';
import { decideRequests } from './approve-csr.ts';

describe('decideRequests', () => {
	let keyPair: KeyPair;
	let context: FakeContext;
	before(async () => {
		keyPair = await generateKeyPair('ECDSA-P256');
	});
	beforeEach(() => {
		context = fakeContext();
	});
	afterEach(() => context.remove());
	const pending = (name: string, username: string) => requestOf(name, 'n', keyPair, { username, isSigned: false });

	it('decides every pending request of the requester, and no other', async () => {
		const decided = { ...pending('decided', 'u'), status: { conditions: [{ type: 'Denied', status: 'True' }] } };
		context.requests.push(
			pending('a', 'u'),
			pending('b', 'u'),
			pending('c', 'other'),
			decided as (typeof context.requests)[number],
		);
		assert.deepEqual(await decideRequests(context, 'deny', 'u', 0), ['a', 'b']);
		assert.deepEqual(context.ran, [['kubectl-sim', 'certificate', 'deny', 'a', 'b']]);
	});

	it('reports LAB_NOTHING_PENDING without a pending request', async () => {
		context.requests.push(pending('c', 'other'));
		await assert.rejects(
			decideRequests(context, 'approve', 'u', 0),
			(error) => hasCode(error, 'LAB_NOTHING_PENDING') && error.message.includes('"u"'),
		);
		assert.deepEqual(context.ran, []);
	});

	it('reports SERVICE_FAILED when kubectl-sim refuses', async () => {
		context.requests.push(pending('a', 'u'));
		context.answer = () => printed('', 1, 'Forbidden');
		await assert.rejects(
			decideRequests(context, 'approve', 'u', 0),
			(error) => hasCode(error, 'SERVICE_FAILED') && error.message.includes('Forbidden'),
		);
	});
});
