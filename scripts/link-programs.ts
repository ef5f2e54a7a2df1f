/**
 * Links the programs of package.json into node_modules/.bin, the last step of the build. npm does that only for
 * dependencies, and `npx` takes half a second for each call.
 */
import '../lib/require-node.ts';
import { chmodSync, mkdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { join, relative } from 'node:path';
import { projectPath } from '../lib/paths.ts';

const { bin } = JSON.parse(readFileSync(projectPath('package.json'), 'utf8')) as {
	readonly bin: Record<string, string>;
};
const directory = projectPath('node_modules', '.bin');
mkdirSync(directory, { recursive: true });
for (const [name, path] of Object.entries(bin)) {
	const program = projectPath(path);
	const link = join(directory, name);
	chmodSync(program, 0o755);
	rmSync(link, { force: true });
	symlinkSync(relative(directory, program), link);
}
