import assert from 'node:assert/strict';
import { wordsOfMoment, wordsOfPhase } from './story-words.ts';

describe('the words of the story', () => {
	it('speak of a credential, and not of a token, in a join by a discovery file', () => {
		const accepts = (credential: string) => `the API server accepts the ${credential}`;
		const needs = (credential: string) => `node and cluster trust each other; the ${credential} is no longer needed`;
		for (const [phase, trust] of [
			['tls-bootstrap/read-config', accepts],
			['tls-bootstrap/verify-certificate', needs],
		] as const) {
			const words = wordsOfPhase('en', phase, trust('credential'));
			assert.doesNotMatch(words, /token/);
			assert.ok(words.length <= 33, words);
			assert.doesNotMatch(wordsOfPhase('zh', phase, trust('credential')), /令牌/);
			assert.match(wordsOfPhase('en', phase, trust('token')), /token/);
		}
		assert.match(wordsOfMoment('en', 'discovery/verify-server', 'node-trusts-cluster'), /can send its credential$/);
		assert.match(wordsOfMoment('en', 'discovery/confirm', 'node-trusts-cluster'), /can send its token$/);
	});
});
