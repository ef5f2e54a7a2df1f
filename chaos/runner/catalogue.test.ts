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

	it('lists the experiments of the order file first, then the others by id', () => {
		assert.deepEqual(
			entries.map(({ name }) => name),
			['two-verdicts', 'all-holds'],
		);
		assert.deepEqual(problems, []);
	});

	it('chooses by name, id or unique prefix, each experiment once', () => {
		assert.deepEqual(names('two', 'x99', 'all-holds', 'X98'), ['two-verdicts', 'all-holds']);
	});

	it('CHAOS_NAME_UNKNOWN and CHAOS_NAME_AMBIGUOUS: suggests similar names and lists the matches', () => {
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
			message: '"two" matches more than one experiment: two-verdicts, two-more',
		});
	});

	it('reports a repeated id and an unknown name in the order file', () => {
		const folder = mkdtempSync(join(tmpdir(), 'kubejoin-chaos-'));
		try {
			mkdirSync(join(folder, 'c'));
			for (const name of ['a.yaml', 'b.yml']) writeFileSync(join(folder, 'c', name), fixtureText('all-holds.yaml'));
			writeFileSync(join(folder, 'c', 'order.txt'), '# first\nz\n');
			const found = readCatalogue(join(folder, 'c'), 'c', machine).problems.map(
				({ where, text }) => `${where} ${text}`,
			);
			assert.deepEqual(found, [
				'c/order.txt:2:1 no experiment is named z',
				'c/b.yml:1:1 has the same name or id as c/a.yaml',
			]);
		} finally {
			rmSync(folder, { recursive: true });
		}
	});

	it('lists within 80 columns, and as JSON', () => {
		assert.ok(
			listTable(entries)
				.split('\n')
				.every((line) => line.length <= COLUMNS),
		);
		const [first] = JSON.parse(listJson(entries));
		assert.deepEqual([first.name, first.id, first.expected.security], ['two-verdicts', 'X98', 'violated']);
	});

	it('prints the commands of an experiment', () => {
		const [two] = entries;
		assert.ok(two?.plan);
		const text = planText(two.plan);
		assert.match(
			text,
			/^two-verdicts \(X98\): An open door admits a stranger\n {2}before\n {4}probe house-is-intact\n/,
		);
		assert.match(text, /method\n {4}action open-door\n {6}\$ node -e console\.log\("open"\); process\.exit\(3\)\n/);
		assert.match(text, /rollbacks, in every case\n {4}action close-door\n/);
	});
});

describe('a seed', () => {
	it('determines the order', () => {
		const list = Array.from({ length: 10 }, (_, index) => index);
		assert.deepEqual(shuffle(list, 7), shuffle(list, 7));
		assert.notDeepEqual(shuffle(list, 7), shuffle(list, 8));
		assert.deepEqual(
			shuffle(list, 7).toSorted((one, other) => one - other),
			list,
		);
	});
});
