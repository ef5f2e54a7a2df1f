/**
 * A client's connection to one service: deadlines on every call, errors rebuilt from the trailer, transport errors
 * distinguished by cause. One pooled channel for each pair of services. The type of the channel contains whether the
 * server was verified; a bearer token can be set only on a verified channel.
 */
import { type ConnectionOptions, createSecureContext, type SecureContext } from 'node:tls';
import type { MethodDefinition } from '@grpc/grpc-js';
import { splitHostPort } from '../address.ts';
import { causeText, type ErrorCode, fromWireError, grpcCode } from '../errors.ts';
import { parseCertificates } from '../pki/certificate.ts';
import { addSpanEvent, inSpan, SpanKind, traceHeaders } from '../trace.ts';
import { CallFailure, ERROR_TRAILER } from './call-failure.ts';
import { withDates } from './certificate-dates.ts';
import { contractOf } from './contracts.ts';
import type { Metadata } from './grpc-call.ts';
import { checkedMetadata, GrpcClient } from './grpc-client.ts';
import { ReportedTls } from './reported-tls.ts';
import type { TlsEnd } from './tls-report.ts';
import { type CallDetails, transportError } from './transport-errors.ts';
import { nameChecked, sniOf, trustAnchors } from './verify-server.ts';

export interface Channel<Trust extends 'verified' | 'unverified' = 'verified' | 'unverified'> {
	/** `host:port` */
	readonly target: string;
	readonly trust: Trust;
	/** Which sides have proved their identity: none, the server, or both. */
	readonly tls: 'unverified' | 'one-way' | 'mutual';
	readonly client: Pick<GrpcClient, 'unary' | 'stream' | 'bidi'>;
	/** The name that the server's certificate must have. */
	readonly serverName: string;
	readonly metadata: Metadata;
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
		if (!key.startsWith('-----BEGIN EC PRIVATE KEY-----')) return newContext(tls);
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
	{ end, userAgent = 'kubejoin' }: { readonly end: TlsEnd; readonly userAgent?: string | undefined },
): Channel<Trust> {
	const host = end.host ?? 'localhost';
	// RFC 6066 has no server name for an address, and Node warns of one; the name that must match is checked above, not
	// here.
	const servername = sniOf(host);
	const address = splitHostPort(target);
	const report = new ReportedTls(() => ({ ...address, ...connection(), servername }), end);
	const client = new GrpcClient({ target, userAgent, connect: () => report.connect() });
	return { target, trust, tls, client, serverName: host, metadata: {}, report, close: () => client.close() };
}

/** The same connection with a bearer token on every call; only where the server was verified. */
export function withBearerToken(channel: VerifiedChannel, token: string): VerifiedChannel {
	return { ...channel, metadata: checkedMetadata({ ...channel.metadata, authorization: `${BEARER}${token}` }) };
}

const BEARER = 'Bearer ';

function tokenBytes({ authorization }: Metadata): number {
	return authorization === undefined ? 0 : Buffer.byteLength(String(authorization)) - BEARER.length;
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
	const spanOptions = () => ({
		kind: SpanKind.CLIENT,
		attributes: {
			'rpc.system': 'grpc',
			'rpc.service': rpcService,
			'rpc.method': method,
			'server.address': channel.target,
			'kubejoin.tls': channel.tls,
			'kubejoin.token.bytes': tokenBytes(channel.metadata),
		},
		expects: options.expects,
	});
	// A call starts no trace: a heartbeat of a node that has joined belongs to none.
	return inSpan(definition.path.slice(1), spanOptions, (span) =>
		send<Req, Res>(channel, definition, request, options)
			.catch(async (error: unknown) => {
				throw await withDates(error, channel.serverName);
			})
			.finally(() => channel.report.describe(span)),
	);
}

async function send<Req extends object, Res extends object>(
	channel: Channel,
	{ path, requestSerialize, responseDeserialize }: Method,
	request: Req,
	{ deadlineMs = DEFAULT_DEADLINE_MS, signal }: CallOptions,
): Promise<Res> {
	try {
		const message = sized('SENT', requestSerialize(request));
		const metadata = { ...channel.metadata, ...traceHeaders() };
		const answer = await channel.client.unary({ path, message, metadata, deadlineMs, signal });
		return decoded(responseDeserialize, sized('RECEIVED', answer));
	} catch (error) {
		throw signal?.aborted ? signal.reason : withoutAnswer(error, { target: channel.target, method: path, deadlineMs });
	}
}

/** @source OpenTelemetry semantic conventions for RPC, events */
function sized(type: 'SENT' | 'RECEIVED', bytes: Buffer): Buffer {
	addSpanEvent('rpc.message', { 'rpc.message.type': type, 'rpc.message.uncompressed_size': bytes.length });
	return bytes;
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
	const { path, requestSerialize, responseDeserialize } = methodOf(service, method);
	if (signal.aborted) return;
	const { client, metadata, target, serverName } = channel;
	try {
		for await (const bytes of client.stream({ path, message: requestSerialize(request), metadata, signal }))
			yield decoded(responseDeserialize, bytes);
	} catch (error) {
		if (signal.aborted) return;
		throw await withDates(withoutAnswer(error, { target, method: path, deadlineMs: 0 }), serverName);
	}
}

/**
 * Sends messages of a bidirectional method on one stream, which begins with the first message and again after its end.
 * The caller waits for the answer to one before it sends the next. The messages belong to no trace.
 *
 * @returns sends a message, and throws as `call`
 */
export function exchange<Req extends object, Res extends object>(
	{ client, metadata, target, serverName }: Channel,
	service: string,
	method: string,
): (request: Req) => Promise<Res> {
	const { path, requestSerialize, responseDeserialize } = methodOf(service, method);
	const bidi = client.bidi({ path, metadata });
	return async (request) => {
		try {
			const message = { message: requestSerialize(request), deadlineMs: DEFAULT_DEADLINE_MS };
			return decoded(responseDeserialize, await bidi.exchange(message));
		} catch (error) {
			throw await withDates(
				withoutAnswer(error, { target, method: path, deadlineMs: DEFAULT_DEADLINE_MS }),
				serverName,
			);
		}
	};
}

type Method = MethodDefinition<object, object>;

function methodOf(service: string, method: string): Method {
	const definition = contractOf(service)[method];
	if (definition === undefined) throw new TypeError(`${service} declares no method ${method}`);
	return definition;
}

function decoded<Res extends object>(decode: Method['responseDeserialize'], bytes: Buffer): Res {
	try {
		return decode(bytes) as Res;
	} catch (error) {
		throw new CallFailure(grpcCode.INTERNAL, `Response message parsing error: ${causeText(error)}`, { cause: error });
	}
}

/** The error of the service, or of the transport; an error that is none of a call stays. */
function withoutAnswer(error: unknown, call: CallDetails): unknown {
	if (!(error instanceof CallFailure)) return error;
	const trailer = error.trailers[ERROR_TRAILER];
	return (
		(trailer === undefined ? undefined : fromWireError(parseJson(Buffer.from(String(trailer), 'base64').toString()))) ??
		transportError(error, call)
	);
}

function parseJson(text: string): unknown {
	try {
		return JSON.parse(text);
	} catch {
		return undefined;
	}
}
