/** What kubectl does when no kubeconfig names a server: it tries localhost:8080, discovers nothing, and gives up. */
import { KubejoinError } from '../../lib/errors.ts';

export const defaultEndpoint = 'localhost:8080';
const localhost = '127.0.0.1:8080';

/** What a command does with the server before it does its own work. */
export interface Discovery {
	/** How often it asks which API groups there are. */
	readonly attempts: number;
	/** What it makes of not being told. */
	readonly warning?: string;
}

/**
 * The lines that kubectl's discovery logs, with klog's header: month, day, time, process.
 *
 * @param now milliseconds since the epoch
 * @source client-go discovery/cached/memory; observed with kubectl 1.32.4
 * @differs nothing is dialled: what listens on port 8080 here is not an API server
 */
export function discoveryFailures({ attempts, warning }: Discovery, now: number, pid: number): string {
	const local = new Date(now - new Date(now).getTimezoneOffset() * 60_000).toISOString();
	const header = `E${local.slice(5, 10).replace('-', '')} ${local.slice(11, 23)}000 ${String(pid).padStart(7)} memcache.go:265]`;
	const problem = `couldn't get current server API group list: Get \\"http://${defaultEndpoint}/api?timeout=32s\\": dial tcp ${localhost}: connect: connection refused`;
	return (
		`${header} "Unhandled Error" err="${problem}"\n`.repeat(attempts) +
		(warning === undefined ? '' : `Warning: ${warning}\n\n`)
	);
}

export const noServer = (): KubejoinError =>
	new KubejoinError('CONNECTION_REFUSED', { target: defaultEndpoint, problem: `connect ECONNREFUSED ${localhost}` });
