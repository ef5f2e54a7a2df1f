/** The OpenTelemetry libraries as one module, which `tracing.ts` imports only when there is a collector. */
export { context, propagation, trace } from '@opentelemetry/api';
export { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
export { W3CTraceContextPropagator } from '@opentelemetry/core';
export { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
export { resourceFromAttributes } from '@opentelemetry/resources';
export {
	AlwaysOffSampler,
	BasicTracerProvider,
	BatchSpanProcessor,
	ParentBasedSampler,
} from '@opentelemetry/sdk-trace-base';
