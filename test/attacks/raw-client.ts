/** Clients that break the protocols on purpose: raw TCP, TLS and HTTP/2 frames, as no library would send them. */
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls, createSecureContext } from 'node:tls';

export interface Target {
	readonly host: string;
	readonly port: number;
	/** Of a method that the port serves; default that of the API server. */
	readonly path?: string;
	/** Certificate and key, where the port wants them. */
	readonly tls?: { readonly cert: string; readonly key: string };
}

const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
const type = {
	DATA: 0,
	HEADERS: 1,
	PRIORITY: 2,
	RST_STREAM: 3,
	SETTINGS: 4,
	PUSH_PROMISE: 5,
	PING: 6,
	GOAWAY: 7,
	WINDOW_UPDATE: 8,
	CONTINUATION: 9,
} as const;
type FrameType = keyof typeof type;
export const frameTypes = Object.keys(type) as readonly FrameType[];
const END_STREAM = 1;
const END_HEADERS = 4;
const CANCEL = Buffer.from([0, 0, 0, 8]);

export function frame(kind: FrameType, flags: number, stream: number, payload: Buffer = Buffer.alloc(0)): Buffer {
	const head = Buffer.alloc(9);
	head.writeUIntBE(payload.length, 0, 3);
	head[3] = type[kind];
	head[4] = flags;
	head.writeUInt32BE(stream, 5);
	return Buffer.concat([head, payload]);
}

// HPACK literals without indexing; the first bytes are POST and https of the static table.
export const literal = (name: string, value: string): Buffer =>
	Buffer.concat([
		Buffer.from([0, name.length]),
		Buffer.from(name),
		value.length < 127 ? Buffer.from([value.length]) : longLength(value.length),
		Buffer.from(value),
	]);
function longLength(length: number): Buffer {
	const bytes = [127];
	for (let rest = length - 127; ; rest >>= 7) {
		if (rest < 128) return Buffer.from([...bytes, rest]);
		bytes.push((rest & 127) | 128);
	}
}
export const callHeaders = (path: string, more: Readonly<Record<string, string>> = {}): Buffer =>
	Buffer.concat([
		Buffer.from([0x83, 0x87]),
		literal(':path', path),
		literal(':authority', 'localhost'),
		literal('content-type', 'application/grpc'),
		literal('te', 'trailers'),
		...Object.entries(more).map(([name, value]) => literal(name, value)),
	]);

export const KNOWN_PATH = '/kubejoin.v1.ConfigMaps/Get';
/** Never acknowledges the settings of the server. */
export const h2WithoutAck = Buffer.concat([PREFACE, frame('SETTINGS', 0, 0)]);
/** Announces this window for each response. */
export function h2WithWindow(bytes: number): Buffer {
	const initialWindow = Buffer.from([0, 4, 0, 0, 0, 0]);
	initialWindow.writeUInt32BE(bytes, 2);
	return Buffer.concat([PREFACE, frame('SETTINGS', 0, 0, initialWindow), frame('SETTINGS', 1, 0)]);
}
export const h2Start = Buffer.concat([h2WithoutAck, frame('SETTINGS', 1, 0)]);
export const openCall = (stream: number, path: string = KNOWN_PATH): Buffer =>
	frame('HEADERS', END_HEADERS, stream, callHeaders(path));
/** A call with the first byte of its message. */
export const begunCall = (stream: number, path?: string): Buffer =>
	Buffer.concat([openCall(stream, path), frame('DATA', 0, stream, Buffer.from([0]))]);
export const reset = (stream: number): Buffer => frame('RST_STREAM', 0, stream, CANCEL);
export const goaway = (code: number): Buffer => frame('GOAWAY', 0, 0, Buffer.from([0, 0, 0, 0, 0, 0, 0, code]));
export const openedAndReset = (stream: number): Buffer => Buffer.concat([openCall(stream), reset(stream)]);
/** Calls before and after a GOAWAY with this code. */
export const callsAroundGoaway = (code: number, path?: string): Buffer =>
	Buffer.concat([
		...[1, 3, 5].map((stream) => begunCall(stream, path)),
		goaway(code),
		...[7, 9, 11].map((stream) => begunCall(stream, path)),
	]);
/** `count` requests of the path that are reset at once. @param code  of the reset; 0 says that nothing is wrong */
export const resetRequests = (count: number, path: string, code: number): Buffer =>
	Buffer.concat(
		Array.from({ length: count }, (_, index) => 1 + 2 * index).flatMap((stream) => [
			frame('HEADERS', END_HEADERS | END_STREAM, stream, getHeaders(path)),
			frame('RST_STREAM', 0, stream, Buffer.from([0, 0, 0, code])),
		]),
	);
// 0x82: GET
const getHeaders = (path: string): Buffer =>
	Buffer.concat([Buffer.from([0x82, 0x87]), literal(':path', path), literal(':authority', 'localhost')]);
/** `count` calls, the first on stream `first`. */
export const resets = (first: number, count: number): Buffer =>
	Buffer.concat(Array.from({ length: count }, (_, index) => openedAndReset(first + 2 * index)));

/** A connection that stays open, reads nothing of use, and never answers a FIN with one of its own. */
export function openRaw({ host, port }: Target): Socket {
	const socket = connectTcp({ host, port, allowHalfOpen: true });
	return quiet(socket);
}
/** Node makes a context for each connection otherwise, which costs the attacker more than its handshake. */
const anonymous = createSecureContext();

export async function openTls({ host, port, tls }: Target, protocol?: 'h2' | 'http/1.1'): Promise<Socket> {
	const alpn = protocol === undefined ? {} : { ALPNProtocols: [protocol] };
	const credentials = tls ?? { secureContext: anonymous };
	// `allowHalfOpen` is missing in the types of a TLS client, and works.
	const options = { host, port, rejectUnauthorized: false, allowHalfOpen: true, ...alpn, ...credentials };
	const socket = quiet(connectTls(options));
	await new Promise((resolve) => socket.once('secureConnect', resolve).once('close', resolve));
	return socket;
}
function quiet<S extends Socket>(socket: S): S {
	socket.on('error', () => undefined);
	socket.resume();
	return socket;
}

/** A ClientHello of which only the first byte is sent. */
const HELLO_BEGINS = Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00]);

/** Each opens one connection that does harm by staying. */
export const lingering: Readonly<Record<string, (target: Target) => Promise<Socket>>> = {
	'silent TCP': async (target) => openRaw(target),
	'half a ClientHello': async (target) => {
		const socket = openRaw(target);
		socket.write(HELLO_BEGINS);
		return socket;
	},
	'silent TLS': (target) => openTls(target, 'h2'),
	'HTTP/1.1 headers without an end': (target) => sent(target, 'http/1.1', 'GET / HTTP/1.1\r\nHost: localhost\r\nA: '),
	'HTTP/1.1 body without an end': (target) =>
		sent(target, 'http/1.1', 'POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{'),
	'half an HTTP/2 preface': (target) => sent(target, 'h2', PREFACE.subarray(0, 10)),
	'HTTP/2 without a call': (target) => sent(target, 'h2', h2Start),
	'HEADERS without END_HEADERS': (target) =>
		sent(target, 'h2', Buffer.concat([h2Start, frame('HEADERS', 0, 1, callHeaders(target.path ?? KNOWN_PATH))])),
	'a call without a message': (target) => sent(target, 'h2', Buffer.concat([h2Start, openCall(1, target.path)])),
	'half a message': (target) =>
		sent(
			target,
			'h2',
			Buffer.concat([h2Start, openCall(1, target.path), frame('DATA', 0, 1, Buffer.from([0, 0, 0, 100, 0, 1, 2, 3]))]),
		),
	'a call of an unknown method without an end': (target) =>
		sent(target, 'h2', Buffer.concat([h2Start, openCall(1, '/no/Method')])),
	'rapid resets': (target) => sent(target, 'h2', Buffer.concat([h2Start, resets(1, 3_000)])),
	'CONTINUATION without an end': (target) =>
		sent(
			target,
			'h2',
			Buffer.concat([
				h2Start,
				frame('HEADERS', 0, 1, callHeaders(target.path ?? KNOWN_PATH)),
				...Array.from({ length: 100 }, () => frame('CONTINUATION', 0, 1)),
			]),
		),
	'GOAWAY by a broken frame': (target) =>
		sent(target, 'h2', Buffer.concat([h2Start, frame('DATA', END_STREAM, 99, Buffer.alloc(10))])),
};

async function sent(target: Target, protocol: 'h2' | 'http/1.1', bytes: string | Buffer): Promise<Socket> {
	const socket = await openTls(target, protocol);
	if (!socket.destroyed) socket.write(bytes);
	return socket;
}

/** Where a frame has the number of its stream. */
const STREAM_AT = 5;
const SECRET_PLACEHOLDER = '#'.repeat(16);

/** The same frames on one stream after another: encoded once, so that only the numbers of the streams change. */
export class NumberedFrames {
	readonly #template: Buffer;
	/** Offsets of the numbers of the stream. */
	readonly #numbers: readonly number[];
	readonly #secretAt: number;
	sent = 0;

	constructor(frames: readonly Buffer[]) {
		this.#template = Buffer.concat(frames);
		this.#secretAt = this.#template.indexOf(SECRET_PLACEHOLDER);
		let end = 0;
		this.#numbers = frames.map(({ length }) => {
			end += length;
			return end - length + STREAM_AT;
		});
	}

	/** A call that its caller resets at once. */
	static resets(): NumberedFrames {
		return new NumberedFrames([openCall(0), frame('RST_STREAM', 0, 0, CANCEL)]);
	}

	static guesses(): NumberedFrames {
		const headers = callHeaders('/kubejoin.v1.Nodes/List', { authorization: `Bearer abcdef.${SECRET_PLACEHOLDER}` });
		return new NumberedFrames([
			frame('HEADERS', END_HEADERS, 0, headers),
			frame('DATA', END_STREAM, 0, Buffer.alloc(5)),
		]);
	}

	/** The frames of the next `count` streams. @param secret  of 16 characters, for all of them */
	next(count: number, secret?: string): Buffer {
		const { length } = this.#template;
		const bytes = Buffer.alloc(count * length);
		for (let at = 0; at < bytes.length; at += length) {
			this.#template.copy(bytes, at);
			for (const number of this.#numbers) bytes.writeUInt32BE(1 + 2 * this.sent, at + number);
			if (secret !== undefined) bytes.write(secret, at + this.#secretAt);
			this.sent += 1;
		}
		return bytes;
	}
}

const FRAME_HEAD_BYTES = 9;

/** Counts the streams that the server has ended, and answers its pings. */
export class FrameReader {
	ended = 0;
	readonly #write: (bytes: Buffer) => void;
	#rest: Buffer = Buffer.alloc(0);

	constructor(write: (bytes: Buffer) => void) {
		this.#write = write;
	}

	read(bytes: Buffer): void {
		let rest = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
		while (rest.length >= FRAME_HEAD_BYTES && rest.length >= FRAME_HEAD_BYTES + rest.readUIntBE(0, 3)) {
			const end = FRAME_HEAD_BYTES + rest.readUIntBE(0, 3);
			const [kind = 0, flags = 0] = [rest[3], rest[4]];
			if (kind === type.PING && flags === 0) this.#write(frame('PING', 1, 0, rest.subarray(FRAME_HEAD_BYTES, end)));
			const hasEnded =
				kind === type.RST_STREAM || ((kind === type.HEADERS || kind === type.DATA) && (flags & END_STREAM) !== 0);
			if (hasEnded) this.ended += 1;
			rest = rest.subarray(end);
		}
		this.#rest = Buffer.from(rest);
	}
}
