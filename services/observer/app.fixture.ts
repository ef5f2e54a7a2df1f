/** An application as tests call it: on a port that the system chooses, with any headers and any bytes. */
import { once } from 'node:events';
import { request } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Express } from 'express';
import { createLog, type Log } from '../../lib/log.ts';
import { createHttpServer } from '../../lib/rpc/http-server.ts';

export interface Answer {
	readonly status: number;
	readonly headers: Readonly<Record<string, string | string[] | undefined>>;
	readonly text: string;
	/** `code` of a refusal; empty for anything else. */
	readonly code: string;
}
export interface Asked {
	readonly method?: string;
	readonly path?: string;
	readonly headers?: Readonly<Record<string, string>>;
	readonly body?: string | Uint8Array;
}
export interface ServedApp {
	readonly port: number;
	readonly ask: (asked: Asked) => Promise<Answer>;
	readonly close: () => void;
}

export async function serveApp(app: Express): Promise<ServedApp> {
	const server = createHttpServer(app, { unforeseen: () => 'unforeseen' });
	await once(server.listen(0, '127.0.0.1'), 'listening');
	const { port } = server.address() as AddressInfo;
	return {
		port,
		ask: ({ method = 'GET', path = '/', headers = {}, body }) =>
			new Promise((resolve, reject) => {
				const asking = request({ port, host: '127.0.0.1', method, path, headers, agent: false }, (response) => {
					let text = '';
					response.setEncoding('utf8');
					response.on('data', (chunk) => {
						text += chunk;
					});
					response.on('end', () => {
						const status = response.statusCode ?? 0;
						resolve({ status, headers: response.headers, text, code: codeOf(text) });
					});
				});
				asking.once('error', reject);
				asking.end(body);
			}),
		close() {
			server.close();
			server.closeAllConnections();
		},
	};
}

function codeOf(text: string): string {
	try {
		return String((JSON.parse(text) as { code?: unknown }).code ?? '');
	} catch {
		return '';
	}
}

export function keptLog(): { readonly log: Log; readonly lines: readonly string[] } {
	const lines: string[] = [];
	const log = createLog({ service: 'test', level: 'debug', format: 'json', write: (line) => lines.push(line) });
	return { log, lines };
}
