/**
 * `npm run lint:text`: checks the texts of all tracked files, and prints each finding. With --summary it prints them only
 * if a check fails. Exit code 1 if one fails.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { projectPath } from '../../lib/paths.ts';
import { longLines, MAX_COLUMNS } from './columns.ts';
import { emptyDocComments } from './doc-comments.ts';
import { MAX_RATE, rateOf, readProse } from './prose.ts';

/** Recorded output, the licence, and the patterns and examples of these checks. */
const excluded = /^(?:LICENSE|package-lock\.json|test\/fixtures|.*\/fixtures\/|scripts\/lint\/)/u;
const checked = /\.(?:md|ts|tsx|yaml|yml)$/u;

const files = execFileSync('git', ['ls-files'], { cwd: projectPath(), encoding: 'utf8' })
	.split('\n')
	.filter((path) => checked.test(path) && !excluded.test(path))
	.map((path) => ({ path, source: readFileSync(projectPath(path), 'utf8') }));

const prose = files.map(({ path, source }) => ({ path, ...readProse(path, source) }));
const habits = prose.flatMap(({ path, findings }) =>
	findings.map(({ line, habit, text }) => `${path}:${line}: ${habit.name}: …${text}… (write: ${habit.instead})`),
);
const rate = rateOf(prose);
const words = prose.reduce((sum, one) => sum + one.words, 0);

const columns = files.flatMap(({ path, source }) =>
	longLines(path, source).map((line) => `${path}:${line}: more than ${MAX_COLUMNS} columns`),
);
const comments = files
	.filter(({ path }) => /\.tsx?$/u.test(path))
	.flatMap(({ path, source }) =>
		emptyDocComments(path, source).map(
			(line) => `${path}:${line}: a doc comment without information: delete it, or state a reason or a contract`,
		),
	);

const report = [
	...habits,
	...columns,
	...comments,
	`${habits.length} habits in ${words} words: ${rate.toFixed(1)} per 10,000, at most ${MAX_RATE}`,
	`${columns.length} long lines, ${comments.length} doc comments without information`,
];
const isClean = rate <= MAX_RATE && columns.length === 0 && comments.length === 0;
const isShort = isClean && process.argv.includes('--summary');
process.stdout.write(`${(isShort ? report.slice(-2) : report).join('\n')}\n`);
process.exitCode = isClean ? 0 : 1;
