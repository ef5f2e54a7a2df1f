import assert from 'node:assert/strict';
import { habits, rateOf, readProse } from './prose.ts';

const found = (path: string, source: string): string[] =>
	readProse(path, source).findings.map(({ line, habit }) => `${line} ${habit.name}`);

describe('the check of prose', () => {
	const examples: Readonly<Record<string, string>> = {
		'a clause as a noun': 'It prints what the lab does.',
		'an actor without a name': 'Nobody can read it.',
		told: 'The caller is told the code.',
		whoever: 'Whoever has the token can join.',
		stands: 'The reason stands in the log.',
		'for as a reason': 'It asks again, for the CA is not there.',
		'anew, goes on, is away': 'The join goes on.',
	};
	for (const { name } of habits) {
		it(`finds ${name} in a page, a comment, a string and an experiment`, () => {
			const text = examples[name] ?? assert.fail(`there is no example of ${name}`);
			assert.deepEqual(found('a.md', text), [`1 ${name}`]);
			assert.deepEqual(found('a.ts', `const a = 1;\n/** ${text} */`), [`2 ${name}`]);
			assert.deepEqual(found('a.ts', `// ${text}`), [`1 ${name}`]);
			assert.deepEqual(found('a.ts', `say('${text}');`), [`1 ${name}`]);
			assert.deepEqual(found('a.yaml', `title: ${text}`), [`1 ${name}`]);
		});
	}

	it('ignores code, identifiers and questions', () => {
		assert.deepEqual(found('a.md', '```\nwhat is printed\n```\nRun `tell nobody`. What is a pin?'), []);
		assert.deepEqual(found('a.md', '1. Run it:\n\n   ```text\n   nobody\n   ```\n'), []);
		assert.deepEqual(found('a.ts', 'const told = nobody.stands;'), []);
	});

	it('ignores plain uses of the same words', () => {
		for (const text of [
			'It sends, for the first time, the token.',
			'There is a key, for a collector on this machine.',
			"What's new in this release",
			'CN stands for common name.',
			'A stand-in for the server.',
			'Choose an experiment, for example wrong-pin.',
		])
			assert.deepEqual(found('a.md', text), [], text);
	});

	it('counts per 10,000 words', () => {
		const prose = readProse('a.md', `${'word '.repeat(9_999)}nobody`);
		assert.equal(rateOf([prose]), 1);
	});
});
