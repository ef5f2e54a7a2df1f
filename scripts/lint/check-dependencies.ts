/** Part of `npm run lint`: prints each import in a direction that is not allowed. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { projectPath } from '../../lib/paths.ts';
import { dependencyProblems, importsOf } from './dependencies.ts';

const listed = execFileSync('git', ['ls-files', '-co', '--exclude-standard', '*.ts', '*.tsx'], {
	cwd: projectPath(),
	encoding: 'utf8',
});
const isChecked = (path: string): boolean =>
	/^(?:lib|services|infra|chaos|scripts)\//u.test(path) &&
	!/\.(?:test|fixture|contract)\./u.test(path) &&
	existsSync(projectPath(path));
const imports = listed
	.split('\n')
	.filter(isChecked)
	.flatMap((path) => importsOf(path, readFileSync(projectPath(path), 'utf8')));
const problems = dependencyProblems(imports);
if (problems.length > 0) {
	process.stderr.write(`${problems.join('\n')}\nscripts/lint/dependencies.ts defines the directions\n`);
	process.exitCode = 1;
}
