/** Without a kubeconfig kubectl tries localhost:8080, fails to discover the API groups, and gives up. */
import { KubejoinError } from '../../lib/errors.ts';

export const defaultEndpoint = 'localhost:8080';
const localhost = '127.0.0.1:8080';

/** The discovery that precedes the work of a command. */
export interface Discovery {
	/** Requests for the API groups. */
	readonly attempts: number;
	/** Printed after the last attempt has failed. */
	readonly warning?: string;
}

/**
 * The lines that kubectl's discovery logs, with klog's header: month, day, time, process.
 *
 * @source client-go discovery/cached/memory; observed with kubectl 1.32.4
 * @differs opens no connection, because port 8080 of this machine belongs to the observer's page
 */
export function discoveryFailures({ attempts, warning }: Discovery, nowMs: number, pid: number): string {
	const local = new Date(nowMs - new Date(nowMs).getTimezoneOffset() * 60_000).toISOString();
	const time = `${local.slice(5, 10).replace('-', '')} ${local.slice(11, 23)}000`;
	const header = `E${time} ${String(pid).padStart(7)} memcache.go:265]`;
	const request = `Get \\"http://${defaultEndpoint}/api?timeout=32s\\"`;
	const refusal = `dial tcp ${localhost}: connect: connection refused`;
	const problem = `couldn't get current server API group list: ${request}: ${refusal}`;
	return (
		`${header} "Unhandled Error" err="${problem}"\n`.repeat(attempts) +
		(warning === undefined ? '' : `Warning: ${warning}\n\n`)
	);
}

export const noServer = (): KubejoinError =>
	new KubejoinError('CONNECTION_REFUSED', { target: defaultEndpoint, problem: `connect ECONNREFUSED ${localhost}` });
