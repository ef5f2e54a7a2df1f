/** The handshake of a WebSocket. */
import type { IncomingMessage } from 'node:http';
import type { Answer } from './answer.ts';
import { protocolOf } from './web-socket.ts';

const VERSION = '13';

/** @source x/net/websocket hybi.go ReadHandshake and AcceptHandshake, server.go newServerConn and checkOrigin */
export function handshakeRefusal({ headers }: IncomingMessage): Answer | undefined {
	if (headers['sec-websocket-key'] === undefined) return refusal(400, 'mismatch challenge/response');
	if (headers['sec-websocket-version'] !== VERSION)
		return { ...refusal(400, 'missing or bad WebSocket Version'), headers: { 'Sec-WebSocket-Version': VERSION } };
	if (!URL.canParse(headers.origin ?? '')) return refusal(403, '');
	if (protocolOf(headers).includes(',')) return refusal(400, '');
	return undefined;
}

const refusal = (status: number, body: string): Answer => ({ status, headers: {}, body });
