/** npm runs this after it has installed: compiles, or says what is missing for it. Written for any Node. */
const { spawnSync } = require('node:child_process');
const { join } = require('node:path');
const { missingTools } = require('./build-tools.cjs');

const problem = missingTools(join(__dirname, '..'));
if (problem !== undefined) {
	process.stderr.write(problem);
	process.exitCode = 1;
} else {
	process.exitCode =
		spawnSync('npm', ['run', 'build'], { stdio: 'inherit', shell: process.platform === 'win32' }).status ?? 1;
}
