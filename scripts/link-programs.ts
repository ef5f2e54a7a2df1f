/**
 * Links the programs of package.json into node_modules/.bin, the last step of the build. npm does that only for
 * dependencies. The programs are not in `bin`, because npx installs a package with its own program into its cache: that
 * needs a home directory and seconds, and after an interruption each later call fails.
 */
import '../lib/require-node.ts';
import { chmodSync, mkdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { join, relative } from 'node:path';
import { projectPath } from '../lib/paths.ts';

const { programs } = JSON.parse(readFileSync(projectPath('package.json'), 'utf8')) as {
	readonly programs: Record<string, string>;
};
const directory = projectPath('node_modules', '.bin');
mkdirSync(directory, { recursive: true });
for (const [name, path] of Object.entries(programs)) {
	const program = projectPath(path);
	const link = join(directory, name);
	chmodSync(program, 0o755);
	rmSync(link, { force: true });
	symlinkSync(relative(directory, program), link);
}
