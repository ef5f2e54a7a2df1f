/** The OpenTelemetry libraries as one module, which `tracing.ts` imports only when there is a collector. */
export { context, propagation, trace } from '@opentelemetry/api';
export { W3CTraceContextPropagator } from '@opentelemetry/core';
export { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
export { resourceFromAttributes } from '@opentelemetry/resources';
export { BasicTracerProvider, BatchSpanProcessor } from '@opentelemetry/sdk-trace-base';
export { ServiceProvider } from './service-provider.ts';
export { SpanContextManager } from './span-context-manager.ts';
