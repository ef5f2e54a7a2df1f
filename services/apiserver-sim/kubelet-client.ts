/**
 * Requests from the API server to a kubelet: HTTPS with the certificate `apiserver-kubelet-client`. The certificate of
 * the kubelet is verified if a CA is configured, as upstream with --kubelet-certificate-authority.
 *
 * @source pkg/kubelet/client/kubelet_client.go; kubeadm sets no --kubelet-certificate-authority
 * @differs upstream sends a request also to itself, if a Node reports its address; here it is refused
 */
import { X509Certificate } from 'node:crypto';
import { type ClientRequest, type IncomingMessage, type OutgoingHttpHeaders, request as requestHttp } from 'node:http';
import { Agent, type AgentOptions, request as requestHttps } from 'node:https';
import type { Duplex, Readable } from 'node:stream';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { joinHostPort } from '../../lib/address.ts';
import { limits } from '../../lib/limits.ts';
import { nameChecked, sniOf, trustAnchors } from '../../lib/rpc/verify-server.ts';
import { printable } from '../../lib/text.ts';
import type { KubeletLocation } from './request/api-request.ts';

export interface KubeletTransportOptions {
	/** The client certificate and its key, in PEM. */
	readonly cert: string;
	readonly key: string;
	/** PEM; absent: the certificate of a kubelet is not verified. */
	readonly ca?: string | undefined;
	/** The certificate that this API server presents to its own clients, in PEM. */
	readonly ownCertificate: string;
	/** Without a byte; default: the limit. Tests choose a shorter time. */
	readonly idleMs?: number;
}
export interface KubeletRequest {
	readonly method: string;
	readonly headers: OutgoingHttpHeaders;
	/** Absent: the request has no body. */
	readonly body?: Readable;
	/** Ends the request and its answer. */
	readonly signal: AbortSignal;
	/** Called when no byte has passed for the time of the limit. */
	readonly onIdle: () => void;
}
export interface KubeletTransport {
	/** @throws Error  its message is Go's text of the failure */
	readonly send: (location: KubeletLocation, request: KubeletRequest) => Promise<IncomingMessage>;
	readonly close: () => void;
}

export function createKubeletTransport(options: KubeletTransportOptions): KubeletTransport {
	const { cert, key, ca, ownCertificate, idleMs = limits.proxyIdleTime.value } = options;
	const own = new X509Certificate(ownCertificate).fingerprint256;
	const unverified = { rejectUnauthorized: false, minVersion: 'TLSv1.2' } as const;
	const agents = {
		kubelet: new KubeletAgent({ cert, key, ...(ca === undefined ? unverified : trustAnchors(ca)) }, own),
		skipping: new KubeletAgent({ cert, key, ...unverified }, own),
		// Another port of the node, which may be of any program: it does not get the client certificate.
		other: new KubeletAgent(unverified, own),
	};
	const agentOf = ({ isKubelet, skipsVerification }: KubeletLocation) =>
		isKubelet ? (skipsVerification ? agents.skipping : agents.kubelet) : agents.other;
	return {
		async send(location, request) {
			const agent = location.scheme === 'https' ? agentOf(location) : undefined;
			try {
				return await sendTo(location, request, { agent, idleMs });
			} catch (error) {
				throw new Error(goText(error as NodeJS.ErrnoException, location), { cause: error });
			}
		},
		close() {
			for (const agent of Object.values(agents)) agent.destroy();
		},
	};
}

interface SendOptions {
	readonly agent: Agent | undefined;
	readonly idleMs: number;
}

/** A kept connection can end as the request is sent: the request is then sent again, if it has no effect. */
async function sendTo(
	location: KubeletLocation,
	request: KubeletRequest,
	options: SendOptions,
): Promise<IncomingMessage> {
	const isRepeatable = request.body === undefined && (request.method === 'GET' || request.method === 'HEAD');
	for (;;) {
		const sent = start(location, request, options);
		try {
			return await answerTo(sent, request);
		} catch (error) {
			const isStale = sent.reusedSocket && (error as NodeJS.ErrnoException).code === 'ECONNRESET';
			if (!isRepeatable || !isStale || request.signal.aborted) throw error;
		}
	}
}

function start(
	{ host, port, path }: KubeletLocation,
	{ method, headers, signal, onIdle }: KubeletRequest,
	{ agent, idleMs }: SendOptions,
): ClientRequest {
	const options = { host, port, path: path === '' ? '/' : path, method, headers, signal };
	const sent = agent === undefined ? requestHttp({ ...options, agent: false }) : requestHttps({ ...options, agent });
	sent.setTimeout(idleMs, () => {
		onIdle();
		sent.destroy(new Error('no byte passed'));
	});
	return sent;
}

const answerTo = (sent: ClientRequest, { body }: KubeletRequest): Promise<IncomingMessage> =>
	new Promise((resolve, reject) => {
		sent.once('response', (response) => {
			// The reader of the answer sees the error.
			sent.on('error', () => undefined);
			const { statusCode = 0 } = response;
			if (statusCode >= 200 && statusCode < 600) resolve(response);
			else sent.destroy(new Error(`malformed HTTP status code "${statusCode}"`));
		});
		sent.once('error', reject);
		// Node closes a connection that switches protocols without an error, if no listener takes it.
		sent.once('close', () => reject(Object.assign(new Error('no answer'), { code: 'ECONNRESET' })));
		if (body === undefined) sent.end();
		else body.pipe(sent);
	});

/** A connection carries a request once the server has proved to be another program than this one. */
class KubeletAgent extends Agent {
	readonly #tls: ConnectionOptions;
	readonly #own: string;

	constructor(tls: ConnectionOptions, own: string) {
		super({ keepAlive: true });
		this.#tls = tls;
		this.#own = own;
	}

	override createConnection(
		{ host = '', port }: AgentOptions & { readonly host?: string; readonly port?: number | string },
		callback?: (error: Error | null, stream: Duplex) => void,
	): Duplex | null | undefined {
		const tls = this.#tls.rejectUnauthorized === false ? this.#tls : { ...this.#tls, ...nameChecked(host) };
		const socket = connect({ ...tls, host, port: Number(port), servername: sniOf(host) });
		const timer = setTimeout(() => socket.destroy(new Error(TIMEOUT)), limits.kubeletConnectTime.value);
		const done = (error: Error | null) => {
			clearTimeout(timer);
			callback?.(error, socket);
		};
		socket.once('error', done);
		socket.once('secureConnect', () => {
			socket.off('error', done);
			if (fingerprintOf(socket) !== this.#own) {
				done(null);
				return;
			}
			const refusal = new Error('the address is that of this API server');
			done(refusal);
			socket.destroy();
		});
		return undefined;
	}
}

const fingerprintOf = (socket: TLSSocket): string | undefined => socket.getPeerX509Certificate()?.fingerprint256;

const TIMEOUT = 'i/o timeout';
const problems: Readonly<Record<string, string>> = {
	ECONNREFUSED: 'connect: connection refused',
	EHOSTUNREACH: 'connect: no route to host',
	ENETUNREACH: 'connect: network is unreachable',
	ETIMEDOUT: 'connect: connection timed out',
};
const MAX_LENGTH = 256;

/** The text of a failed request as Go writes it. */
function goText(error: NodeJS.ErrnoException, { host, port }: KubeletLocation): string {
	const known = problems[error.code ?? ''];
	const address = joinHostPort(host, port);
	if (known !== undefined) return `dial tcp ${address}: ${known}`;
	if (error.message === TIMEOUT) return `dial tcp ${address}: ${TIMEOUT}`;
	if (error.code === 'ECONNRESET') return 'EOF';
	const alert = /alert ([a-z ]+)/.exec(error.message)?.[1];
	if (alert !== undefined) return `remote error: tls: ${alert}`;
	return printable(error.message, { maxLength: MAX_LENGTH });
}
