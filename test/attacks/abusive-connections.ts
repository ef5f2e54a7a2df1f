/** Connections that end badly or never end, on every port of the mesh: no service may keep a descriptor of one. */
import type { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { limits } from '../../lib/limits.ts';
import { type ServiceName, serviceNames } from '../../scripts/mesh/services.ts';
import { h2Start, openRaw, openTls, type Target as RawTarget } from './raw-client.ts';
import { HOST, inSteps, type Target } from './target.ts';

type Abuse = (target: RawTarget) => Promise<Socket>;

const connected = (socket: Socket): Promise<Socket> =>
	new Promise((resolve) => socket.once('connect', () => resolve(socket)).once('close', () => resolve(socket)));

const kinds: Readonly<Record<string, Abuse>> = {
	async 'failed handshakes'(target) {
		const socket = await connected(openRaw(target));
		socket.write('GET / HTTP/1.0\r\nnot TLS, and no request either\r\n');
		return socket;
	},
	async resets(target) {
		const socket = await connected(openRaw(target));
		socket.resetAndDestroy();
		return socket;
	},
	async 'half-open'(target) {
		const socket = await connected(openRaw(target));
		socket.end(Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00]));
		return socket;
	},
	idle: async (target) => connected(openRaw(target)),
	async 'half an HTTP/2 preface'(target) {
		const socket = await openTls(target, 'h2');
		if (!socket.destroyed) socket.write(h2Start.subarray(0, 10));
		return socket;
	},
};

export const abusive = { total: 10_000, kinds: Object.keys(kinds) } as const;

const STEP = 100;
/** A service opens and closes some by itself: connections to other services, a file that it writes. */
const OWN_DESCRIPTORS = 10;
const services: readonly ServiceName[] = [...serviceNames, 'observer'];

export type Descriptors = ReadonlyMap<ServiceName, number>;

/**
 * The attacker keeps its side of the connections open until the descriptors are counted.
 * @param before  the descriptors of the quiet mesh
 * @returns the services that kept more
 */
export async function abuseConnections(
	target: Target,
	before: Descriptors,
	print: (line: string) => void,
): Promise<string[]> {
	const sockets: Socket[] = [];
	const ports = [...target.tlsPorts, ...target.httpPorts];
	const abuses = Object.values(kinds);
	try {
		const opened = await inSteps(abusive.total, STEP, async (index) => {
			const { port } = ports[index % ports.length] ?? { port: 0 };
			const abuse = abuses[Math.floor(index / ports.length) % abuses.length];
			const isPlain = target.httpPorts.some((one) => one.port === port);
			return (isPlain && abuse === abuses.at(-1) ? abuses[0] : abuse)?.({ host: HOST, port });
		});
		sockets.push(...opened.filter((socket) => socket !== undefined));
		return await requireReleased(target, before, print);
	} finally {
		for (const socket of sockets) socket.destroy();
	}
}

export const openFiles = (target: Target): Descriptors =>
	new Map(services.map((name) => [name, target.openFiles(name)]));

async function requireReleased(target: Target, before: Descriptors, print: (line: string) => void): Promise<string[]> {
	const kept = (): string[] => {
		const after = openFiles(target);
		return services.flatMap((name) => {
			const [was = 0, is = 0] = [before.get(name), after.get(name)];
			return is <= was + OWN_DESCRIPTORS ? [] : [`${name} had ${was} descriptors and has ${is}`];
		});
	};
	const endMs = performance.now() + limits.httpRequestTime.value + limits.connectionIdleTime.value / 2;
	while (kept().length > 0 && performance.now() < endMs) await delay(500);
	const after = openFiles(target);
	print(
		services.map((name) => `  ${name}: ${before.get(name)} descriptors before, ${after.get(name)} after`).join('\n'),
	);
	return kept();
}
