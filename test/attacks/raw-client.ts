/** Clients that break the protocols on purpose: raw TCP, TLS and HTTP/2 frames, as no library would send them. */
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

export interface Target {
	readonly host: string;
	readonly port: number;
	/** Of a method that the port serves; default that of the API server. */
	readonly path?: string;
	/** Certificate and key, where the port wants them. */
	readonly tls?: { readonly cert: string; readonly key: string };
}

const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
const type = { DATA: 0, HEADERS: 1, RST_STREAM: 3, SETTINGS: 4, PING: 6, CONTINUATION: 9 } as const;
const END_STREAM = 1;
const END_HEADERS = 4;
const CANCEL = Buffer.from([0, 0, 0, 8]);

export function frame(
	kind: keyof typeof type,
	flags: number,
	stream: number,
	payload: Buffer = Buffer.alloc(0),
): Buffer {
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
export const h2Start = Buffer.concat([h2WithoutAck, frame('SETTINGS', 1, 0)]);
export const openCall = (stream: number, path: string = KNOWN_PATH): Buffer =>
	frame('HEADERS', END_HEADERS, stream, callHeaders(path));
export const openedAndReset = (stream: number): Buffer =>
	Buffer.concat([openCall(stream), frame('RST_STREAM', 0, stream, CANCEL)]);
/** `count` calls, the first on stream `first`. */
export const resets = (first: number, count: number): Buffer =>
	Buffer.concat(Array.from({ length: count }, (_, index) => openedAndReset(first + 2 * index)));

/** A connection that stays open, reads nothing of use, and never answers a FIN with one of its own. */
export function openRaw({ host, port }: Target): Socket {
	const socket = connectTcp({ host, port, allowHalfOpen: true });
	return quiet(socket);
}
export async function openTls({ host, port, tls }: Target, protocol?: 'h2' | 'http/1.1'): Promise<Socket> {
	const alpn = protocol === undefined ? {} : { ALPNProtocols: [protocol] };
	// `allowHalfOpen` is missing in the types of a TLS client, and works.
	const options = { host, port, rejectUnauthorized: false, allowHalfOpen: true, ...alpn, ...tls };
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
