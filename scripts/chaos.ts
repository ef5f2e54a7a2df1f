/** `npm run chaos`: runs experiments and reports their results. This file wires; chaos/runner does the work. */
import '../lib/require-node.ts';
import { randomInt } from 'node:crypto';
import { appendFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { Command, Option } from 'commander';
import { labDirectory, openControl } from '../chaos/lab/control/client.ts';
import type { RunReporter } from '../chaos/lab/drivers/compose/report-run.ts';
import { chooseEntries, type Entry, readCatalogue, shuffle } from '../chaos/runner/catalogue.ts';
import { createConsoleReporter } from '../chaos/runner/console-reporter.ts';
import type { Problem } from '../chaos/runner/document.ts';
import type { ChaosEvent, RunStarted } from '../chaos/runner/events.ts';
import type { Journal } from '../chaos/runner/journal.ts';
import { listJson, listTable, planText } from '../chaos/runner/list.ts';
import { seeJoins } from '../chaos/runner/observer.ts';
import { measurePace } from '../chaos/runner/pace.ts';
import type { Plan } from '../chaos/runner/plan.ts';
import { type Machine, type RunLab, usesLab } from '../chaos/runner/programs.ts';
import { type RunReport, resultOfJournal } from '../chaos/runner/report.ts';
import { reportHtml } from '../chaos/runner/report-html.ts';
import { reportMarkdown } from '../chaos/runner/report-markdown.ts';
import { type MeshKind, meshKinds, readResults, recordedSeconds, recordResults } from '../chaos/runner/results.ts';
import { runExperiment } from '../chaos/runner/run.ts';
import { runWords } from '../chaos/runner/words.ts';
import { documentProblemText } from '../lib/chinese/index.ts';
import { parsedBy } from '../lib/cli/options.ts';
import { helpLines, projectVersion, runCli, stopWithOutput } from '../lib/cli/run-cli.ts';
import { systemClock } from '../lib/clock.ts';
import { environment, httpUrl, integer, oneOf } from '../lib/config.ts';
import { causeText, KubejoinError } from '../lib/errors.ts';
import { fileUnusable, makePrivateDirectory, writeWholeFile } from '../lib/files.ts';
import { terminalLanguage } from '../lib/language.ts';
import { projectPath, shownPath } from '../lib/paths.ts';
import { processStart } from '../lib/process-identity.ts';
import { terminalText } from '../lib/text.ts';

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

const RESULTS =
	'Rollbacks always run. Exit codes: 0 all passed, 1 one failed or no mesh runs, 2 invalid document or no ' +
	'containers, 3 invalid arguments, 130 interrupted.';
const MAX_SEED = 2 ** 32 - 1;
const INTERRUPTED_EXIT_CODE = 130;
/** npm forwards the signal that the terminal has sent already: one Ctrl-C arrives twice. */
const SAME_SIGNAL_MS = 300;
const TICK_MS = 1_000;
const EVENTS_FILE = 'events.jsonl';

const language = terminalLanguage();
const write = (text: string) => void process.stdout.write(text);

const program = new Command('npm run chaos --')
	.description('Inject faults into the mesh, and check that it stays secure and available')
	.argument('[experiment...]', 'names, ids, or unique prefixes of names (default: all)')
	.option('--list', 'list the experiments')
	.addOption(new Option('-o, --output <format>', 'format of the list').choices(['table', 'json']).default('table'))
	.option('--validate', 'check the documents and run none')
	.option('--dry-run', 'print the commands of the experiments and run none')
	.option(
		'--seed <number>',
		'seed of all random choices: CHAOS_SEED of the steps, and --shuffle',
		parsedBy(integer(0, MAX_SEED)),
	)
	.option('--shuffle', 'run in an order that depends on the seed')
	.option('--journal <dir>', 'write journals and report here (default: chaos/TIME in the state directory)')
	.addOption(
		new Option('--progress <format>', 'text, one JSON object a line, or nothing')
			.choices(['text', 'json', 'off'])
			.default('text'),
	)
	.option(
		'--mesh <kind>',
		'local or compose (default: CHAOS_MESH, or the mesh that runs)',
		parsedBy(oneOf(...meshKinds)),
	)
	.option('--state <dir>', 'state directory of the mesh (default: CHAOS_STATE, or .kubejoin)')
	.option(
		'--observer <url>',
		'observer that provides the joins for the report',
		parsedBy(httpUrl),
		'http://127.0.0.1:8080',
	)
	.option('--record', 'write the results into docs/chaos-results.json; needs --mesh')
	.option('--catalogue <dir>', 'directory of the experiments', 'chaos/experiments')
	.addHelpText('after', () => ['', ...helpLines(RESULTS)].join('\n'))
	.action(chaos);

/** Completes the names of the experiments. */
function addNames(chaosProgram: Command): void {
	const { catalogue } = chaosProgram.opts<Flags>();
	const folder = resolve(projectPath(), catalogue);
	const { entries } = readCatalogue(folder, shownPath(folder), {
		environment: environment(),
		directory: projectPath(),
	});
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
		CHAOS_MESH: mesh,
	};
	const machine: Machine = { environment: known, directory: projectPath(), runLab };
	const folder = resolve(projectPath(), flags.catalogue);
	const { entries, problems } = readCatalogue(folder, shownPath(folder), machine);
	if (flags.list) return write(flags.output === 'json' ? listJson(entries) : listTable(entries, language));

	const chosen = chooseEntries(entries, names);
	const plans = plansOf(chosen, problems);
	if (plans.length === 0)
		throw new KubejoinError('CHAOS_ARGUMENTS_INVALID', { problem: `${shownPath(folder)} contains no experiments` });
	if (flags.validate) return write(`${runWords[language].valid(plans.length)}\n`);
	const ordered = flags.shuffle ? shuffle(plans, seed) : plans;
	if (flags.dryRun) return write(ordered.map((plan) => planText(plan, language)).join('\n'));
	if (ordered.some((plan) => usesLab(plan, machine))) {
		const { requireMesh } = await import('../chaos/lab/run.ts');
		await requireMesh(known);
	}
	await run(ordered, { machine, seed, mesh, flags, state });
}

/** Loaded when the first step runs: --list and --validate start faster without it. */
const runLab: RunLab = async (args, options) => {
	const lab = await import('../chaos/lab/run.ts');
	return lab.runLab(args, options);
};

/** @throws CHAOS_DOCUMENT_INVALID  with all problems of all documents */
function plansOf(entries: readonly Entry[], others: readonly Problem[]): readonly Plan[] {
	const problems = [...others, ...entries.flatMap((entry) => entry.problems)];
	if (problems.length > 0)
		throw new KubejoinError('CHAOS_DOCUMENT_INVALID', {
			problems: problems.map(
				({ where, path, text }) =>
					`${where}: ${[path, documentProblemText(text)].filter((part) => part !== '').join(' ')}`,
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
	const directory = resolve(flags.journal ?? resolve(state, 'chaos', start.slice(0, 19).replaceAll(':', '-')));
	await makePrivateDirectory(directory);
	const version = projectVersion();
	const { report, stop: stopReporter } = createReporter(flags.progress);
	const events = new EventFile(resolve(directory, EVENTS_FILE));
	const page = await pageOfContainers(start, { state, mesh });
	const emit = (event: ChaosEvent) => {
		report(event);
		// A caller that reads the events shows them itself.
		if (flags.progress === 'json') return;
		events.append(event);
		page?.report(event);
	};
	const interrupted = listenForInterrupts(emit);
	const { pid } = process;
	const experiments = await announce(plans, mesh);
	emit({ event: 'run-started', atMs: startMs, pid, processStart: processStart(pid), seed, experiments });
	events.check();
	const journals: Journal[] = [];
	for (const plan of plans) {
		if (interrupted.aborted) break;
		const pace = await measurePace(systemClock);
		const variables = { CHAOS_EXPERIMENT: plan.name, CHAOS_PACE: String(pace) };
		const journal = await runExperiment(plan, {
			machine: { ...machine, environment: { ...machine.environment, ...variables } },
			pace,
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
	stopReporter();
	const notRun = plans.slice(journals.length).map(({ name }) => name);
	const seconds = (systemClock() - startMs) / 1000;
	const reportPath = await writeReports(directory, {
		...{ journals, notRun, seed, start, seconds, mesh, version },
		language,
	});
	if (flags.record && mesh !== undefined) await recordResults(mesh, journals);
	const named = (wanted: ReturnType<typeof resultOfJournal>) =>
		journals.filter((one) => resultOfJournal(one) === wanted).map(({ kubejoin }) => kubejoin.name);
	const results = { passed: named('passed'), failed: named('failed'), interrupted: named('interrupted'), notRun };
	const isInterrupted = interrupted.aborted;
	const files = { directory: shownPath(directory), report: shownPath(reportPath) };
	emit({ event: 'run-ended', atMs: systemClock(), seconds, seed, ...results, isInterrupted, ...files });
	await page?.end();
	events.check();
	process.exitCode = isInterrupted ? INTERRUPTED_EXIT_CODE : results.failed.length === 0 ? 0 : 1;
}

/** The observer of a mesh in containers cannot read the journal. Undefined beside a mesh of npm start. */
async function pageOfContainers(
	start: string,
	{ state, mesh }: Pick<RunPlan, 'state' | 'mesh'>,
): Promise<RunReporter | undefined> {
	if (mesh === 'local' || (mesh === undefined && (await isMeshLocal(state)))) return undefined;
	const { createRunReporter } = await import('../chaos/lab/drivers/compose/report-run.ts');
	return createRunReporter({
		env: environment(),
		name: start.slice(0, 19).replaceAll(':', '-'),
		onProblem: (error) => process.stderr.write(terminalText(`${runWords[language].notOnPage(causeText(error))}\n`)),
	});
}

const isMeshLocal = (state: string): Promise<boolean> =>
	openControl(labDirectory(state))
		.then((control) => control.mesh())
		.then(
			() => true,
			() => false,
		);

/** The observer follows this file. A full disk does not end an experiment before its rollbacks: `check` reports it. */
class EventFile {
	readonly #path: string;
	#problem: KubejoinError | undefined;

	constructor(path: string) {
		this.#path = path;
	}

	append(event: ChaosEvent): void {
		if (this.#problem !== undefined) return;
		try {
			appendFileSync(this.#path, `${JSON.stringify(event)}\n`, { mode: 0o600 });
		} catch (error) {
			this.#problem = fileUnusable(this.#path, error);
		}
	}

	/** @throws FILE_UNUSABLE */
	check(): void {
		if (this.#problem !== undefined) throw this.#problem;
	}
}

async function announce(plans: readonly Plan[], mesh: MeshKind | undefined): Promise<RunStarted['experiments']> {
	const results = await readResults();
	return plans.map(({ name, about, title }) => {
		const seconds = recordedSeconds(results, name, mesh);
		return { name, id: about.id, title, expectedSeconds: seconds };
	});
}

/** @returns the path of the HTML report */
async function writeReports(directory: string, run: RunReport): Promise<string> {
	const report = resolve(directory, 'report.html');
	await writeWholeFile(report, reportHtml(run), 0o600);
	await writeWholeFile(resolve(directory, 'report.md'), reportMarkdown(run), 0o600);
	return report;
}

function createReporter(progress: Flags['progress']): {
	readonly report: (event: ChaosEvent) => void;
	readonly stop: () => void;
} {
	if (progress === 'off') return { report: () => undefined, stop: () => undefined };
	if (progress === 'json') return { report: (event) => write(`${JSON.stringify(event)}\n`), stop: () => undefined };
	const { NO_COLOR = '', FORCE_COLOR = '' } = environment();
	const isTerminal = process.stdout.isTTY === true;
	const color = NO_COLOR === '' && (FORCE_COLOR !== '' || isTerminal);
	const { report, tick } = createConsoleReporter({ write, color, live: isTerminal, clock: systemClock, language });
	// An error ends the program, although the reporter is not stopped.
	const timer = setInterval(tick, TICK_MS).unref();
	return { report, stop: () => clearInterval(timer) };
}

/** The first Ctrl-C stops the running step. The rollbacks that follow cannot be interrupted. */
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
	// The reader of the output has closed it, as `head` does: the running experiment still needs its rollbacks.
	stopWithOutput(() => interrupted.abort());
	return interrupted.signal;
}

process.exitCode = await runCli(program, {
	examples: [
		'npm run chaos -- --list',
		'npm run chaos -- expired-token wrong-pin',
		'npm run chaos -- --dry-run token-reuse',
	],
	executable: 'kubejoin-chaos',
	prepareCompletion: addNames,
});
