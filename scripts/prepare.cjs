/** npm runs this after it has installed: compiles, or says what is missing for it. Written for any Node. */
const { spawnSync } = require('node:child_process');
const { existsSync } = require('node:fs');
const { join } = require('node:path');

const tools = ['typescript', 'esbuild'];
const missing = tools.filter((tool) => !existsSync(join(__dirname, '..', 'node_modules', tool)));
if (missing.length > 0) {
	process.stderr.write(
		`kubejoin is compiled when it is installed and needs the development dependencies (missing: ${missing.join(', ')}): run npm ci --include=dev\n`,
	);
	process.exitCode = 1;
} else {
	process.exitCode =
		spawnSync('npm', ['run', 'build'], { stdio: 'inherit', shell: process.platform === 'win32' }).status ?? 1;
}
