/**
 * A gRPC service for each resource. The pipeline authorizes calls from the caller's credentials; no table here does.
 */
import { resources } from '../../lib/kube/resources.ts';
import { contractOf } from '../../lib/rpc/contracts.ts';
import type { Service } from '../../lib/rpc/server.ts';
import { resourceHandlers } from './handlers.ts';
import type { Pipeline } from './pipeline.ts';

export const apiServices = (pipeline: Pipeline, stopping: AbortSignal): Service[] =>
	Object.values(resources).flatMap((resource) => {
		if (!('service' in resource) || resource.service === undefined) return [];
		const { service: name } = resource;
		const { unary, streams } = resourceHandlers(resource, pipeline, stopping);
		const declared = Object.keys(contractOf(name));
		const only = <T>(handlers: Readonly<Record<string, T>>) =>
			Object.fromEntries(Object.entries(handlers).filter(([method]) => declared.includes(method)));
		return [
			{
				name,
				unary: only(unary),
				streams: only(streams),
				callers: Object.fromEntries(declared.map((method) => [method, 'authorizes-itself' as const])),
			},
		];
	});
