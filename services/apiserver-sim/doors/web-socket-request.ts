/** A request for a WebSocket, and the checks of its handshake. */
import type { IncomingMessage } from 'node:http';
import { isUpgrade } from '../../../lib/rpc/http-server.ts';
import type { Answer } from './answer.ts';

const VERSION = '13';

/** @source streaming/pkg/httpstream/wsstream IsWebSocketRequest */
export const isWebSocketRequest = (request: IncomingMessage): boolean =>
	isUpgrade(request) && request.headers.upgrade?.toLowerCase() === 'websocket';

/** @source x/net/websocket hybi.go ReadHandshake and AcceptHandshake, server.go newServerConn and checkOrigin */
export function handshakeRefusal({ headers }: IncomingMessage): Answer | undefined {
	if (headers['sec-websocket-key'] === undefined) return refusal(400, 'mismatch challenge/response');
	if (headers['sec-websocket-version'] !== VERSION)
		return { ...refusal(400, 'missing or bad WebSocket Version'), headers: { 'Sec-WebSocket-Version': VERSION } };
	if (!URL.canParse(headers.origin ?? '')) return refusal(403, '');
	if (headers['sec-websocket-protocol']?.includes(',') === true) return refusal(400, '');
	return undefined;
}

const refusal = (status: number, body: string): Answer => ({ status, headers: {}, body });
