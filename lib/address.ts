/** Network addresses as text. */
import { isIP, isIPv4 } from 'node:net';

/**
 * The version of the IP address, 0 for any other text. A text without a colon is not compared with Node's expression
 * for IPv6, which V8 needs 4 ms to compile.
 */
export const ipVersion = (text: string): number => (text.includes(':') ? isIP(text) : isIPv4(text) ? 4 : 0);

/** @returns undefined when the text is not `host:port` with a port from 1 to 65535 */
export function splitHostPort(value: string): { host: string; port: number } | undefined {
	const match = /^(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9._-]+)):(\d{1,5})$/.exec(value);
	if (match === null) return undefined;
	const host = match[1] ?? match[2] ?? '';
	const portNumber = Number(match[3]);
	if (portNumber < 1 || portNumber > 65535 || (match[1] !== undefined && ipVersion(host) !== 6)) return undefined;
	return { host, port: portNumber };
}

/**
 * The bytes of an IP address: 4, also for an IPv4-mapped IPv6 address, or 16.
 *
 * @returns undefined for any other text, and for an address with a zone
 * @source  Go net.ParseIP with To4
 */
export function ipBytes(text: string): Buffer | undefined {
	const version = ipVersion(text);
	if (version === 4) return Buffer.from(text.split('.').map(Number));
	if (version === 0 || text.includes('%')) return undefined;
	const hexadecimal = text.replace(/[\d.]+\.[\d.]+$/, (dotted) =>
		Buffer.from(dotted.split('.').map(Number)).toString('hex').replace(/^.{4}/, '$&:'),
	);
	const [head = [], tail] = hexadecimal.split('::').map((part) => part.split(':').filter((group) => group !== ''));
	const zeros = tail === undefined ? [] : Array<string>(8 - head.length - tail.length).fill('0');
	const groups = [...head, ...zeros, ...(tail ?? [])];
	return withoutMapping(Buffer.from(groups.map((group) => group.padStart(4, '0')).join(''), 'hex'));
}

/**
 * An IP address of 4 or 16 bytes as Go prints it: dotted, also when it is IPv4-mapped, or as RFC 5952 wants it.
 *
 * @throws Error  the bytes are of another length
 * @source Go net.IP.String
 */
export function ipText(bytes: Uint8Array): string {
	const address = withoutMapping(Buffer.from(bytes));
	if (address.length === 4) return address.join('.');
	if (address.length !== 16) throw new Error('an IP address is not of 4 or 16 bytes');
	const groups = (address.toString('hex').match(/.{4}/g) ?? []).map((group) => group.replace(/^0{1,3}/, ''));
	const runs = groups.map((_group, start) => groups.slice(start).findIndex((group) => group !== '0'));
	const lengths = runs.map((length, start) => (length === -1 ? groups.length - start : length));
	const longest = Math.max(...lengths);
	if (longest < 2) return groups.join(':');
	const start = lengths.indexOf(longest);
	return `${groups.slice(0, start).join(':')}::${groups.slice(start + longest).join(':')}`;
}

const mappedPrefix = Buffer.from('00000000000000000000ffff', 'hex');
const withoutMapping = (bytes: Buffer): Buffer =>
	bytes.length === 16 && bytes.subarray(0, 12).equals(mappedPrefix) ? bytes.subarray(12) : bytes;

export const isLoopback = (text: string): boolean => hasPrefix(text, loopbacks);

/** @source Go net.IP.IsGlobalUnicast, which includes private networks */
export function isGlobalUnicast(text: string): boolean {
	const bytes = ipBytes(text);
	if (bytes === undefined || bytes.every((byte) => byte === 0) || bytes.equals(broadcast)) return false;
	return !hasPrefix(text, [...loopbacks, ...multicasts, ...linkLocals]);
}

type Prefix = readonly [address: string, bits: number];
const loopbacks: readonly Prefix[] = [
	['127.0.0.0', 8],
	['::1', 128],
];
const multicasts: readonly Prefix[] = [
	['224.0.0.0', 4],
	['ff00::', 8],
];
const linkLocals: readonly Prefix[] = [
	['169.254.0.0', 16],
	['fe80::', 10],
];
const broadcast = Buffer.from([255, 255, 255, 255]);

const hasPrefix = (text: string, prefixes: readonly Prefix[]): boolean =>
	prefixes.some(([address, bits]) => {
		const [found, wanted] = [ipBytes(text), ipBytes(address)];
		if (found === undefined || wanted === undefined || found.length !== wanted.length) return false;
		return wanted.every((byte, index) => {
			const mask = 0xff & ~(0xff >> Math.min(Math.max(bits - 8 * index, 0), 8));
			return ((found[index] ?? 0) & mask) === byte;
		});
	});

/** @source Go net.JoinHostPort */
export const joinHostPort = (host: string, port: number): string =>
	host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
