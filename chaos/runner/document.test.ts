import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hasCode } from '../../lib/errors.ts';
import { parseText, pathText, readDocument } from './document.ts';

describe('parseText', () => {
	it('reads merge keys, anchors and YAML 1.1 as PyYAML does', () => {
		const text = 'a: &lab { path: bin/lab, timeout: 120 }\nb: { <<: *lab, timeout: 300 }\nc: yes\n';
		assert.deepEqual(parseText(text, 'x.yaml').value, {
			a: { path: 'bin/lab', timeout: 120 },
			b: { path: 'bin/lab', timeout: 300 },
			c: true,
		});
	});

	it('finds the line of a part, and of the parent of a missing or merged part', () => {
		const { where } = parseText('a: &x { p: 1 }\nlist:\n  - one\n  - { <<: *x, q: 2 }\n', 'f.yaml');
		assert.equal(where(['list', 1, 'q']), 'f.yaml:4:18');
		assert.equal(where(['list', 1, 'p']), 'f.yaml:4:5');
		assert.equal(where(['list', 7, 'x']), 'f.yaml:3:3');
		assert.equal(where(['other']), 'f.yaml:1:1');
	});

	it('returns a scalar as it is written', () => {
		const { source } = parseText('a: 1_000\nb: "2"\nc: { d: 0x10 }\n', 'f.yaml');
		assert.deepEqual(
			[source(['a']), source(['b']), source(['c', 'd']), source(['c'])],
			['1_000', '2', '0x10', undefined],
		);
	});

	it('names the file without its extension', () => {
		assert.equal(parseText('{}', 'chaos/experiments/wrong-pin.yaml').name, 'wrong-pin');
	});

	it('reports an unknown anchor and a broken JSON file', () => {
		assert.match(parseText('a: *none', 'f.yaml').problems[0]?.text ?? '', /anchor|alias/i);
		assert.equal(parseText('a: 1', 'f.json').problems.length, 1);
	});
});

describe('readDocument', () => {
	it('FILE_UNUSABLE: names a file that it cannot read', () => {
		const folder = mkdtempSync(join(tmpdir(), 'kubejoin-document-'));
		try {
			writeFileSync(join(folder, 'a.yaml'), 'a: 1');
			assert.deepEqual(readDocument(join(folder, 'a.yaml'), 'c/a.yaml').value, { a: 1 });
			assert.throws(
				() => readDocument(join(folder, 'b.yaml'), 'c/b.yaml'),
				(error) => hasCode(error, 'FILE_UNUSABLE') && error.message.includes('c/b.yaml'),
			);
		} finally {
			rmSync(folder, { recursive: true });
		}
	});
});

describe('pathText', () => {
	it('writes keys and indices as a path', () => {
		assert.equal(
			pathText(['steady-state-hypothesis', 'probes', 0, 'a b']),
			'$.steady-state-hypothesis.probes[0]["a b"]',
		);
		assert.equal(pathText([]), '$');
	});
});
