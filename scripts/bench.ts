/** `npm run bench`: runs the sections of the benchmark. This file wires; scripts/bench measures. */
import '../lib/require-node.ts';
import { availableParallelism, cpus } from 'node:os';
import { basename, resolve } from 'node:path';
import { Argument, Command, Option } from 'commander';
import { parsedBy } from '../lib/cli/options.ts';
import { projectVersion, runCli } from '../lib/cli/run-cli.ts';
import { integer } from '../lib/config.ts';
import { projectPath } from '../lib/paths.ts';
import { fullCa, measureCa, quickCa } from './bench/ca.ts';
import { fullCompose, measureCompose, quickCompose } from './bench/compose.ts';
import { goalsOf } from './bench/goals.ts';
import { fullJoins, type JoinSetting, measureJoins, quickJoins } from './bench/joins.ts';
import { fullLists, measureLists, quickLists } from './bench/lists.ts';
import { fullNodes, MAX_NODES, measureNodes, quickNodes } from './bench/nodes.ts';
import { fullPage, measurePage, quickPage } from './bench/page.ts';
import {
	caText,
	composeText,
	getNodesText,
	goalsText,
	joinText,
	listsText,
	nodesText,
	pageText,
	restText,
	startText,
} from './bench/report.ts';
import { fullRest, measureRest, quickRest } from './bench/rest.ts';
import { noResults } from './bench/results.ts';
import { fullStart, measureGetNodes, measureStart, quickStart } from './bench/start.ts';
import { type ServiceName, serviceNames } from './mesh/services.ts';

interface Flags {
	readonly quick?: boolean;
	readonly json?: boolean;
	readonly against?: string;
	readonly rounds?: number;
	readonly nodes?: number;
	readonly minutes?: number;
	readonly restart?: ServiceName;
	readonly page?: boolean;
	readonly cfssl?: string;
}

const sections = ['joins', 'rest', 'lists', 'nodes', 'ca', 'start', 'page', 'compose'] as const;
/** Below the ports that the system gives to clients: a connection that has ended holds its port for a minute. */
const BENCH_PORT = 26_443;

const everySetting: readonly JoinSetting[] = [
	{ store: 'lmdb', hasObserver: false },
	{ store: 'lmdb', hasObserver: true },
	{ store: 'redis', hasObserver: false },
	{ store: 'redis', hasObserver: true },
];

async function bench(chosen: readonly string[], { quick, json, against, rounds, ...flags }: Flags): Promise<void> {
	const say = (line: string) => void process.stderr.write(`${line}\n`);
	const print = (text: string) => void (json ? undefined : process.stdout.write(text));
	const builds = [
		{ name: 'this build', build: projectPath() },
		...(against === undefined ? [] : [{ name: basename(resolve(against)), build: resolve(against) }]),
	];
	const repeated = rounds === undefined ? {} : { rounds };
	const place = { port: BENCH_PORT, say };
	const isChosen = (section: string) => chosen.length === 0 || chosen.includes(section);
	const machine = {
		model: cpus()[0]?.model ?? 'unknown',
		processors: availableParallelism(),
		node: process.version,
	};
	const results = noResults();
	print(`${machine.processors} x ${machine.model}, Node ${machine.node}, kubejoin ${projectVersion()}\n`);
	for (const setting of isChosen('joins') ? (quick ? everySetting.slice(0, 1) : everySetting) : []) {
		const plan = { ...(quick ? quickJoins : fullJoins), ...repeated };
		const measured = await measureJoins(builds, setting, plan, place);
		results.joins.push(...measured);
		for (const result of measured) print(joinText(result));
	}
	if (isChosen('rest')) {
		const measured = await measureRest(builds, { ...(quick ? quickRest : fullRest), ...repeated }, place);
		results.rest.push(...measured);
		for (const result of measured) print(restText(result));
	}
	for (const build of isChosen('lists') ? builds : []) {
		const result = await measureLists(build, { ...(quick ? quickLists : fullLists), ...repeated }, place);
		results.lists.push(result);
		print(listsText(result));
	}
	// Minutes of work each: only on request.
	if (chosen.includes('ca')) {
		const { cfssl } = flags;
		results.ca.push(...(await measureCa(builds, { ...(quick ? quickCa : fullCa), ...repeated, cfssl }, place)));
		for (const result of results.ca) print(caText(result));
	}
	if (chosen.includes('start')) {
		const plan = { ...(quick ? quickStart : fullStart), ...repeated };
		results.start.push(...(await measureStart(builds, plan, place)));
		for (const result of results.start) print(startText(result));
		results.getNodes.push(...(await measureGetNodes(builds, plan, place)));
		print(getNodesText(results.getNodes));
	}
	for (const build of chosen.includes('nodes') ? builds : []) {
		const result = await measureNodes(build, { ...(quick ? quickNodes : fullNodes), ...flags }, place);
		results.nodes.push(result);
		print(nodesText(result));
	}
	for (const build of chosen.includes('page') ? builds : []) {
		const result = await measurePage(build, { ...(quick ? quickPage : fullPage), ...repeated }, place);
		if (result === undefined) continue;
		results.page.push(result);
		print(pageText(result));
	}
	if (chosen.includes('compose')) {
		const result = await measureCompose({ ...(quick ? quickCompose : fullCompose), ...repeated }, say);
		if (result !== undefined) {
			results.compose.push(result);
			print(composeText(result));
		}
	}
	const goals = [...goalsOf(results)];
	if (goals.length > 0) print(goalsText(goals));
	if (json) process.stdout.write(`${JSON.stringify({ machine, ...results, goals }, undefined, 2)}\n`);
}

const program = new Command('npm run bench --')
	.description(
		'Measure joins, the REST API and certificates beside floors; lists, nodes that stay, starts, the page, containers',
	)
	.addArgument(new Argument('[section...]', 'default: joins, rest and lists').choices(sections))
	.option('--quick', 'one short round with the lmdb store, for trying; its figures are rough')
	.option('--json', 'print the results as JSON')
	.option('--against <dir>', 'measure the build in this directory in turn with this one')
	.option('--rounds <count>', 'rounds of each measurement (default: 5)', parsedBy(integer(1, 100)))
	.option('--nodes <count>', 'nodes that stay, in the section nodes (default: 1000)', parsedBy(integer(1, MAX_NODES)))
	.option('--cfssl <file>', 'the program cfssl, measured beside ca-service in the section ca')
	.option('--minutes <count>', 'time that they stay (default: 10)', parsedBy(integer(1, 1_000)))
	.option('--page', 'with an observer, and its storm view open in Chromium, in the section nodes')
	.addOption(
		new Option('--restart <service>', 'restarted in the middle of that time (default: apiserver-sim)').choices(
			serviceNames,
		),
	)
	.action(bench);

process.exitCode = await runCli(program, {
	examples: [
		'npm run bench -- --quick joins',
		'npm run bench -- --json > results.json',
		'npm run bench -- --against ../before joins',
		'npm run bench -- nodes --nodes 300 --minutes 2',
		'npm run bench -- ca start page',
	],
});
