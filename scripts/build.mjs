/**
 * `npm run build` and `npm start`: builds unless the last build is that of the sources as they are now.
 * usage: node scripts/build.mjs [PROGRAM [ARGUMENT...]]   then runs the program in this process
 */
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { isBuilt, removeStamp, sourcesDigest, writeStamp } from './build-stamp.mjs';
import { missingTools } from './build-tools.cjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const output = join(root, 'dist');

// The modules that check the version of Node are not compiled yet.
const { engines } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const [wanted, found] = [engines.node, process.version].map((text) => text.match(/\d+/g).map(Number));
if (found[0] < wanted[0] || (found[0] === wanted[0] && found[1] < wanted[1])) {
	process.stderr.write(`kubejoin needs Node ${wanted.join('.')} or later; this is ${process.version}\n`);
	process.exit(1);
}

/** The exit code. A build that fails or is interrupted leaves no stamp. */
function build() {
	if (isBuilt(root)) return 0;
	const problem = missingTools(root);
	if (problem !== undefined) return fail(problem);
	try {
		mkdirSync(output, { recursive: true });
		accessSync(output, constants.W_OK);
		const sources = sourcesDigest(root);
		removeStamp(root);
		const npm = { cwd: root, stdio: 'inherit', shell: process.platform === 'win32' };
		const { status } = spawnSync('npm', ['run', '--silent', 'build:all'], npm);
		if (status === 0) writeStamp(root, sources);
		return status ?? 1;
	} catch (error) {
		const earlier = existsSync(join(output, 'bundle'))
			? ', or start the earlier build: node dist/bundle/scripts/up.js'
			: '';
		return fail(`kubejoin cannot be compiled: ${error.message}\ndo this: Let this user write to ${output}${earlier}\n`);
	}
}

function fail(text) {
	process.stderr.write(text);
	return 1;
}

process.exitCode = build();
const [program] = process.argv.splice(2, 1);
if (program !== undefined && process.exitCode === 0) {
	process.argv[1] = resolve(program);
	await import(pathToFileURL(process.argv[1]).href);
}
