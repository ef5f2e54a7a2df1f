/**
 * Connections to Redis: how one is opened, given up and named in errors. A connection that is down refuses commands at
 * once, and one that does not answer is dropped, so nothing waits for longer than the deadline. No message may hold the
 * password.
 */
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:tls';
import { ClientOfflineError, createClient } from 'redis';
import { causeText, KubejoinError } from '../errors.ts';
import { certificateReport, negotiated } from '../rpc/tls-report.ts';
import { nameChecked, sniOf, trustAnchors } from '../rpc/verify-server.ts';
import type { Attributes } from '../trace.ts';
import { redisScripts } from './redis-scripts.ts';
import type { StoreOptions } from './store.ts';
import { redactUrl } from './url.ts';

/** How long a command or the opening may take. */
const deadlineMs = 5000;
/** How long a quiet tail asks Redis to hold its read open; less than `silenceMs`. */
export const blockMs = 2000;
/** A connection on which nothing comes or goes for so long is dropped. */
const silenceMs = 6000;

const allowed = 'redis://HOST:PORT[/DB] and rediss://HOST:PORT[/DB] without user and password are allowed';

function parseRedisUrl(options: StoreOptions) {
	const invalid = (what: string) =>
		new KubejoinError('CONFIG_INVALID', {
			problems: [`the store URL "${redactUrl(options.url)}" ${what}; ${allowed}`],
		});
	if (!URL.canParse(options.url)) throw invalid('cannot be parsed');
	const url = new URL(options.url);
	if (url.username !== '' || url.password !== '') throw invalid('has credentials in it');
	if (url.search !== '' || url.hash !== '' || !/^(\/\d{0,5})?$/.test(url.pathname))
		throw invalid('has something else after the port');
	if (url.hostname === '') throw invalid('names no host');
	if (url.protocol === 'redis:' && options.tls !== undefined)
		throw invalid('is not encrypted, and certificates were given');
	const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
	return {
		host,
		port: Number(url.port || 6379),
		database: Number(url.pathname.slice(1)),
		isTls: url.protocol === 'rediss:',
	};
}

/** The failure of a store in its own words. */
export const unavailable = (store: string, error: unknown): KubejoinError =>
	error instanceof KubejoinError
		? error
		: new KubejoinError('STORE_UNAVAILABLE', { store, problem: causeText(error) }, { cause: error });

/** Rejects if the work takes longer than the deadline; the work itself continues. */
function withDeadline<T>(work: Promise<T>, onExpiry: () => void): Promise<T> {
	return new Promise((resolve, reject) => {
		const timer = setTimeout(() => {
			reject(new Error(`no answer within ${deadlineMs / 1000} s`));
			onExpiry();
		}, deadlineMs);
		work.then(resolve, reject).finally(() => clearTimeout(timer));
	});
}

/** Verified as every server is; without a CA, with those of the system. */
const tlsOptions = (host: string, tls: StoreOptions['tls'], onPresented: (server: Buffer) => void) => ({
	...tls,
	...(tls === undefined ? {} : trustAnchors(tls.ca)),
	servername: sniOf(host),
	...nameChecked(host, onPresented),
});

function createConnection(
	options: StoreOptions,
	retryDelay: (retries: number) => number | false,
	pingInterval: number,
	onPresented: (server: Buffer) => void = () => undefined,
) {
	const { host, port, database, isTls } = parseRedisUrl(options);
	const common = { host, port, connectTimeout: deadlineMs, socketTimeout: silenceMs, reconnectStrategy: retryDelay };
	return createClient({
		socket: isTls ? { ...common, tls: true, ...tlsOptions(host, options.tls, onPresented) } : common,
		database,
		username: options.username,
		password: options.password,
		scripts: redisScripts,
		disableOfflineQueue: true,
		disableClientInfo: true,
		maintNotifications: 'disabled',
		pingInterval,
		// node-redis times only the wait before a command is sent; `ask` times all of it.
		commandOptions: { timeout: 0 },
	});
}

export type RedisClient = ReturnType<typeof createConnection>;

/** A connection that comes back by itself. */
export interface RedisConnection {
	/** Run a command. @throws STORE_UNAVAILABLE */
	readonly ask: <T>(command: (client: RedisClient) => Promise<T>) => Promise<T>;
	readonly close: () => Promise<void>;
	/** Of its last handshake, for spans. */
	readonly describe: () => Attributes;
}

/**
 * Describes the connection. node-redis does not give its socket: the certificates are those of its handshake (a
 * handshake that failed has no command), and version and cipher those of a second connection with the same settings.
 */
function connectionReport(options: StoreOptions) {
	const { host, port, isTls } = parseRedisUrl(options);
	const address = { 'server.address': host, 'server.port': port };
	let presented: Buffer | undefined;
	let attributes: Attributes = { ...address, 'kubejoin.tls': isTls ? 'one-way' : 'none' };
	return {
		onPresented(server: Buffer): void {
			presented = server;
			attributes = { ...address, ...certificateReport({ server, host, ca: options.tls?.ca, cert: options.tls?.cert }) };
		},
		/** Adds nothing if the second connection fails or reaches another server. */
		async negotiate(): Promise<void> {
			if (!isTls) return;
			const socket = connect({ host, port, ...tlsOptions(host, options.tls, () => undefined) }).unref();
			socket.on('error', () => socket.destroy());
			try {
				await once(socket, 'secureConnect', { signal: AbortSignal.timeout(deadlineMs) });
				if (presented?.equals(socket.getPeerCertificate().raw))
					attributes = { ...attributes, ...negotiated(socket, 'client') };
				// Redis logs an error if the connection ends before its side of the handshake does.
				socket.setTimeout(deadlineMs, () => socket.destroy()).end();
			} catch {
				// The commands report the problem of the store.
				socket.destroy();
			}
		},
		describe: () => attributes,
	};
}

/** Up to 2 s, doubling, with a little chance so that many clients do not return in step. */
const backoffMs = (retries: number): number => Math.min(2000, 50 * 2 ** Math.min(retries, 10)) + randomInt(100);

/**
 * Opens a connection that reconnects when it is lost.
 *
 * @throws CONFIG_INVALID  the URL is invalid
 * @throws STORE_UNAVAILABLE  Redis cannot be reached or refuses the credentials
 */
export async function connectRedis(options: StoreOptions): Promise<RedisConnection> {
	const store = redactUrl(options.url);
	let isOpen = false;
	let lastProblem: unknown;
	const { onPresented, negotiate, describe } = connectionReport(options);
	const delay = (retries: number) => (isOpen ? backoffMs(retries) : false);
	const client = createConnection(options, delay, silenceMs / 3, onPresented);
	client.on('error', (error: unknown) => {
		lastProblem = error;
	});
	client.on('ready', negotiate);
	const reopen = () => {
		if (!client.isReady) return;
		client.destroy();
		client.connect().catch(() => {});
	};
	await connectOnce(client, store);
	isOpen = true;
	return {
		describe,
		ask: async (command) => {
			try {
				return await withDeadline(command(client), reopen);
			} catch (error) {
				throw unavailable(
					store,
					error instanceof ClientOfflineError
						? new Error(`not connected: ${causeText(lastProblem)}`, { cause: error })
						: error,
				);
			}
		},
		close: async () => {
			if (client.isReady) await withDeadline(client.close(), () => {}).catch(() => {});
			client.destroy();
		},
	};
}

/**
 * Open a connection that ends for good when it is lost, for reads that block.
 *
 * @throws STORE_UNAVAILABLE
 */
export async function connectTail(options: StoreOptions): Promise<RedisClient> {
	const client = createConnection(options, () => false, 0);
	client.on('error', () => {});
	await connectOnce(client, redactUrl(options.url));
	return client;
}

async function connectOnce(client: RedisClient, store: string): Promise<void> {
	try {
		await withDeadline(client.connect(), () => {});
	} catch (error) {
		client.destroy();
		throw unavailable(store, error);
	}
}
