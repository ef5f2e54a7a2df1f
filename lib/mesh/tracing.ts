/**
 * Sends the traces of this process to an OpenTelemetry collector over OTLP/HTTP, where the standard OTEL_ variables name one; loads nothing
 * otherwise. The service's own settings know nothing of it.
 * @source https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/
 */
import { setTimeout as delay } from 'node:timers/promises';
import { environment } from '../config.ts';

/** So that a join is seen while it runs, where nothing else was asked for; the SDK's own delay is 5 s. */
const LIVE_MS = 100;

/** A collector that has gone is asked again for ten seconds; whoever stops does not wait for that. */
const STOP_MS = 1_000;

/**
 * @param resource  what is the same for all spans of this process, besides the service's name
 * @returns sends what is left and ends
 */
export async function startTracing(
	service: string,
	resource: Readonly<Record<string, string>> = {},
): Promise<() => Promise<void>> {
	const {
		OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
		OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: tracesEndpoint,
		OTEL_SDK_DISABLED: isDisabled,
		OTEL_BSP_SCHEDULE_DELAY: scheduleDelay,
	} = environment();
	if (isDisabled === 'true' || !(endpoint || tracesEndpoint)) return async () => undefined;
	const [
		{ context, propagation, trace },
		{ AsyncLocalStorageContextManager },
		{ W3CTraceContextPropagator },
		{ OTLPTraceExporter },
		{ resourceFromAttributes },
		sdk,
	] = await Promise.all([
		import('@opentelemetry/api'),
		import('@opentelemetry/context-async-hooks'),
		import('@opentelemetry/core'),
		import('@opentelemetry/exporter-trace-otlp-http'),
		import('@opentelemetry/resources'),
		import('@opentelemetry/sdk-trace-base'),
	]);
	const processor = new sdk.BatchSpanProcessor(
		new OTLPTraceExporter(),
		scheduleDelay === undefined ? { scheduledDelayMillis: LIVE_MS } : {},
	);
	const provider = new sdk.BasicTracerProvider({
		resource: resourceFromAttributes({ 'service.name': service, ...resource }),
		spanProcessors: [processor],
	});
	context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
	propagation.setGlobalPropagator(new W3CTraceContextPropagator());
	trace.setGlobalTracerProvider(provider);
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
