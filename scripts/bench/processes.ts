/** Processor time, memory, connections and system calls of other processes, as Linux counts them. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';

/** The clock tick of /proc on every Linux. */
const TICK_MS = 10;

/** From the third field, the state, because the second one can contain anything. @source proc_pid_stat(5) */
const statOf = (pid: number): readonly string[] =>
	readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];

/** User and system time that the process has used. */
export function cpuMs(pid: number): number {
	const fields = statOf(pid);
	return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
}

/** User and system time of all programs of the machine. @source proc_stat(5) */
export function machineCpuMs(): number {
	const [, user, nice, system] = readFileSync('/proc/stat', 'utf8').split(/\s+/).map(Number);
	return ((user ?? 0) + (nice ?? 0) + (system ?? 0)) * TICK_MS;
}

/** Those of its children that have ended, and of theirs. */
export function endedChildrenCpuMs(pid: number): number {
	const fields = statOf(pid);
	return (Number(fields[13]) + Number(fields[14])) * TICK_MS;
}

/** Its own time, and that of its children that have ended; nothing when it has ended, because its parent counts it. */
export const allCpuMs = (pid: number): number => ifThere(() => cpuMs(pid) + endedChildrenCpuMs(pid), 0);

/** The same without its children. */
export const ownCpuMs = (pid: number): number => ifThere(() => cpuMs(pid), 0);

/** All processes of the machine, by the first 15 characters of their names. */
export const runningProcesses = (): { readonly pid: number; readonly name: string }[] =>
	readdirSync('/proc')
		.filter((name) => /^\d+$/.test(name))
		.map((pid) => ({
			pid: Number(pid),
			name: ifThere(() => readFileSync(`/proc/${pid}/comm`, 'utf8').trim(), ''),
		}));

/** A process can end while it is looked at. */
function ifThere<T>(read: () => T, otherwise: T): T {
	try {
		return read();
	} catch (error) {
		if (!['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
		return otherwise;
	}
}

/** The processes that this one has started, and theirs, by the folder or the title of the program: `ca-service`. */
export function startedProcesses(pid: number): readonly { readonly pid: number; readonly program: string }[] {
	const children = ifThere(() => readdirSync(`/proc/${pid}/task`), []).flatMap((thread) =>
		ifThere(() => readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8'), '')
			.split(' ')
			.filter(Boolean)
			.map(Number),
	);
	return children.flatMap((child) => {
		const command = ifThere(() => readFileSync(`/proc/${child}/cmdline`, 'utf8'), '');
		const [, folder, title = 'npm start'] = /services\/([^/]+)\/|^([a-z]+-sim)/.exec(command) ?? [];
		const program = folder ?? title;
		return [{ pid: child, program }, ...startedProcesses(child)];
	});
}

export const residentBytes = (pid: number): number =>
	Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024;

/** Its memory, of which pages that several processes use count in parts. @source proc_pid_smaps_rollup(5) */
export const proportionalBytes = (pid: number): number =>
	Number(/^Pss:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1]) * 1024;

/** The TCP connections that servers of this network namespace have accepted. */
export function acceptedConnections(): number {
	const [names = '', values = ''] = readFileSync('/proc/net/snmp', 'utf8').match(/^Tcp: .*$/gm) ?? [];
	return Number(values.split(' ')[names.split(' ').indexOf('PassiveOpens')]);
}

export interface SystemCalls {
	readonly all: number;
	readonly fsync: number;
}

export const hasStrace = (): boolean => spawnSync('strace', ['--version'], { stdio: 'ignore' }).status === 0;

/** Counts the system calls of a process with strace, which slows it, until the returned function is called. */
export async function countSystemCalls(pid: number): Promise<() => Promise<SystemCalls>> {
	const strace = spawn('strace', ['-c', '-f', '-p', String(pid)], { stdio: ['ignore', 'ignore', 'pipe'] });
	let text = '';
	strace.stderr.on('data', (chunk: Buffer) => {
		text += chunk.toString();
	});
	const ended = once(strace, 'close');
	while (!text.includes('attached')) await Promise.race([once(strace.stderr, 'data'), ended]);
	return async () => {
		strace.kill('SIGINT');
		await ended;
		return readStrace(text);
	};
}

/** Reads the table of `strace -c`: `% time, seconds, usecs/call, calls, errors, syscall`. */
export function readStrace(text: string): SystemCalls {
	let [all, fsync] = [0, 0];
	for (const line of text.split('\n')) {
		const columns = line.trim().split(/\s+/);
		const calls = Number(columns[3]);
		if (!/^\d+\.\d+$/.test(columns[0] ?? '') || columns.at(-1) === 'total' || Number.isNaN(calls)) continue;
		all += calls;
		if (/^f(?:data)?sync$/.test(columns.at(-1) ?? '')) fsync += calls;
	}
	return { all, fsync };
}
