/** Implements every method of the API server for the attacker, and records each request before it is answered. */
import { resources } from '../../lib/kube/resources.ts';
import { contractOf } from '../../lib/rpc/contracts.ts';
import type { Call, Service, StreamHandler, UnaryHandler } from '../../lib/rpc/server.ts';
import { type HandlerOptions, resourceHandlers } from './handlers.ts';

export type Hear = (call: Call, message: object) => void;

export const attackerServices = (options: HandlerOptions, hear: Hear): Service[] =>
	Object.values(resources).flatMap((resource) => {
		if (!('service' in resource) || resource.service === undefined) return [];
		const { service: name } = resource;
		const declared = Object.keys(contractOf(name));
		const only = <T>(handlers: Readonly<Record<string, T>>) =>
			Object.fromEntries(Object.entries(handlers).filter(([method]) => declared.includes(method)));
		const { unary, streams } = resourceHandlers(resource, options);
		return [
			{
				name,
				unary: mapValues<UnaryHandler, UnaryHandler>(only(unary), (handler) => (message: never, call) => {
					hear(call, message);
					return handler(message, call);
				}),
				streams: mapValues<StreamHandler, StreamHandler>(only(streams), (handler) => (message: never, call) => {
					hear(call, message);
					return handler(message, call);
				}),
				callers: Object.fromEntries(declared.map((method) => [method, 'authorizes-itself' as const])),
			},
		];
	});

const mapValues = <T, U>(record: Readonly<Record<string, T>>, change: (value: T) => U): Record<string, U> =>
	Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value)]));
