import assert from 'node:assert/strict';
import { expectedCells } from '../../chaos/lab/matrix.ts';
import { joinWorkflow } from '../../services/kubelet-sim/join/join.ts';
import type { JoinContext } from '../../services/kubelet-sim/join/join-context.ts';
import { usedVerbs } from './chaos-table.ts';
import { fileProblems, linkProblems, matrixRows, npmProblems, phaseRows, verbRows } from './check-page.ts';
import { differsTags } from './differs-tags.ts';
import { madePages, pagePaths, readPage } from './pages.ts';

describe('the pages', function () {
	this.timeout(30_000);
	const pages = pagePaths().map((path) => ({ path, text: readPage(path) }));

	for (const { path, text } of madePages()) {
		it(`${path} is what npm run docs makes of the code`, () => assert.equal(readPage(path), text));
	}

	it('README.md has the phases of the join, in order, with who trusts whom', () => {
		assert.deepEqual(phaseRows(readPage('README.md')), joinWorkflow({} as JoinContext).phases);
	});

	it('docs/chaos.md has every verb of the lab that an experiment uses', () => {
		const known = verbRows(readPage('docs/chaos.md'));
		const used = usedVerbs();
		assert.ok(used.includes('token create') && used.includes('judge security'), used.join(', '));
		assert.deepEqual(
			used.filter((verb) => !known.includes(verb) && !known.includes(verb.split(' ')[0] ?? '')),
			[],
		);
	});

	for (const path of ['README.md', 'docs/chaos.md']) {
		it(`${path} has the attack matrix as it must come out`, () => {
			const expected = expectedCells.map(({ power, document, isPinned, expected: { code, isTokenSent } }) => ({
				who: `${power} ${document}`,
				isPinned,
				code,
				verdict: isTokenSent ? 'violated' : 'held',
			}));
			assert.deepEqual(matrixRows(readPage(path)), expected);
		});
	}

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
		const text =
			'[a](README.md) [b](missing.md) [c](docs/errors.md#csr_denied) [d](docs/errors.md#nothing) [e](https://example.com) `[f](gone.md)`';
		assert.deepEqual(linkProblems({ path: 'x.md', text }), [
			'x.md links to missing.md, which is not there',
			'x.md links to docs/errors.md#nothing, which is not there',
		]);
	});

	it('find a missing file and a missing npm script', () => {
		assert.deepEqual(fileProblems({ path: 'x.md', text: '`lib/errors.ts` `lib/gone.ts`' }), [
			'x.md names lib/gone.ts, which is not there',
		]);
		assert.deepEqual(npmProblems({ path: 'x.md', text: 'npm ci, npm test, npm run gone' }, ['test']), [
			'x.md names the npm script gone, which is not there',
		]);
	});

	it('read the verbs of a table, several in one cell, without their arguments', () => {
		assert.deepEqual(
			verbRows('| `token create NAME`, `kubectl …` | x |\n| `judge security` | `no` |\n| verb | does |'),
			['token create', 'kubectl', 'judge security'],
		);
	});

	it('read a tag over several lines, up to the next tag, and nothing outside a docstring', () => {
		const source =
			'/** One. @differs a\n * b @source c */\n// @differs no\n/**\n * @differs d,\n *          e\n * @throws f\n */';
		assert.deepEqual(differsTags(source), ['a b', 'd, e']);
	});
});
