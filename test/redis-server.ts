/** A real redis-server on a random loopback port, with durable writes. Tests only. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { findFreePort } from '../lib/ports.ts';

export interface RedisServer {
	readonly url: string;
	readonly port: number;
	readonly pid: number;
	/** Kills it with SIGKILL; resolves when the process has ended. */
	readonly kill9: () => Promise<void>;
	/** Pauses and resumes the process. Its connections remain open. */
	readonly freeze: () => void;
	readonly thaw: () => void;
	readonly stop: () => Promise<void>;
	/** Its log since it was ready. */
	readonly log: () => string;
}

export interface RedisServerOptions {
	/** The directory of its data, which is kept. */
	readonly dir: string;
	readonly port?: number;
	/** Paths of PEM files. With them, client certificates are required. */
	readonly tls?: { readonly ca: string; readonly cert: string; readonly key: string };
	readonly aclFile?: string;
}

async function waitUntilReady(child: ChildProcess): Promise<void> {
	const said: string[] = [];
	if (child.stdout === null) throw new Error('redis-server has no output');
	for await (const line of createInterface({ input: child.stdout })) {
		said.push(line);
		if (line.includes('Ready to accept connections')) return;
	}
	throw new Error(`redis-server did not start:\n${said.join('\n')}`);
}

/** @returns undefined if redis-server is not installed; standard error has the reason */
export async function startRedis(options: RedisServerOptions): Promise<RedisServer | undefined> {
	const port = options.port ?? (await findFreePort());
	const { tls, aclFile, dir } = options;
	const settings: Record<string, string> = {
		...{ bind: '127.0.0.1', dir, daemonize: 'no', logfile: '', save: '', appendonly: 'yes', appendfsync: 'always' },
		...(tls === undefined ? { port: `${port}` } : { port: '0', 'tls-port': `${port}` }),
		...(tls === undefined
			? {}
			: { 'tls-ca-cert-file': tls.ca, 'tls-cert-file': tls.cert, 'tls-key-file': tls.key, 'tls-auth-clients': 'yes' }),
		...(aclFile === undefined ? {} : { aclfile: aclFile }),
	};
	const child = spawn(
		'redis-server',
		Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]),
		{ stdio: ['ignore', 'pipe', 'ignore'] },
	);
	const isInstalled = await Promise.race([
		once(child, 'spawn').then(() => true),
		once(child, 'error').then(() => false),
	]).catch(() => false);
	if (!isInstalled || child.pid === undefined) {
		process.stderr.write('redis-server is not installed: the tests that need it are skipped\n');
		return undefined;
	}
	const exited = once(child, 'close');
	const endWithTest = () => child.kill('SIGKILL');
	process.once('exit', endWithTest);
	const end = async (signal: NodeJS.Signals) => {
		process.removeListener('exit', endWithTest);
		child.kill(signal);
		await exited;
	};
	await waitUntilReady(child);
	let log = '';
	child.stdout?.setEncoding('utf8').on('data', (text: string) => {
		log += text;
	});
	return {
		url: `${tls === undefined ? 'redis' : 'rediss'}://127.0.0.1:${port}`,
		port,
		pid: child.pid,
		kill9: () => end('SIGKILL'),
		freeze: () => child.kill('SIGSTOP'),
		thaw: () => child.kill('SIGCONT'),
		stop: () => end('SIGTERM'),
		log: () => log,
	};
}
