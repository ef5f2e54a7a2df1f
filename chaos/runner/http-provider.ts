/** Asks an address for an activity. A status of 400 and above is an answer like any other. */
import { readFileSync } from 'node:fs';
import { type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { causeText } from '../../lib/errors.ts';
import { isList, isMap, type Json, type JsonMap, pythonText } from './json.ts';
import { DEFAULT_TIMEOUT_SECONDS, type ProviderOptions } from './process-provider.ts';
import { substitute } from './substitute.ts';

const MAX_REDIRECTS = 30;
const MAX_BODY_BYTES = 16 * 1024 * 1024;

interface Ask {
	readonly method: string;
	readonly url: URL;
	readonly headers: Readonly<Record<string, string>>;
	readonly body: string | undefined;
	readonly timeoutMs: number;
	/** The file of a CA, or whether the certificate is verified at all. */
	readonly verify: string | boolean;
	readonly signal: AbortSignal;
}

/** A form as Python's requests writes it. */
const formOf = (fields: Json): string =>
	new URLSearchParams(
		Object.entries(isMap(fields) ? fields : {}).flatMap(([key, value]) =>
			(isList(value) ? value : [value])
				.filter((item) => item !== null)
				.map((item): [string, string] => [key, pythonText(item)]),
		),
	).toString();

/**
 * @returns `status`, `headers` and `body`, which is a value where the answer is JSON
 * @throws Error  there was no answer
 * @source chaoslib.provider.http
 */
export async function runHttp(provider: JsonMap, { values, signal }: ProviderOptions): Promise<JsonMap> {
	const method = String(provider.method ?? 'GET').toUpperCase();
	const url = new URL(pythonText(substitute(provider.url ?? '', values)));
	const given = substitute(provider.headers ?? {}, values);
	const headers = Object.fromEntries(
		Object.entries(isMap(given) ? given : {}).map(([name, value]) => [name, pythonText(value)]),
	);
	const fields = substitute(provider.arguments ?? null, values);
	const body = method === 'GET' || fields === null ? undefined : bodyOf(fields, headers);
	if (method === 'GET' && fields !== null) {
		const query = typeof fields === 'string' ? fields : formOf(fields);
		if (query !== '') url.search = url.search === '' ? query : `${url.search}&${query}`;
	}
	const verify = typeof provider.verify_tls === 'string' ? provider.verify_tls : provider.verify_tls !== false;
	const ask: Ask = {
		method,
		url,
		headers,
		body,
		timeoutMs: timeoutOf(substitute(provider.timeout ?? null, values)),
		verify,
		signal,
	};
	for (let retries = Number(provider.max_retries ?? 0); ; retries--) {
		try {
			return await follow(ask);
		} catch (error) {
			if (retries <= 0 || signal.aborted) throw new Error(`no answer from ${url.origin}: ${causeText(error)}`);
		}
	}
}

function bodyOf(fields: Json, headers: Record<string, string>): string {
	if (headers['Content-Type'] === 'application/json') return JSON.stringify(fields);
	if (typeof fields === 'string') return fields;
	if (!Object.keys(headers).some((name) => name.toLowerCase() === 'content-type'))
		headers['Content-Type'] = 'application/x-www-form-urlencoded';
	return formOf(fields);
}

function timeoutOf(timeout: Json): number {
	const seconds = isList(timeout)
		? timeout.reduce<number>((sum, part) => sum + Number(part), 0)
		: timeout === null
			? DEFAULT_TIMEOUT_SECONDS
			: Number(timeout);
	return (seconds > 0 ? seconds : DEFAULT_TIMEOUT_SECONDS) * 1000;
}

async function follow(first: Ask): Promise<JsonMap> {
	let ask = first;
	for (let redirects = 0; ; redirects++) {
		const { answer, text } = await send(ask);
		const status = answer.statusCode ?? 0;
		const { location } = answer.headers;
		if (location !== undefined && [301, 302, 303, 307, 308].includes(status)) {
			if (redirects === MAX_REDIRECTS) throw new Error(`it sends on more than ${MAX_REDIRECTS} times`);
			const isGet = status === 303 || (status !== 307 && status !== 308 && ask.method === 'POST');
			ask = { ...ask, url: new URL(location, ask.url), ...(isGet ? { method: 'GET', body: undefined } : {}) };
			continue;
		}
		const headers: Record<string, string> = {};
		for (let index = 0; index + 1 < answer.rawHeaders.length; index += 2)
			headers[answer.rawHeaders[index] ?? ''] = answer.rawHeaders[index + 1] ?? '';
		return {
			status,
			headers,
			body: answer.headers['content-type'] === 'application/json' ? (JSON.parse(text) as Json) : text,
		};
	}
}

const send = ({
	method,
	url,
	headers,
	body,
	timeoutMs,
	verify,
	signal,
}: Ask): Promise<{ readonly answer: IncomingMessage; readonly text: string }> =>
	new Promise((resolve, reject) => {
		const options = { method, headers, signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]) };
		const tls = {
			rejectUnauthorized: verify !== false,
			...(typeof verify === 'string' ? { ca: readFileSync(verify) } : {}),
		};
		const request = url.protocol === 'https:' ? requestHttps(url, { ...options, ...tls }) : requestHttp(url, options);
		request.once('error', (error) =>
			reject(
				error.name === 'AbortError'
					? new Error(signal.aborted ? 'told to stop' : `took longer than ${timeoutMs / 1000} s`)
					: error,
			),
		);
		request.once('response', (answer) => {
			const chunks: Buffer[] = [];
			let bytes = 0;
			answer.on('data', (chunk: Buffer) => {
				bytes += chunk.length;
				if (bytes > MAX_BODY_BYTES) request.destroy(new Error(`it answers with more than ${MAX_BODY_BYTES} bytes`));
				else chunks.push(chunk);
			});
			answer.once('error', reject);
			answer.once('end', () => resolve({ answer, text: Buffer.concat(chunks).toString() }));
		});
		request.end(body);
	});
