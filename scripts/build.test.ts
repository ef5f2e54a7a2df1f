import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { projectPath } from '../lib/paths.ts';

describe('a build', () => {
	let root: string;
	const file = (name: string, text = ''): void => {
		const path = join(root, name);
		mkdirSync(dirname(path), { recursive: true });
		writeFileSync(path, text);
	};
	const build = () => spawnSync(process.execPath, [join(root, 'scripts/build.mjs')], { encoding: 'utf8' });
	beforeEach(() => {
		root = mkdtempSync(join(tmpdir(), 'kubejoin-build-'));
		for (const name of ['build.mjs', 'build-stamp.mjs', 'build-tools.cjs'])
			cpSync(projectPath('scripts', name), join(root, 'scripts', name));
		const scripts = { 'build:all': 'node -e 0' };
		file('package.json', JSON.stringify({ type: 'module', engines: { node: '>=20.19' }, scripts }));
		for (const tool of ['typescript', 'esbuild']) file(`node_modules/${tool}/package.json`, '{}');
	});
	afterEach(() => rmSync(root, { recursive: true }));

	it('leaves a stamp', () => {
		const { status, stderr } = build();
		assert.deepEqual([status, stderr], [0, '']);
		assert.equal(existsSync(join(root, 'dist/.build-stamp')), true);
	});

	it('says how to install the tools that are missing', () => {
		rmSync(join(root, 'node_modules/esbuild'), { recursive: true });
		const { status, stderr } = build();
		assert.equal(status, 1);
		assert.match(stderr, /^[^\n]*\(missing: esbuild\): run npm ci --include=dev\n$/);
	});

	it('needs no tools where nothing has changed', () => {
		build();
		rmSync(join(root, 'node_modules/esbuild'), { recursive: true });
		assert.equal(build().status, 0);
	});

	it('says that it cannot write its output', () => {
		file('dist');
		const { status, stderr } = build();
		assert.equal(status, 1);
		assert.match(stderr, /^kubejoin cannot be compiled: EEXIST: .*\ndo this: Let this user write to .*dist\n$/);
	});

	it('names the earlier build that starts without a stamp', () => {
		file('dist/bundle/scripts/up.js');
		mkdirSync(join(root, 'dist/.build-stamp'));
		const { status, stderr } = build();
		assert.equal(status, 1);
		assert.match(stderr, /\ndo this: .*, or start the earlier build: node dist\/bundle\/scripts\/up\.js\n$/);
	});
});
