/** Readiness of the observer, and the health of the other services. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { splitHostPort } from '../../lib/address.ts';
import { causeText } from '../../lib/errors.ts';
import type { HealthChecks } from '../../lib/rpc/health.ts';
import { printableLines } from '../../lib/text.ts';
import type { Cluster } from './api.ts';

/** The observer is not ready without the files of the page. */
export const readyChecks = (pageExists: () => boolean): HealthChecks => ({
	page: () => {
		if (!pageExists()) throw new Error('the page was not built: npm run build');
	},
});

const TIMEOUT_MS = 2_000;
/** The kernel of the service accepts at once, or not at all. */
const CONNECT_MS = 500;
const MAX_PROBLEM = 1_000;

/** The part of the body that the page shows. */
async function beginningOf({ body }: Response): Promise<string> {
	let text = '';
	for await (const chunk of body?.pipeThrough(new TextDecoderStream()) ?? []) {
		text += chunk;
		if (text.length > MAX_PROBLEM) break;
	}
	return text.slice(0, MAX_PROBLEM).trim();
}

/** A `Date` has seconds, and the answer can be older than a second. */
const SAME_CLOCK_MS = 2_500;

function clockOffset({ headers }: Response, nowMs: number): { readonly clockOffsetMs?: number } {
	const offsetMs = Date.parse(headers.get('date') ?? '') - nowMs;
	return Math.abs(offsetMs) > SAME_CLOCK_MS ? { clockOffsetMs: Math.round(offsetMs / 1_000) * 1_000 } : {};
}

/** The kernel accepts connections for a paused program; to a service that is cut off, there is no path or no name. */
async function acceptsConnections(url: string): Promise<boolean> {
	const { host, port } = splitHostPort(new URL(url).host) ?? { host: new URL(url).hostname, port: 80 };
	const socket = connect(port, host);
	try {
		await once(socket, 'connect', { signal: AbortSignal.timeout(CONNECT_MS) });
		return true;
	} catch {
		return false;
	} finally {
		socket.destroy();
	}
}

const isTimeout = (cause: unknown): boolean => cause instanceof Error && cause.name === 'TimeoutError';

function whyAway(cause: unknown): 'stopped' | 'unreachable' {
	const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
	return code === 'ECONNREFUSED' || code === 'ECONNRESET' || code === 'UND_ERR_SOCKET' ? 'stopped' : 'unreachable';
}

/** @param now  milliseconds of Unix time */
export const checkServices = (
	services: readonly { readonly name: string; readonly url: string }[],
	now: () => number,
	timeoutMs = TIMEOUT_MS,
): Promise<Cluster['services']> =>
	Promise.all(
		services.map(async ({ name, url }) => {
			try {
				const response = await fetch(url, { signal: AbortSignal.timeout(timeoutMs) });
				const clock = clockOffset(response, now());
				if (response.ok) {
					await response.body?.cancel();
					return { name, health: 'ok', ...clock };
				}
				return { name, health: 'failing', problem: printableLines(await beginningOf(response)), ...clock };
			} catch (error) {
				const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
				const isSilent = isTimeout(cause) && (await acceptsConnections(url));
				const why = isSilent ? 'silent' : whyAway(cause);
				const problem = isTimeout(cause) ? `it did not answer within ${timeoutMs / 1_000} s` : causeText(cause);
				return { name, health: 'away', problem, why };
			}
		}),
	);
