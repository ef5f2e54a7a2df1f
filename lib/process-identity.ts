/** Whether the process that wrote its id into a file still runs: another program can have that id later. */
import { readFileSync } from 'node:fs';

/** The id of the boot, and clock ticks since then. Undefined on machines without /proc. */
export type ProcessStart = string;

export function processStart(pid: number): ProcessStart | undefined {
	try {
		const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
		const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
		// The name of the program, in parentheses, can contain blanks; the start time is the 20th field after it.
		const ticks = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
		return ticks === undefined ? undefined : `${boot}/${ticks}`;
	} catch {
		return undefined;
	}
}

/** @param start  undefined: the id alone decides */
export function isProcessRunning(pid: number, start: ProcessStart | undefined): boolean {
	if (!hasProcess(pid)) return false;
	const found = processStart(pid);
	return start === undefined || found === undefined || start === found;
}

function hasProcess(pid: number): boolean {
	try {
		process.kill(pid, 0);
		return true;
	} catch (error) {
		return error instanceof Error && 'code' in error && error.code === 'EPERM';
	}
}
