// Runs every test except those that need containers or kubectl, and those that run the whole catalogue of experiments,
// or only the tests of the paths on the command line. Mocha adds paths to its `spec` and drops a path that does not
// exist, so that a mistyped path would run every test.
const { existsSync } = require('node:fs');
const { parseArgs } = require('node:util');
const { aliases, types } = require('mocha/lib/cli/run-option-metadata.cjs');

const withValue = [...types.array, ...types.number, ...types.string].map((name) => {
	const short = (aliases[name] ?? []).find((alias) => alias.length === 1);
	return [name, { type: 'string', multiple: true, ...(short === undefined ? {} : { short }) }];
});
const { positionals } = parseArgs({
	args: process.argv.slice(2),
	options: Object.fromEntries(withValue),
	strict: false,
	allowPositionals: true,
});
const isGlob = (path) => /[*?{[]/.test(path);
const missing = positionals.filter((path) => !isGlob(path) && !existsSync(path));
if (missing.length > 0) {
	process.stderr.write(`error: no test file or directory ${missing.join(', ')}\n`);
	process.exit(1);
}

// biome-ignore lint/style/noProcessEnv: tests quote English sentences, and start programs with this environment
process.env.LC_ALL = 'C.UTF-8';

module.exports = {
	import: 'tsx/esm',
	require: './test/hooks.ts',
	extension: ['test.ts'],
	recursive: true,
	// For a machine that is busy: property tests and RSA keys take seconds there. No test asserts by it.
	timeout: 240_000,
	...(positionals.length > 0
		? {}
		: {
				spec: ['{chaos,lib,services,infra,scripts,test}/**/*.test.ts'],
				ignore: ['test/compose*.test.ts', 'test/chaos-*.test.ts', 'test/attacks/**', 'test/kubectl/kubectl.test.ts'],
			}),
};
