/** Implements every method of the API server for the attacker, and records each request before it is answered. */
import { KubejoinError } from '../../lib/errors.ts';
import { resources } from '../../lib/kube/resources.ts';
import { contractOf, kindOf, type MethodKind } from '../../lib/rpc/contracts.ts';
import type { Call, Service, StreamHandler, UnaryHandler } from '../../lib/rpc/server.ts';
import { type HandlerOptions, resourceHandlers } from './handlers.ts';

export type Hear = (call: Call, message: object) => void;

export const attackerServices = (options: HandlerOptions, hear: Hear): Service[] =>
	Object.values(resources).flatMap((resource) => {
		const { service: name } = resource;
		const contract = Object.entries(contractOf(name));
		const declared = contract.map(([method]) => method);
		const of = <T>(handlers: Readonly<Record<string, T>>, kind: MethodKind, refuse: T) =>
			Object.fromEntries(
				contract.flatMap(([method, definition]) =>
					kindOf(definition) === kind ? [[method, handlers[method] ?? refuse] as const] : [],
				),
			);
		const heard = mapValues<UnaryHandler, UnaryHandler>;
		const hearing = (handler: UnaryHandler) => (message: never, call: Call) => {
			hear(call, message);
			return handler(message, call);
		};
		const { unary, streams } = resourceHandlers(resource, options);
		return [
			{
				name,
				unary: heard(of(unary, 'unary', refuse), hearing),
				bidi: heard(of({}, 'bidi', refuse), hearing),
				streams: mapValues<StreamHandler, StreamHandler>(
					of(streams, 'streams', refuse),
					(handler) => (message: never, call) => {
						hear(call, message);
						return handler(message, call);
					},
				),
				callers: Object.fromEntries(declared.map((method) => [method, 'authorizes-itself' as const])),
			},
		];
	});

/** The false cluster offers only the methods of a join. */
const refuse = (): never => {
	throw new KubejoinError('API_METHOD_NOT_ALLOWED', {});
};

const mapValues = <T, U>(record: Readonly<Record<string, T>>, change: (value: T) => U): Record<string, U> =>
	Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value)]));
