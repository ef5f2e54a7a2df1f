/** Network addresses as text. Pure. */
import { isIP } from 'node:net';

/** @returns undefined when the text is not `host:port` with a port from 1 to 65535 */
export function splitHostPort(value: string): { host: string; port: number } | undefined {
	const match = /^(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9._-]+)):(\d{1,5})$/.exec(value);
	if (match === null) return undefined;
	const host = match[1] ?? match[2] ?? '';
	const portNumber = Number(match[3]);
	if (portNumber < 1 || portNumber > 65535 || (match[1] !== undefined && isIP(host) !== 6)) return undefined;
	return { host, port: portNumber };
}
