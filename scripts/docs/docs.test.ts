import assert from 'node:assert/strict';
import { expectedCells } from '../../chaos/lab/attack-matrix/matrix.ts';
import { joinWorkflow } from '../../services/kubelet-sim/join/join.ts';
import type { JoinContext } from '../../services/kubelet-sim/join/join-context.ts';
import { phasesInChinese } from '../../services/observer/page/catalogue-zh.ts';
import { usedVerbs } from './chaos-table.ts';
import { fileProblems, linkProblems, matrixRows, npmProblems, phaseRows, verbRows } from './check-page.ts';
import { differsTags } from './differs-tags.ts';
import { madePages, pagePaths, readPage } from './pages.ts';

describe('the documentation', () => {
	const pages = pagePaths().map((path) => ({ path, text: readPage(path) }));

	for (const { path, text } of madePages()) {
		it(`${path} is up to date with npm run docs`, () => assert.equal(readPage(path), text));
	}

	const { phases } = joinWorkflow({} as JoinContext);

	it('docs/join.md lists the phases of the join, in order, with the trust after each', () => {
		assert.deepEqual(
			phaseRows(readPage('docs/join.md')),
			phases.map(({ name, trust }) => ({ name, trust })),
		);
	});

	it('README.zh.md lists the phases of the join, in order', () => {
		const names = phases.map(({ name }) => name);
		const listed = phaseRows(readPage('README.zh.md')).map(({ name }) => name);
		assert.deepEqual(
			listed.filter((name) => names.includes(name)),
			names,
		);
	});

	it('README.zh.md and the page have the same Chinese texts for each phase', () => {
		const rows = readPage('README.zh.md')
			.split('\n')
			.map((line) => line.split('|').map((cell) => cell.trim()));
		for (const { name } of phases) {
			const [, , chineseName, , trust] = rows.find((cells) => cells[1] === `\`${name}\``) ?? [];
			assert.deepEqual({ name: chineseName, trust }, phasesInChinese[name]);
		}
	});

	it('README.md stays under 10 kB', () => assert.ok(readPage('README.md').length < 10_000));

	it('docs/chaos.md lists every verb of the lab that an experiment uses', () => {
		const known = verbRows(readPage('docs/chaos.md'));
		const used = usedVerbs();
		assert.ok(used.includes('token create') && used.includes('judge security'), used.join(', '));
		assert.deepEqual(
			used.filter((verb) => !known.includes(verb) && !known.includes(verb.split(' ')[0] ?? '')),
			[],
		);
	});

	it('docs/chaos.md shows the expected attack matrix', () => {
		const expected = expectedCells.map(({ power, document, isPinned, expected: { code, isTokenSent } }) => ({
			who: `${power} ${document}`,
			isPinned,
			code,
			verdict: isTokenSent ? 'violated' : 'held',
		}));
		assert.deepEqual(matrixRows(readPage('docs/chaos.md')), expected);
	});

	it('links only to existing files and headings', () => assert.deepEqual(pages.flatMap(linkProblems), []));

	it('names only existing files', () => assert.deepEqual(pages.flatMap(fileProblems), []));

	it('names only existing npm scripts', () => {
		const scripts = Object.keys(JSON.parse(readPage('package.json')).scripts);
		assert.deepEqual(
			pages.flatMap((page) => npmProblems(page, scripts)),
			[],
		);
	});
});

describe('the checks of the documentation', () => {
	it('find links to missing files and headings, and ignore code and other sites', () => {
		const text =
			'[a](README.md) [b](missing.md) [c](docs/errors.md#csr_denied) [d](docs/errors.md#nothing) [e](https://example.com) `[f](gone.md)`';
		assert.deepEqual(linkProblems({ path: 'x.md', text }), [
			'x.md links to missing.md, which does not exist',
			'x.md links to docs/errors.md#nothing, which does not exist',
		]);
	});

	it('find missing files and npm scripts', () => {
		assert.deepEqual(fileProblems({ path: 'x.md', text: '`lib/errors.ts` `lib/gone.ts`' }), [
			'x.md names lib/gone.ts, which does not exist',
		]);
		assert.deepEqual(npmProblems({ path: 'x.md', text: 'npm ci, npm test, npm run gone' }, ['test']), [
			'x.md names the npm script gone, which does not exist',
		]);
	});

	it('read the verbs in a table without their arguments, several from one cell', () => {
		assert.deepEqual(
			verbRows('| `token create NAME`, `kubectl …` | x |\n| `judge security` | `no` |\n| verb | does |'),
			['token create', 'kubectl', 'judge security'],
		);
	});

	it('read a tag that spans lines, up to the next tag, only in doc comments', () => {
		const source =
			'/** One. @differs a\n * b @source c */\n// @differs no\n/**\n * @differs d,\n *          e\n * @throws f\n */';
		assert.deepEqual(differsTags(source), ['a b', 'd, e']);
	});
});
