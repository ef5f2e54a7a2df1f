/** Connections that end badly or never end, on every port of the mesh: no service may keep a descriptor of one. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import type { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { limits } from '../../lib/limits.ts';
import { type ServiceName, serviceNames } from '../../scripts/mesh/services.ts';
import { h2Start, lingering, openRaw, openTls, type Target as RawTarget } from './raw-client.ts';
import { HOST, inSteps, type Target } from './target.ts';

type Abuse = (target: RawTarget) => Promise<Socket>;

const connected = (socket: Socket): Promise<Socket> =>
	new Promise((resolve) => socket.once('connect', () => resolve(socket)).once('close', () => resolve(socket)));

/** Of bytes without TLS; any port refuses them. */
const plainKinds: Readonly<Record<string, Abuse>> = {
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
};

const tlsKinds: Readonly<Record<string, Abuse>> = {
	async 'half an HTTP/2 preface'(target) {
		const socket = await openTls(target, 'h2');
		if (!socket.destroyed) socket.write(h2Start.subarray(0, 10));
		return socket;
	},
	...Object.fromEntries(
		[
			'HTTP/1.1 headers without an end',
			'HTTP/2 without a call',
			'a call without a message',
			'rapid resets',
			'GOAWAY by a broken frame',
		].map((name) => [name, lingering[name] ?? assert.fail(name)]),
	),
};

export const abusive = { total: 10_000, kinds: [...Object.keys(plainKinds), ...Object.keys(tlsKinds)] } as const;

const STEP = 100;
/** A service opens and closes some by itself: connections to other services, a file that it writes. */
const OWN_DESCRIPTORS = 10;
const services: readonly ServiceName[] = [...serviceNames, 'observer'];

export type Descriptors = ReadonlyMap<string, number>;

export interface AbusedNode {
	readonly pid: number;
	readonly kubeletPort: number;
}
export interface Abused {
	readonly target: Target;
	readonly node: AbusedNode;
}

/**
 * The attacker keeps its side of the connections open until the descriptors are counted.
 * @param before  the descriptors of the quiet mesh
 * @returns the services that kept more
 */
export async function abuseConnections(
	{ target, node }: Abused,
	before: Descriptors,
	print: (line: string) => void,
): Promise<string[]> {
	const sockets: Socket[] = [];
	const plain = Object.values(plainKinds);
	const all = [...plain, ...Object.values(tlsKinds)];
	const ports = [
		...[...target.tlsPorts, { name: 'kubelet', port: node.kubeletPort }].map(({ port }) => ({ port, abuses: all })),
		...target.httpPorts.map(({ port }) => ({ port, abuses: plain })),
	];
	try {
		const opened = await inSteps(abusive.total, STEP, async (index) => {
			const { port, abuses } = ports[index % ports.length] ?? { port: 0, abuses: [] };
			return abuses[Math.floor(index / ports.length) % abuses.length]?.({ host: HOST, port });
		});
		sockets.push(...opened.filter((socket) => socket !== undefined));
		return await requireReleased({ target, node }, before, print);
	} finally {
		for (const socket of sockets) socket.destroy();
	}
}

export const openFiles = ({ target, node }: Abused): Descriptors =>
	new Map([
		...services.map((name): [string, number] => [name, target.openFiles(name)]),
		['kubelet-sim', readdirSync(`/proc/${node.pid}/fd`).length],
	]);

async function requireReleased(abused: Abused, before: Descriptors, print: (line: string) => void): Promise<string[]> {
	const kept = (): string[] => {
		const after = openFiles(abused);
		return [...after].flatMap(([name, is]) => {
			const was = before.get(name) ?? 0;
			return is <= was + OWN_DESCRIPTORS ? [] : [`${name} had ${was} descriptors and has ${is}`];
		});
	};
	const endMs = performance.now() + limits.httpRequestTime.value + limits.connectionIdleTime.value / 2;
	while (kept().length > 0 && performance.now() < endMs) await delay(500);
	const after = openFiles(abused);
	print([...after].map(([name, is]) => `  ${name}: ${before.get(name)} descriptors before, ${is} after`).join('\n'));
	return kept();
}
