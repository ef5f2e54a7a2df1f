/**
 * Health as Kubernetes components serve it: /healthz, /livez and /readyz over plain HTTP, computed from named checks,
 * never hard-coded, and beside them /metrics. Container health checks and the local runner read /readyz. Every client
 * that reaches the port may read it all, so it listens on 127.0.0.1 by default, and refuses requests that a web page
 * caused.
 * @source k8s.io/apiserver pkg/server/healthz: `ok`, `[+]name ok` and `[-]name failed: reason withheld` with ?verbose
 */
import type { IncomingMessage, OutgoingHttpHeaders, Server, ServerResponse } from 'node:http';
import { hostname } from 'node:os';
import { causeText } from '../errors.ts';
import type { CountRefusal } from '../limits.ts';
import type { Registry } from '../metrics.ts';
import { quoteInput } from '../text.ts';
import { createHttpServer, isCrossSite, isExpectedHost, listenHttp, PLAIN_TEXT } from './http-server.ts';
import type { ReportUnforeseen } from './unforeseen.ts';

/** Resolves if the check passes; throws the problem otherwise. */
export type HealthCheck = () => Promise<void> | void;
export type HealthChecks = Readonly<Record<string, HealthCheck>>;

export interface HealthReport {
	readonly healthy: boolean;
	/** The body: `ok`, or the list of checks. */
	readonly text: string;
	readonly problems: readonly string[];
}

const CHECK_TIMEOUT_MS = 2_000;

/**
 * Run the checks, all at once.
 *
 * @param excluded  names of checks that are left out, as `?exclude=` has them
 */
export async function checkHealth(
	checks: HealthChecks,
	path: string,
	verbose: boolean,
	excluded: readonly string[] = [],
): Promise<HealthReport> {
	const all: [string, HealthCheck][] = Object.entries({ ping: () => undefined, ...checks });
	const results = await Promise.all(
		all.map(async ([name, check]) => ({
			name,
			isExcluded: excluded.includes(name),
			problem: excluded.includes(name) ? undefined : await problemOf(check),
		})),
	);
	const problems = results.flatMap(({ name, problem }) => (problem === undefined ? [] : [`${name}: ${problem}`]));
	const healthy = problems.length === 0;
	const lines = results.map(({ name, isExcluded, problem }) =>
		problem === undefined ? `[+]${name}${isExcluded ? ' excluded:' : ''} ok` : `[-]${name} failed: reason withheld`,
	);
	const unknown = [...new Set(excluded)].filter((name) => results.every((result) => result.name !== name));
	if (unknown.length > 0)
		lines.push(
			`warn: some health checks cannot be excluded: ` +
				`no matches for ${unknown.map((name) => quoteInput(name)).join(',')}`,
		);
	const text =
		healthy && !verbose ? 'ok' : `${lines.join('\n')}\n${path.slice(1)} check ${healthy ? 'passed' : 'failed'}\n`;
	return { healthy, text, problems };
}

async function problemOf(check: HealthCheck): Promise<string | undefined> {
	let timer: NodeJS.Timeout | undefined;
	const late = new Promise<string>((resolve) => {
		timer = setTimeout(() => resolve(`no answer within ${CHECK_TIMEOUT_MS} ms`), CHECK_TIMEOUT_MS);
	});
	const answer = (async () => {
		await check();
	})().then(
		() => undefined,
		(error: unknown) => causeText(error),
	);
	try {
		return await Promise.race([answer, late]);
	} finally {
		clearTimeout(timer);
	}
}

export interface Served {
	/** Problems that only a restart repairs. */
	readonly live: HealthChecks;
	/** Dependencies that the service needs for its work. */
	readonly ready: HealthChecks;
	/** Absent: there is no /metrics. */
	readonly metrics?: Pick<Registry, 'metrics' | 'contentType'>;
	/** Host names that a request may name besides `localhost`, addresses, the service and this machine. */
	readonly hosts?: readonly string[];
	readonly unforeseen: ReportUnforeseen;
	readonly count?: CountRefusal;
}
export const LOOPBACK = '127.0.0.1';

/**
 * Serve the health and the metrics of this process: GET and HEAD of four paths, under the names of this machine, and
 * nothing else.
 *
 * @throws PORT_IN_USE, SERVICE_FAILED (no such address here)
 * @differs upstream asks for credentials before it shows its metrics; here every client that reaches the port may read
 *   them
 */
export async function serveHealth(
	service: string,
	port: number,
	served: Served,
	address: string = LOOPBACK,
): Promise<Server> {
	const { unforeseen, count, metrics, hosts = [] } = served;
	const names = ['localhost', service, hostname(), ...hosts];
	const shown = metrics === undefined ? served : { ...served, metrics: shared(metrics) };
	const server = createHttpServer((request, response) => answer(shown, names, request, response), {
		unforeseen,
		count,
	});
	await listenHttp(server, service, address, port, count === undefined ? {} : { count });
	return server;
}

/** Metrics cost milliseconds: requests that arrive together share one text. */
function shared(metrics: NonNullable<Served['metrics']>): NonNullable<Served['metrics']> {
	let text: Promise<string> | undefined;
	return {
		contentType: metrics.contentType,
		metrics() {
			text ??= metrics.metrics().finally(() => {
				text = undefined;
			});
			return text;
		},
	};
}

async function answer(
	{ live, ready, metrics }: Served,
	names: readonly string[],
	request: IncomingMessage,
	response: ServerResponse,
): Promise<void> {
	const checks: Record<string, HealthChecks> = { '/healthz': live, '/livez': live, '/readyz': { ...live, ...ready } };
	const text = (status: number, body: string, headers: OutgoingHttpHeaders = {}): void => {
		response.writeHead(status, { ...PLAIN_TEXT, ...headers }).end(body);
	};
	if (!isExpectedHost(request.headers.host, names) || isCrossSite(request)) {
		text(403, 'Forbidden: the request does not come from this machine or under its name\n', { connection: 'close' });
		return;
	}
	// Not `new URL`, which throws on `//` and reads `//evil/healthz` as a path of another host.
	const [path = '', query = ''] = (request.url ?? '').split('?', 2);
	const wanted = Object.hasOwn(checks, path) ? checks[path] : undefined;
	const isMetrics = metrics !== undefined && path === '/metrics';
	if (wanted === undefined && !isMetrics) text(404, '404 page not found\n');
	else if (request.method !== 'GET' && request.method !== 'HEAD')
		text(405, 'Method Not Allowed\n', { allow: 'GET, HEAD', connection: 'close' });
	else if (isMetrics) {
		const body = await metrics.metrics();
		response.writeHead(200, { 'content-type': metrics.contentType }).end(body);
	} else {
		const report = await checkHealth(wanted ?? {}, path, new URLSearchParams(query).has('verbose'));
		text(report.healthy ? 200 : 500, report.text);
	}
}
