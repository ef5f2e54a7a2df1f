/** `npm run lint:prose`: every habit in the tracked texts, the rate per folder, and an exit code. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { projectPath } from '../../lib/paths.ts';
import { MAX_RATE, type Prose, rateOf, readProse } from './prose.ts';

/** Recorded output, licence, and the patterns of this check themselves. */
const excluded = /^(?:LICENSE|package-lock\.json|test\/fixtures|scripts\/.*\/fixtures\/|scripts\/lint\/prose)/u;
const read = /\.(?:md|ts|tsx|yaml|yml)$/u;

interface FileProse extends Prose {
	readonly path: string;
}

function trackedProse(): FileProse[] {
	const paths = execFileSync('git', ['ls-files'], { cwd: projectPath(), encoding: 'utf8' }).split('\n');
	return paths
		.filter((path) => read.test(path) && !excluded.test(path))
		.map((path) => ({ path, ...readProse(path, readFileSync(projectPath(path), 'utf8')) }));
}

const all = trackedProse();
const lines = all.flatMap(({ path, findings }) =>
	findings.map(({ line, habit, text }) => `${path}:${line}: ${habit.name}: …${text}… (write: ${habit.instead})`),
);
const rate = rateOf(all);
const words = all.reduce((sum, one) => sum + one.words, 0);
const summary = `${lines.length} in ${words} words: ${rate.toFixed(1)} per 10,000, at most ${MAX_RATE}`;
process.stdout.write(`${[...lines, summary].join('\n')}\n`);
if (rate > MAX_RATE) process.exitCode = 1;
