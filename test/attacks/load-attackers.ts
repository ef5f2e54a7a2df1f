/**
 * The attackers of load.ts, in one process that costs little: raw sockets, and frames that are encoded once. Its parent
 * sends a `LoadOrder`, and receives `LoadReports` once a second until it disconnects.
 */
import { existsSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { constants, setPriority } from 'node:os';
import { type LoadKind, type LoadOrder, type LoadReports, loadAttacks, loadKinds } from './load-kinds.ts';
import {
	FrameReader,
	h2Start,
	lingering,
	NumberedFrames,
	openCall,
	openRaw,
	openTls,
	type Target,
} from './raw-client.ts';
import { fullBodies, SLOW_BODY_HEAD } from './span-bodies.ts';

const SECOND_MS = 1_000;
const TICK_MS = 50;
/** Until all idle connections have been open once. */
const OPENED_PER_SECOND = 250;
/** Of one that the server closed. */
const REOPENED_PER_SECOND = 100;
/** Above `streamResets` of one connection, so that the server cuts each of them. */
const RESETS_PER_CONNECTION = 250;
const CALLS_PER_CONNECTION = 10;
/** Below `concurrentStreams`: above it the server would end the connection. */
const MAX_GUESSES_OPEN = 90;
const SLOW_BODIES = 300;
const SLOW_BODIES_OPENED_PER_SECOND = 50;
const FULL_BODIES_PER_SECOND = 20;

/** The counts of one attack, and its open connections. */
class Attack {
	readonly sockets = new Set<Socket>();
	count = 0;
	refused = 0;
	#opening = 0;

	/** Counts a connection as open until the server closes its side. */
	keep(socket: Socket): Socket {
		this.sockets.add(socket);
		const drop = (): void => {
			this.sockets.delete(socket);
			socket.destroy();
		};
		socket.once('close', drop).once('end', drop);
		return socket;
	}

	/** Opens at most `due` connections, and none above `wanted`. */
	fill(due: number, wanted: number, open: () => Promise<Socket>): void {
		repeat(Math.min(due, wanted - this.sockets.size - this.#opening), () => {
			this.#opening += 1;
			void open().then((socket) => {
				this.#opening -= 1;
				this.count += 1;
				if (!socket.destroyed) this.keep(socket);
			});
		});
	}
}

/**
 * Calls `work` with the number of actions that are due. A process that got no processor time catches up on at most one
 * second.
 */
function every(perSecond: number | (() => number), work: (due: number) => void): void {
	const rate = typeof perSecond === 'number' ? () => perSecond : perSecond;
	let lastMs = performance.now();
	let due = 0;
	setInterval(() => {
		const nowMs = performance.now();
		due = Math.min(rate(), due + ((nowMs - lastMs) * rate()) / SECOND_MS);
		lastMs = nowMs;
		const whole = Math.floor(due);
		due -= whole;
		if (whole > 0) work(whole);
	}, TICK_MS);
}

function repeat(times: number, work: () => void): void {
	for (let index = 0; index < times; index++) work();
}

function holdIdle(attack: Attack, target: Target, wanted: number): void {
	const kinds = [async () => openRaw(target), () => openTls(target, 'h2')] as const;
	let next = 0;
	every(
		() => (attack.count < wanted ? OPENED_PER_SECOND : REOPENED_PER_SECOND),
		(due) => attack.fill(due, wanted, () => (kinds[next++ % kinds.length] ?? kinds[0])()),
	);
}

function dribble(attack: Attack, target: Target, wanted: number): void {
	const begin = lingering['HTTP/1.1 headers without an end'];
	if (begin !== undefined) every(wanted / 4, (due) => attack.fill(due, wanted, () => begin(target)));
	every(10, () => {
		for (const socket of attack.sockets) socket.write('a');
	});
}

function resetStreams(attack: Attack, target: Target): void {
	let connection: { readonly socket: Socket; readonly frames: NumberedFrames } | undefined;
	let isOpening = false;
	const open = async (): Promise<void> => {
		isOpening = true;
		const socket = await openTls(target, 'h2');
		isOpening = false;
		if (socket.destroyed) return;
		socket.write(h2Start);
		attack.keep(socket).once('close', () => {
			connection = undefined;
		});
		connection = { socket, frames: NumberedFrames.resets() };
	};
	every(RESETS_PER_CONNECTION, (due) => {
		if (connection === undefined) {
			if (!isOpening) void open();
			return;
		}
		connection.socket.write(connection.frames.next(due), (error) => {
			if (!error) attack.count += due;
		});
	});
}

const unfinishedCalls = Buffer.concat([
	h2Start,
	...Array.from({ length: CALLS_PER_CONNECTION }, (_, at) => openCall(1 + 2 * at)),
]);

function leaveUnfinished(attack: Attack, target: Target, wanted: number): void {
	every(wanted / CALLS_PER_CONNECTION, (due) =>
		repeat(due, () => {
			void openTls(target, 'h2').then((socket) => {
				if (socket.destroyed) return;
				attack.keep(socket).write(unfinishedCalls);
				attack.count += CALLS_PER_CONNECTION;
			});
		}),
	);
}

/** All guesses on one connection, as a client library sends them. */
function guessTokens(attack: Attack, target: Target, wanted: number): void {
	let connection:
		| { readonly socket: Socket; readonly calls: NumberedFrames; readonly answers: FrameReader }
		| undefined;
	let isOpening = false;
	let guess = 0;
	const open = async (): Promise<void> => {
		isOpening = true;
		const socket = await openTls(target, 'h2');
		isOpening = false;
		if (socket.destroyed) return;
		socket.write(h2Start);
		const answers = new FrameReader((bytes) => socket.write(bytes));
		socket.on('data', (bytes: Buffer) => answers.read(bytes));
		attack.keep(socket).once('close', () => {
			connection = undefined;
		});
		connection = { socket, calls: NumberedFrames.guesses(), answers };
	};
	every(wanted, (due) => {
		if (connection === undefined) {
			if (!isOpening) void open();
			return;
		}
		const { socket, calls, answers } = connection;
		repeat(Math.min(due, MAX_GUESSES_OPEN - (calls.sent - answers.ended)), () => {
			socket.write(calls.next(1, String(guess++).padStart(16, '0')));
			attack.count += 1;
		});
	});
}

/** Requests that never end hold the places of the intake; a few complete ones make it parse and store. */
function fillTraceIntake(attack: Attack, target: Target, tracesKey: string): void {
	const send = async (bytes: readonly (string | Buffer)[]): Promise<Socket> => {
		const socket = connect(target.port, target.host);
		socket.on('error', () => undefined);
		socket.on('data', (answer: Buffer) => {
			if (answer.includes('HTTP/1.1 429')) attack.refused += 1;
			attack.sockets.delete(socket);
			socket.destroy();
		});
		for (const part of bytes) socket.write(part);
		return socket;
	};
	const head = `POST /v1/traces HTTP/1.1\r\nHost: 127.0.0.1:${target.port}\r\nAuthorization: Bearer ${tracesKey}\r\n`;
	every(SLOW_BODIES_OPENED_PER_SECOND, (due) => attack.fill(due, SLOW_BODIES, () => send([head, SLOW_BODY_HEAD])));
	every(SLOW_BODIES / 10, () => {
		for (const socket of attack.sockets) socket.write(' ');
	});
	const bodies = fullBodies();
	every(FULL_BODIES_PER_SECOND, (due) =>
		repeat(due, () => {
			const body = bodies.next();
			const length = `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`;
			void send([head, length, body]).then(() => {
				attack.count += 1;
			});
		}),
	);
}

function begin(kind: LoadKind, attack: Attack, { port, tracesPort, tracesKey }: LoadOrder): void {
	const { amount } = loadAttacks[kind];
	const target: Target = { host: '127.0.0.1', port: kind === 'traces' ? tracesPort : port };
	const kinds: Readonly<Record<LoadKind, () => void>> = {
		idle: () => holdIdle(attack, target, amount),
		dribble: () => dribble(attack, target, amount),
		resets: () => repeat(amount / RESETS_PER_CONNECTION, () => resetStreams(attack, target)),
		unfinished: () => leaveUnfinished(attack, target, amount),
		tokens: () => guessTokens(attack, target, amount),
		traces: () => fillTraceIntake(attack, target, tracesKey),
	};
	kinds[kind]();
}

/**
 * Real attackers run on other machines: these get the processor time that the mesh and the nodes leave. Linux can share
 * the time among sessions first; then the priority of the session counts, not that of the process.
 */
function yieldProcessor(): void {
	setPriority(constants.priority.PRIORITY_LOW);
	const session = '/proc/self/autogroup';
	if (existsSync(session)) writeFileSync(session, `${constants.priority.PRIORITY_LOW}`);
}

process.once('disconnect', () => process.exit());
process.once('message', (order: LoadOrder) => {
	if (order.isYielding) yieldProcessor();
	const attacks = new Map(loadKinds.map((kind) => [kind, new Attack()] as const));
	for (const kind of order.kinds) begin(kind, attacks.get(kind) ?? new Attack(), order);
	setInterval(() => {
		const reports = [...attacks].map(([kind, { count, refused, sockets }]) => [
			kind,
			{ count, refused, open: sockets.size },
		]);
		process.send?.(Object.fromEntries(reports) as LoadReports);
	}, SECOND_MS);
});
