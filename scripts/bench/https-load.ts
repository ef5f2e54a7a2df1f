/** HTTPS requests over kept connections, with the client certificate of the cluster's admin. */
import { readFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { Agent, type RequestOptions, request } from 'node:https';
import { clusterCaOf } from '../../lib/kube/api-channel.ts';
import { parseKubeconfig } from '../../lib/kube/kubeconfig.ts';
import { currentUser } from '../../lib/kube/kubeconfig-access.ts';

export interface ClientTls {
	readonly ca: string;
	readonly cert: string;
	readonly key: string;
}
export interface Exchange {
	readonly method?: 'GET' | 'POST' | 'PUT';
	readonly path: string;
	readonly accept?: string;
	readonly body?: object;
}

export function adminTls(path: string): ClientTls {
	const file = { path, contents: readFileSync(path, 'utf8') };
	const { certificate: cert = '', key = '' } = currentUser(parseKubeconfig(file.contents, path), path);
	return { ca: clusterCaOf(file), cert, key };
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
	async send(exchange: Exchange): Promise<number> {
		return this.read(exchange, () => undefined);
	}

	/** Like `send`, with the chunks of the body. */
	async read(
		{ method = 'GET', path, accept = '*/*', body }: Exchange,
		onData: (chunk: Buffer) => void,
	): Promise<number> {
		const text = body === undefined ? undefined : JSON.stringify(body);
		const typed =
			text === undefined ? {} : { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text) };
		const headers = { Accept: accept, ...typed };
		const response = await this.#start({ method, path, headers, agent: this.#agent }, text);
		let bytes = 0;
		let refusal = '';
		const isRefused = (response.statusCode ?? 500) >= 300;
		for await (const chunk of response as AsyncIterable<Buffer>) {
			bytes += chunk.length;
			onData(chunk);
			if (isRefused) refusal += chunk.toString();
		}
		if (isRefused) throw new Error(`${method} ${path} was answered ${response.statusCode}: ${refusal}`);
		return bytes;
	}

	/** Opens a connection of its own with a response that stays open. */
	async open(path: string, onData: (chunk: Buffer) => void, accept = '*/*'): Promise<{ readonly close: () => void }> {
		const response = await this.#start({ path, headers: { Accept: accept }, ...this.#tls, agent: false });
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
