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
	requestNameBytes: limit({
		value: 256,
		unit: 'bytes',
		of: 'a name in a request, in UTF-8: of the object, the namespace, the resource, the group or the subresource',
		where: ['6443'],
		response: '400 BadRequest, INVALID_ARGUMENT',
		test: 'services/apiserver-sim/pipeline.test.ts',
	}),
	fieldSelectorCharacters: limit({
		value: 8192,
		unit: 'items',
		of: 'characters of one field selector',
		where: ['6443'],
		response: '400 BadRequest, INVALID_ARGUMENT',
		test: 'services/apiserver-sim/selectors.test.ts',
	}),
	connections: limit({
		value: 2_000,
		unit: 'items',
		of: 'open connections to one TLS port',
		where: ['6443', '6444', '6445'],
		response:
			'the least useful connection closed: unused, idle, then without a certificate; if there is none, the new one',
		test: 'lib/mesh/connection-guard.test.ts',
	}),
	connectionsPerAddress: limit({
		value: 1_500,
		unit: 'items',
		of: 'open connections to one TLS port from one address',
		where: ['6443', '6444', '6445'],
		response: 'as for all connections, among those of the address',
		test: 'lib/mesh/connection-guard.test.ts',
	}),
	tlsHandshakeTime: limit({
		value: 10_000,
		unit: 'ms',
		of: 'time from a TCP connection to the end of its TLS handshake',
		where: ['6443', '6444', '6445'],
		response: 'connection closed',
		source: 'Node handshakeTimeout is 120 s; Go uses ReadHeaderTimeout, 32 s',
		test: 'lib/mesh/listener.test.ts',
	}),
	firstRequestTime: limit({
		value: 10_000,
		unit: 'ms',
		of: 'time from a TLS handshake without a client certificate, or from a TCP connection, to the headers of the first request',
		where: ['6443', '6444', '6445', 'health', 'observer', 'lab'],
		response: 'connection closed',
		source: 'apiserver/pkg/server/secure_serving.go ReadHeaderTimeout is 32 s',
		test: 'lib/mesh/listener.test.ts',
	}),
	connectionIdleTime: limit({
		value: 90_000,
		unit: 'ms',
		of: 'time without an open request on one connection',
		where: ['6443', '6444', '6445'],
		response: 'GOAWAY, then connection closed',
		source: 'apiserver/pkg/server/secure_serving.go IdleTimeout',
		test: 'lib/mesh/listener.test.ts',
	}),
	connectionClosingTime: limit({
		value: 2_000,
		unit: 'ms',
		of: 'time from the first sign that a connection ends to the close of its socket',
		where: ['6443', '6444', '6445', 'health', 'observer', 'lab'],
		response: 'connection closed',
		test: 'lib/mesh/connection-guard.test.ts',
	}),
	concurrentStreams: limit({
		value: 100,
		unit: 'items',
		of: 'open HTTP/2 streams on one connection',
		where: ['6443', '6444', '6445'],
		response: 'REFUSED_STREAM',
		source: 'apiserver/pkg/server/secure_serving.go MaxConcurrentStreams',
		test: 'lib/mesh/listener.test.ts',
	}),
	unfinishedStreams: limit({
		value: 1_000,
		unit: 'items',
		of: 'HTTP/2 streams of one port whose request has not ended',
		where: ['6443', '6444', '6445'],
		response: 'the connection of the oldest closed',
		test: 'lib/mesh/listener.test.ts',
	}),
	streamRequestTime: limit({
		value: 10_000,
		unit: 'ms',
		of: 'time from the headers of a gRPC call to the end of its message',
		where: ['6443', '6444', '6445'],
		response: 'connection closed',
		source: 'apiserver/pkg/server/config.go RequestTimeout is 60 s',
		test: 'lib/mesh/listener.test.ts',
	}),
	streamResets: limit({
		value: 200,
		unit: 'per second',
		of: 'HTTP/2 streams that the client resets on one connection',
		where: ['6443', '6444', '6445'],
		response: 'connection closed',
		source: 'nghttp2 allows a burst of 1000, then 33 per second',
		test: 'lib/mesh/listener.test.ts',
	}),
	grpcHeaderBytes: limit({
		value: 16 * 1024,
		unit: 'bytes',
		of: 'headers of one gRPC call',
		where: ['6443', '6444', '6445'],
		response: 'RESOURCE_EXHAUSTED',
		source: 'gRPC: hard limit of max_metadata_size is 16 KiB',
		test: 'lib/mesh/listener.test.ts',
	}),
	peerAliveTime: limit({
		value: 10_000,
		unit: 'ms',
		of: 'time between two HTTP/2 pings to a client, and time for its answer',
		where: ['6443', '6444', '6445'],
		response: 'connection closed',
		test: 'lib/mesh/listener.test.ts',
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
	tracesBodyBytes: limit({
		value: 4 * 1024 * 1024,
		unit: 'bytes',
		of: 'the body of one request with spans, decompressed',
		where: ['observer 6446'],
		response: '413 PAGE_TOO_LARGE',
		test: 'services/observer/traces-app.test.ts',
	}),
	tracesBytesInFlight: limit({
		value: 32 * 1024 * 1024,
		unit: 'bytes',
		of: 'the bodies with spans that are received at the same time',
		where: ['observer 6446'],
		response: '429 OBSERVER_BUSY with Retry-After',
		source: 'OTLP/HTTP throttling',
		test: 'services/observer/admission.test.ts',
	}),
	tracesRequestsInFlight: limit({
		value: 256,
		unit: 'items',
		of: 'requests with spans that are received at the same time',
		where: ['observer 6446'],
		response: '429 OBSERVER_BUSY with Retry-After',
		source: 'OTLP/HTTP throttling',
		test: 'services/observer/admission.test.ts',
	}),
	tracesRequestsPerSecond: limit({
		value: 1_000,
		unit: 'per second',
		of: 'requests with spans',
		where: ['observer 6446'],
		response: '429 OBSERVER_BUSY with Retry-After',
		source: 'OTLP/HTTP throttling',
		test: 'services/observer/admission.test.ts',
	}),
	tracesSpansPerRequest: limit({
		value: 5_000,
		unit: 'items',
		of: 'spans in one request',
		where: ['observer 6446'],
		response: '200 with partialSuccess, which names the spans left out',
		test: 'services/observer/otlp.test.ts',
	}),
	spanBytes: limit({
		value: 128 * 1024,
		unit: 'bytes',
		of: 'one span in the memory of the observer, attributes and events included',
		where: ['observer 6446'],
		response: '200 with partialSuccess, which names the spans left out',
		test: 'services/observer/otlp.test.ts',
	}),
	joinSpans: limit({
		value: 1_000,
		unit: 'items',
		of: 'spans of one join; a join has about 70',
		where: ['observer 6446'],
		response: 'later spans are not shown',
		test: 'services/observer/joins.test.ts',
	}),
	joinBytes: limit({
		value: 1024 * 1024,
		unit: 'bytes',
		of: 'the spans of one join in the memory of the observer; a join takes about 200 kB',
		where: ['observer 6446'],
		response: 'later spans are not shown',
		test: 'services/observer/joins.test.ts',
	}),
	joinSettledMs: limit({
		value: 60_000,
		unit: 'ms',
		of: 'the time after the end of a join in which its spans are accepted',
		where: ['observer 6446'],
		response: 'later spans are not shown',
		test: 'services/observer/joins.test.ts',
	}),
	joinsBytes: limit({
		value: 64 * 1024 * 1024,
		unit: 'bytes',
		of: 'the spans of all joins in the memory of the observer',
		where: ['observer 6446'],
		response: 'of the oldest join one line is kept',
		test: 'services/observer/joins.test.ts',
	}),
	unknownTraces: limit({
		value: 500,
		unit: 'items',
		of: 'traces that are not yet known to be joins',
		where: ['observer 6446'],
		response: 'the oldest is dropped',
		test: 'services/observer/joins.test.ts',
	}),
	unknownTracesBytes: limit({
		value: 16 * 1024 * 1024,
		unit: 'bytes',
		of: 'the spans of traces that are not yet known to be joins',
		where: ['observer 6446'],
		response: 'the oldest trace is dropped',
		test: 'services/observer/joins.test.ts',
	}),
	forwardedBytesInFlight: limit({
		value: 16 * 1024 * 1024,
		unit: 'bytes',
		of: 'bodies with spans that another collector has not received yet',
		where: ['observer 6446'],
		response: 'later spans are not forwarded',
		test: 'services/observer/forward.test.ts',
	}),
	pageStreams: limit({
		value: 64,
		unit: 'items',
		of: 'open event streams of the page and of kubejoin watch',
		where: ['observer 8080'],
		response: '429 OBSERVER_BUSY with Retry-After',
		test: 'services/observer/page-app.test.ts',
	}),
	pageStreamsPerAddress: limit({
		value: 32,
		unit: 'items',
		of: 'open event streams of one address',
		where: ['observer 8080'],
		response: '429 OBSERVER_BUSY with Retry-After',
		test: 'services/observer/page-app.test.ts',
	}),
	pageStreamBytes: limit({
		value: 1024 * 1024,
		unit: 'bytes',
		of: 'events that a reader of a stream has not received yet',
		where: ['observer 8080'],
		response: 'connection closed; the reader connects again',
		test: 'services/observer/stream.test.ts',
	}),
	pageStreamStalledMs: limit({
		value: 30_000,
		unit: 'ms',
		of: 'the time in which a reader of a stream receives nothing of what waits for it',
		where: ['observer 8080'],
		response: 'connection closed; the reader connects again',
		test: 'services/observer/stream.test.ts',
	}),
	pageActionsInFlight: limit({
		value: 8,
		unit: 'items',
		of: 'actions of the page at the same time',
		where: ['observer 8080'],
		response: '429 OBSERVER_BUSY with Retry-After',
		test: 'services/observer/page-app.test.ts',
	}),
	pageActionsPerSecond: limit({
		value: 5,
		unit: 'per second',
		of: 'actions of the page',
		where: ['observer 8080'],
		response: '429 OBSERVER_BUSY with Retry-After',
		test: 'services/observer/page-app.test.ts',
	}),
	pageActionBytes: limit({
		value: 4 * 1024,
		unit: 'bytes',
		of: 'the body of one action of the page',
		where: ['observer 8080'],
		response: '413 PAGE_TOO_LARGE',
		test: 'services/observer/page-app.test.ts',
	}),
	yamlBytes: limit({
		value: 1024 * 1024,
		unit: 'bytes',
		of: 'one kubeconfig, JoinConfiguration or manifest in YAML or JSON',
		where: ['kubectl-sim', 'kubelet-sim'],
		response: 'error that names the file',
		source: 'ConfigMaps and Secrets hold 1 MiB',
		test: 'lib/yaml.test.ts',
	}),
	yamlTokens: limit({
		value: 100_000,
		unit: 'items',
		of: 'tokens in one YAML text: a line `key: value` has seven',
		where: ['kubectl-sim', 'kubelet-sim'],
		response: 'error that names the line',
		test: 'lib/yaml.test.ts',
	}),
	yamlDepth: limit({
		value: 100,
		unit: 'items',
		of: 'nested lists and maps in a YAML document',
		where: ['kubectl-sim', 'kubelet-sim'],
		response: 'error that names the line',
		source: 'go-yaml: 10,000',
		test: 'lib/yaml.test.ts',
	}),
	yamlAliases: limit({
		value: 100,
		unit: 'items',
		of: 'aliases in a YAML document, and values that one of them stands for',
		where: ['kubectl-sim', 'kubelet-sim'],
		response: 'error that names the line',
		test: 'lib/yaml.test.ts',
	}),
	labRequestBytes: limit({
		value: 1024 * 1024,
		unit: 'bytes',
		of: 'the body of one request to the control port of the lab',
		where: ['lab'],
		response: '400 LAB_REQUEST_INVALID',
		test: 'scripts/lab/control.test.ts',
	}),
	labTextLength: limit({
		value: 16 * 1024,
		unit: 'items',
		of: 'characters of one argument or setting in a request to the lab',
		where: ['lab'],
		response: '400 LAB_REQUEST_INVALID',
		test: 'scripts/lab/control-requests.test.ts',
	}),
	labListItems: limit({
		value: 100,
		unit: 'items',
		of: 'arguments or settings in one request to the lab',
		where: ['lab'],
		response: '400 LAB_REQUEST_INVALID',
		test: 'scripts/lab/control-requests.test.ts',
	}),
	labPrograms: limit({
		value: 200,
		unit: 'items',
		of: 'nodes and attackers that the lab keeps',
		where: ['lab'],
		response: '400 LAB_REQUEST_INVALID',
		test: 'scripts/lab/workers.test.ts',
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
