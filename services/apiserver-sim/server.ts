/**
 * A gRPC service for each resource. The pipeline authorizes calls from the caller's credentials; no table here does.
 */
import { resources } from '../../lib/kube/resources.ts';
import { contractOf } from '../../lib/rpc/contracts.ts';
import type { Service } from '../../lib/rpc/server.ts';
import { resourceHandlers } from './doors/grpc.ts';
import type { Pipeline } from './pipeline.ts';

export const apiServices = (pipeline: Pipeline, stopping: AbortSignal): Service[] =>
	Object.values(resources).map((resource) => {
		const { service: name } = resource;
		const callers = Object.keys(contractOf(name)).map((method) => [method, 'authorizes-itself' as const] as const);
		return { name, ...resourceHandlers(resource, pipeline, stopping), callers: Object.fromEntries(callers) };
	});
