import assert from 'node:assert/strict';
import { emptyDocComments } from './doc-comments.ts';

describe('the check of doc comments', () => {
	it('finds a comment that repeats the name below it', () => {
		assert.deepEqual(
			emptyDocComments('a.ts', '/** The names of all the certificate requests. */\nconst certificateRequestNames = 1;'),
			[1],
		);
	});

	it('finds a comment of a few letters', () => {
		assert.deepEqual(emptyDocComments('a.ts', 'interface A {\n\t/** PEM. */\n\treadonly ca: string;\n}'), [2]);
	});

	it('allows a reason, a contract, a tag, an example, and comments of several lines', () => {
		for (const comment of [
			'/** Resolves after the first heartbeat. */',
			'/** @throws CSR_DENIED */',
			'/** `host:port` */',
			'/**\n * Short.\n */',
			'/* Short. */',
			'// Short.',
		])
			assert.deepEqual(emptyDocComments('a.ts', `${comment}\nconst node = 1;`), [], comment);
	});
});
