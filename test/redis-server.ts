/** A real redis-server on a random port of the loopback interface, which makes every write durable. Tests only. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { findFreePort } from '../lib/ports.ts';

export interface RedisServer {
	readonly url: string;
	readonly port: number;
	readonly pid: number;
	/** Kill it in the midst of what it does; answers when it is gone. */
	readonly kill9: () => Promise<void>;
	/** Freeze and thaw it: connections stay, answers do not come. */
	readonly freeze: () => void;
	readonly thaw: () => void;
	readonly stop: () => Promise<void>;
}

export interface RedisServerOptions {
	/** Where its data is, and stays. */
	readonly dir: string;
	readonly port?: number;
	/** Paths of PEM files; client certificates are required then. */
	readonly tls?: { readonly ca: string; readonly cert: string; readonly key: string };
	readonly aclFile?: string;
}

async function waitUntilReady(child: ChildProcess): Promise<void> {
	const said: string[] = [];
	if (child.stdout === null) throw new Error('redis-server has no output');
	for await (const line of createInterface({ input: child.stdout })) {
		said.push(line);
		if (line.includes('Ready to accept connections')) {
			child.stdout.resume();
			return;
		}
	}
	throw new Error(`redis-server did not start:\n${said.join('\n')}`);
}

/** Start redis-server; undefined, with the reason on standard error, when it is not installed. */
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
	const exited = once(child, 'exit');
	const endWithTest = () => child.kill('SIGKILL');
	process.once('exit', endWithTest);
	const end = async (signal: NodeJS.Signals) => {
		process.removeListener('exit', endWithTest);
		child.kill(signal);
		await exited;
	};
	await waitUntilReady(child);
	return {
		url: `${tls === undefined ? 'redis' : 'rediss'}://127.0.0.1:${port}`,
		port,
		pid: child.pid,
		kill9: () => end('SIGKILL'),
		freeze: () => child.kill('SIGSTOP'),
		thaw: () => child.kill('SIGCONT'),
		stop: () => end('SIGTERM'),
	};
}
