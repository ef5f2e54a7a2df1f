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
} as const satisfies Readonly<Record<string, Limit>>;

export type LimitName = keyof typeof limits;

/** Called with the name of a limit each time a caller exceeded it. */
export type CountRefusal = (name: LimitName) => void;

/** Counts refusals in `kubejoin_limit_refusals_total`, one series for each limit. */
export function refusalCounter(registry: Registry): CountRefusal {
	const refusals = new Counter({
		name: 'kubejoin_limit_refusals_total',
		help: 'Requests, connections and messages refused because a caller exceeded a limit of docs/limits.md.',
		labelNames: ['limit'] as const,
		registers: [registry],
	});
	return (name) => refusals.inc({ limit: name });
}
