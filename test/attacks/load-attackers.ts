/**
 * One attacker of load.ts, in a process of its own: `load-attackers.ts KIND AMOUNT PORT CA TRACES_KEY`. Reports its
 * counts once a second until its parent disconnects.
 */
import { connect, type Socket } from 'node:net';
import { hasCode } from '../../lib/errors.ts';
import { call, openChannel, withBearerToken } from '../../lib/rpc/channel.ts';
import type { LoadKind, LoadReport } from './load-kinds.ts';
import { h2Start, lingering, openCall, openRaw, openTls, resets, type Target } from './raw-client.ts';

const SECOND_MS = 1_000;
const TICK_MS = 50;
const [kind = '', amount = '', port = '', ca = '', key = ''] = process.argv.slice(2);
const wanted = Number(amount);
const target: Target = { host: '127.0.0.1', port: Number(port) };

const sockets = new Set<Socket>();
let count = 0;
let refused = 0;

/** Counts a connection as open until the server closes its side. */
function keep(socket: Socket): Socket {
	sockets.add(socket);
	const drop = (): void => {
		sockets.delete(socket);
		socket.destroy();
	};
	socket.once('close', drop).once('end', drop);
	return socket;
}

/**
 * Calls `work` with the number of actions that are due. A process that got no processor time catches up on at most one
 * second.
 */
function every(perSecond: number, work: (due: number) => void): void {
	let lastMs = performance.now();
	let due = 0;
	setInterval(() => {
		const nowMs = performance.now();
		due = Math.min(perSecond, due + ((nowMs - lastMs) * perSecond) / SECOND_MS);
		lastMs = nowMs;
		const whole = Math.floor(due);
		due -= whole;
		if (whole > 0) work(whole);
	}, TICK_MS);
}

function repeat(times: number, work: () => void): void {
	for (let index = 0; index < times; index++) work();
}

/** Keeps this many connections open: opens a new one for each that the server closes. */
function holdOpen(perSecond: number, open: () => Promise<Socket>): void {
	let opening = 0;
	every(perSecond, (due) =>
		repeat(Math.min(due, wanted - sockets.size - opening), () => {
			opening += 1;
			void open().then((socket) => {
				opening -= 1;
				count += 1;
				if (!socket.destroyed) keep(socket);
			});
		}),
	);
}

const OPENED_PER_SECOND = 400;
const IDLE_KINDS = [async () => openRaw(target), () => openTls(target, 'h2')] as const;
/** Above `streamResets` of one connection, so that the server cuts each of them. */
const RESETS_PER_CONNECTION = 250;

const SLOW_BODIES = 300;
const SLOW_BODY_BYTES = 100_000;
const FULL_BODIES_PER_SECOND = 20;

/** Names and values as long as the observer keeps them. */
const attributes = JSON.stringify(
	Array.from({ length: 32 }, (_, at) => ({ key: `a${at}`, value: { stringValue: 'a'.repeat(500) } })),
);
const span = (index: number): string => {
	const id = index.toString(16);
	const ids = `"traceId":"${id.padStart(32, '0')}","spanId":"${id.padStart(16, '0')}"`;
	return `{${ids},"name":"join","kind":1,"startTimeUnixNano":"1","endTimeUnixNano":"2","attributes":${attributes}}`;
};

/** Requests that never end hold the places of the intake; a few complete ones make it parse and store. */
function fillTraceIntake(): void {
	const head = `POST /v1/traces HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nAuthorization: Bearer ${key}\r\n`;
	every(SLOW_BODIES, (due) =>
		repeat(Math.min(due, SLOW_BODIES - sockets.size), () => {
			const socket = connect(target.port, target.host);
			socket.on('error', () => undefined);
			socket.on('data', (bytes: Buffer) => {
				if (bytes.includes('HTTP/1.1 429')) refused += 1;
				sockets.delete(socket);
				socket.destroy();
			});
			keep(socket).write(
				`${head}Content-Type: application/json\r\nContent-Length: ${SLOW_BODY_BYTES}\r\n\r\n{"resourceSpans":[`,
			);
			count += 1;
		}),
	);
	every(SLOW_BODIES / 10, () => {
		for (const socket of sockets) socket.write(' ');
	});
	let index = 1;
	every(FULL_BODIES_PER_SECOND, (due) =>
		repeat(due, () => {
			const spans = Array.from({ length: 20 }, () => span(index++)).join();
			const body = `{"resourceSpans":[{"resource":{},"scopeSpans":[{"scope":{},"spans":[${spans}]}]}]}`;
			const headers = { 'content-type': 'application/json', authorization: `Bearer ${key}` };
			void fetch(`http://127.0.0.1:${port}/v1/traces`, { method: 'POST', headers, body }).then(
				async (response) => {
					await response.arrayBuffer();
					count += 1;
					if (response.status === 429) refused += 1;
				},
				() => undefined,
			);
		}),
	);
}

function resetStreams(): void {
	let socket: Socket | undefined;
	let stream = 1;
	every(RESETS_PER_CONNECTION, (due) => {
		if (socket === undefined) {
			stream = 1;
			void openTls(target, 'h2').then((opened) => {
				if (!opened.destroyed) opened.write(h2Start);
				keep(opened).once('close', () => {
					socket = undefined;
				});
				socket = opened;
			});
		}
		if (socket === undefined || !sockets.has(socket)) return;
		socket.write(resets(stream, due));
		stream += 2 * due;
		count += due;
	});
}

const kinds: Readonly<Record<LoadKind, () => void>> = {
	idle() {
		let next = 0;
		holdOpen(OPENED_PER_SECOND, () => (IDLE_KINDS[next++ % IDLE_KINDS.length] ?? IDLE_KINDS[0])());
	},
	dribble() {
		const begin = lingering['HTTP/1.1 headers without an end'];
		if (begin !== undefined) holdOpen(wanted / 4, () => begin(target));
		every(10, () => {
			for (const socket of sockets) socket.write('a');
		});
	},
	resets: () => repeat(wanted / RESETS_PER_CONNECTION, resetStreams),
	unfinished: () =>
		every(wanted / 10, (due) =>
			repeat(due, () => {
				void openTls(target, 'h2').then((socket) => {
					if (socket.destroyed) return;
					const calls = Array.from({ length: 10 }, (_, at) => openCall(1 + 2 * at));
					keep(socket).write(Buffer.concat([h2Start, ...calls]));
					count += calls.length;
				});
			}),
		),
	tokens() {
		const channel = openChannel(`127.0.0.1:${port}`, { ca });
		let guess = 0;
		every(wanted, (due) =>
			repeat(due, () => {
				const token = `abcdef.${String(guess++).padStart(16, '0')}`;
				void call(withBearerToken(channel, token), 'Nodes', 'List', {}, { deadlineMs: 5_000 }).catch(
					(error: unknown) => {
						count += 1;
						if (hasCode(error, 'API_UNAUTHORIZED')) refused += 1;
					},
				);
			}),
		);
	},
	traces: fillTraceIntake,
};

kinds[kind as LoadKind]();
setInterval(() => {
	const report: LoadReport = { count, refused, open: sockets.size };
	process.send?.(report);
}, SECOND_MS);
process.once('disconnect', () => process.exit());
