/**
 * Counts and times the messages of a gRPC server, under the names that go-grpc-middleware gives them. Service, method
 * and code are the contract's words; a message for a method that no contract has never comes here.
 * @source github.com/grpc-ecosystem/go-grpc-middleware/providers/prometheus server_metrics.go;
 *   google.golang.org/grpc/codes code_string.go
 */
import { Counter, Histogram } from 'prom-client';
import { grpcCode, shownToCaller } from '../errors.ts';
import type { ElapsedMs, Registry } from '../metrics.ts';
import { refusalCounter } from '../refusal-counter.ts';
import type { Arrival, Ending, Observe } from './server.ts';

const labelNames = ['grpc_type', 'grpc_service', 'grpc_method'] as const;
/** client_golang's DefBuckets. */
const buckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** `PERMISSION_DENIED` is `PermissionDenied` in Go. */
const goName = (name: string): string =>
	name.toLowerCase().replace(/(?:^|_)(.)/g, (_, first: string) => first.toUpperCase());
const goNames: ReadonlyMap<number, string> = new Map(
	Object.entries(grpcCode).map(([name, code]) => [code, goName(name)]),
);

function codeOf(ending: Ending): string {
	if (ending === 'answered') return 'OK';
	if (ending === 'cancelled') return 'Canceled';
	return goNames.get(shownToCaller(ending).grpc) ?? 'Unknown';
}

export function grpcMetrics(registry: Registry, elapsedMs: ElapsedMs): Observe {
	const registers = [registry];
	const countRefusal = refusalCounter(registry);
	const started = new Counter({
		name: 'grpc_server_started_total',
		help: 'Total number of RPCs started on the server.',
		labelNames,
		registers,
	});
	const handled = new Counter({
		name: 'grpc_server_handled_total',
		help: 'Total number of RPCs completed on the server, regardless of success or failure.',
		labelNames: [...labelNames, 'grpc_code'],
		registers,
	});
	const handling = new Histogram({
		name: 'grpc_server_handling_seconds',
		help: 'Histogram of response latency (seconds) of gRPC that had been application-level handled by the server.',
		labelNames,
		buckets,
		registers,
	});
	return ({ type, service, method }: Arrival) => {
		const labels = { grpc_type: type, grpc_service: service, grpc_method: method };
		const startedMs = elapsedMs();
		started.inc(labels);
		return (ending) => {
			if (typeof ending !== 'string' && ending.code === 'MESSAGE_TOO_COMPLEX') countRefusal('messageFields');
			handled.inc({ ...labels, grpc_code: codeOf(ending) });
			handling.observe(labels, (elapsedMs() - startedMs) / 1000);
		};
	};
}
