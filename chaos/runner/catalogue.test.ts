import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hasCode } from '../../lib/errors.ts';
import { projectPath } from '../../lib/paths.ts';
import { chooseEntries, readCatalogue, shuffle } from './catalogue.ts';
import { COLUMNS } from './console-reporter.ts';
import { fixtureText, machine } from './fixtures/fixtures.ts';
import { listJson, listTable, planText } from './list.ts';

describe('the catalogue', () => {
	const { entries, problems } = readCatalogue(projectPath('chaos/runner/fixtures'), 'chaos', machine);
	const names = (...wanted: string[]) => chooseEntries(entries, wanted).map(({ name }) => name);

	it('is in the order of the order file, then by id', () => {
		assert.deepEqual(
			entries.map(({ name }) => name),
			['two-verdicts', 'all-holds'],
		);
		assert.deepEqual(problems, []);
	});

	it('completes a unique beginning, takes ids, and takes nothing twice', () => {
		assert.deepEqual(names('two', 'x99', 'all-holds', 'X98'), ['two-verdicts', 'all-holds']);
	});

	it('CHAOS_NAME_UNKNOWN: names those that are near, and those that begin so', () => {
		const thrown = (name: string) => {
			try {
				names(name);
			} catch (error) {
				if (hasCode(error, 'CHAOS_NAME_UNKNOWN')) return error.message;
			}
			return assert.fail();
		};
		assert.equal(thrown('al-holds'), 'there is no experiment "al-holds"; did you mean all-holds?');
		assert.equal(thrown('zzzzzzzzzzzzz'), 'there is no experiment "zzzzzzzzzzzzz"');
		const [one] = entries;
		assert.ok(one);
		assert.throws(() => chooseEntries([one, { ...one, name: 'two-more' }], ['two']), {
			message: '"two" is the beginning of more than one experiment: two-verdicts, two-more',
		});
	});

	it('has a problem when two have one id, or the order names one that is not there', () => {
		const folder = mkdtempSync(join(tmpdir(), 'kubejoin-chaos-'));
		try {
			mkdirSync(join(folder, 'c'));
			for (const name of ['a.yaml', 'b.yml']) writeFileSync(join(folder, 'c', name), fixtureText('all-holds.yaml'));
			writeFileSync(join(folder, 'c', 'order.txt'), '# first\nz\n');
			const found = readCatalogue(join(folder, 'c'), 'c', machine).problems.map(
				({ where, text }) => `${where} ${text}`,
			);
			assert.deepEqual(found, [
				'c/order.txt:2:1 there is no experiment z',
				'c/b.yml:1:1 has the name or the id of c/a.yaml',
			]);
		} finally {
			rmSync(folder, { recursive: true });
		}
	});

	it('is listed within 80 columns, and as JSON', () => {
		assert.ok(
			listTable(entries)
				.split('\n')
				.every((line) => line.length <= COLUMNS),
		);
		const [first] = JSON.parse(listJson(entries));
		assert.deepEqual([first.name, first.id, first.expected.security], ['two-verdicts', 'X98', 'violated']);
	});

	it('says what would be done, without secrets', () => {
		const [two] = entries;
		assert.ok(two?.plan);
		assert.match(planText(two.plan), /method\n {4}action open-the-door\n {6}\$ node -e .*\$\{door_key\}/);
	});
});

describe('a seed', () => {
	it('decides the order, and another seed another', () => {
		const list = Array.from({ length: 10 }, (_, index) => index);
		assert.deepEqual(shuffle(list, 7), shuffle(list, 7));
		assert.notDeepEqual(shuffle(list, 7), shuffle(list, 8));
		assert.deepEqual(
			shuffle(list, 7).toSorted((one, other) => one - other),
			list,
		);
	});
});
