/**
 * A client's connection to one service: deadlines on every call, errors rebuilt from the trailer, transport errors
 * distinguished by cause. One pooled channel for each pair of services. The type of the channel contains whether the
 * server was verified; a bearer token can be set only on a verified channel.
 */
import { isIP } from 'node:net';
import { type ConnectionOptions, createSecureContext, type SecureContext } from 'node:tls';
import * as grpc from '@grpc/grpc-js';
import { splitHostPort } from '../address.ts';
import { type ErrorCode, fromWireError, type KubejoinError } from '../errors.ts';
import { parseCertificates } from '../pki/certificate.ts';
import { addSpanEvent, inSpan, SpanKind, traceHeaders } from '../trace.ts';
import { withDates } from './certificate-dates.ts';
import { contractOf } from './contracts.ts';
import { ERROR_TRAILER } from './error-trailer.ts';
import { ReportedTls } from './reported-tls.ts';
import type { TlsEnd } from './tls-report.ts';
import { transportError } from './transport-errors.ts';
import { nameChecked, sniOf, trustAnchors } from './verify-server.ts';

export interface Channel<Trust extends 'verified' | 'unverified' = 'verified' | 'unverified'> {
	/** `host:port` */
	readonly target: string;
	readonly trust: Trust;
	/** Which sides have proved their identity: none, the server, or both. */
	readonly tls: 'unverified' | 'one-way' | 'mutual';
	readonly client: grpc.Client;
	/** The name that the server's certificate must have. */
	readonly serverName: string;
	readonly metadata: grpc.Metadata;
	/** Of its last connection, for traces. */
	readonly report: Pick<ReportedTls, 'describe'>;
	readonly close: () => void;
}
export type VerifiedChannel = Channel<'verified'>;

export interface VerifiedTls {
	/** PEM, one or more: who may have issued the server's certificate. */
	readonly ca: string;
	/** PEM; the client certificate of mutual TLS. */
	readonly cert?: string;
	readonly key?: string;
	/** The name that the server's certificate must have, when it is not the host dialled. */
	readonly serverName?: string;
	/** `kubelet/v1.37.2`; the API server names the manager of written fields after it. */
	readonly userAgent?: string;
}

const CLIENT_OPTIONS: grpc.ClientOptions = {
	'grpc.enable_channelz': 0,
	// The proxy variables of a shell are for its web traffic; see docs/differences.md.
	'grpc.enable_http_proxy': 0,
	'grpc.initial_reconnect_backoff_ms': 200,
	'grpc.max_reconnect_backoff_ms': 5_000,
	'grpc.keepalive_time_ms': 20_000,
	'grpc.keepalive_timeout_ms': 10_000,
	'grpc.use_local_subchannel_pool': 1,
	'grpc.max_receive_message_length': 16 * 1024 * 1024,
};

/** Returns a function that is called immediately before each connection. */
type ContextOf = (tls: VerifiedTls) => () => SecureContext;
const newContext: ContextOf = ({ ca, cert, key }) => {
	const context = createSecureContext({ ...trustAnchors(ca), cert, key });
	return () => context;
};

/**
 * Channels that trust the same CA share two contexts, one of them for all client certificates with an ECDSA key: a
 * context takes milliseconds to create, and 32 KB as long as a connection has it. A context keeps one certificate for
 * each kind of key, and could present the one of another identity.
 */
export function sharedContexts(): ContextOf {
	const [anonymous, identified] = [sharedContext(), sharedContext()];
	return (tls) => {
		const { ca, cert, key } = tls;
		if (cert === undefined || key === undefined) return () => anonymous(ca);
		if (parseCertificates(cert)[0].publicKey.asymmetricKeyType !== 'ec') return newContext(tls);
		return () => withIdentity(identified(ca), cert, key);
	};
}

/** One context, as long as the CA is the same. */
function sharedContext(): (ca: string) => SecureContext {
	let shared: { readonly ca: string; readonly context: SecureContext } | undefined;
	return (ca) => {
		if (shared?.ca !== ca) shared = { ca, context: createSecureContext(trustAnchors(ca)) };
		return shared.context;
	};
}

/**
 * A connection copies the certificate that its context has when it begins. Node has no public function for this; a test
 * of the connections of kubelet-sim fails if the private ones change.
 */
function withIdentity(shared: SecureContext, cert: string, key: string): SecureContext {
	const context: { setCert(pem: string): void; setKey(pem: string): void } = shared.context;
	context.setCert(cert);
	context.setKey(key);
	return shared;
}

/** A channel on which the server must prove itself with a certificate from `tls.ca`. */
export function openChannel(target: string, tls: VerifiedTls, contextOf: ContextOf = newContext): VerifiedChannel {
	const secureContext = contextOf(tls);
	const host = tls.serverName ?? splitHostPort(target)?.host ?? target;
	const sides = tls.cert === undefined ? 'one-way' : 'mutual';
	const end = { side: 'client', anchors: () => parseCertificates(tls.ca), host } as const;
	return makeChannel(target, 'verified', sides, () => ({ secureContext: secureContext(), ...nameChecked(host) }), {
		end,
		userAgent: tls.userAgent,
	});
}

/** For `unverified-channel.ts` and `openChannel` only. */
export function makeChannel<Trust extends 'verified' | 'unverified'>(
	target: string,
	trust: Trust,
	tls: Channel['tls'],
	connection: () => ConnectionOptions,
	{ end, userAgent }: { readonly end: TlsEnd; readonly userAgent?: string | undefined },
): Channel<Trust> {
	const host = end.host ?? 'localhost';
	// RFC 6066 has no server name for an address, and Node warns of one; the name that must match is checked above, not
	// here.
	const servername = sniOf(host) || 'localhost';
	const report = new ReportedTls(() => ({ ...connection(), servername }), end);
	const client = new grpc.Client(resolvedTarget(target), report.credentials, {
		...CLIENT_OPTIONS,
		'grpc.primary_user_agent': userAgent,
		'grpc.ssl_target_name_override': servername,
	});
	const metadata = new grpc.Metadata();
	return { target, trust, tls, client, serverName: host, metadata, report, close: () => client.close() };
}

/** For an address, grpc-js then creates no DNS resolver, which takes 13 KB for each channel. */
function resolvedTarget(target: string): string {
	const version = isIP(splitHostPort(target)?.host ?? '');
	return version === 0 ? target : `ipv${version}:${target}`;
}

/** The same connection with a bearer token on every call; only where the server was verified. */
export function withBearerToken(channel: VerifiedChannel, token: string): VerifiedChannel {
	const metadata = new grpc.Metadata();
	metadata.set('authorization', `Bearer ${token}`);
	return { ...channel, metadata };
}

const BEARER = 'Bearer ';

function tokenBytes(metadata: grpc.Metadata): number {
	const [value] = metadata.get('authorization');
	return value === undefined ? 0 : Buffer.byteLength(value) - BEARER.length;
}

export interface CallOptions {
	/** The call fails after this time; default 10,000. */
	readonly deadlineMs?: number;
	readonly signal?: AbortSignal;
	/** Errors that are a normal answer to the caller; they are thrown, and the trace does not show them as failures. */
	readonly expects?: readonly ErrorCode[];
}

const DEFAULT_DEADLINE_MS = 10_000;

/**
 * Calls a unary method.
 *
 * @throws the error of the service, or a transport error: CONNECTION_REFUSED, PEER_REFUSED, DEADLINE_EXCEEDED…
 */
export function call<Req extends object, Res extends object>(
	channel: Channel,
	service: string,
	method: string,
	request: Req,
	options: CallOptions = {},
): Promise<Res> {
	const definition = methodOf(service, method);
	const [, rpcService = ''] = definition.path.split('/');
	const attributes = {
		'rpc.system': 'grpc',
		'rpc.service': rpcService,
		'rpc.method': method,
		'server.address': channel.target,
		'kubejoin.tls': channel.tls,
		'kubejoin.token.bytes': tokenBytes(channel.metadata),
	};
	const { expects } = options;
	return inSpan(definition.path.slice(1), { kind: SpanKind.CLIENT, attributes, expects }, (span) =>
		send<Req, Res>(channel, definition, request, options)
			.catch(async (error: unknown) => {
				throw await withDates(error, channel.serverName);
			})
			.finally(() => channel.report.describe(span)),
	);
}

function send<Req extends object, Res extends object>(
	channel: Channel,
	definition: grpc.MethodDefinition<object, object>,
	request: Req,
	options: CallOptions,
): Promise<Res> {
	const deadlineMs = options.deadlineMs ?? DEFAULT_DEADLINE_MS;
	return new Promise<Res>((resolve, reject) => {
		const running = channel.client.makeUnaryRequest(
			definition.path,
			(message: Req) => sized('SENT', definition.requestSerialize(message)),
			(bytes: Buffer) => definition.responseDeserialize(sized('RECEIVED', bytes)),
			request,
			withTrace(channel.metadata),
			{ deadline: Date.now() + deadlineMs },
			(error, response) => {
				options.signal?.removeEventListener('abort', cancel);
				if (error === null) resolve((response ?? {}) as Res);
				else
					reject(
						options.signal?.aborted
							? options.signal.reason
							: fromServiceError(error, channel.target, definition.path, deadlineMs),
					);
			},
		);
		const cancel = () => running.cancel();
		if (options.signal?.aborted) cancel();
		options.signal?.addEventListener('abort', cancel, { once: true });
	});
}

/** @source OpenTelemetry semantic conventions for RPC, events */
function sized(type: 'SENT' | 'RECEIVED', bytes: Buffer): Buffer {
	addSpanEvent('rpc.message', { 'rpc.message.type': type, 'rpc.message.uncompressed_size': bytes.length });
	return bytes;
}

function withTrace(metadata: grpc.Metadata): grpc.Metadata {
	const entries = Object.entries(traceHeaders());
	if (entries.length === 0) return metadata;
	const traced = metadata.clone();
	for (const [key, value] of entries) traced.set(key, value);
	return traced;
}

/**
 * Call a server-streaming method; the iteration ends without an error when the signal aborts.
 * @throws as `call`; SHUTTING_DOWN or CONNECTION_REFUSED when the server goes away
 */
export async function* stream<Req extends object, Res extends object>(
	channel: Channel,
	service: string,
	method: string,
	request: Req,
	signal: AbortSignal,
): AsyncGenerator<Res, void, void> {
	const definition = methodOf(service, method);
	if (signal.aborted) return;
	const running = channel.client.makeServerStreamRequest(
		definition.path,
		definition.requestSerialize,
		definition.responseDeserialize,
		request,
		channel.metadata,
		{},
	);
	const cancel = () => running.cancel();
	signal.addEventListener('abort', cancel, { once: true });
	try {
		for await (const message of running) yield message as Res;
	} catch (error) {
		if (signal.aborted) return;
		throw isServiceError(error)
			? await withDates(fromServiceError(error, channel.target, definition.path, 0), channel.serverName)
			: error;
	} finally {
		signal.removeEventListener('abort', cancel);
		running.cancel();
	}
}

function methodOf(service: string, method: string): grpc.MethodDefinition<object, object> {
	const definition = contractOf(service)[method];
	if (definition === undefined) throw new TypeError(`${service} declares no method ${method}`);
	return definition;
}

const isServiceError = (error: unknown): error is grpc.ServiceError =>
	error instanceof Error && 'code' in error && 'details' in error && 'metadata' in error;

function fromServiceError(error: grpc.ServiceError, target: string, method: string, deadlineMs: number): KubejoinError {
	const trailer = error.metadata.get(ERROR_TRAILER)[0];
	return (
		(trailer === undefined ? undefined : fromWireError(parseJson(trailer.toString()))) ??
		transportError(error, { target, method, deadlineMs })
	);
}

function parseJson(text: string): unknown {
	try {
		return JSON.parse(text);
	} catch {
		return undefined;
	}
}
