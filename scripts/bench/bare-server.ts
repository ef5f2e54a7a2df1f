/**
 * A Node https server that does nothing but answer: the floor of the REST figures. `GET /bytes/N` answers N bytes, and
 * `GET /watch` stays open.
 */
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';

export interface BareServerQuestion {
	readonly cert: string;
	readonly key: string;
	readonly ca: string;
}
export interface BareServerAnswer {
	readonly port: number;
}

const JSON_TYPE = { 'Content-Type': 'application/json' };

function serve({ cert, key, ca }: BareServerQuestion): void {
	const bodies = new Map<string, Buffer>();
	const bodyOf = (bytes: string) => {
		const body = bodies.get(bytes) ?? Buffer.alloc(Number(bytes), 'x');
		bodies.set(bytes, body);
		return body;
	};
	const options = { cert, key, ca, requestCert: true, keepAliveTimeout: 60_000 };
	const server = createServer(options, (request, response) => {
		const [, path = '', bytes = ''] = (request.url ?? '').split('/');
		if (path === 'watch') {
			response.writeHead(200, JSON_TYPE).flushHeaders();
			return;
		}
		const body = bodyOf(bytes);
		response.writeHead(200, { ...JSON_TYPE, 'Content-Length': body.length }).end(body);
	});
	server.listen(0, '127.0.0.1', () => {
		process.send?.({ port: (server.address() as AddressInfo).port } satisfies BareServerAnswer);
	});
}

process.on('message', serve);
