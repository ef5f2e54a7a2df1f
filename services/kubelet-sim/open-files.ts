/** The open files that a process with many nodes needs: a connection for each node. */
import { readFileSync } from 'node:fs';
import { KubejoinError } from '../../lib/errors.ts';

/** Those of the joins in progress, of the program and of Node. */
const OTHER_FILES = 200;

/** @throws JOIN_ARGUMENTS_INVALID  the limit of this process is lower */
export function requireOpenFiles(nodes: number, limit = openFilesLimit()): void {
	const needed = nodes + OTHER_FILES;
	if (limit >= needed) return;
	throw new KubejoinError('JOIN_ARGUMENTS_INVALID', {
		problems: [`--nodes=${nodes} needs ${needed} open files, and this process may open ${limit}`],
		remedy: `Raise the limit in this shell, then start the nodes again: ulimit -n ${needed}`,
	});
}

/** Node raises the soft limit to the hard one at its start. Infinite where the system does not show it. */
function openFilesLimit(): number {
	try {
		const text = readFileSync('/proc/self/limits', 'utf8');
		const [, soft = ''] = /^Max open files\s+(\d+)/m.exec(text) ?? [];
		return soft === '' ? Number.POSITIVE_INFINITY : Number(soft);
	} catch {
		return Number.POSITIVE_INFINITY;
	}
}
