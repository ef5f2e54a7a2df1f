import assert from 'node:assert/strict';
import { longLines } from './columns.ts';

const words = 'word '.repeat(25).trim();

describe('the check of line lengths', () => {
	it('finds long comments, strings and paragraphs', () => {
		assert.deepEqual(longLines('a.ts', `// ${words}`), [1]);
		assert.deepEqual(longLines('a.ts', `/**\n * short\n * ${words}\n */`), [3]);
		assert.deepEqual(longLines('a.ts', `const a =\n\t'${words}';`), [2]);
		assert.deepEqual(longLines('a.md', `short\n${words}`), [2]);
	});

	it('reads a type parameter as such, and the file after it', () => {
		const start = 'const first = <T>(all: T[]) => store.delete<T>(all[0]);';
		assert.deepEqual(longLines('a.ts', `${start}\n// ${words}`), [2]);
	});

	it('counts a tab as two columns', () => {
		const comment = `// ${'x '.repeat(58)}`;
		assert.deepEqual(longLines('a.ts', `${comment}\n\t${comment}`), [2]);
	});

	it('ignores tables, code in pages, long words, regular expressions, templates and the strings of tests', () => {
		assert.deepEqual(longLines('a.md', `| ${words} |\n\`\`\`\n${words}\n\`\`\`\n![${words}](a.png)`), []);
		assert.deepEqual(longLines('a.ts', `// ${words} https://example.com/${'x'.repeat(60)}`), []);
		assert.deepEqual(longLines('a.ts', `const a = /${words}/;\nconst b = \`\n${words}\n\`;`), []);
		assert.deepEqual(longLines('a.test.ts', `const a = '${words}';`), []);
	});
});
