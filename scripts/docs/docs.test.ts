import assert from 'node:assert/strict';
import { joinWorkflow } from '../../services/kubelet-sim/join/join.ts';
import type { JoinTools } from '../../services/kubelet-sim/join/tools.ts';
import { fileProblems, linkProblems, npmProblems, phaseRows } from './check-page.ts';
import { differsTags } from './differs-tags.ts';
import { madePages, pagePaths, readPage } from './pages.ts';

describe('the pages', () => {
	const pages = pagePaths().map((path) => ({ path, text: readPage(path) }));

	for (const { path, text } of madePages()) {
		it(`${path} is what npm run docs makes of the code`, () => assert.equal(readPage(path), text));
	}

	it('README.md has the phases of the join, in order, with who trusts whom', () => {
		assert.deepEqual(phaseRows(readPage('README.md')), joinWorkflow({} as JoinTools).phases);
	});

	it('link to what is there', () => assert.deepEqual(pages.flatMap(linkProblems), []));

	it('name files that are there', () => assert.deepEqual(pages.flatMap(fileProblems), []));

	it('name npm scripts that are there', () => {
		const scripts = Object.keys(JSON.parse(readPage('package.json')).scripts);
		assert.deepEqual(
			pages.flatMap((page) => npmProblems(page, scripts)),
			[],
		);
	});
});

describe('the checks of a page', () => {
	it('find a link to a missing file and to a missing heading, and pass over code and other sites', () => {
		const text = '[a](README.md) [b](missing.md) [c](docs/errors.md#csr_denied) [d](docs/errors.md#nothing) [e](https://example.com) `[f](gone.md)`';
		assert.deepEqual(linkProblems({ path: 'x.md', text }), [
			'x.md links to missing.md, which is not there',
			'x.md links to docs/errors.md#nothing, which is not there',
		]);
	});

	it('find a missing file and a missing npm script', () => {
		assert.deepEqual(fileProblems({ path: 'x.md', text: '`lib/errors.ts` `lib/gone.ts`' }), ['x.md names lib/gone.ts, which is not there']);
		assert.deepEqual(npmProblems({ path: 'x.md', text: 'npm ci, npm test, npm run gone' }, ['test']), ['x.md names the npm script gone, which is not there']);
	});

	it('read a tag over several lines, up to the next tag, and nothing outside a docstring', () => {
		const source = '/** One. @differs a\n * b @source c */\n// @differs no\n/**\n * @differs d,\n *          e\n * @throws f\n */';
		assert.deepEqual(differsTags(source), ['a b', 'd, e']);
	});
});
