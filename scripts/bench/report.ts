/** The results of `npm run bench` as text. */
import type { CaResult, Served } from './ca.ts';
import type { ComposeResult } from './compose.ts';
import type { Floor } from './floor.ts';
import type { Goal } from './goals.ts';
import type { JoinCounts, JoinFigures, JoinResult } from './joins.ts';
import type { ListsResult } from './lists.ts';
import type { NodesResult } from './nodes.ts';
import type { PageReading, PageResult } from './page.ts';
import type { RestResult } from './rest.ts';
import type { GetNodesResult, StartResult } from './start.ts';
import { summaryText } from './statistics.ts';

const titled = (title: string, lines: readonly string[]): string =>
	`\n${title}\n${lines.map((line) => `  ${line}\n`).join('')}`;
const row = (label: string, text: string): string => `${label.padEnd(34)} ${text}`;

export function joinText(result: JoinResult): string {
	const { store, hasObserver, floorBefore, floorAfter, build, figures, counts } = result;
	return titled(`Joins, ${store} store, observer ${hasObserver ? 'on' : 'off'}, ${build}`, [
		row('floor B, CPU of one join', `${floorText(floorBefore)} before, ${floorText(floorAfter)} after`),
		...figures.flatMap(figureLines),
		...countLines(counts),
	]);
}

const floorText = ({ cpuMs }: Floor): string => `${summaryText(cpuMs, 2)} ms`;

function figureLines(figures: JoinFigures): string[] {
	const { load, perSecond, shareOfFloor, timesFloor, allCpuMs, cpuMs, p50Ms, p99Ms } = figures;
	return [
		row(load, `${summaryText(perSecond)} joins/s, ${summaryText(shareOfFloor, 3)} of the rate of the floor`),
		row('', `CPU ${summaryText(allCpuMs)} ms a join, ${summaryText(timesFloor, 2)} x floor`),
		row(
			'',
			Object.entries(cpuMs)
				.map(([name, ms]) => `${name} ${ms.median.toFixed(1)}`)
				.join(', '),
		),
		...(p50Ms && p99Ms ? [row('', `p50 ${summaryText(p50Ms)} ms, p99 ${summaryText(p99Ms)} ms`)] : []),
	];
}

function countLines({ connections, calls, registrations, systemCalls }: JoinCounts): string[] {
	const lines = [
		row(
			'of one join',
			`${connections.toFixed(1)} connections, ${calls.toFixed(1)} calls of the API server, ` +
				`${registrations.toFixed(1)} registrations`,
		),
	];
	if (systemCalls === undefined) return [...lines, row('', 'no strace: system calls are not counted')];
	const counted = Object.entries(systemCalls);
	const texts = counted.map(([name, { all, fsync }]) => `${name} ${Math.round(all)} (${fsync.toFixed(1)} fsync)`);
	return [...lines, row('system calls', texts.join(', '))];
}

export function restText({ build, figures, watches }: RestResult): string {
	const { eventsPerSecond, eventCpuUs, kilobytes, bareKilobytes, count } = watches;
	return titled(`REST API, ${build}`, [
		...figures.map(({ name, perSecond, cpuUs, shareOfBare }) => {
			const share = shareOfBare === undefined ? '' : `, ${summaryText(shareOfBare, 2)} of a bare Node server`;
			return row(name, `${summaryText(perSecond, 0)}/s, ${summaryText(cpuUs, 0)} us of server CPU${share}`);
		}),
		row(
			`${count} idle watches`,
			`${kilobytes.toFixed(0)} KB each; of a bare Node server ${bareKilobytes.toFixed(0)} KB`,
		),
		row(
			`events to ${count} watches`,
			`${summaryText(eventsPerSecond, 0)}/s, ${summaryText(eventCpuUs, 1)} us of server CPU`,
		),
	]);
}

export function listsText({ build, objects, figures }: ListsResult): string {
	return titled(
		`Lists of ${objects} objects, ${build}`,
		figures.map(({ name, pauseMs, wallMs, megabytes }) =>
			row(
				name,
				`longest pause ${summaryText(pauseMs, 0)} ms, in ${summaryText(wallMs, 0)} ms, ${megabytes.toFixed(1)} MB`,
			),
		),
	);
}

export function nodesText(result: NodesResult): string {
	const { nodes, minutes, build, joinsPerSecond, heartbeatsPerSecond, processes } = result;
	const all = Object.values(processes);
	const sum = (value: (one: (typeof all)[number]) => number) => all.reduce((total, one) => total + value(one), 0);
	const figures = ({ residentMb, cpuShare, cpuMsPerHeartbeat, loopDelayMs }: (typeof all)[number]) =>
		`${residentMb.toFixed(0)} MB, ${cpuShare.toFixed(2)} processors, ${cpuMsPerHeartbeat.toFixed(2)} ms a heartbeat` +
		(loopDelayMs === undefined ? '' : `, event loop p99 ${loopDelayMs.toFixed(0)} ms`);
	const total = {
		residentMb: result.residentMb,
		cpuShare: sum((one) => one.cpuShare),
		cpuMsPerHeartbeat: sum((one) => one.cpuMsPerHeartbeat),
	};
	const tenths =
		`first tenth ${result.firstJoinsPerSecond.toFixed(1)}/s, ` + `last tenth ${result.lastJoinsPerSecond.toFixed(1)}/s`;
	return titled(`${nodes} nodes for ${minutes} minutes, lmdb store, ${build}`, [
		row('joins', `${joinsPerSecond.toFixed(1)}/s, ${tenths}; ${result.joiningMb.toFixed(0)} MB`),
		row('heartbeats', `${heartbeatsPerSecond.toFixed(1)}/s`),
		...Object.entries(processes).map(([name, one]) => row(name, figures(one))),
		row('all processes', figures(total)),
		row('shared pages once', `${result.proportionalMb.toFixed(0)} MB`),
		row('all programs', `${(100 * result.busyShare).toFixed(0)} % of the processors`),
		row('latest heartbeat', `${result.latestMs.toFixed(0)} ms after its planned time`),
		row(`over a restart of ${result.restart}`, `${result.latestAfterRestartMs.toFixed(0)} ms after its planned time`),
		row('Ready at every look', `${result.fewestReady} of ${nodes}`),
		row('Ready changed', `${result.changedNodes} nodes`),
		...Object.entries(result.pageReadings ?? {}).map(([when, reading]) =>
			row(when === 'whileJoining' ? 'page while nodes join' : 'page, then', readingText(reading)),
		),
	]);
}

export function caText({ build, algorithm, inProcessUs, served, go, cfssl }: CaResult): string {
	const share = (own: number, other: number) => `, ${(own / other).toFixed(2)} x`;
	const ofGo = go === undefined ? '' : share(go.inProcessUs.median, inProcessUs.median);
	const ofCfssl = cfssl === undefined ? '' : share(served.perCpuSecond.median, cfssl.perCpuSecond.median);
	return titled(`Certificates, CA with ${algorithm}, ${build}`, [
		row('in one process', `${summaryText(inProcessUs)} us of CPU${ofGo}`),
		...(go === undefined ? [] : [row(`crypto/x509 of ${go.version}`, `${summaryText(go.inProcessUs)} us of CPU`)]),
		row('ca-service, mTLS and gRPC', `${servedText(served)}${ofCfssl}`),
		...(cfssl === undefined ? [] : [row('cfssl, HTTP', servedText(cfssl))]),
	]);
}

const servedText = ({ perCpuSecond, perSecond }: Served): string =>
	`${summaryText(perCpuSecond, 0)} a second of CPU, ${summaryText(perSecond, 0)}/s`;

export function startText({ build, nodes, upSeconds, readySeconds, cpuSeconds, processes }: StartResult): string {
	return titled(`npm start -- --once --nodes ${nodes}, ${build}`, [
		row('to "Up in"', `${summaryText(upSeconds, 2)} s`),
		row('to the list of Ready nodes', `${summaryText(readySeconds, 2)} s, ${summaryText(cpuSeconds, 2)} s of CPU`),
		...Object.entries(processes).map(([name, seconds]) => row(name, `${summaryText(seconds, 2)} s of CPU`)),
	]);
}

type Tasks = Pick<PageReading, 'framesPerSecond' | 'longestTaskMs' | 'tasksAbove100Ms'>;

const tasksText = ({ framesPerSecond, longestTaskMs, tasksAbove100Ms }: Tasks): string =>
	`${summaryText(framesPerSecond, 0)} frames/s, longest task ${longestTaskMs.toFixed(0)} ms, ` +
	`${tasksAbove100Ms} above 100 ms`;

const readingText = (reading: PageReading): string =>
	`${tasksText(reading)}, ${(100 * reading.cpuShare).toFixed(0)} % of one processor`;

export function pageText({ build, joins, load, figures, firstPaintMs, scriptBytes }: PageResult): string {
	const [before, after] = firstPaintMs.map((one) => `${summaryText(one, 0)} ms`);
	return titled(`The page while ${joins} nodes join, load ${load.toFixed(1)} before, ${build}`, [
		...figures.flatMap(({ view, viewport, ...one }) => [
			row(`${view}, ${viewport}`, tasksText(one)),
			row(
				'',
				`${one.joinsPerSecond.toFixed(1)} joins/s, processors ${(100 * one.busyShare).toFixed(0)} % busy; CPU of the page ` +
					`${one.cpuMsPerJoin.toFixed(1)} ms a join, ${(100 * one.cpuShare).toFixed(0)} % of one processor`,
			),
		]),
		row('first contentful paint', `${before}; ${after} when all joins are known`),
		row('script', `${scriptBytes} bytes`),
	]);
}

export const getNodesText = (results: readonly GetNodesResult[]): string =>
	titled(
		'get nodes',
		results.map(({ name, wallMs, cpuMs }) =>
			row(name, `${summaryText(wallMs, 0)} ms, ${summaryText(cpuMs, 0)} ms of CPU`),
		),
	);

export const composeText = ({ nodes, upSeconds, readySeconds, ...one }: ComposeResult): string =>
	titled(`Containers, ${nodes} nodes`, [
		row('to the end of up -d', `${summaryText(upSeconds)} s`),
		row('to Ready nodes', `${summaryText(readySeconds)} s`),
		row('memory of all containers', `${one.memoryMb.toFixed(0)} MiB`),
		row('idle, all programs', `${(100 * one.idleShare).toFixed(1)} % of a core`),
		row('idle, health checks', `${(100 * one.checksShare).toFixed(2)} % of a core`),
		row('idle, Docker itself', `${(100 * one.engineShare).toFixed(2)} % of a core`),
	]);

export const goalsText = (goals: readonly Goal[]): string =>
	titled(
		'Goals',
		goals.map(({ what, measured, goal, unit, isReached }) =>
			row(what, `${`${figure(measured)} ${unit}`.trimEnd()}, goal ${goal}: ${isReached ? 'reached' : 'not reached'}`),
		),
	);

/** Three digits, or all digits before the point. */
const figure = (value: number): string => (value < 100 ? Number(value.toPrecision(3)).toString() : value.toFixed(0));
