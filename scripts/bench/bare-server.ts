/**
 * A Node https server that does nothing but answer: the floor of the REST figures. `GET /bytes/N` answers N bytes, POST
 * answers the JSON that it parsed, `GET /watch` stays open, and `POST /emit/COUNT/BYTES` sends events to every watch.
 */
import type { ServerResponse } from 'node:http';
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
	const watches = new Set<ServerResponse>();
	const bodyOf = (bytes: string) => {
		const body = bodies.get(bytes) ?? Buffer.alloc(Number(bytes), 'x');
		bodies.set(bytes, body);
		return body;
	};
	const options = { cert, key, ca, requestCert: true, keepAliveTimeout: 60_000 };
	const server = createServer(options, (request, response) => {
		const [, path = '', first = '', second = ''] = (request.url ?? '').split('/');
		if (path === 'watch') {
			watches.add(response.writeHead(200, JSON_TYPE));
			response.flushHeaders();
			return;
		}
		if (path === 'bytes') {
			const body = bodyOf(first);
			response.writeHead(200, { ...JSON_TYPE, 'Content-Length': body.length }).end(body);
			return;
		}
		const chunks: Buffer[] = [];
		request.on('data', (chunk: Buffer) => chunks.push(chunk));
		request.on('end', () => {
			if (path === 'emit')
				for (let count = Number(first); count > 0; count--)
					for (const watch of watches) watch.write(`${'x'.repeat(Number(second))}\n`);
			const sent: unknown = chunks.length === 0 ? {} : JSON.parse(Buffer.concat(chunks).toString());
			const body = JSON.stringify(sent);
			response.writeHead(201, { ...JSON_TYPE, 'Content-Length': Buffer.byteLength(body) }).end(body);
		});
	});
	server.listen(0, '127.0.0.1', () => {
		process.send?.({ port: (server.address() as AddressInfo).port } satisfies BareServerAnswer);
	});
}

process.on('message', serve);
