/**
 * Measures the cost of metrics: microseconds per message, milliseconds per scrape. node dist/scripts/bench/metrics.js
 */
import { Registry } from 'prom-client';
import { createRegistry } from '../../lib/metrics.ts';
import { grpcMetrics } from '../../lib/rpc/grpc-metrics.ts';
import type { Observe } from '../../lib/rpc/server.ts';
import { requestMetrics } from '../../services/apiserver-sim/metrics.ts';

const MESSAGES = 200_000;
const SCRAPES = 200;
const elapsedMs = () => performance.now();

function microseconds(observers: readonly Observe[]): number {
	const called = { service: 'kubejoin.v1.Leases', method: 'Update', type: 'unary' } as const;
	const observed = observers.map((observe) => observe(called));
	const startedMs = performance.now();
	for (let i = 0; i < MESSAGES; i++) {
		const endings = observed.map((arrived) => arrived({}));
		for (const end of endings) end('answered');
	}
	return ((performance.now() - startedMs) * 1000) / MESSAGES;
}

const say = (what: string, value: number, unit: string): void =>
	void process.stdout.write(`${what.padEnd(44)} ${value.toFixed(2).padStart(8)} ${unit}\n`);

const grpc = grpcMetrics(new Registry(), elapsedMs);
const registry = createRegistry();
const all = [grpcMetrics(registry, elapsedMs), requestMetrics(registry, elapsedMs).grpc];
for (const observers of [[grpc], all]) microseconds(observers);
say('no observer', microseconds([]), 'µs per message');
say('gRPC server', microseconds([grpc]), 'µs per message');
say('gRPC server and requests of the API server', microseconds(all), 'µs per message');

const startedMs = performance.now();
let bytes = 0;
for (let i = 0; i < SCRAPES; i++) bytes = (await registry.metrics()).length;
say('one scrape', (performance.now() - startedMs) / SCRAPES, `ms, ${bytes} characters`);
