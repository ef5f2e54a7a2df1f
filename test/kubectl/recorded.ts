/**
 * The commands of the suite in the order of the recording, and the answers of a real kube-apiserver 1.37.2. The
 * recordings have the output of kubectl 1.30 and 1.37, and the exit codes of 1.20 and 1.32 too.
 */
import { readFileSync } from 'node:fs';
import { writeWholeFile } from '../../lib/files.ts';
import { projectPath } from '../../lib/paths.ts';
import type { ClientVersion } from './clients.ts';

export interface Output {
	readonly stdout: string;
	readonly stderr: string;
}
export interface Answer extends Output {
	/** 124 for a watch that was ended. */
	readonly exit: number;
}

export interface RecordedCommand extends Output {
	readonly name: string;
	readonly args: readonly string[];
	/** One for all clients, or one for each. */
	readonly exit: number | Partial<Record<ClientVersion, number>>;
	/** Only the first 4000 characters of standard output were recorded. */
	readonly isCut?: true;
	/** The output of kubectl 1.30, where it differs from that of 1.37. */
	readonly older?: Output & { readonly isCut?: true };
}

/** An answer of kubejoin that differs from the recorded one for a reason in the table of differences. */
export interface ReviewedAnswer extends Answer {
	readonly name: string;
	readonly clients: readonly ClientVersion[];
	/** Only the start of standard output is kept. */
	readonly isCut?: true;
}

const RECORDED = 'test/kubectl/recorded';
const readLines = <T>(file: string): T[] =>
	readFileSync(projectPath(RECORDED, file), 'utf8')
		.split('\n')
		.filter((line) => line !== '')
		.map((line) => JSON.parse(line) as T);

/** The recorded ones, and others whose answers follow from upstream's source: mostly for kinds that are not served. */
export const readCommands = (): RecordedCommand[] =>
	['answers.jsonl', 'by-source.jsonl'].flatMap((file) => readLines<RecordedCommand>(file));
export const readReviewed = (): ReviewedAnswer[] => readLines('reviewed.jsonl');

const MAX_REVIEWED_LINES = 40;
const MAX_REVIEWED_LINE = 300;

/** Merges the clients whose answers are equal. */
export async function writeReviewed(
	answers: readonly { readonly name: string; readonly client: ClientVersion; readonly answer: Answer }[],
): Promise<void> {
	const merged = new Map<string, { name: string; clients: ClientVersion[]; answer: Answer }>();
	for (const { name, client, answer } of answers) {
		const key = JSON.stringify([name, answer]);
		const known = merged.get(key);
		if (known === undefined) merged.set(key, { name, clients: [client], answer });
		else known.clients.push(client);
	}
	const lines = [...merged.values()].map(({ name, clients, answer: { exit, stdout, stderr } }) => {
		const kept = stdout.split('\n').slice(0, MAX_REVIEWED_LINES);
		const whole = kept.findIndex((line) => line.length > MAX_REVIEWED_LINE);
		const start = kept.slice(0, whole === -1 ? undefined : whole);
		const isCut = start.length < stdout.split('\n').length;
		return JSON.stringify({ name, clients, exit, ...(isCut ? { isCut } : {}), stdout: start.join('\n'), stderr });
	});
	await writeWholeFile(projectPath(RECORDED, 'reviewed.jsonl'), `${lines.join('\n')}\n`, 0o644);
}

/** Of a client without recordings: that of the nearest older one, or of 1.37. */
export function recordedExit({ exit }: RecordedCommand, client: ClientVersion): number {
	if (typeof exit === 'number') return exit;
	return exit[client] ?? exit['1.37'] ?? 0;
}

export const isWatch = ({ exit }: RecordedCommand): boolean =>
	exit === 124 || (typeof exit !== 'number' && exit['1.37'] === 124);

const readVerbs = new Set([
	...[
		'version',
		'cluster-info',
		'rollout',
		'scale',
		'autoscale',
		'api-resources',
		'api-versions',
		'config',
		'get',
		'explain',
		'describe',
		'events',
	],
	...['logs', 'exec', 'top', 'diff', '__complete'],
]);
function kindOf({ args: [verb = '', second = ''], ...command }: RecordedCommand): 'read' | 'wait' | 'write' {
	if (verb === 'wait') return 'wait';
	if (readVerbs.has(verb)) return 'read';
	if (verb === 'auth' && second !== 'reconcile') return 'read';
	return command.name.endsWith('-view-last') ? 'read' : 'write';
}

/** The commands of one step do not depend on each other: reads beside reads, waits beside waits, each write alone. */
export function stepsOf(commands: readonly RecordedCommand[]): RecordedCommand[][] {
	const steps: RecordedCommand[][] = [];
	let last: string | undefined;
	for (const command of commands) {
		const kind = kindOf(command);
		if (kind === last && kind !== 'write') steps.at(-1)?.push(command);
		else steps.push([command]);
		last = kind;
	}
	return steps;
}
