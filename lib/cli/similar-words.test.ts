import assert from 'node:assert/strict';
import { similarWords } from './similar-words.ts';

describe('similar words', () => {
	const known = ['nodes', 'secrets', 'configmaps', 'csr', 'cm'];

	it('finds a word with a typing mistake, and one that contains the typed text', () => {
		assert.deepEqual(similarWords('nodess', known), ['nodes']);
		assert.deepEqual(similarWords('secerts', known), ['secrets']);
		assert.deepEqual(similarWords('config', known), ['configmaps']);
	});

	it('finds none for another word, a short one or an empty one', () => {
		for (const typed of ['pods', 'xx', '', 'deployments.apps']) assert.deepEqual(similarWords(typed, known), [], typed);
	});
});
