/**
 * Counts and times the messages of a gRPC server, under the names that go-grpc-middleware gives them. Service, method
 * and code are the contract's words; a message for a method that no contract has never comes here.
 * @source github.com/grpc-ecosystem/go-grpc-middleware/providers/prometheus server_metrics.go;
 *   google.golang.org/grpc/codes code_string.go
 * @differs each message of a bidirectional call counts as a call, because it is one request of the API
 */
import { grpcCode, shownToCaller } from '../errors.ts';
import { type ElapsedMs, memoized, type Registry, seriesCounter, seriesHistogram } from '../metrics.ts';
import { refusalCounter } from '../refusal-counter.ts';
import type { CalledMethod, Ending, Observe } from './server.ts';

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

interface MethodSeries {
	readonly started: () => void;
	readonly handled: (code: string) => void;
	readonly handling: (seconds: number) => void;
}

export function grpcMetrics(registry: Registry, elapsedMs: ElapsedMs): Observe {
	const countRefusal = refusalCounter(registry);
	const started = seriesCounter(registry, {
		name: 'grpc_server_started_total',
		help: 'Total number of RPCs started on the server.',
		labelNames,
	});
	const handled = seriesCounter(registry, {
		name: 'grpc_server_handled_total',
		help: 'Total number of RPCs completed on the server, regardless of success or failure.',
		labelNames: [...labelNames, 'grpc_code'],
	});
	const handling = seriesHistogram(registry, {
		name: 'grpc_server_handling_seconds',
		help: 'Histogram of response latency (seconds) of gRPC that had been application-level handled by the server.',
		labelNames,
		buckets,
	});
	const seriesOf = ({ type, service, method }: CalledMethod): MethodSeries => {
		const labels = { grpc_type: type, grpc_service: service, grpc_method: method };
		const byCode = memoized((code: string) => handled({ ...labels, grpc_code: code }));
		return { started: started(labels), handled: (code) => byCode(code, code)(), handling: handling(labels) };
	};
	return (called) => {
		// A method that is never called has no series.
		let known: MethodSeries | undefined;
		return () => {
			known ??= seriesOf(called);
			const series = known;
			const startedMs = elapsedMs();
			series.started();
			return (ending) => {
				if (typeof ending !== 'string' && ending.code === 'MESSAGE_TOO_COMPLEX') countRefusal('messageFields');
				series.handled(codeOf(ending));
				series.handling((elapsedMs() - startedMs) / 1000);
			};
		};
	};
}
