/** HTTP requests to a Docker engine, over its local socket or TCP. It knows no endpoint of the API. */
import { type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps, type RequestOptions as TlsRequestOptions } from 'node:https';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { causeText, KubejoinError } from '../../../../lib/errors.ts';
import { readText } from '../../../../lib/files.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** The engine answered a request with an error status. */
class DockerResponseError extends Error {
	readonly status: number;

	constructor(status: number, message: string) {
		super(message);
		this.status = status;
	}
}

const statusOf = (error: unknown): number | undefined =>
	error instanceof KubejoinError && error.cause instanceof DockerResponseError ? error.cause.status : undefined;

export const isMissing = (error: unknown): boolean => statusOf(error) === 404;
/** A name is taken, or another client changes the container. */
export const isConflict = (error: unknown): boolean => statusOf(error) === 409;

export interface DockerRequest {
	/** An infinitive for the error message: `stop ca-service`. */
	readonly action: string;
	readonly method: 'GET' | 'POST' | 'DELETE';
	readonly path: string;
	readonly query?: Readonly<Record<string, string | number | boolean>>;
	readonly body?: object;
}

const DEFAULT_HOST = 'unix:///var/run/docker.sock';

/**
 * @param env  DOCKER_HOST, DOCKER_TLS_VERIFY and DOCKER_CERT_PATH, as the docker command reads them
 * @throws DOCKER_UNREACHABLE  the address is of an unsupported kind
 */
export function connectionOptions(env: Environment): TlsRequestOptions & { readonly isTls: boolean } {
	const host = env.DOCKER_HOST || DEFAULT_HOST;
	const socket = /^(?:unix|npipe):\/\/(.+)$/.exec(host)?.[1];
	if (socket !== undefined) return { socketPath: socket, host: 'docker', isTls: false };
	const [, scheme, hostname = '', port = '2375'] = /^(tcp|https?):\/\/([^/:]+)(?::(\d+))?\/?$/.exec(host) ?? [];
	if (scheme === undefined)
		throw new KubejoinError('DOCKER_UNREACHABLE', {
			problem: `DOCKER_HOST=${JSON.stringify(host)} is neither a unix:// nor a tcp:// address`,
		});
	const isTls = scheme === 'https' || Boolean(env.DOCKER_TLS_VERIFY);
	const certificates = env.DOCKER_CERT_PATH;
	if (!isTls || certificates === undefined) return { host: hostname, port, isTls };
	const read = (file: string): string => {
		try {
			return readText(join(certificates, file));
		} catch (error) {
			throw new KubejoinError('DOCKER_UNREACHABLE', { problem: causeText(error) }, { cause: error });
		}
	};
	return { host: hostname, port, isTls, ca: read('ca.pem'), cert: read('cert.pem'), key: read('key.pem') };
}

/** Every function throws DOCKER_UNREACHABLE without an answer, DOCKER_REFUSED for an error status. */
export class DockerConnection {
	readonly #options: ReturnType<typeof connectionOptions>;

	constructor(env: Environment) {
		this.#options = connectionOptions(env);
	}

	/** @returns the parsed JSON body; undefined when it is empty */
	async json<T>(request: DockerRequest): Promise<T> {
		const body = (await this.bytes(request)).toString();
		return (body === '' ? undefined : JSON.parse(body)) as T;
	}

	bytes(request: DockerRequest): Promise<Buffer> {
		return named(request.action, this.#send(request).then(readResponse));
	}

	/** @returns the raw connection of an endpoint that upgrades, and the bytes that arrived with the response */
	upgrade(request: DockerRequest): Promise<{ readonly stream: Duplex; readonly head: Buffer }> {
		const upgraded = new Promise<{ stream: Duplex; head: Buffer }>((resolve, reject) => {
			const client = this.#open(request, { Connection: 'Upgrade', Upgrade: 'tcp' });
			client.once('error', reject);
			client.once('upgrade', (_response, stream, head) => resolve({ stream, head }));
			client.once('response', (response) => {
				readResponse(response).then(
					() => reject(new DockerResponseError(response.statusCode ?? 0, 'the engine did not upgrade the connection')),
					reject,
				);
			});
			client.end(bodyOf(request));
		});
		return named(request.action, upgraded);
	}

	#send(request: DockerRequest): Promise<IncomingMessage> {
		return new Promise((resolve, reject) => {
			const client = this.#open(request, {});
			client.once('error', reject);
			client.once('response', resolve);
			client.end(bodyOf(request));
		});
	}

	#open({ method, path, query = {}, body }: DockerRequest, headers: Readonly<Record<string, string>>) {
		const search = new URLSearchParams(
			Object.entries(query).map(([name, value]): [string, string] => [name, String(value)]),
		).toString();
		const { isTls, ...options } = this.#options;
		const open = isTls ? requestHttps : requestHttp;
		return open({
			...options,
			agent: false,
			method,
			path: search === '' ? path : `${path}?${search}`,
			headers: { ...headers, ...(body === undefined ? {} : { 'Content-Type': 'application/json' }) },
		});
	}
}

const bodyOf = ({ body }: DockerRequest): string | undefined => (body === undefined ? undefined : JSON.stringify(body));

/** @throws DockerResponseError */
async function readResponse(response: IncomingMessage): Promise<Buffer> {
	const chunks: Buffer[] = [];
	for await (const chunk of response) chunks.push(chunk as Buffer);
	const bytes = Buffer.concat(chunks);
	const { statusCode = 0 } = response;
	// 304: the container is in the requested state already.
	if (statusCode < 400) return bytes;
	throw new DockerResponseError(statusCode, messageOf(bytes.toString()) || `status ${statusCode}`);
}

/** @source Docker Engine API, ErrorResponse */
function messageOf(body: string): string {
	try {
		const { message } = JSON.parse(body) as { readonly message?: unknown };
		return typeof message === 'string' ? message.trim() : body.trim();
	} catch {
		return body.trim();
	}
}

async function named<T>(action: string, answer: Promise<T>): Promise<T> {
	try {
		return await answer;
	} catch (error) {
		const problem = causeText(error);
		throw error instanceof DockerResponseError
			? new KubejoinError('DOCKER_REFUSED', { action, problem }, { cause: error })
			: new KubejoinError('DOCKER_UNREACHABLE', { problem }, { cause: error });
	}
}

export interface Output {
	readonly stdout: string;
	readonly stderr: string;
}

const FRAME_HEADER_BYTES = 8;
const STDERR = 2;

/** Separates both outputs of a container in the stream of the engine. @source Docker Engine API, "Stream format" */
export function demultiplex(stream: Buffer): Output {
	const stdout: Buffer[] = [];
	const stderr: Buffer[] = [];
	for (let at = 0; at + FRAME_HEADER_BYTES <= stream.length; ) {
		const end = at + FRAME_HEADER_BYTES + stream.readUInt32BE(at + 4);
		(stream[at] === STDERR ? stderr : stdout).push(stream.subarray(at + FRAME_HEADER_BYTES, end));
		at = end;
	}
	return { stdout: Buffer.concat(stdout).toString(), stderr: Buffer.concat(stderr).toString() };
}
