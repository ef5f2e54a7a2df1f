/**
 * Sends the traces of this process to an OpenTelemetry collector over OTLP/HTTP; without a collector it loads nothing.
 * The key of the program, which the observer requires, is sent to that collector and is in no log.
 * @source https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { SpanExporter } from '@opentelemetry/sdk-trace-base';
import { environment } from '../config.ts';

/** So that a join is seen while it runs, where nothing else was asked for; the SDK's own delay is 5 s. */
const LIVE_MS = 100;

/** An unreachable collector is retried for ten seconds; shutdown does not wait for that. */
const STOP_MS = 1_000;

export interface TracingOptions {
	/** Traces endpoint, for when no OTEL_ variable names one. */
	readonly url?: string | undefined;
	/** Authenticates this program to the observer. */
	readonly key?: string | undefined;
	/**
	 * False for a service: it records a request only if its caller records it, so that strangers cause no spans.
	 *
	 * @source apiserver/pkg/apis/apiserver TracingConfiguration.samplingRatePerMillion, which is 0 by default
	 */
	readonly startsTraces?: boolean;
	/** Called the first time that the collector refuses the spans. */
	readonly onRefused?: (problem: string) => void;
}

/** @returns sends the remaining spans and ends */
export async function startTracing(
	service: string,
	{ url, key, startsTraces = true, onRefused = () => undefined }: TracingOptions = {},
): Promise<() => Promise<void>> {
	const {
		OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
		OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: tracesEndpoint,
		OTEL_SDK_DISABLED: isDisabled,
		OTEL_TRACES_EXPORTER: exporterName,
		OTEL_TRACES_SAMPLER: samplerName,
		OTEL_BSP_SCHEDULE_DELAY: scheduleDelay,
	} = environment();
	const isOff = isDisabled === 'true' || exporterName === 'none';
	const isNamed = Boolean(endpoint || tracesEndpoint);
	if (isOff || !(isNamed || url)) return async () => undefined;
	const sdk = await import('./tracing-sdk.ts');
	const exporter = new sdk.OTLPTraceExporter({
		...(isNamed || url === undefined ? {} : { url }),
		...(key === undefined ? {} : { headers: { authorization: `Bearer ${key}` } }),
	});
	const processor = new sdk.BatchSpanProcessor(
		tellingRefusal(exporter, onRefused),
		scheduleDelay === undefined ? { scheduledDelayMillis: LIVE_MS } : {},
	);
	const settings = { resource: sdk.resourceFromAttributes({ 'service.name': service }), spanProcessors: [processor] };
	const provider =
		startsTraces || samplerName ? new sdk.BasicTracerProvider(settings) : new sdk.ServiceProvider(settings);
	sdk.context.setGlobalContextManager(new sdk.SpanContextManager().enable());
	sdk.propagation.setGlobalPropagator(new sdk.W3CTraceContextPropagator());
	sdk.trace.setGlobalTracerProvider(provider);
	return async () => {
		const timer = new AbortController();
		const isSent = provider.shutdown().then(
			() => true,
			() => true,
		);
		const hasEnded = await Promise.race([isSent, delay(STOP_MS, false, { signal: timer.signal }).catch(() => true)]);
		timer.abort();
		// What still waits for its turn to be sent would hold the process.
		if (!hasEnded) setTimeout(() => process.exit(), LIVE_MS).unref();
	};
}

/** The exporter itself says nothing when the collector answers that it does not accept the spans. */
export function tellingRefusal(exporter: SpanExporter, onRefused: (problem: string) => void): SpanExporter {
	let isTold = false;
	return {
		export(spans, done) {
			exporter.export(spans, (result) => {
				const { code } = (result.error ?? {}) as { readonly code?: unknown };
				if (!isTold && typeof code === 'number' && code >= 400 && code < 500) {
					isTold = true;
					onRefused(`the collector refuses the traces of this program with HTTP status ${code}`);
				}
				done(result);
			});
		},
		shutdown: () => exporter.shutdown(),
		forceFlush: async () => exporter.forceFlush?.(),
	};
}
