import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildSync } from 'esbuild';
import { readCode, writeCode } from './start-program.ts';

describe('compiled code of a command', () => {
	let directory: string;
	beforeEach(() => {
		directory = mkdtempSync(join(tmpdir(), 'kubejoin-code-'));
	});
	afterEach(() => rmSync(directory, { recursive: true, force: true }));

	it('is read as it was written, by its owner alone', () => {
		const path = join(directory, 'cache', 'code');
		writeCode(path, Buffer.from('compiled'));
		assert.equal(readCode(path)?.toString(), 'compiled');
		assert.equal(statSync(path).mode & 0o777, 0o600);
		assert.deepEqual(readdirSync(join(directory, 'cache')), ['code']);
	});

	it('is not read if it is absent, cut, or changed in one bit', () => {
		const path = join(directory, 'code');
		assert.equal(readCode(path), undefined);
		writeCode(path, Buffer.from('compiled'));
		const bytes = readFileSync(path);
		for (const length of [0, 31, 32, bytes.length - 1]) {
			writeFileSync(path, bytes.subarray(0, length));
			assert.equal(readCode(path), undefined, String(length));
		}
		for (let at = 0; at < bytes.length; at++) {
			const changed = Buffer.from(bytes);
			changed[at] = (changed[at] ?? 0) ^ 1;
			writeFileSync(path, changed);
			assert.equal(readCode(path), undefined, String(at));
		}
	});

	it('is not written where a file is in the way, without an error', () => {
		writeFileSync(join(directory, 'file'), '');
		writeCode(join(directory, 'file', 'code'), Buffer.from('compiled'));
		assert.deepEqual(readdirSync(directory), ['file']);
	});

	it('is written at the end of a program, and the next start runs it', () => {
		const [program, starter] = [join(directory, 'program.cjs'), join(directory, 'starter.mjs')];
		const entryPoints = [join(import.meta.dirname, 'start-program.ts')];
		buildSync({ entryPoints, outfile: starter, bundle: true, platform: 'node', format: 'esm' });
		writeFileSync(program, "module.exports = (async () => { console.log(require('node:path') !== undefined); })();");
		const start = (accepts: boolean, ...flags: readonly string[]) => {
			const text = [
				`import { startProgram } from '${starter}';`,
				"import { Script } from 'node:vm';",
				'const { createCachedData } = Script.prototype;',
				`Script.prototype.createCachedData = function () { console.log('compiled'); return createCachedData.call(this); };`,
				`await startProgram('${program}', 'digest', '${join(directory, 'cache')}');`,
			].join('\n');
			const { stdout, stderr } = spawnSync(process.execPath, [...flags, '--input-type=module', '-e', text], {
				encoding: 'utf8',
			});
			assert.equal(stdout, accepts ? 'true\n' : 'true\ncompiled\n', stderr);
		};
		start(false);
		start(true);
		writeFileSync(join(directory, 'cache', readdirSync(join(directory, 'cache'))[0] ?? ''), 'damaged');
		start(false);
		start(true);
		start(false, '--max-lazy');
		start(true, '--max-lazy');
	}).timeout(60_000);
});
