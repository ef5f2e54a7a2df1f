import {
	AlwaysOffSampler,
	BasicTracerProvider,
	ParentBasedSampler,
	type TracerConfig,
} from '@opentelemetry/sdk-trace-base';
import type { ServiceTracerProvider } from '../trace.ts';

/** Records a span if the client records its own. */
export class ServiceProvider extends BasicTracerProvider implements ServiceTracerProvider {
	readonly recordsOwnTraces = false;

	constructor(settings: Pick<TracerConfig, 'resource' | 'spanProcessors'>) {
		super({ ...settings, sampler: new ParentBasedSampler({ root: new AlwaysOffSampler() }) });
	}
}
