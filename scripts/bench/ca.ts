/**
 * Certificates: processor time from the request to the certificate, in one process and by ca-service over mutual TLS
 * and gRPC. Beside it Go's crypto/x509, if `go` is on PATH, and `cfssl serve` over HTTP.
 */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { Agent, request as httpRequest } from 'node:http';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { environment } from '../../lib/config.ts';
import { projectPath } from '../../lib/paths.ts';
import { createCsr } from '../../lib/pki/csr.ts';
import { generateKeyPair, type KeyAlgorithm, keyAlgorithms } from '../../lib/pki/keys.ts';
import { call, openChannel } from '../../lib/rpc/channel.ts';
import { cpuMs } from './processes.ts';
import { repeat } from './repeat.ts';
import type { SignQuestion } from './sign-worker.ts';
import { type Summary, summarize } from './statistics.ts';
import { askWorker, PORT_STEP, type Subject, startSubject, startWorker, stopChild } from './subject.ts';

export interface CaPlan {
	readonly warmUp: number;
	readonly rounds: number;
	readonly certificates: number;
	readonly cfssl?: string | undefined;
}
export const fullCa: CaPlan = { warmUp: 4_000, rounds: 5, certificates: 2_000 };
export const quickCa: CaPlan = { warmUp: 500, rounds: 1, certificates: 500 };

export interface Served {
	readonly perCpuSecond: Summary;
	readonly perSecond: Summary;
}
export interface CaResult {
	readonly build: string;
	readonly algorithm: KeyAlgorithm;
	readonly inProcessUs: Summary;
	readonly served: Served;
	/** `go1.26.8`, and its processor time. */
	readonly go?: { readonly version: string; readonly inProcessUs: Summary } | undefined;
	readonly cfssl?: Served | undefined;
}

const AT_ONCE = 16;
const CFSSL_OFFSET = 90;
const MAX_START_TEXT = 10_000;

export async function measureCa(
	builds: readonly { readonly name: string; readonly build: string }[],
	plan: CaPlan,
	{ port, say }: { readonly port: number; readonly say: (line: string) => void },
): Promise<CaResult[]> {
	const results: CaResult[] = [];
	const go = await measureGo(plan);
	for (const algorithm of keyAlgorithms) {
		say(`certificates, ${algorithm}`);
		const runs: CaRun[] = [];
		try {
			for (const [index, build] of builds.entries())
				runs.push(await CaRun.start(build, algorithm, port + index * PORT_STEP));
			for (const run of runs) await run.warmUp(plan.warmUp);
			const [first] = runs;
			const cfssl = plan.cfssl === undefined || first === undefined ? undefined : await first.startCfssl(plan.cfssl);
			if (cfssl !== undefined) await cfssl.round(plan.certificates);
			for (let round = 0; round < plan.rounds; round++) {
				for (const run of runs) await run.round(plan.certificates);
				await cfssl?.round(plan.certificates);
			}
			const beside = { go: go?.(algorithm), cfssl: cfssl?.served() };
			await cfssl?.close();
			results.push(...runs.map((run) => ({ ...run.result(), ...beside })));
		} finally {
			for (const run of runs) await run.close();
		}
	}
	return results;
}

/** Undefined without a Go compiler. */
async function measureGo({ rounds, certificates }: CaPlan) {
	const args = ['run', projectPath('scripts/bench/x509/main.go'), String(rounds), String(certificates)];
	const ended = await promisify(execFile)('go', args).catch(() => undefined);
	if (ended === undefined) return undefined;
	const [version = '', ...lines] = ended.stdout.trim().split('\n');
	return (algorithm: KeyAlgorithm) => {
		const values = lines.map((line) => line.split(' ')).filter(([name]) => name === algorithm);
		return { version, inProcessUs: summarize(values.map(([, microseconds]) => Number(microseconds))) };
	};
}

/** Signatures of one server, with its processor time. */
class ServedLoad {
	readonly #pid: number;
	readonly #sign: (index: number) => Promise<unknown>;
	readonly #samples: { readonly perCpuSecond: number; readonly perSecond: number }[] = [];
	#next = 0;

	constructor(pid: number, sign: (index: number) => Promise<unknown>) {
		this.#pid = pid;
		this.#sign = sign;
	}

	warmUp(certificates: number): Promise<void> {
		return repeat(certificates, AT_ONCE, () => this.#sign(this.#next++));
	}

	async round(certificates: number): Promise<void> {
		const [usedMs, startedMs] = [cpuMs(this.#pid), performance.now()];
		await this.warmUp(certificates);
		this.#samples.push({
			perCpuSecond: (certificates * 1000) / (cpuMs(this.#pid) - usedMs),
			perSecond: (certificates * 1000) / (performance.now() - startedMs),
		});
	}

	served(): Served {
		return {
			perCpuSecond: summarize(this.#samples.map(({ perCpuSecond }) => perCpuSecond)),
			perSecond: summarize(this.#samples.map(({ perSecond }) => perSecond)),
		};
	}
}

class CaRun {
	readonly #subject: Subject;
	readonly #algorithm: KeyAlgorithm;
	readonly #worker;
	readonly #load: ServedLoad;
	readonly #closeChannel: () => void;
	readonly #csrPem: string;
	readonly #port: number;
	readonly #inProcessUs: number[] = [];

	static async start(
		{ name, build }: { readonly name: string; readonly build: string },
		algorithm: KeyAlgorithm,
		port: number,
	): Promise<CaRun> {
		const settings = { pki: { CA_KEY_ALGORITHM: algorithm } };
		const subject = await startSubject({ name, build, port, store: 'lmdb', hasObserver: false, settings });
		const nodeSubject = { organizations: ['system:nodes'], commonName: 'system:node:bench' };
		const csrPem = createCsr({ subject: nodeSubject }, await generateKeyPair('ECDSA-P256'));
		return new CaRun(subject, algorithm, csrPem, port);
	}

	constructor(subject: Subject, algorithm: KeyAlgorithm, csrPem: string, port: number) {
		this.#subject = subject;
		this.#algorithm = algorithm;
		this.#csrPem = csrPem;
		this.#port = port;
		this.#worker = startWorker(subject.build, 'sign-worker.js');
		const own = (file: string) => readFileSync(join(subject.state, 'pki/controller-manager-sim', file), 'utf8');
		const tls = { ca: own('mesh-ca.crt'), cert: own('mesh-client.crt'), key: own('mesh-client.key') };
		const channel = openChannel(`127.0.0.1:${port + 1}`, { ...tls, serverName: 'ca-service' });
		this.#closeChannel = channel.close;
		const question = {
			csr: Buffer.from(csrPem).toString('base64'),
			signerName: 'kubernetes.io/kube-apiserver-client-kubelet',
			usages: ['digital signature', 'client auth'],
		};
		this.#load = new ServedLoad(subject.pids.get('ca-service') ?? 0, (index) =>
			call(channel, 'CertificateAuthority', 'Sign', { ...question, requestId: `bench-${index}` }),
		);
	}

	async warmUp(certificates: number): Promise<void> {
		await this.#signInProcess(certificates);
		await this.#load.warmUp(certificates);
	}

	async round(certificates: number): Promise<void> {
		this.#inProcessUs.push(await this.#signInProcess(certificates));
		await this.#load.round(certificates);
	}

	result(): Pick<CaResult, 'build' | 'algorithm' | 'inProcessUs' | 'served'> {
		const { name: build } = this.#subject;
		const inProcessUs = summarize(this.#inProcessUs);
		return { build, algorithm: this.#algorithm, inProcessUs, served: this.#load.served() };
	}

	async close(): Promise<void> {
		this.#closeChannel();
		await stopChild(this.#worker);
		await this.#subject.close();
	}

	async #signInProcess(certificates: number): Promise<number> {
		const question: SignQuestion = { algorithm: this.#algorithm, certificates };
		return (await askWorker<{ readonly cpuUs: number }>(this.#worker, question)).cpuUs;
	}

	/** Serves the same CA over HTTP without TLS. */
	async startCfssl(program: string) {
		const { state } = this.#subject;
		const config = join(state, 'cfssl.json');
		const usages = ['digital signature', 'client auth'];
		writeFileSync(config, JSON.stringify({ signing: { default: { usages, expiry: '1h' } } }));
		const port = this.#port + CFSSL_OFFSET;
		const ca = (file: string) => join(state, 'pki/ca-service', file);
		const files = ['-ca', ca('ca.crt'), '-ca-key', ca('ca.key'), '-config', config];
		const { PATH = '', HOME = '' } = environment();
		const server = spawn(program, ['serve', '-address', '127.0.0.1', '-port', String(port), ...files], {
			env: { PATH, HOME },
			stdio: ['ignore', 'ignore', 'pipe'],
		});
		let text = '';
		server.stderr.on('data', (chunk: Buffer) => {
			if (text.length < MAX_START_TEXT) text += chunk.toString();
		});
		while (!text.includes('Now listening')) await once(server.stderr, 'data');
		const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE });
		const body = JSON.stringify({ certificate_request: this.#csrPem });
		const load = new ServedLoad(server.pid ?? 0, () => post(agent, port, '/api/v1/cfssl/sign', body));
		return {
			round: (certificates: number) => load.round(certificates),
			served: () => load.served(),
			async close() {
				agent.destroy();
				await stopChild(server);
			},
		};
	}
}

function post(agent: Agent, port: number, path: string, body: string): Promise<void> {
	return new Promise((resolve, reject) => {
		const options = { agent, port, path, method: 'POST', headers: { 'Content-Type': 'application/json' } };
		const sent = httpRequest({ host: '127.0.0.1', ...options }, (response) => {
			if (response.statusCode !== 200) reject(new Error(`cfssl answered ${response.statusCode}`));
			response.resume().once('end', resolve);
		});
		sent.once('error', reject).end(body);
	});
}
