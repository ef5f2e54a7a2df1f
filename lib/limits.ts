/**
 * Every limit that the mesh enforces on a caller: size, count, time and rate, in one table. Code reads its bound from here, refusals are counted
 * under the name of the row, and docs/limits.md is generated from it.
 */
import { Counter } from 'prom-client';
import type { Registry } from './metrics.ts';

export interface Limit {
	readonly value: number;
	readonly unit: 'bytes' | 'items' | 'ms' | 'per second';
	/** What is bounded, and per what: `open connections from one address`. */
	readonly of: string;
	/** Ports and programs that enforce it: `6443`, `health`, `observer 8080`, `kubelet-sim`. */
	readonly where: readonly string[];
	/** What a caller gets that exceeds it: `413 RequestEntityTooLarge`, `RESOURCE_EXHAUSTED`, `connection closed`. */
	readonly response: string;
	/** Upstream's limit, where there is one. */
	readonly source?: string;
	/** The test that exceeds it. */
	readonly test: string;
}

const limit = (row: Limit): Limit => row;

export const limits = {
	grpcMessageBytes: limit({
		value: 3 * 1024 * 1024,
		unit: 'bytes',
		of: 'one gRPC request message',
		where: ['6443', '6444', '6445'],
		response: 'RESOURCE_EXHAUSTED',
		source: 'apiserver/pkg/server/config.go MaxRequestBodyBytes',
		test: 'lib/mesh/server.test.ts',
	}),
	httpConnections: limit({
		value: 512,
		unit: 'items',
		of: 'open connections to one plain HTTP port',
		where: ['health', 'observer', 'lab'],
		response: 'connection closed',
		test: 'lib/mesh/http-server.test.ts',
	}),
	httpHeaderBytes: limit({
		value: 16 * 1024,
		unit: 'bytes',
		of: 'request line and headers of one HTTP/1.1 request',
		where: ['6443', 'health', 'observer', 'lab'],
		response: '431',
		source: 'Go net/http DefaultMaxHeaderBytes is 1 MiB',
		test: 'lib/mesh/http-server.test.ts',
	}),
	httpHeaderTime: limit({
		value: 10_000,
		unit: 'ms',
		of: 'time from the first byte of an HTTP/1.1 request, or from the connection, to the end of its headers',
		where: ['6443', 'health', 'observer', 'lab'],
		response: '408',
		source: 'apiserver/pkg/server/secure_serving.go ReadHeaderTimeout is 32 s',
		test: 'lib/mesh/http-server.test.ts',
	}),
	httpRequestTime: limit({
		value: 30_000,
		unit: 'ms',
		of: 'time from the first byte of an HTTP/1.1 request to the end of its body',
		where: ['6443', 'health', 'observer', 'lab'],
		response: '408',
		source: 'apiserver/pkg/server/config.go RequestTimeout is 60 s',
		test: 'lib/mesh/http-server.test.ts',
	}),
	httpIdleTime: limit({
		value: 90_000,
		unit: 'ms',
		of: 'time between two HTTP/1.1 requests on one connection',
		where: ['6443', 'health', 'observer', 'lab'],
		response: 'connection closed',
		source: 'apiserver/pkg/server/secure_serving.go IdleTimeout',
		test: 'lib/mesh/http-server.test.ts',
	}),
} as const satisfies Readonly<Record<string, Limit>>;

export type LimitName = keyof typeof limits;

/** Called with the name of a limit each time a caller exceeded it. */
export type CountRefusal = (name: LimitName) => void;

const REFUSALS = 'kubejoin_limit_refusals_total';

/** Counts refusals in `kubejoin_limit_refusals_total`, one series for each limit. May be called more than once for a registry. */
export function refusalCounter(registry: Registry): CountRefusal {
	const found = registry.getSingleMetric(REFUSALS) as Counter<'limit'> | undefined;
	const refusals =
		found ??
		new Counter({
			name: REFUSALS,
			help: 'Requests, connections and messages refused because a caller exceeded a limit of docs/limits.md.',
			labelNames: ['limit'] as const,
			registers: [registry],
		});
	return (name) => refusals.inc({ limit: name });
}
