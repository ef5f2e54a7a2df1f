import assert from 'node:assert/strict';
import { resources } from '../../../lib/kube/resources.ts';
import type { AuthenticateToken } from '../authenticate/token-authenticator.ts';
import { refusalOf, request } from '../fixtures.test.ts';
import { tokenReviews } from './token-reviews.ts';

describe('a review of a token', () => {
	let asked: [string, readonly string[]][];
	const authenticate: AuthenticateToken = async (token, audiences) => {
		asked.push([token, audiences]);
		if (token === 'unknown') return undefined;
		if (token !== 'valid') return { problem: 'service account token has expired' };
		return { user: { username: 'u', uid: '1', groups: ['g'], extra: { a: ['b'] } }, audiences: audiences.slice(0, 1) };
	};
	beforeEach(() => {
		asked = [];
	});
	const review = async (spec: object) => {
		const object = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', metadata: {}, spec };
		return tokenReviews(authenticate, ['api']).create?.(request('create', resources.tokenReviews, { object }));
	};
	const statusOf = async (spec: object) => ((await review(spec)) as unknown as { status: object }).status;

	it('answers with the user of the token and the audiences that it is for', async () => {
		const user = { username: 'u', uid: '1', groups: ['g', 'system:authenticated'], extra: { a: ['b'] } };
		assert.deepEqual(await statusOf({ token: 'valid' }), { authenticated: true, user, audiences: ['api'] });
		assert.deepEqual(await statusOf({ token: 'valid', audiences: ['x', 'y'] }), {
			authenticated: true,
			user,
			audiences: ['x'],
		});
		assert.deepEqual(asked, [
			['valid', ['api']],
			['valid', ['x', 'y']],
		]);
	});

	it('answers with why the token is invalid', async () => {
		const error = '[invalid bearer token, service account token has expired]';
		assert.deepEqual(await statusOf({ token: 'old' }), { user: {}, error });
		for (const token of ['unknown', ' valid', ' '])
			assert.deepEqual(await statusOf({ token }), { user: {}, error: 'invalid bearer token' }, token);
	});

	it('needs a token', async () => {
		for (const spec of [{}, { token: '' }])
			assert.equal(
				await refusalOf(review(spec)),
				'400 BadRequest: token is required for TokenReview in authentication',
			);
	});
});
