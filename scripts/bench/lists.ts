/** Lists of many objects: how long each keeps the event loop of the API server from other work. */
import type { ApiClient } from '../../lib/kube/client.ts';
import { kubernetesVersion } from '../../lib/kube/version.ts';
import { nodeObject } from '../../services/kubelet-sim/node-object.ts';
import { adminTls, HttpsLoad } from './https-load.ts';
import { repeat } from './repeat.ts';
import { type Summary, summarize } from './statistics.ts';
import { type Subject, startSubject } from './subject.ts';

export interface ListsPlan {
	readonly objects: number;
	readonly rounds: number;
}
export const fullLists: ListsPlan = { objects: 10_000, rounds: 5 };
export const quickLists: ListsPlan = { objects: 2_000, rounds: 3 };

export interface ListFigures {
	readonly name: string;
	/** The longest pause in each round, with the interval of the measurement, which an idle server has too. */
	readonly pauseMs: Summary;
	readonly wallMs: Summary;
	readonly megabytes: number;
}
export interface ListsResult {
	readonly build: string;
	readonly objects: number;
	readonly figures: readonly ListFigures[];
}

const NAMESPACE = 'bench';
const AT_ONCE = 16;
const END = 'k8s.io/initial-events-end';
const IDLE_MS = 1_000;

const json = 'application/json';
const protobuf = 'application/vnd.kubernetes.protobuf';
const tableForm = 'application/json;as=Table;v=v1;g=meta.k8s.io';
const metadataForm = 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io';
const initialEvents = 'watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true';

const kinds: Readonly<
	Record<string, { readonly path: string; readonly create: (api: ApiClient, name: string) => Promise<unknown> }>
> = {
	ConfigMaps: {
		path: `/api/v1/namespaces/${NAMESPACE}/configmaps`,
		create: ({ configMaps }, name) =>
			configMaps.create({ metadata: { name, namespace: NAMESPACE, labels }, data: { key: 'value'.repeat(20) } }),
	},
	Nodes: {
		path: '/api/v1/nodes',
		create({ nodes }, name) {
			const node = nodeObject(name, Date.now(), { kubeletVersion: kubernetesVersion.gitVersion });
			return nodes.create({ ...node, metadata: { ...node.metadata, labels: { ...node.metadata.labels, ...labels } } });
		},
	},
};
const labels = { app: 'bench' };

/** Queries and media types, by name. A list in pages follows its continue tokens. */
const lists: Readonly<Record<string, readonly [query: string, accept: string]>> = {
	'pages of 500, JSON': ['limit=500', json],
	'pages of 500, Table': ['limit=500', tableForm],
	'whole, JSON': ['', json],
	'whole, protobuf': ['', protobuf],
	'whole, YAML': ['', 'application/yaml'],
	'whole, Table': ['', tableForm],
	'whole, metadata only': ['', metadataForm],
	'label selector of all': [`labelSelector=${encodeURIComponent('app in (bench),x!=y')}`, json],
	'field selector of none': [`fieldSelector=${encodeURIComponent('metadata.name!=x,metadata.name=y')}`, json],
	'watch with initial events': [initialEvents, json],
	'watch with initial events, Table': [initialEvents, tableForm],
};

export async function measureLists(
	build: { readonly name: string; readonly build: string },
	plan: ListsPlan,
	{ port, say }: { readonly port: number; readonly say: (line: string) => void },
): Promise<ListsResult> {
	const subject = await startSubject({ ...build, port, store: 'lmdb', hasObserver: false });
	const load = new HttpsLoad(port, adminTls(subject.mesh.kubeconfig), AT_ONCE);
	try {
		await load.send({ method: 'POST', path: '/api/v1/namespaces', body: { metadata: { name: NAMESPACE } } });
		for (const { create } of Object.values(kinds))
			await repeat(plan.objects, AT_ONCE, (index) => create(subject.api, `object-${index}`));
		say(`lists: ${plan.objects} objects of each kind exist`);
		const run = new ListsRun(subject, load, plan.rounds);
		return { build: build.name, objects: plan.objects, figures: await run.run() };
	} finally {
		load.close();
		await subject.close();
	}
}

class ListsRun {
	readonly #subject: Subject;
	readonly #load: HttpsLoad;
	readonly #rounds: number;

	constructor(subject: Subject, load: HttpsLoad, rounds: number) {
		this.#subject = subject;
		this.#load = load;
		this.#rounds = rounds;
	}

	async run(): Promise<ListFigures[]> {
		const idle = () => new Promise<number>((resolve) => setTimeout(() => resolve(0), IDLE_MS));
		const figures = [await this.#measure('idle', idle)];
		for (const [kind, { path }] of Object.entries(kinds))
			for (const [name, [query, accept]] of Object.entries(lists))
				figures.push(await this.#measure(`${kind}, ${name}`, () => this.#read(`${path}?${query}`, accept)));
		return figures;
	}

	async #measure(name: string, work: () => Promise<number>): Promise<ListFigures> {
		const samples: { readonly pauseMs: number; readonly wallMs: number; readonly bytes: number }[] = [];
		for (let round = 0; round < this.#rounds; round++) {
			await this.#longestPauseMs();
			const startedMs = performance.now();
			const bytes = await work();
			const wallMs = performance.now() - startedMs;
			samples.push({ pauseMs: await this.#longestPauseMs(), wallMs, bytes });
		}
		return {
			name,
			pauseMs: summarize(samples.map(({ pauseMs }) => pauseMs)),
			wallMs: summarize(samples.map(({ wallMs }) => wallMs)),
			megabytes: (samples[0]?.bytes ?? 0) / 1024 / 1024,
		};
	}

	#read(path: string, accept: string): Promise<number> {
		return path.includes('watch=1') ? this.#watch(path, accept) : this.#list(path, accept);
	}

	/** @returns the bytes of all pages */
	async #list(path: string, accept: string): Promise<number> {
		let bytes = 0;
		let next = '';
		do {
			let first: Buffer | undefined;
			const page = next === '' ? path : `${path}&continue=${encodeURIComponent(next)}`;
			bytes += await this.#load.read({ path: page, accept }, (chunk) => {
				first ??= chunk;
			});
			next = /"continue":"([^"]*)"/.exec(String(first))?.[1] ?? '';
		} while (next !== '');
		return bytes;
	}

	/** @returns the bytes up to the bookmark after the initial events */
	#watch(path: string, accept: string): Promise<number> {
		return new Promise((resolve, reject) => {
			let [bytes, tail] = [0, ''];
			const onData = (chunk: Buffer) => {
				bytes += chunk.length;
				tail = tail.slice(-END.length) + chunk.toString();
				if (tail.includes(END)) void opened.then(({ close }) => close()).then(() => resolve(bytes));
			};
			const opened = this.#load.open(path, onData, accept);
			opened.catch(reject);
		});
	}

	/** Of the event loop of the API server, since the last call. */
	async #longestPauseMs(): Promise<number> {
		const text = await this.#subject.metrics('apiserver-sim');
		return Number(/^nodejs_eventloop_lag_max_seconds (\S+)$/m.exec(text)?.[1]) * 1000;
	}
}
