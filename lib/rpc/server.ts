/**
 * A gRPC server that denies by default. Every method must have a row that says who may call it, or start-up fails. An
 * error leaves as a code, a message and a trailer from which the caller rebuilds it; an unexpected error leaves as
 * INTERNAL with an id only.
 */
import type { EventEmitter } from 'node:events';
import type { Http2Server } from 'node:http2';
import * as grpc from '@grpc/grpc-js';
import { asKubejoinError, KubejoinError, shownToCaller } from '../errors.ts';
import { type CountRefusal, limits } from '../limits.ts';
import { errorFields, type Log } from '../log.ts';
import { type LimitLines, limitLines, withoutPort } from '../log-limit.ts';
import { inSpan, SpanKind, type SpanOptions } from '../trace.ts';
import { contractOf, kindOf } from './contracts.ts';
import { toServiceError } from './error-trailer.ts';
import type { SessionServer } from './http2-guard.ts';
import { type Connections, peerAt } from './listener.ts';
import { callerName, type Peer } from './peer.ts';

/** The context of a call, for its handler. */
export interface Call {
	/** `/kubejoin.v1.Nodes/Get` */
	readonly method: string;
	readonly peer: Peer;
	/** The first value of a metadata key, or undefined. */
	readonly metadata: (key: string) => string | undefined;
	/** Every key with its values; the transport joins those of a key that is sent twice: `a, b`. */
	readonly metadataPairs: readonly (readonly [key: string, value: string])[];
	/** Whether `metadataPairs` has a key that begins with this text, in lower case. */
	readonly hasMetadata: (prefix: string) => boolean;
	/** Aborts when the caller hangs up or its deadline passes. */
	readonly signal: AbortSignal;
}
// Handlers are held by method name, so their message types meet the contract only at run time: bivariant by intent.
export type UnaryHandler<Req = never, Res = object> = (request: Req, call: Call) => Promise<Res> | Res;
export type StreamHandler<Req = never, Res = object> = (request: Req, call: Call) => AsyncIterable<Res>;

export interface Service {
	/** Short name in proto/kubejoin. */
	readonly name: string;
	readonly unary: Readonly<Record<string, UnaryHandler>>;
	readonly streams?: Readonly<Record<string, StreamHandler>>;
	/** Each message of a bidirectional method is answered before the next is read. An error ends the stream. */
	readonly bidi?: Readonly<Record<string, UnaryHandler>>;
	/**
	 * Method -> who may call it: CNs of verified certificates, or `authorizes-itself` where the service's own pipeline
	 * decides.
	 */
	readonly callers: Readonly<Record<string, readonly string[] | 'authorizes-itself'>>;
}

export interface CalledMethod {
	/** As in the contract: `kubejoin.v1.Nodes` */
	readonly service: string;
	readonly method: string;
	readonly type: 'unary' | 'server_stream' | 'bidi_stream';
}
/** How a message ended: answered, given up by the caller, or refused. */
export type Ending = 'answered' | 'cancelled' | KubejoinError;
/**
 * Called once for each method. It returns a function that is called with each request, which is untrusted; that returns
 * another one, which is called with the outcome.
 */
export type Observe = (called: CalledMethod) => (request: object) => (ending: Ending) => void;

/**
 * @param observers  count and time messages; handlers do not know them
 * @throws TypeError when a method of the contract has no handler or no row, or a row or handler names no method
 */
export function createGrpcServer(
	services: readonly Service[],
	connections: Connections,
	log: Log,
	observers: readonly Observe[] = [],
	count: CountRefusal = () => undefined,
): SessionServer {
	const server = new grpc.Server({
		'grpc.enable_channelz': 0,
		'grpc.max_receive_message_length': limits.grpcMessageBytes.value,
		'grpc.max_concurrent_streams': limits.concurrentStreams.value,
	});
	const methods = new MethodHandlers(connections, log, observers, limitLines(log, count));
	for (const service of services) {
		const contract = contractOf(service.name);
		requireSameMethods(service, contract);
		const implementation: grpc.UntypedServiceImplementation = {};
		for (const [method, definition] of Object.entries(contract)) {
			implementation[method] = methods[kindOf(definition)](service, method) as grpc.UntypedHandleCall;
		}
		server.addService(withFailures(contract), implementation);
	}
	const definitions = services.flatMap(({ name }) => Object.values(contractOf(name)));
	const bidiPaths = new Set(definitions.filter((one) => kindOf(one) === 'bidi').map(({ path }) => path));
	const injector = server.createConnectionInjector(grpc.ServerCredentials.createInsecure());
	return {
		http2: http2ServerOf(server),
		inject: (socket) => injector.injectConnection(socket),
		isBidi: (path) => bidiPaths.has(path),
		drain(graceMs) {
			methods.endBidi();
			injector.drain(graceMs);
		},
		destroy: () => injector.destroy(),
	};
}

/**
 * The HTTP/2 server of the injector. grpc-js has no public access to it; listener.test.ts fails if the private one
 * changes.
 */
function http2ServerOf(server: grpc.Server): Http2Server {
	const { http2Servers } = server as unknown as { readonly http2Servers?: ReadonlyMap<Http2Server, unknown> };
	const [found] = http2Servers?.keys() ?? [];
	if (found === undefined) throw new TypeError('grpc-js no longer keeps its HTTP/2 servers in http2Servers');
	return found;
}

type GrpcCall = EventEmitter & Pick<grpc.ServerUnaryCall<never, object>, 'getPath' | 'getPeer' | 'metadata'>;

/** Makes the parts that few calls need when they are asked for. */
class CallContext implements Call {
	readonly method: string;
	readonly peer: Peer;
	readonly #sent: grpc.Metadata;
	#aborter: AbortController | undefined;
	#isAborted = false;

	constructor(call: GrpcCall, peer: Peer) {
		this.method = call.getPath();
		this.peer = peer;
		this.#sent = call.metadata;
	}

	readonly metadata = (key: string): string | undefined => this.#sent.get(key)[0]?.toString();

	get metadataPairs(): Call['metadataPairs'] {
		return Object.entries(this.#sent.toJSON()).flatMap(([key, values]) =>
			values.map((value) => [key, value.toString()] as const),
		);
	}

	readonly hasMetadata = (prefix: string): boolean => {
		for (const key in this.#sent.getMap()) if (key.startsWith(prefix)) return true;
		return false;
	};

	get signal(): AbortSignal {
		this.#aborter ??= new AbortController();
		if (this.#isAborted) this.#aborter.abort();
		return this.#aborter.signal;
	}

	abort(): void {
		this.#isAborted = true;
		this.#aborter?.abort();
	}
}

/** Adapts the handlers of services to grpc-js: authorization of the caller, trace, log, observers and errors. */
class MethodHandlers {
	readonly #connections: Connections;
	readonly #log: Log;
	readonly #observers: readonly Observe[];
	readonly #lines: LimitLines;
	/** Ends each open bidirectional call when it has answered. */
	readonly #endings = new Set<() => void>();

	constructor(connections: Connections, log: Log, observers: readonly Observe[], lines: LimitLines) {
		this.#connections = connections;
		this.#log = log;
		this.#observers = observers;
		this.#lines = lines;
	}

	unary(service: Service, method: string): grpc.handleUnaryCall<never, object> {
		const arrived = this.#observed(service, method, 'unary');
		return async (call, reply) => {
			const { context, answered } = this.#contextOf(call);
			const work = () => {
				requireCaller(service, method, context);
				return service.unary[method]?.(decoded(call.request), context);
			};
			try {
				const response = await this.#answer(new MessageSpan(context, call.metadata), arrived(call.request), work);
				answered();
				reply(null, response);
			} catch (error) {
				answered();
				reply(this.#refusal(error as KubejoinError, context));
			}
		};
	}

	bidi(service: Service, method: string): grpc.handleBidiStreamingCall<never, object> {
		const arrived = this.#observed(service, method, 'bidi_stream');
		return async (call) => {
			const { context } = this.#contextOf(call);
			const span = new MessageSpan(context, call.metadata);
			const requests = call.iterator({ destroyOnReturn: false })[Symbol.asyncIterator]() as AsyncGenerator<never>;
			let isAnswering = false;
			let isEnding = false;
			const end = (): void => {
				isEnding = true;
				if (!isAnswering && !call.writableEnded) call.end();
			};
			// A function that waits keeps all its values, here one message and its answer until the next message comes.
			const answerNext = async (): Promise<boolean> => {
				const { done, value: request } = await requests.next();
				// A message that comes while the port closes is left to the next server.
				if (done || isEnding) return false;
				isAnswering = true;
				const response = await this.#answer(span, arrived(request), () => {
					requireCaller(service, method, context);
					return service.bidi?.[method]?.(decoded(request), context);
				});
				if (!call.write(response)) await drained(call, context.signal);
				isAnswering = false;
				return !isEnding;
			};
			this.#endings.add(end);
			try {
				while (await answerNext());
				if (!context.signal.aborted) end();
			} catch (error) {
				// The iteration of a call that the client gives up ends with an error of its own.
				if (!context.signal.aborted) call.emit('error', this.#refusal(asKubejoinError(error), context));
			} finally {
				this.#endings.delete(end);
				await requests.return(undefined);
			}
		};
	}

	/** The calls that answer a message end after it. */
	endBidi(): void {
		for (const end of this.#endings) end();
	}

	/** @throws KubejoinError */
	async #answer(
		span: MessageSpan,
		ended: (ending: Ending) => void,
		work: () => Promise<object> | object | undefined,
	): Promise<object> {
		const { method, peer } = span.call;
		const startedMs = performance.now();
		try {
			const response = await inSpan(method.slice(1), span, (one) => {
				peer.tls?.describe(one);
				return work();
			});
			if (this.#log.isLevelEnabled('debug'))
				this.#log.debug({ method, caller: callerName(peer), ms: elapsed(startedMs) }, 'answered');
			ended('answered');
			return response ?? {};
		} catch (error) {
			const known = asKubejoinError(error);
			ended(known);
			throw known;
		}
	}

	streams(service: Service, method: string): grpc.handleServerStreamingCall<never, object> {
		const arrived = this.#observed(service, method, 'server_stream');
		return async (call) => {
			const { context } = this.#contextOf(call);
			const ended = arrived(call.request);
			try {
				requireCaller(service, method, context);
				for await (const message of service.streams?.[method]?.(decoded(call.request), context) ?? []) {
					if (context.signal.aborted) break;
					if (!call.write(message)) await drained(call, context.signal);
				}
				ended(context.signal.aborted ? 'cancelled' : 'answered');
				if (!context.signal.aborted) call.end();
			} catch (error) {
				const known = asKubejoinError(error);
				ended(context.signal.aborted ? 'cancelled' : known);
				// Not destroy(): a destroyed call never sends its status, and the caller would wait for ever.
				if (!context.signal.aborted) call.emit('error', this.#refusal(known, context));
			}
		};
	}

	/** grpc-js reports each call that ends as cancelled; `answered` prevents an abort, which would cost an error. */
	#contextOf(call: GrpcCall): { readonly context: Call; readonly answered: () => void } {
		const context = new CallContext(call, peerAt(this.#connections, call.getPeer()));
		const abort = (): void => context.abort();
		call.once('cancelled', abort);
		return { context, answered: () => void call.off('cancelled', abort) };
	}

	#observed({ name }: Service, method: string, type: CalledMethod['type']): ReturnType<Observe> {
		const [, service = ''] = contractOf(name)[method]?.path.split('/') ?? [];
		const observed = this.#observers.map((observe) => observe({ service, method, type }));
		return (request) => {
			const endings = observed.map((arrived) => arrived(request));
			return (ending) => {
				for (const end of endings) end(ending);
			};
		};
	}

	#refusal(known: KubejoinError, { method, peer }: Call): grpc.ServerErrorResponse {
		const level =
			known.code === 'INTERNAL'
				? 'error'
				: known.code.startsWith('API_') && known.code !== 'API_UNAUTHORIZED'
					? 'debug'
					: 'warn';
		const write = (): void =>
			this.#log[level]({ method, caller: callerName(peer), peer: peer.address, ...errorFields(known) }, 'refused');
		if (level === 'warn') this.#lines(withoutPort(peer.address), write);
		else write();
		return toServiceError(shownToCaller(known));
	}
}

/** Its parts are made for a span that is recorded. @source OpenTelemetry semantic conventions for gRPC */
class MessageSpan implements SpanOptions {
	readonly kind = SpanKind.SERVER;
	readonly call: Call;
	readonly #metadata: grpc.Metadata;

	constructor(call: Call, metadata: grpc.Metadata) {
		this.call = call;
		this.#metadata = metadata;
	}

	get attributes(): SpanOptions['attributes'] {
		const { method, peer } = this.call;
		const [, service = '', name = ''] = method.split('/');
		return {
			'rpc.system': 'grpc',
			'rpc.service': service,
			'rpc.method': name,
			'kubejoin.caller': callerName(peer),
			'network.peer.address': peer.address,
		};
	}

	get parent(): SpanOptions['parent'] {
		const traceparent = this.#metadata.get('traceparent')[0]?.toString();
		return traceparent === undefined ? {} : { traceparent };
	}
}

/** A request message that cannot be decoded. */
class Undecoded {
	readonly error: unknown;
	constructor(error: unknown) {
		this.error = error;
	}
}

/** grpc-js answers INTERNAL and logs nothing if a decoder throws, so the handler refuses the request like any other. */
const withFailures = (contract: grpc.ServiceDefinition): grpc.ServiceDefinition =>
	Object.fromEntries(
		Object.entries(contract).map(([method, definition]) => {
			const requestDeserialize = (bytes: Buffer): object => {
				try {
					return definition.requestDeserialize(bytes);
				} catch (error) {
					return new Undecoded(error);
				}
			};
			return [method, { ...definition, requestDeserialize }];
		}),
	);

/** @throws MESSAGE_UNREADABLE, MESSAGE_TOO_COMPLEX */
function decoded(request: object): never {
	if (request instanceof Undecoded) throw request.error;
	return request as never;
}

const elapsed = (startedMs: number): number => Math.round((performance.now() - startedMs) * 10) / 10;

function requireSameMethods(service: Service, contract: grpc.ServiceDefinition): void {
	const { name, unary, streams = {}, bidi = {}, callers } = service;
	const handlers = { unary, streams, bidi };
	for (const [method, definition] of Object.entries(contract)) {
		if (!Object.hasOwn(handlers[kindOf(definition)], method)) throw new TypeError(`${name}/${method} has no handler`);
		if (!Object.hasOwn(callers, method)) throw new TypeError(`${name}/${method} has no row that says who may call it`);
	}
	for (const method of Object.keys({ ...unary, ...streams, ...bidi, ...callers })) {
		if (!Object.hasOwn(contract, method)) throw new TypeError(`${name} declares no method ${method}`);
	}
}

function requireCaller({ callers }: Service, method: string, { peer, method: path }: Call): void {
	const allowed = callers[method];
	if (allowed === 'authorizes-itself') return;
	if (peer.certificate.state === 'verified' && allowed?.includes(peer.certificate.commonName)) return;
	throw new KubejoinError('CALLER_DENIED', { caller: callerName(peer), method: path, allowed: allowed ?? [] });
}

/** Wait until a slow reader has caught up, or has gone. */
const drained = (
	call: grpc.ServerWritableStream<never, object> | grpc.ServerDuplexStream<never, object>,
	signal: AbortSignal,
): Promise<void> =>
	new Promise((resolve) => {
		// A call that was given up while it was answered takes nothing, and has no event to come.
		if (signal.aborted) return resolve();
		const done = () => {
			call.off('drain', done);
			signal.removeEventListener('abort', done);
			resolve();
		};
		call.on('drain', done);
		signal.addEventListener('abort', done);
	});
