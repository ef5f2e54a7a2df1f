/** The REST API: processor time of the API server for each request, beside a bare Node https server. */
import type { ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { createCsr } from '../../lib/pki/csr.ts';
import { generateKeyPair } from '../../lib/pki/keys.ts';
import type { BareServerAnswer, BareServerQuestion } from './bare-server.ts';
import { adminTls, type ClientTls, type Exchange, HttpsLoad } from './https-load.ts';
import { cpuMs, residentBytes } from './processes.ts';
import { repeat } from './repeat.ts';
import { type Summary, summarize } from './statistics.ts';
import {
	askWorker,
	PORT_STEP,
	type Subject,
	type SubjectOptions,
	startSubject,
	startWorker,
	stopChild,
} from './subject.ts';

export interface RestPlan {
	readonly warmUp: number;
	readonly rounds: number;
	readonly gets: number;
	readonly lists: number;
	readonly creates: number;
	readonly listed: number;
	readonly watches: number;
	readonly events: number;
}
export const fullRest: RestPlan = {
	...{ warmUp: 4_000, rounds: 5, gets: 4_000, lists: 60, creates: 500, listed: 1_000 },
	...{ watches: 1_000, events: 100 },
};
export const quickRest: RestPlan = {
	...{ warmUp: 2_000, rounds: 1, gets: 2_000, lists: 20, creates: 200, listed: 1_000 },
	...{ watches: 100, events: 50 },
};

export interface RestFigures {
	readonly name: string;
	readonly perSecond: Summary;
	readonly cpuUs: Summary;
	/** CPU of the bare server for the same request / CPU of the API server. */
	readonly shareOfBare?: Summary;
}
export interface RestResult {
	readonly build: string;
	readonly figures: readonly RestFigures[];
	readonly watches: {
		readonly count: number;
		readonly kilobytes: number;
		readonly bareKilobytes: number;
		readonly eventsPerSecond: Summary;
		readonly eventCpuUs: Summary;
	};
}

export async function measureRest(
	builds: readonly Pick<SubjectOptions, 'name' | 'build'>[],
	plan: RestPlan,
	{ port, say }: { readonly port: number; readonly say: (line: string) => void },
): Promise<RestResult[]> {
	const bare = startWorker(builds[0]?.build ?? '.', 'bare-server.js');
	const runs: RestRun[] = [];
	try {
		for (const [index, build] of builds.entries()) {
			const options = { ...build, store: 'lmdb', hasObserver: false, port: port + index * PORT_STEP } as const;
			runs.push(await RestRun.start(await startSubject(options), options.port, plan, bare));
		}
		for (const run of runs) await run.fill();
		for (let round = 0; round < plan.rounds; round++) {
			say(`REST: round ${round + 1} of ${plan.rounds}`);
			for (const run of runs) await run.round();
		}
		const results: RestResult[] = [];
		for (const run of runs) results.push(await run.finish());
		return results;
	} finally {
		for (const run of runs) await run.close();
		await stopChild(bare);
	}
}

interface Sample {
	readonly perSecond: number;
	readonly cpuUs: number;
	readonly bareUs?: number;
}

const NAMESPACE = 'bench';
const AT_ONCE = 16;
const NOT_SIGNED = 'kubernetes.io/kube-apiserver-client';
const COLLECTION = `/api/v1/namespaces/${NAMESPACE}/configmaps`;
const CSRS = '/apis/certificates.k8s.io/v1/certificatesigningrequests';
/** Until the memory of a server has settled. */
const SETTLE_MS = 1_000;

class RestRun {
	readonly #subject: Subject;
	readonly #plan: RestPlan;
	readonly #api: HttpsLoad;
	readonly #bare: HttpsLoad;
	readonly #apiPid: number;
	readonly #barePid: number;
	readonly #samples = new Map<string, Sample[]>();
	readonly #csrPem: string;
	#next = 0;

	static async start(subject: Subject, port: number, plan: RestPlan, bare: ChildProcess): Promise<RestRun> {
		const { state, mesh } = subject;
		const pki = (path: string) => readFileSync(join(state, 'pki', path), 'utf8');
		const server = { cert: pki('apiserver-sim/server.crt'), key: pki('apiserver-sim/server.key') };
		const tls = adminTls(mesh.kubeconfig);
		const question: BareServerQuestion = { ...server, ca: tls.ca };
		const answer = await askWorker<BareServerAnswer>(bare, question);
		const keyPair = await generateKeyPair('ECDSA-P256');
		const csrPem = createCsr({ subject: { organizations: ['bench'], commonName: 'bench' } }, keyPair);
		return new RestRun(subject, { plan, port, tls, csrPem, bare: { port: answer.port, pid: bare.pid ?? 0 } });
	}

	constructor(
		subject: Subject,
		options: {
			readonly plan: RestPlan;
			readonly port: number;
			readonly tls: ClientTls;
			readonly csrPem: string;
			readonly bare: { readonly port: number; readonly pid: number };
		},
	) {
		const { plan, port, tls, csrPem, bare } = options;
		this.#subject = subject;
		this.#plan = plan;
		this.#csrPem = csrPem;
		this.#api = new HttpsLoad(port, tls, AT_ONCE);
		this.#bare = new HttpsLoad(bare.port, tls, AT_ONCE);
		this.#apiPid = subject.pids.get('apiserver-sim') ?? 0;
		this.#barePid = bare.pid;
	}

	async close(): Promise<void> {
		this.#api.close();
		this.#bare.close();
		await this.#subject.close();
	}

	/** Creates the objects that the rounds read, and lets both servers compile their code. */
	async fill(): Promise<void> {
		const { listed, warmUp } = this.#plan;
		const namespace = { metadata: { name: NAMESPACE } };
		await this.#api.send({ method: 'POST', path: '/api/v1/namespaces', body: namespace });
		await this.#createConfigMaps(listed);
		await repeat(warmUp, AT_ONCE, () => this.#api.send(this.#get(0)));
		await repeat(warmUp, AT_ONCE, () => this.#bare.send({ path: '/bytes/400' }));
	}

	async round(): Promise<void> {
		const { gets, lists, creates } = this.#plan;
		await this.#beside('GET', gets, AT_ONCE, this.#get(0));
		await this.#beside(`LIST of ${this.#plan.listed}`, lists, 2, { path: COLLECTION });
		await this.#measure('CSR create, REST', creates, AT_ONCE, () => this.#api.send(this.#csr()));
		await this.#measure('CSR create, gRPC', creates, AT_ONCE, () =>
			this.#subject.api.certificateSigningRequests.create(this.#csrObject()),
		);
	}

	async finish(): Promise<RestResult> {
		const figures = [...this.#samples].map(([name, samples]) => figuresOf(name, samples));
		return { build: this.#subject.name, figures, watches: await this.#watch() };
	}

	#get = (index: number): Exchange => ({ path: `${COLLECTION}/object-${index}` });
	#csrObject = () => ({
		metadata: { name: `bench-${this.#next++}` },
		spec: {
			request: Buffer.from(this.#csrPem).toString('base64'),
			signerName: NOT_SIGNED,
			usages: ['digital signature', 'client auth'],
		},
	});
	#csr = (): Exchange => ({
		method: 'POST',
		path: CSRS,
		body: { apiVersion: 'certificates.k8s.io/v1', kind: 'CertificateSigningRequest', ...this.#csrObject() },
	});

	/** In turn with answers of the same length of the bare server. */
	async #beside(name: string, times: number, atOnce: number, exchange: Exchange): Promise<void> {
		const bytes = await this.#api.send(exchange);
		const bareUs = await this.#cpuUs(this.#barePid, times, () =>
			repeat(times, atOnce, () => this.#bare.send({ path: `/bytes/${bytes}` })),
		);
		await this.#measure(name, times, atOnce, () => this.#api.send(exchange), bareUs);
	}

	async #measure(
		name: string,
		times: number,
		atOnce: number,
		work: (index: number) => Promise<unknown>,
		bareUs?: number,
	): Promise<void> {
		const startedMs = performance.now();
		const cpuUs = await this.#cpuUs(this.#apiPid, times, () => repeat(times, atOnce, work));
		const perSecond = (times * 1000) / (performance.now() - startedMs);
		const sample = { perSecond, cpuUs, bareUs };
		this.#samples.set(name, [...(this.#samples.get(name) ?? []), sample]);
	}

	async #cpuUs(pid: number, times: number, work: () => Promise<void>): Promise<number> {
		const before = cpuMs(pid);
		await work();
		return ((cpuMs(pid) - before) * 1000) / times;
	}

	#createConfigMaps(count: number): Promise<void> {
		return repeat(count, AT_ONCE, (index) =>
			this.#subject.api.configMaps
				.create({ metadata: { name: `object-${index}`, namespace: NAMESPACE }, data: { key: 'value'.repeat(20) } })
				.catch((error: unknown) => {
					if (!String(error).includes('already exists')) throw error;
				}),
		);
	}

	async #watch(): Promise<RestResult['watches']> {
		const { watches: count, events, rounds } = this.#plan;
		const { api } = this.#subject;
		let lines = 0;
		let awaited = Number.POSITIVE_INFINITY;
		let complete: () => void = () => undefined;
		const onData = (chunk: Buffer) => {
			for (const byte of chunk) if (byte === LINE_END) lines++;
			if (lines >= awaited) complete();
		};
		const { metadata } = await api.configMaps.list({ namespace: NAMESPACE });
		const path = `${COLLECTION}?watch=1&resourceVersion=${metadata.resourceVersion}`;
		const kilobytes = await this.#kilobytesEach(this.#apiPid, count, () => this.#api.open(path, onData));
		const samples: Sample[] = [];
		for (let round = 0; round < rounds; round++) {
			const startedMs = performance.now();
			awaited = lines + count * events;
			const done = new Promise<void>((resolve) => {
				complete = resolve;
			});
			const cpuUs = await this.#cpuUs(this.#apiPid, count * events, async () => {
				for (let event = 0; event < events; event++) await this.#touch();
				await done;
			});
			samples.push({ cpuUs, perSecond: (count * events * 1000) / (performance.now() - startedMs) });
		}
		for (const close of this.#closing) close();
		const bareKilobytes = await this.#kilobytesEach(this.#barePid, count, () =>
			this.#bare.open('/watch', () => undefined),
		);
		for (const close of this.#closing) close();
		return {
			count,
			kilobytes,
			bareKilobytes,
			eventsPerSecond: summarize(samples.map(({ perSecond }) => perSecond)),
			eventCpuUs: summarize(samples.map(({ cpuUs }) => cpuUs)),
		};
	}

	#closing: (() => void)[] = [];

	async #kilobytesEach(
		pid: number,
		count: number,
		open: () => Promise<{ readonly close: () => void }>,
	): Promise<number> {
		this.#closing = [];
		const before = residentBytes(pid);
		await repeat(count, AT_ONCE, async () => this.#closing.push((await open()).close));
		await delay(SETTLE_MS);
		return (residentBytes(pid) - before) / 1024 / count;
	}

	#touch(): Promise<unknown> {
		const body = {
			...{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'object-0', namespace: NAMESPACE } },
			data: { key: `${this.#next++}`.padEnd(100, 'x') },
		};
		return this.#api.send({ method: 'PUT', path: `${COLLECTION}/object-0`, body });
	}
}
const LINE_END = 10;

function figuresOf(name: string, samples: readonly Sample[]): RestFigures {
	const shares = samples.flatMap(({ bareUs, cpuUs }) => (bareUs === undefined ? [] : [bareUs / cpuUs]));
	return {
		name,
		perSecond: summarize(samples.map(({ perSecond }) => perSecond)),
		cpuUs: summarize(samples.map(({ cpuUs }) => cpuUs)),
		...(shares.length === 0 ? {} : { shareOfBare: summarize(shares) }),
	};
}
