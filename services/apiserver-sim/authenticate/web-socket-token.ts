/**
 * The bearer token of a request for a WebSocket. The script of a browser cannot set the Authorization header of such a
 * request, and names its token as a subprotocol.
 *
 * @source apiserver/pkg/authentication/request/websocket/protocol.go
 */
const PREFIX = 'base64url.bearer.authorization.k8s.io.';

export type WebSocketToken = { readonly token: string } | { readonly problem: string };

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** @param protocols  the header Sec-WebSocket-Protocol */
export function webSocketToken(protocols: string): WebSocketToken | undefined {
	const names = namesIn(protocols);
	const [found, ...more] = names.filter((name) => name.startsWith(PREFIX));
	if (found === undefined) return undefined;
	if (more.length > 0) return { problem: 'multiple base64.bearer.authorization tokens specified' };
	const token = decoded(found.slice(PREFIX.length));
	if (typeof token === 'object') return token;
	if (token === '') return undefined;
	return names.length === 1 ? { problem: 'missing additional subprotocol' } : { token };
}

/**
 * The header without the token, which is in no answer.
 *
 * @differs upstream leaves the token among the protocols if another credential authenticates the client, and then
 *   refuses the handshake or sends the token back
 */
export const protocolsWithoutToken = (protocols: string): string =>
	namesIn(protocols)
		.filter((name) => !name.startsWith(PREFIX))
		.join(',');

const namesIn = (protocols: string): readonly string[] => protocols.split(',').map((name) => name.trim());

function decoded(text: string): string | { readonly problem: string } {
	if (!/^[A-Za-z0-9_-]*$/.test(text) || text.length % 4 === 1)
		return { problem: 'invalid base64.bearer.authorization token encoding' };
	try {
		return strictUtf8.decode(Buffer.from(text, 'base64url'));
	} catch {
		return { problem: 'invalid base64.bearer.authorization token' };
	}
}
