import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { isBuilt, removeStamp, sourcesDigest, writeStamp } from './build-stamp.mjs';

describe('the stamp of a build', () => {
	let root: string;
	const file = (name: string, text = 'text'): string => {
		const path = join(root, name);
		mkdirSync(dirname(path), { recursive: true });
		writeFileSync(path, text);
		return path;
	};
	beforeEach(() => {
		root = mkdtempSync(join(tmpdir(), 'kubejoin-stamp-'));
		for (const folder of ['chaos', 'infra', 'lib/kube', 'scripts', 'services/observer/page', 'test'])
			file(`${folder}/a.ts`);
		for (const name of ['package.json', 'tsconfig.json', 'node_modules/.package-lock.json']) file(name);
		for (const name of ['dist/lib/a.js', 'dist/bundle/a.js']) file(name);
		writeStamp(root, sourcesDigest(root));
	});
	afterEach(() => rmSync(root, { recursive: true }));

	it('is valid while nothing has changed', () => {
		assert.equal(isBuilt(root), true);
		file('README.md');
		assert.equal(isBuilt(root), true);
	});

	it('is valid after the checkout was moved', () => {
		const moved = `${root}-moved`;
		renameSync(root, moved);
		const found = isBuilt(moved);
		renameSync(moved, root);
		assert.equal(found, true);
	});

	const changes: Record<string, () => void> = {
		'another text of the same size and time': () => {
			const path = join(root, 'lib/kube/a.ts');
			const { atime, mtime } = statSync(path);
			file('lib/kube/a.ts', 'TEXT');
			utimesSync(path, atime, mtime);
		},
		'a new file': () => void file('services/observer/page/page.css'),
		'a deleted file': () => rmSync(join(root, 'test/a.ts')),
		'a renamed file': () => renameSync(join(root, 'chaos/a.ts'), join(root, 'chaos/b.ts')),
		'other settings of the compiler': () => void file('tsconfig.json', 'other'),
		'other libraries': () => void file('node_modules/.package-lock.json', 'other'),
		'a missing output': () => rmSync(join(root, 'dist/bundle/a.js')),
		'a missing folder': () => rmSync(join(root, 'infra'), { recursive: true }),
		'no output at all': () => rmSync(join(root, 'dist'), { recursive: true }),
		'an interrupted build': () => removeStamp(root),
		'a stamp that was cut off': () => {
			const path = join(root, 'dist/.build-stamp');
			writeFileSync(path, readFileSync(path).subarray(0, 20));
		},
	};
	for (const [name, change] of Object.entries(changes))
		it(`is invalid after ${name}`, () => {
			change();
			assert.equal(isBuilt(root), false);
		});

	it('is invalid when a source changed during the build', () => {
		const before = sourcesDigest(root);
		file('lib/kube/a.ts', 'edited');
		writeStamp(root, before);
		assert.equal(isBuilt(root), false);
	});
});
