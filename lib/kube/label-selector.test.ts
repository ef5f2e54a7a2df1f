import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { hasCode } from '../errors.ts';
import { limits } from '../limits.ts';
import { labelMatcher, parseLabelSelector } from './label-selector.ts';

interface Row {
	readonly selector: string;
	readonly requirements?: readonly [string, string, string[]][];
	readonly error?: string;
}
/** The answers of k8s.io/apimachinery 0.37.2 labels.Parse. */
const rows: readonly Row[] = JSON.parse(readFileSync(new URL('label-selector.fixture.json', import.meta.url), 'utf8'));

function read(selector: string): Omit<Row, 'selector'> {
	try {
		return {
			requirements: parseLabelSelector(selector).map(({ key, operator, values }) => [key, operator, [...values]]),
		};
	} catch (error) {
		assert.ok(hasCode(error, 'API_BAD_REQUEST'));
		return { error: error.message };
	}
}

describe('label selectors', () => {
	it(`are read as upstream reads ${rows.length} of them, with the same errors`, () => {
		for (const { selector, ...expected } of rows) assert.deepEqual(read(selector), expected, selector);
	});

	it('match the labels of an object', () => {
		const labels = { app: 'a', n: '10', empty: '' };
		const matches = (selector: string) => labelMatcher(parseLabelSelector(selector))(labels);
		const yes = ['', 'app', '!other', 'app=a', 'app!=b', 'other!=b', 'app in (a,b)', 'app notin (b)', 'x notin (b)'];
		for (const selector of [...yes, 'n>9', 'n<11', 'empty', 'empty=', 'app,n', 'empty in ()'])
			assert.equal(matches(selector), true, selector);
		const no = ['other', '!app', 'app=b', 'other=', 'app!=a', 'app in (b)', 'app notin (a)', 'n>10', 'n<10', 'app>1'];
		for (const selector of [...no, 'other>1', 'app,other', 'toString', 'constructor=']) {
			assert.equal(matches(selector), false, selector);
		}
		assert.equal(labelMatcher(parseLabelSelector('!app'))(undefined), true);
		assert.equal(labelMatcher(parseLabelSelector('app'))(null), false);
	});

	it('of any text are read or refused with 400', () => {
		const word = fc.constantFrom('a', 'in', 'notin', '(', ')', ',', '=', '!', '>', '<', ' ', '1', '-', '\0', 'ü');
		fc.assert(
			fc.property(
				fc.array(word).map((words) => words.join('')),
				(text) => void read(text),
			),
		);
		fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => void read(text)));
	});

	it('of the greatest length are read in a moment, longer ones are refused and counted', () => {
		const longest = `a in (${'b,'.repeat(limits.labelSelectorCharacters.value)}`.slice(0, -1);
		for (const text of [longest, '('.repeat(8192), '!='.repeat(4096)]) {
			const begin = process.cpuUsage().user;
			read(text.slice(0, limits.labelSelectorCharacters.value));
			assert.ok(process.cpuUsage().user - begin < 200_000, 'it took more than 200 ms');
		}
		assert.throws(
			() => parseLabelSelector('a'.repeat(limits.labelSelectorCharacters.value + 1)),
			(error: unknown) => hasCode(error, 'API_BAD_REQUEST') && error.details.limit === 'labelSelectorCharacters',
		);
	});
});
