import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KubejoinError } from '../../lib/errors.ts';
import { expandFilenames } from './filenames.ts';

describe('the files of -f', () => {
	let folder: string;
	beforeEach(() => {
		folder = mkdtempSync(join(tmpdir(), 'kubejoin-filenames-'));
		for (const path of ['d/sub', 'd/empty', 'd[1]']) mkdirSync(join(folder, path), { recursive: true });
		for (const path of ['d/b.json', 'd/a.yaml', 'd/c.yml', 'd/readme.txt', 'd/sub/d.yaml', 'd[1]/e.yaml', 'f'])
			writeFileSync(join(folder, path), '');
	});
	afterEach(() => rmSync(folder, { recursive: true }));

	const names = (values: readonly string[], recursive = false) =>
		expandFilenames(
			values.map((value) => (value === '-' ? value : join(folder, value))),
			'create',
			recursive,
		).map((path) => path.replace(`${folder}/`, ''));
	const errorOf = (...values: readonly string[]): KubejoinError => {
		try {
			expandFilenames(values, 'create', false);
		} catch (error) {
			if (error instanceof KubejoinError) return error;
			throw error;
		}
		return assert.fail('no error');
	};

	it('are a file of any extension, standard input, and the YAML and JSON files of a directory by name', () => {
		assert.deepEqual(names(['f', '-', 'd']), ['f', '-', 'd/a.yaml', 'd/b.json', 'd/c.yml']);
	});

	it('are those of directories in a directory with -R', () => {
		assert.deepEqual(names(['d'], true), ['d/a.yaml', 'd/b.json', 'd/c.yml', 'd/sub/d.yaml']);
	});

	it('are those that a pattern matches in each part of the path, and a file whose name is a pattern', () => {
		assert.deepEqual(names(['d/*.y*ml']), ['d/a.yaml', 'd/c.yml']);
		assert.deepEqual(names(['?/[a-b].*']), ['d/a.yaml', 'd/b.json']);
		assert.deepEqual(names(['d/[^ab]*']), ['d/c.yml', 'd/readme.txt', 'd/sub/d.yaml']);
		assert.deepEqual(names(['d\\[1]/*']), ['d[1]/e.yaml']);
		assert.deepEqual(names(['d[1]/e.yaml']), ['d[1]/e.yaml']);
		assert.deepEqual(names(['*/sub']), ['d/sub/d.yaml']);
	});

	it('must exist, and a directory must have one, with the texts of kubectl', () => {
		for (const missing of ['none', 'd/*.none', 'd/[', ''])
			assert.equal(errorOf(missing === '' ? '' : join(folder, missing)).code, 'COMMAND_INVALID');
		assert.equal(errorOf('/none-*').message, 'the path "/none-*" does not exist');
		const empty = join(folder, 'd/empty');
		assert.equal(errorOf(empty).message, `error reading [${empty}]: recognized file extensions are [.json .yaml .yml]`);
		symlinkSync(empty, join(folder, 'link'));
		assert.deepEqual(names(['link']), ['link']);
	});

	it('are not at a URL, and the error has the command that reads one', () => {
		const { message, remedy } = errorOf("https://h/a b'.yaml");
		assert.equal(message, 'cannot read "https://h/a b\'.yaml": kubectl-sim reads files, and no URLs');
		assert.match(remedy, /: curl -fsSL \S.* \| kubectl-sim create -f -$/);
		assert.equal(errorOf('ftp://h/a').message, 'the path "ftp://h/a" does not exist');
	});
});
