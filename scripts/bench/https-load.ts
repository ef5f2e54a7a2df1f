/** HTTPS requests over kept connections, with the client certificate of the cluster's admin. */

import type { IncomingMessage } from 'node:http';
import { Agent, type RequestOptions, request } from 'node:https';

export interface ClientTls {
	readonly ca: string;
	readonly cert: string;
	readonly key: string;
}
export interface Exchange {
	readonly method?: 'GET' | 'POST' | 'PUT';
	readonly path: string;
	readonly body?: object;
}

export class HttpsLoad {
	readonly #agent: Agent;
	readonly #port: number;
	readonly #tls: ClientTls;

	constructor(port: number, tls: ClientTls, atOnce: number) {
		this.#port = port;
		this.#tls = tls;
		this.#agent = new Agent({ ...tls, keepAlive: true, maxSockets: atOnce, host: '127.0.0.1' });
	}

	close(): void {
		this.#agent.destroy();
	}

	/** @returns the length of the body of the answer @throws Error  the status is not 2xx */
	async send({ method = 'GET', path, body }: Exchange): Promise<number> {
		const text = body === undefined ? undefined : JSON.stringify(body);
		const headers =
			text === undefined ? {} : { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text) };
		const response = await this.#start({ method, path, headers, agent: this.#agent }, text);
		let bytes = 0;
		let refusal = '';
		const isRefused = (response.statusCode ?? 500) >= 300;
		for await (const chunk of response as AsyncIterable<Buffer>) {
			bytes += chunk.length;
			if (isRefused) refusal += chunk.toString();
		}
		if (isRefused) throw new Error(`${method} ${path} was answered ${response.statusCode}: ${refusal}`);
		return bytes;
	}

	/** Opens a connection of its own with a response that stays open. */
	async open(path: string, onData: (chunk: Buffer) => void): Promise<{ readonly close: () => void }> {
		const response = await this.#start({ path, ...this.#tls, agent: false });
		response.on('data', onData).on('error', () => undefined);
		return { close: () => response.destroy() };
	}

	#start(options: RequestOptions, text?: string): Promise<IncomingMessage> {
		return new Promise((resolve, reject) => {
			const started = request({ host: '127.0.0.1', port: this.#port, ...options }, resolve);
			started.on('error', reject).end(text);
		});
	}
}
