/** `npm run chaos`: runs experiments and tells what became of them. Wiring and words; the work is in scripts/chaos. */
import '../lib/require-node.ts';
import { randomInt } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import { Command, Option } from 'commander';
import { chooseEntries, type Entry, readCatalogue, shuffle } from '../chaos/runner/catalogue.ts';
import { createConsoleReporter } from '../chaos/runner/console-reporter.ts';
import type { Problem } from '../chaos/runner/document.ts';
import type { ChaosEvent } from '../chaos/runner/events.ts';
import type { Journal } from '../chaos/runner/journal.ts';
import { listJson, listTable, planText } from '../chaos/runner/list.ts';
import { seeJoins } from '../chaos/runner/observer.ts';
import { reportHtml, reportMarkdown } from '../chaos/runner/report.ts';
import { type MeshKind, meshKinds, recordResults } from '../chaos/runner/results.ts';
import { runExperiment } from '../chaos/runner/run.ts';
import type { Machine, Plan } from '../chaos/runner/validate.ts';
import { runCli } from '../lib/cli.ts';
import { parsedBy } from '../lib/cli-options.ts';
import { systemClock } from '../lib/clock.ts';
import { environment, integer, oneOf, urlWithScheme } from '../lib/config.ts';
import { KubejoinError } from '../lib/errors.ts';
import { makePrivateDirectory, writeWholeFile } from '../lib/files.ts';
import { projectPath } from '../lib/paths.ts';

interface Flags {
	readonly list?: boolean;
	readonly output: 'table' | 'json';
	readonly validate?: boolean;
	readonly dryRun?: boolean;
	readonly seed?: number;
	readonly shuffle?: boolean;
	readonly journal?: string;
	readonly progress: 'text' | 'json' | 'off';
	readonly mesh?: MeshKind;
	readonly state?: string;
	readonly observer: string;
	readonly record?: boolean;
	readonly catalogue: string;
}

const MAX_SEED = 2 ** 32 - 1;
const INTERRUPTED_EXIT_CODE = 130;
/** npm sends on the signal that the terminal sent already: the same Ctrl-C twice. */
const SAME_SIGNAL_MS = 300;

const write = (text: string) => void process.stdout.write(text);

const program = new Command('npm run chaos --')
	.description('Break the mesh on purpose, and see what holds')
	.argument('[experiment...]', 'names, ids, or the beginning of one name alone; none: all')
	.option('--list', 'show the experiments and run none')
	.addOption(new Option('-o, --output <format>', 'of the list').choices(['table', 'json']).default('table'))
	.option('--validate', 'check the documents and run none')
	.option('--dry-run', 'show what would be done and do none of it')
	.option(
		'--seed <number>',
		'of what is left to chance: CHAOS_SEED for the activities, and --shuffle',
		parsedBy(integer(0, MAX_SEED)),
	)
	.option('--shuffle', 'in an order that the seed decides')
	.option('--journal <dir>', 'where journals and report go (default: chaos/TIME in the state directory)')
	.addOption(
		new Option('--progress <how>', 'what is told: for people, one JSON object a line, or nothing')
			.choices(['text', 'json', 'off'])
			.default('text'),
	)
	.option('--mesh <kind>', 'local or compose (default: CHAOS_MESH, or whichever runs)', parsedBy(oneOf(...meshKinds)))
	.option('--state <dir>', 'where the mesh is kept (default: CHAOS_STATE, or .kubejoin)')
	.option(
		'--observer <url>',
		'who saw the joins, for the report',
		parsedBy(urlWithScheme('http', 'https')),
		'http://127.0.0.1:8080',
	)
	.option('--record', 'write the results into docs/chaos-results.json; needs --mesh')
	.option('--catalogue <dir>', 'where the experiments are', 'chaos/experiments')
	.addHelpText(
		'after',
		'\nRollbacks always run. Exit code: 0 all passed, 1 not, 2 a bad document, 3 bad\narguments, 130 interrupted.',
	)
	.action(chaos);

/** Completes the names of the experiments. */
function addNames(chaosProgram: Command): void {
	const { catalogue } = chaosProgram.opts<Flags>();
	const folder = resolve(projectPath(), catalogue);
	const { entries } = readCatalogue(folder, shown(folder), { environment: environment(), directory: projectPath() });
	for (const argument of chaosProgram.registeredArguments) argument.argChoices = entries.map(({ name }) => name);
}

async function chaos(names: readonly string[], flags: Flags): Promise<void> {
	const around = environment();
	const state = resolve(flags.state ?? around.CHAOS_STATE ?? projectPath('.kubejoin'));
	const mesh = flags.mesh ?? meshKinds.find((kind) => kind === around.CHAOS_MESH);
	if (flags.record && mesh === undefined)
		throw new KubejoinError('CHAOS_ARGUMENTS_INVALID', { problem: '--record needs --mesh local or --mesh compose' });
	const seed = flags.seed ?? randomInt(MAX_SEED);
	const known = {
		...around,
		CHAOS_STATE: state,
		CHAOS_SEED: String(seed),
		...(mesh === undefined ? {} : { CHAOS_MESH: mesh }),
	};
	const machine: Machine = { environment: known, directory: projectPath() };
	const folder = resolve(projectPath(), flags.catalogue);
	const { entries, problems } = readCatalogue(folder, shown(folder), machine);
	if (flags.list) return write(flags.output === 'json' ? listJson(entries) : listTable(entries));

	const chosen = chooseEntries(entries, names);
	const plans = plansOf(chosen, problems);
	if (plans.length === 0)
		throw new KubejoinError('CHAOS_ARGUMENTS_INVALID', { problem: `there are no experiments in ${shown(folder)}` });
	if (flags.validate) return write(`${plans.length} ${plans.length === 1 ? 'document is' : 'documents are'} good\n`);
	const ordered = flags.shuffle ? shuffle(plans, seed) : plans;
	if (flags.dryRun) return write(ordered.map(planText).join('\n'));
	await run(ordered, { machine, seed, mesh, flags, state });
}

/** @throws CHAOS_DOCUMENT_INVALID  with everything that is wrong with any of them */
function plansOf(entries: readonly Entry[], others: readonly Problem[]): readonly Plan[] {
	const problems = [...others, ...entries.flatMap((entry) => entry.problems)];
	if (problems.length > 0)
		throw new KubejoinError('CHAOS_DOCUMENT_INVALID', {
			problems: problems.map(
				({ where, path, text }) => `${where}: ${[path, text].filter((part) => part !== '').join(' ')}`,
			),
		});
	return entries.flatMap(({ plan }) => (plan === undefined ? [] : [plan]));
}

interface RunPlan {
	readonly machine: Machine;
	readonly seed: number;
	readonly mesh: MeshKind | undefined;
	readonly flags: Flags;
	readonly state: string;
}

async function run(plans: readonly Plan[], { machine, seed, mesh, flags, state }: RunPlan): Promise<void> {
	const startMs = systemClock();
	const start = new Date(startMs).toISOString();
	const directory =
		flags.journal === undefined
			? resolve(state, 'chaos', start.slice(0, 19).replaceAll(':', '-'))
			: resolve(flags.journal);
	await makePrivateDirectory(directory);
	const { version } = JSON.parse(readFileSync(projectPath('package.json'), 'utf8')) as { readonly version: string };
	const emit = createEmit(flags.progress);
	const interrupted = listenForInterrupts(emit);
	const journals: Journal[] = [];
	emit({
		event: 'run-started',
		atMs: startMs,
		seed,
		experiments: plans.map(({ name, about, experiment }) => ({ name, id: about.id, title: experiment.title })),
	});
	for (const plan of plans) {
		if (interrupted.aborted) break;
		const journal = await runExperiment(plan, {
			machine: { ...machine, environment: { ...machine.environment, CHAOS_EXPERIMENT: plan.name } },
			version,
			seed,
			clock: systemClock,
			emit,
			interrupted,
			seeJoins: (fromMs, toMs) => seeJoins(flags.observer, fromMs, toMs),
		});
		journals.push(journal);
		await writeWholeFile(resolve(directory, `${plan.name}.json`), `${JSON.stringify(journal, null, 2)}\n`, 0o600);
	}
	const notRun = plans.slice(journals.length).map(({ name }) => name);
	const seconds = (systemClock() - startMs) / 1000;
	const whole = { journals, notRun, seed, start, seconds, mesh, version };
	const report = resolve(directory, 'report.html');
	await writeWholeFile(report, reportHtml(whole), 0o600);
	await writeWholeFile(resolve(directory, 'report.md'), reportMarkdown(whole), 0o600);
	if (flags.record && mesh !== undefined) await recordResults(mesh, journals);
	const named = (isPassed: boolean) =>
		journals.filter(({ kubejoin }) => kubejoin.passed === isPassed).map(({ kubejoin }) => kubejoin.name);
	const isInterrupted = interrupted.aborted;
	const ended = {
		seconds,
		seed,
		passed: named(true),
		failed: named(false),
		notRun,
		isInterrupted,
		directory: shown(directory),
		report: shown(report),
	};
	emit({ event: 'run-ended', atMs: systemClock(), ...ended });
	process.exitCode = isInterrupted ? INTERRUPTED_EXIT_CODE : ended.failed.length === 0 ? 0 : 1;
}

function createEmit(progress: Flags['progress']): (event: ChaosEvent) => void {
	if (progress === 'off') return () => undefined;
	if (progress === 'json') return (event) => write(`${JSON.stringify(event)}\n`);
	const { NO_COLOR = '', FORCE_COLOR = '' } = environment();
	const isTerminal = process.stdout.isTTY === true;
	return createConsoleReporter({
		write,
		color: NO_COLOR === '' && (FORCE_COLOR !== '' || isTerminal),
		live: isTerminal,
	});
}

/** The first Ctrl-C ends what runs; what is put back after it is not ended by any. */
function listenForInterrupts(emit: (event: ChaosEvent) => void): AbortSignal {
	const interrupted = new AbortController();
	let lastMs = Number.NEGATIVE_INFINITY;
	for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
		process.on(signal, () => {
			const nowMs = performance.now();
			const isSame = nowMs - lastMs < SAME_SIGNAL_MS;
			lastMs = nowMs;
			if (!isSame) emit({ event: 'interrupted', atMs: systemClock(), isFirst: !interrupted.signal.aborted });
			interrupted.abort();
		});
	}
	// Whoever read along has gone, as `head` does: what was begun is ended all the same.
	process.stdout.on('error', () => interrupted.abort());
	return interrupted.signal;
}

/** As short as it can be typed here. */
const shown = (path: string): string => {
	const short = relative(process.cwd(), path);
	return short === '' || short.startsWith('..') ? path : short;
};

process.exitCode = await runCli(program, {
	examples: [
		'npm run chaos -- --list',
		'npm run chaos -- expired-token wrong-pin',
		'npm run chaos -- --dry-run token-reuse',
	],
	executable: 'kubejoin-chaos',
	prepareCompletion: addNames,
});
