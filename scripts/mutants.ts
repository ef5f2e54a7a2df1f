/**
 * `npm run test:mutants`: breaks the code on purpose, one fault at a time, in copies of the project, and runs the tests
 * that must fail. A later change could introduce a fault that no test detects.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Command } from 'commander';
import { parsedBy } from '../lib/cli/options.ts';
import { environment, integer } from '../lib/config.ts';
import { projectPath } from '../lib/paths.ts';
import { type Target, targets } from './mutants/table.ts';

interface Flags {
	readonly changed?: string | true;
	readonly only?: string;
	readonly jobs: number;
}
interface Mutant extends Omit<Target, 'mutants'> {
	readonly search: string;
	readonly replace: string;
}
/** `broken`: its text is not in the file exactly once, or the changed file cannot be read as TypeScript. */
type Outcome = 'killed' | 'survived' | 'broken';

const MIN_KILLED = 0.95;
/** Ends tests that a mutant makes run for ever. */
const LIMIT_MS = 240_000;
const mocha = 'node_modules/mocha/bin/mocha.js';

const git = (...args: readonly string[]): string => {
	const { status, stdout, stderr } = spawnSync('git', args, { cwd: projectPath(), encoding: 'utf8' });
	if (status !== 0) throw new Error(`git ${args.join(' ')}: ${stderr.trim()}`);
	return stdout.trim();
};

/** The commit to compare with: where this branch left main, or the previous commit if there is no main. */
function defaultBase(): string {
	try {
		const base = git('merge-base', 'origin/main', 'HEAD');
		if (base !== git('rev-parse', 'HEAD')) return base;
	} catch {
		// There is no origin: a checkout of its own.
	}
	return 'HEAD~1';
}

/** Files that differ from the base, committed or not. */
function changedFiles(base: string): ReadonlySet<string> {
	const untracked = git('ls-files', '--others', '--exclude-standard');
	return new Set([...git('diff', '--name-only', base).split('\n'), ...untracked.split('\n')]);
}

/** A mutant is run again when its file or one of its tests has changed. */
function selectTargets({ changed, only }: Flags): readonly Target[] {
	const named = targets.filter(({ file }) => only === undefined || file.includes(only));
	if (changed === undefined) return named;
	const files = [...changedFiles(changed === true ? defaultBase() : changed)];
	const isChanged = (path: string) => files.some((file) => file === path || file.startsWith(`${path}/`));
	return named.filter(
		({ file, tests }) => isChanged(file) || tests.filter((test) => test.endsWith('.ts')).some(isChanged),
	);
}

/** A copy of the project without dist, which unit tests do not need. */
function copyProject(folder: string): string {
	const copy = mkdtempSync(join(folder, 'copy-'));
	for (const file of git('ls-files', '--cached', '--others', '--exclude-standard').split('\n')) {
		mkdirSync(join(copy, dirname(file)), { recursive: true });
		cpSync(projectPath(file), join(copy, file), { force: true });
	}
	symlinkSync(projectPath('node_modules'), join(copy, 'node_modules'));
	return copy;
}

async function runTests(
	copy: string,
	tests: readonly string[],
): Promise<{ readonly passed: boolean; readonly output: string }> {
	const { PATH = '', HOME = '' } = environment();
	const args = [mocha, '--bail', '--reporter', 'dot', '--ignore=test/**', ...tests];
	const child = spawn(process.execPath, args, { cwd: copy, env: { PATH, HOME }, stdio: ['ignore', 'pipe', 'pipe'] });
	const chunks: Buffer[] = [];
	for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => chunks.push(chunk));
	const timer = setTimeout(() => child.kill('SIGKILL'), LIMIT_MS);
	const [code] = await once(child, 'close');
	clearTimeout(timer);
	return { passed: code === 0, output: Buffer.concat(chunks).toString() };
}

/** Runs the tests again when one of them ran out of time, which a busy machine causes as well as a mutant does. */
async function runTestsTwiceIfSlow(copy: string, tests: readonly string[]): ReturnType<typeof runTests> {
	const first = await runTests(copy, tests);
	return !first.passed && /Timeout of \d+ms exceeded/.test(first.output) ? runTests(copy, tests) : first;
}

async function tryMutant(copy: string, { file, tests, search, replace }: Mutant): Promise<Outcome> {
	const path = join(copy, file);
	const text = readFileSync(path, 'utf8');
	if (text.split(search).length !== 2) return 'broken';
	writeFileSync(
		path,
		text.replace(search, () => replace),
	);
	try {
		const { passed, output } = await runTestsTwiceIfSlow(copy, tests);
		if (/TransformError|Transform failed/.test(output)) return 'broken';
		return passed ? 'survived' : 'killed';
	} finally {
		writeFileSync(path, text);
	}
}

/** Each job works in a copy of its own, on the next item. */
async function inParallel<T>(
	items: readonly T[],
	jobs: number,
	work: (item: T, job: number) => Promise<void>,
): Promise<void> {
	const waiting = [...items];
	const run = async (job: number) => {
		for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) await work(item, job);
	};
	await Promise.all(Array.from({ length: jobs }, (_, job) => run(job)));
}

async function main(flags: Flags): Promise<void> {
	const selected = selectTargets(flags);
	const mutants = selected.flatMap(({ mutants: pairs, ...target }) =>
		pairs.map(([search, replace]): Mutant => ({ ...target, search, replace })),
	);
	if (mutants.length === 0) {
		process.stdout.write('No file with mutants has changed.\n');
		return;
	}
	const folder = mkdtempSync(join(tmpdir(), 'kubejoin-mutants-'));
	process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
	const jobs = Math.min(flags.jobs, mutants.length);
	const copies = Array.from({ length: jobs }, () => copyProject(folder));
	const copyOf = (job: number) => copies[job] ?? '';

	// Tests that fail by themselves would kill every mutant.
	const failing: string[] = [];
	const testLists = [...new Map(selected.map(({ tests }) => [tests.join(' '), tests])).values()];
	await inParallel(testLists, jobs, async (tests, job) => {
		const { passed, output } = await runTestsTwiceIfSlow(copyOf(job), tests);
		if (!passed) failing.push(`${tests.join(' ')} fails without a mutant:\n${output}`);
	});
	if (failing.length > 0) {
		process.stderr.write(failing.join('\n'));
		process.exitCode = 1;
		return;
	}

	const outcomes = new Map<Mutant, Outcome>();
	await inParallel(mutants, jobs, async (mutant, job) => {
		const outcome = await tryMutant(copyOf(job), mutant);
		outcomes.set(mutant, outcome);
		if (outcome !== 'killed')
			process.stdout.write(
				`${outcome}: ${mutant.file}\n  - ${oneLine(mutant.search)}\n  + ${oneLine(mutant.replace)}\n`,
			);
	});
	report(selected, outcomes);
}

const oneLine = (text: string): string => text.trim().replace(/\s*\n\s*/g, ' ');

function report(selected: readonly Target[], outcomes: ReadonlyMap<Mutant, Outcome>): void {
	const count = (wanted: Outcome, file?: string) =>
		[...outcomes].filter(([mutant, outcome]) => outcome === wanted && (file === undefined || mutant.file === file))
			.length;
	const width = Math.max(...selected.map(({ file }) => file.length));
	process.stdout.write(`${'file'.padEnd(width)}  mutants  killed\n`);
	for (const { file, mutants } of selected)
		process.stdout.write(
			`${file.padEnd(width)}  ${String(mutants.length).padStart(7)}  ${String(count('killed', file)).padStart(6)}\n`,
		);
	const [killed, broken, all] = [count('killed'), count('broken'), outcomes.size];
	process.stdout.write(
		`${killed} of ${all} mutants killed (${((100 * killed) / all).toFixed(1)} %), ${broken} no longer apply\n`,
	);
	if (broken > 0 || killed / all < MIN_KILLED) process.exitCode = 1;
}

await new Command('npm run test:mutants --')
	.description('Break the code on purpose; exit code 1 if the tests notice less than 95 % of it')
	.configureHelp({ helpWidth: 80, minWidthToWrap: 20 })
	.option('--changed [base]', 'only mutants whose file or test changed since this commit (default: since main)')
	.option('--only <text>', 'only mutants of files whose path holds this text')
	.option('--jobs <number>', 'run this many at once', parsedBy(integer(1, 64)), Math.min(availableParallelism(), 2))
	.action(main)
	.parseAsync();
