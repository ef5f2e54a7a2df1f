/**
 * A WebSocket that sends messages and reads none, as upstream serves watches to browsers and to client libraries.
 * @source golang.org/x/net/websocket; apiserver/pkg/endpoints/handlers/watch.go HandleWS; RFC 6455
 * @differs logs are not sent over a WebSocket
 */
import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { awaitReader } from '../../../lib/rpc/http-server.ts';
import { protocolsWithoutToken } from '../authenticate/web-socket-token.ts';

export type WebSocketMessages = 'text' | 'binary';

export interface WebSocketSender {
	/** @returns false when the caller must wait until the client has read */
	readonly send: (message: string | Uint8Array) => boolean;
	/** With the status "normal". */
	readonly close: () => void;
	readonly isOpen: boolean;
}

/** Of a handshake that is not refused; empty when the client names none. */
export const protocolOf = ({ 'sec-websocket-protocol': protocols = '' }: IncomingHttpHeaders): string =>
	protocolsWithoutToken(protocols);

/** @source RFC 6455 section 1.3 */
const acceptOf = (key: string): string =>
	createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');

/** @param response  of a request that `handshakeRefusal` accepts; it is not written itself */
export function acceptWebSocket(response: ServerResponse, messages: WebSocketMessages): WebSocketSender {
	// Null when the client has gone.
	const socket = response.socket ?? undefined;
	const { headers } = response.req;
	const protocol = protocolOf(headers);
	response.statusCode = 101;
	socket?.write(
		[
			...['HTTP/1.1 101 Switching Protocols', 'Upgrade: websocket', 'Connection: Upgrade'],
			`Sec-WebSocket-Accept: ${acceptOf(headers['sec-websocket-key'] ?? '')}`,
			...(protocol === '' ? [] : [`Sec-WebSocket-Protocol: ${protocol}`]),
			'\r\n',
		].join('\r\n'),
	);
	const opcode = messages === 'text' ? opcodes.text : opcodes.binary;
	const close = (status: number = statuses.normal): void => {
		if (socket === undefined || !isOpen(socket)) return;
		// For a client that does not read the rest.
		awaitReader(response);
		socket.end(frameOf(opcodes.close, Buffer.from([status >> 8, status & 0xff])));
		socket.destroySoon();
	};
	if (socket !== undefined) answerFrames(socket, close);
	return {
		send: (message) => socket?.write(frameOf(opcode, Buffer.from(message))) ?? true,
		close: () => close(),
		get isOpen() {
			return isOpen(socket);
		},
	};
}

const isOpen = (socket: Socket | undefined): boolean => socket?.writable === true;

/** Frames of the client are pings and its leave; others are ignored. */
function answerFrames(socket: Socket, close: (status?: number) => void): void {
	const frames = new ClientFrames();
	socket.on('data', (chunk: Buffer) => {
		try {
			const { ping, isClosing } = frames.read(chunk);
			// A client that reads no pongs gets none.
			if (ping !== undefined && isOpen(socket) && !socket.writableNeedDrain) socket.write(frameOf(opcodes.pong, ping));
			if (isClosing) close();
		} catch {
			close(statuses.protocolError);
		}
	});
}

const opcodes = { text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;
const statuses = { normal: 1000, protocolError: 1002 } as const;

/** Final and unmasked. @source RFC 6455 section 5.2 */
export function frameOf(opcode: number, payload: Buffer): Buffer {
	const { length } = payload;
	const head = Buffer.alloc(length < 126 ? 2 : length < 65_536 ? 4 : 10);
	head[0] = 0x80 | opcode;
	head[1] = head.length === 2 ? length : head.length === 4 ? 126 : 127;
	if (head.length === 4) head.writeUInt16BE(length, 2);
	if (head.length === 10) head.writeBigUInt64BE(BigInt(length), 2);
	return Buffer.concat([head, payload]);
}

interface Received {
	/** Of the last one: its pong answers those before it. @source RFC 6455 section 5.5.3 */
	readonly ping: Buffer | undefined;
	readonly isClosing: boolean;
}

/** @source x/net/websocket Conn.MaxPayloadBytes */
const MAX_IGNORED_BYTES = 32 * 1024 * 1024;
const MAX_CONTROL_BYTES = 125;
const MASK_BYTES = 4;

/** Keeps less than one control frame; the payload of data is discarded as it arrives. */
export class ClientFrames {
	#pending = Buffer.alloc(0);
	#ignored = 0;

	/** @throws RangeError  a frame is invalid */
	read(chunk: Buffer): Received {
		const bytes = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk]);
		let ping: Frame | undefined;
		let isClosing = false;
		let at = 0;
		while (!isClosing) {
			const ignored = Math.min(this.#ignored, bytes.length - at);
			this.#ignored -= ignored;
			at += ignored;
			const frame = frameAt(bytes, at);
			if (frame === undefined) break;
			const { opcode, payloadAt, length } = frame;
			const isControl = opcode >= opcodes.close;
			if (isControl && bytes.length < payloadAt + length) break;
			if (!isControl) this.#ignored = length;
			if (opcode === opcodes.ping) ping = frame;
			isClosing = opcode === opcodes.close;
			at = isControl ? payloadAt + length : payloadAt;
		}
		// A copy, so that the chunk is not kept.
		this.#pending = Buffer.from(bytes.subarray(at));
		return { ping: ping && unmaskedPayload(ping, bytes), isClosing };
	}
}

interface Frame {
	readonly opcode: number;
	readonly payloadAt: number;
	readonly length: number;
}

/** @returns undefined while bytes are missing */
function frameAt(bytes: Buffer, at: number): Frame | undefined {
	if (bytes.length < at + 2) return undefined;
	const opcode = bytes.readUInt8(at) & 0x0f;
	const second = bytes.readUInt8(at + 1);
	const short = second & 0x7f;
	if ((second & 0x80) === 0) throw new RangeError('a frame of a client has no mask');
	if (opcode >= opcodes.close && short > MAX_CONTROL_BYTES) throw new RangeError('a control frame is too long');
	const lengthBytes = short === 126 ? 2 : short === 127 ? 8 : 0;
	const lengthAt = at + 2;
	const payloadAt = lengthAt + lengthBytes + MASK_BYTES;
	if (bytes.length < payloadAt) return undefined;
	const length =
		lengthBytes === 0
			? short
			: lengthBytes === 2
				? bytes.readUInt16BE(lengthAt)
				: Number(bytes.readBigUInt64BE(lengthAt));
	if (length > MAX_IGNORED_BYTES) throw new RangeError('a frame is too long');
	return { opcode, payloadAt, length };
}

function unmaskedPayload({ payloadAt, length }: Frame, bytes: Buffer): Buffer {
	const mask = bytes.subarray(payloadAt - MASK_BYTES, payloadAt);
	return Buffer.from(
		bytes.subarray(payloadAt, payloadAt + length).map((byte, at) => byte ^ (mask[at % MASK_BYTES] ?? 0)),
	);
}
