/** The mesh under attack, and how an attacker reaches it: raw sockets, HTTP without a client library, and gRPC. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { type ClientHttp2Session, connect as connectHttp2 } from 'node:http2';
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import type { LimitName } from '../../lib/limits.ts';
import type { ServiceName } from '../../scripts/mesh/services.ts';
import { healthPort, serviceNames } from '../../scripts/mesh/services.ts';
import { eventually, type TestMesh } from '../mesh/mesh.ts';

export const HOST = '127.0.0.1';
const services: readonly ServiceName[] = [...serviceNames, 'observer'];

export interface Target {
	readonly mesh: TestMesh;
	/** Where traces are received. */
	readonly tracesPort: number;
	/** Plain HTTP ports, with the name of the service. */
	readonly httpPorts: readonly { readonly name: string; readonly port: number }[];
	/** TLS ports, with the name of the service. */
	readonly tlsPorts: readonly { readonly name: string; readonly port: number }[];
	readonly residentMegabytes: (service: ServiceName) => number;
	readonly openFiles: (service: ServiceName) => number;
	/** A metric's samples of one service, summed: all, or those with a label such as `code="401"`. */
	readonly metric: (service: ServiceName, name: string, label?: string) => Promise<number>;
	/** Processor time of a service since its start. */
	readonly cpuMs: (service: ServiceName) => number;
	/** How often a service refused a caller because of this limit. */
	readonly refusals: (service: ServiceName, limit: LimitName) => Promise<number>;
	/** @throws AssertionError  a service was restarted, is not ready, or answers an honest client too late */
	readonly requireUnharmed: () => Promise<void>;
}

/** How long an honest client may wait while nothing attacks any more. */
const HONEST_MS = 5_000;

export function targetOf(mesh: TestMesh, nodeHealthPort: number): Target {
	const pidOf = (name: ServiceName): number => mesh.service(name).pid() ?? assert.fail(`${name} does not run`);
	const pids = new Map(services.map((name) => [name, pidOf(name)]));
	const health = services.map((name) => ({ name: `${name} health`, port: healthPort(mesh.port, name) }));
	const tracesPort = mesh.port + 3;
	const sumOf = async (name: ServiceName, isWanted: (line: string) => boolean): Promise<number> => {
		const text = await (await fetch(`http://${HOST}:${healthPort(mesh.port, name)}/metrics`)).text();
		const samples = text.split('\n').filter(isWanted);
		return samples.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
	};
	return {
		mesh,
		tracesPort,
		httpPorts: [
			...health,
			{ name: 'node health', port: nodeHealthPort },
			{ name: 'observer page', port: mesh.pagePort },
			{ name: 'observer traces', port: tracesPort },
		],
		tlsPorts: [
			{ name: 'apiserver-sim', port: mesh.port },
			{ name: 'ca-service', port: mesh.port + 1 },
			{ name: 'token-store', port: mesh.port + 2 },
		],
		residentMegabytes: (name) => Number(/VmRSS:\s+(\d+)/.exec(statusOf(pidOf(name)))?.[1]) / 1024,
		openFiles: (name) => readdirSync(`/proc/${pidOf(name)}/fd`).length,
		metric: (name, metric, label = '') =>
			sumOf(name, (line) => (line.startsWith(`${metric}{`) || line.startsWith(`${metric} `)) && line.includes(label)),
		cpuMs: (name) => cpuMsOf(pidOf(name)),
		refusals: (name, limit) =>
			sumOf(name, (line) => line.startsWith(`kubejoin_limit_refusals_total{limit="${limit}"}`)),
		async requireUnharmed() {
			for (const [name, pid] of pids)
				if (pidOf(name) !== pid) assert.fail(`${name} was restarted; its output:\n${lastLinesOf(mesh, name)}`);
			await eventually(30, async () => {
				for (const name of services) {
					const { status } = await fetch(`http://${HOST}:${healthPort(mesh.port, name)}/readyz`);
					assert.equal(status, 200, `${name} is not ready`);
				}
			});
			const anonymous = mesh.client({ ca: mesh.ca });
			const startedMs = performance.now();
			await anonymous.configMaps.get('cluster-info', 'kube-public');
			assert.ok(performance.now() - startedMs < HONEST_MS, 'an honest client waits too long');
		},
	};
}

const lastLinesOf = ({ lines }: TestMesh, service: ServiceName): string => {
	const own = lines.filter(({ name }) => name === service);
	return own
		.slice(-40)
		.map(({ line }) => line)
		.join('\n');
};

/** Linux counts in ticks of 10 ms. @source proc_pid_stat(5), fields 14 and 15; the name in field 2 may have blanks */
export function cpuMsOf(pid: number): number {
	const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
	return 10 * (Number(fields[11]) + Number(fields[12]));
}

const statusOf = (pid: number): string => readFileSync(`/proc/${pid}/status`, 'utf8');

/** The answer on a plain or TLS socket until the server closed it or the time was over. */
export interface Exchange {
	readonly answer: string;
	readonly isClosed: boolean;
	readonly ms: number;
}

/** Send bytes as they are. @param waitMs  how long to wait for the server to close the connection */
export async function sendRaw(port: number, bytes: string | Uint8Array, waitMs = 2_000): Promise<Exchange> {
	return exchange(connectTcp(port, HOST), bytes, waitMs);
}

/** The same through TLS, with HTTP/1.1 unless another protocol is named. */
export async function sendTls(port: number, bytes: string, waitMs = 2_000, alpn = 'http/1.1'): Promise<Exchange> {
	return exchange(anonymousTls(port, alpn), bytes, waitMs);
}

/** The attacker looks at no certificate. */
export const anonymousTls = (port: number, alpn: string): TLSSocket =>
	connectTls({ host: HOST, port, ALPNProtocols: [alpn], rejectUnauthorized: false });

function exchange(socket: Socket, bytes: string | Uint8Array, waitMs: number): Promise<Exchange> {
	const startedMs = performance.now();
	return new Promise((resolve) => {
		const chunks: Buffer[] = [];
		const end = (isClosed: boolean) => {
			clearTimeout(timer);
			socket.destroy();
			resolve({ answer: Buffer.concat(chunks).toString('latin1'), isClosed, ms: performance.now() - startedMs });
		};
		const timer = setTimeout(() => end(false), waitMs);
		socket.on('data', (chunk: Buffer) => chunks.push(chunk));
		socket.on('error', () => end(true));
		socket.on('close', () => end(true));
		socket.write(bytes);
	});
}

export const statusOfAnswer = ({ answer }: Exchange): number => Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1]);
export const bodyOf = ({ answer }: Exchange): string => answer.slice(answer.indexOf('\r\n\r\n') + 4);

/** A request by an authenticated or anonymous client over HTTPS/1.1. */
export async function https(
	{ mesh }: Target,
	path: string,
	options: { readonly method?: string; readonly headers?: Readonly<Record<string, string>>; readonly body?: string } & {
		readonly cert?: string;
		readonly key?: string;
	} = {},
): Promise<{ readonly status: number; readonly body: string; readonly headers: string }> {
	const { method = 'GET', headers = {}, body = '', cert, key } = options;
	const socket = connectTls({
		host: HOST,
		port: mesh.port,
		ca: mesh.ca,
		ALPNProtocols: ['http/1.1'],
		...(cert === undefined ? {} : { cert, key }),
	});
	const all = {
		host: `${HOST}:${mesh.port}`,
		connection: 'close',
		'content-length': `${Buffer.byteLength(body)}`,
		...headers,
	};
	const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}`);
	const answered = await exchange(socket, `${method} ${path} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n${body}`, 10_000);
	const head = answered.answer.slice(0, answered.answer.indexOf('\r\n\r\n'));
	return { status: statusOfAnswer(answered), body: bodyOf(answered), headers: head };
}

/** An HTTP/2 session without a client certificate; errors of the session are the server's defence. */
export function http2Session(port: number): Promise<ClientHttp2Session> {
	return new Promise((resolve, reject) => {
		const session = connectHttp2(`https://${HOST}:${port}`, { rejectUnauthorized: false });
		session.once('connect', () => resolve(session));
		session.once('error', reject);
		session.on('error', () => undefined);
	});
}

/** Open many at once, in steps that leave the machine some air. */
export async function inSteps<T>(count: number, step: number, open: (index: number) => Promise<T> | T): Promise<T[]> {
	const opened: T[] = [];
	for (let from = 0; from < count; from += step) {
		const indexes = Array.from({ length: Math.min(step, count - from) }, (_, index) => from + index);
		opened.push(...(await Promise.all(indexes.map(open))));
	}
	return opened;
}
