/**
 * `npm run build` and `npm start`: builds unless the last build is that of the sources as they are now.
 * usage: node scripts/build.mjs [PROGRAM [ARGUMENT...]]   then runs the program in this process
 */
import { spawnSync } from 'node:child_process';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { isBuilt, removeStamp, sourcesDigest, writeStamp } from './build-stamp.mjs';

const root = join(import.meta.dirname, '..');

/** The exit code. A build that fails or is interrupted leaves no stamp. */
function build() {
	if (isBuilt(root)) return 0;
	const sources = sourcesDigest(root);
	removeStamp(root);
	const npm = { cwd: root, stdio: 'inherit', shell: process.platform === 'win32' };
	const { status } = spawnSync('npm', ['run', '--silent', 'build:all'], npm);
	if (status === 0) writeStamp(root, sources);
	return status ?? 1;
}

process.exitCode = build();
const [program] = process.argv.splice(2, 1);
if (program !== undefined && process.exitCode === 0) {
	process.argv[1] = resolve(program);
	await import(pathToFileURL(process.argv[1]).href);
}
