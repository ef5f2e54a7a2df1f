/** The test run itself: it fails if it would run other tests than requested, or would not end. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { newerThanBuild } from './build.ts';
import { runMocha } from './mocha.ts';

describe('a run of mocha', () => {
	let folder: string;
	beforeEach(() => {
		folder = mkdtempSync(join(tmpdir(), 'kubejoin-mocha-'));
	});
	afterEach(() => rmSync(folder, { recursive: true }));
	const file = (name: string, text: string): string => {
		const path = join(folder, name);
		mkdirSync(dirname(path), { recursive: true });
		writeFileSync(path, text);
		return path;
	};

	it('refuses a missing path and runs no test', async () => {
		for (const paths of [
			['services/ca-servic'],
			['lib/clock.test.ts', 'lib/clok.test.ts'],
			['--reporter', 'dot', 'lbi'],
		]) {
			const { code, stdout, stderr } = await runMocha(paths);
			assert.deepEqual([code, stdout], [1, ''], stderr);
			assert.match(stderr, /^error: no test file or directory (services\/ca-servic|lib\/clok\.test\.ts|lbi)\n$/);
		}
	});

	it('does not take the value of an option for a path', async () => {
		const passing = file('passing.test.ts', "it('passes', () => undefined);");
		const { code, stdout } = await runMocha(['--reporter', 'json', '-g', 'passes', passing]);
		assert.equal(code, 0, stdout);
		assert.equal(JSON.parse(stdout).stats.passes, 1);
	});

	it('ends with exit code 1 after a test that leaves a timer or a child process', async () => {
		const leak = file('leak.test.ts', "it('leaves a timer', () => void setInterval(() => undefined, 1_000));");
		const { code, stderr } = await runMocha([leak], { TEST_OPEN_HANDLES_MS: '200' });
		assert.equal(code, 1, stderr);
		assert.match(stderr, /the tests left open: .*Timeout/);
	});

	it('refuses a build that is older than a source', () => {
		const built = file('dist/.tsbuildinfo', '');
		const bundle = file('dist/bundle/scripts/up.js', '');
		const page = file('dist/services/observer/public/page.js', '');
		const source = file('lib/paths.ts', '');
		const view = file('services/observer/page/view.tsx', '');
		for (const ignored of ['lib/paths.test.ts', 'infra/readme.md']) file(ignored, '');
		for (const empty of ['chaos', 'scripts']) mkdirSync(join(folder, empty));
		const at = (path: string, seconds: number) => utimesSync(path, seconds, seconds);
		for (const path of [built, bundle, page]) at(path, 2_000);
		for (const path of [source, view]) at(path, 1_000);
		assert.equal(newerThanBuild(folder), undefined);
		at(source, 3_000);
		assert.equal(newerThanBuild(folder), 'lib/paths.ts');
		at(built, 4_000);
		assert.equal(newerThanBuild(folder), 'lib/paths.ts');
		at(source, 1_000);
		at(view, 3_000);
		assert.equal(newerThanBuild(folder), 'services/observer/page/view.tsx');
		at(view, 1_000);
		rmSync(built);
		assert.equal(newerThanBuild(folder), 'lib/paths.ts');
	});
});
