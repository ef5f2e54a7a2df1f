import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { environment } from '../lib/config.ts';
import { projectPath } from '../lib/paths.ts';

describe('npx in a checkout', () => {
	let root: string;
	const cache = () => join(root, 'cache');
	const npx = (program: string) =>
		spawnSync('npx', ['--offline', program], {
			cwd: root,
			env: { ...environment(), npm_config_cache: cache() },
			encoding: 'utf8',
		});
	beforeEach(() => {
		root = mkdtempSync(join(tmpdir(), 'kubejoin-npx-'));
		for (const file of ['package.json', '.npmrc']) copyFileSync(projectPath(file), join(root, file));
	});
	afterEach(() => rmSync(root, { recursive: true }));

	it('runs the linked program, and installs nothing into its cache', () => {
		const programs = join(root, 'node_modules/.bin');
		mkdirSync(programs, { recursive: true });
		const name = 'kubejoin';
		writeFileSync(join(programs, name), `#!/bin/sh\necho this is ${name}\n`, { mode: 0o755 });
		assert.equal(npx(name).stdout, `this is ${name}\n`);
		assert.equal(existsSync(join(cache(), '_npx')), false);
	});

	it('downloads no program of that name where nothing is built', () => {
		const config = spawnSync('npm', ['config', 'get', 'yes'], { cwd: root, encoding: 'utf8' });
		assert.equal(config.stdout.trim(), 'false');
	});
});
