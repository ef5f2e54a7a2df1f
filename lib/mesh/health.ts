/**
 * Health as Kubernetes components serve it: /healthz, /livez and /readyz over plain HTTP, computed from named checks, never hard-coded, and
 * beside them /metrics. Container health checks and the local runner read /readyz. Whoever reaches the port may read it all, so it is on
 * 127.0.0.1 unless somebody asks for more.
 * @source k8s.io/apiserver pkg/server/healthz: `ok`, `[+]name ok` and `[-]name failed: reason withheld` with ?verbose
 */
import { createServer, type Server } from 'node:http';
import { causeText, KubejoinError } from '../errors.ts';
import type { Registry } from '../metrics.ts';

/** Resolves when all is well; throws what is wrong. */
export type HealthCheck = () => Promise<void> | void;
export type HealthChecks = Readonly<Record<string, HealthCheck>>;

export interface HealthReport {
	readonly healthy: boolean;
	/** The body: `ok`, or the list of checks. */
	readonly text: string;
	readonly problems: readonly string[];
}

const CHECK_TIMEOUT_MS = 2_000;

/** Run the checks, all at once. */
export async function checkHealth(checks: HealthChecks, path: string, verbose: boolean): Promise<HealthReport> {
	const results = await Promise.all(
		Object.entries({ ping: () => undefined, ...checks }).map(async ([name, check]) => ({
			name,
			problem: await problemOf(check),
		})),
	);
	const problems = results.flatMap(({ name, problem }) => (problem === undefined ? [] : [`${name}: ${problem}`]));
	const healthy = problems.length === 0;
	const lines = results.map(({ name, problem }) =>
		problem === undefined ? `[+]${name} ok` : `[-]${name} failed: reason withheld`,
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
	/** What only a restart mends. */
	readonly live: HealthChecks;
	/** What is needed to do the work. */
	readonly ready: HealthChecks;
	/** Absent: there is no /metrics. */
	readonly metrics?: Pick<Registry, 'metrics' | 'contentType'>;
}
export const LOOPBACK = '127.0.0.1';

/**
 * Serve the health and the metrics of this process.
 *
 * @throws PORT_IN_USE, SERVICE_FAILED (no such address here)
 * @differs upstream asks for credentials before it shows its metrics; here whoever reaches the port may read them
 */
export async function serveHealth(
	service: string,
	port: number,
	{ metrics, ...checks }: Served,
	address: string = LOOPBACK,
): Promise<Server> {
	const paths: Record<string, HealthChecks> = {
		'/healthz': checks.live,
		'/livez': checks.live,
		'/readyz': { ...checks.live, ...checks.ready },
	};
	const server = createServer(async (request, response) => {
		const url = new URL(request.url ?? '/', 'http://localhost');
		if (metrics !== undefined && url.pathname === '/metrics') {
			response.writeHead(200, { 'content-type': metrics.contentType }).end(await metrics.metrics());
			return;
		}
		const wanted = paths[url.pathname];
		if (wanted === undefined) {
			response.writeHead(404, { 'content-type': 'text/plain; charset=utf-8' }).end('404 page not found\n');
			return;
		}
		const { healthy, text } = await checkHealth(wanted, url.pathname, url.searchParams.has('verbose'));
		response.writeHead(healthy ? 200 : 500, { 'content-type': 'text/plain; charset=utf-8' }).end(text);
	});
	await new Promise<void>((resolve, reject) => {
		server.once('error', (error: NodeJS.ErrnoException) => {
			const problem = `cannot listen on ${address}:${port}: ${error.message}`;
			reject(
				error.code === 'EADDRINUSE'
					? new KubejoinError('PORT_IN_USE', { service, address, port }, { cause: error })
					: new KubejoinError('SERVICE_FAILED', { service, problem }, { cause: error }),
			);
		});
		server.listen(port, address, resolve);
	});
	return server;
}
