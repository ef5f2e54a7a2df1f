/**
 * Faults on the wire between two services: it becomes slow, or nothing comes through. Where Toxiproxy runs, the caller is told to dial it under a name
 * that is in the callee's certificate too, so that what passes is TLS from end to end and the fault befalls this one edge. Elsewhere the callee is
 * paused, which all its callers feel.
 */
import { setTimeout } from 'node:timers/promises';
import { KubejoinError } from '../../../lib/errors.ts';
import type { Change, Driver } from '../drivers/driver.ts';

interface EdgePlan {
	readonly caller: string;
	readonly callee: string;
	readonly port: number;
	/** Port of the proxy: two callers of one service have one each. */
	readonly proxyPort: number;
	/** The caller's setting that says where the callee is. */
	readonly setting: string;
	readonly scheme?: string;
}

const edgePlans = {
	'apiserver-sim -> token-store': {
		caller: 'apiserver-sim',
		callee: 'token-store',
		port: 6445,
		proxyPort: 16445,
		setting: 'TOKEN_STORE',
	},
	'controller-manager-sim -> token-store': {
		caller: 'controller-manager-sim',
		callee: 'token-store',
		port: 6445,
		proxyPort: 26445,
		setting: 'TOKEN_STORE',
	},
	'controller-manager-sim -> ca-service': {
		caller: 'controller-manager-sim',
		callee: 'ca-service',
		port: 6444,
		proxyPort: 16444,
		setting: 'CA_SERVICE',
	},
	'token-store -> redis': {
		caller: 'token-store',
		callee: 'redis',
		port: 6379,
		proxyPort: 16379,
		setting: 'STORE_URL',
		scheme: 'rediss://',
	},
	'apiserver-sim -> redis': {
		caller: 'apiserver-sim',
		callee: 'redis',
		port: 6379,
		proxyPort: 26379,
		setting: 'STORE_URL',
		scheme: 'rediss://',
	},
} as const satisfies Readonly<Record<string, EdgePlan>>;

export type Edge = keyof typeof edgePlans;
export const edges = Object.keys(edgePlans) as Edge[];

/** An edge by its name. @throws COMMAND_INVALID */
export function parseEdge(text: string): Edge {
	const edge = edges.find((one) => one === text);
	if (edge === undefined)
		throw new KubejoinError('COMMAND_INVALID', {
			problem: `${JSON.stringify(text)} is not an edge whose wire can fail`,
			remedy: `Name one of ${edges.map((one) => `"${one}"`).join(', ')}`,
		});
	return edge;
}

/** One request to Toxiproxy's HTTP API, wherever that is. */
export type Send = (
	method: 'GET' | 'POST' | 'DELETE',
	path: string,
	body?: object,
) => Promise<{ readonly status: number; readonly body: string }>;

export interface Toxic {
	readonly type: 'latency' | 'timeout';
	readonly stream: 'upstream' | 'downstream';
	readonly attributes: Readonly<Record<string, number>>;
}

/** What is asked of Toxiproxy. @source github.com/Shopify/toxiproxy, README, "HTTP API" */
export function openToxiproxy(send: Send) {
	async function request(...[method, path, body]: Parameters<Send>): Promise<unknown> {
		const answer = await send(method, path, body);
		if (answer.status >= 300)
			throw new KubejoinError('TOXIPROXY_REFUSED', {
				request: `${method} ${path}`,
				problem: `${answer.status} ${answer.body.trim()}`,
			});
		return answer.body === '' ? undefined : (JSON.parse(answer.body) as unknown);
	}
	return {
		proxies: async (): Promise<readonly string[]> => Object.keys((await request('GET', '/proxies')) as object),
		/** One that is there and listens and goes elsewhere is replaced; one that is the same keeps its toxics. */
		putProxy: async (name: string, listen: string, upstream: string): Promise<void> =>
			void (await request('POST', '/populate', [{ name, listen, upstream, enabled: true }])),
		/** These toxics, and no others. */
		async setToxics(name: string, toxics: readonly Toxic[]): Promise<void> {
			const found = (await request('GET', `/proxies/${name}/toxics`)) as readonly { readonly name: string }[];
			for (const toxic of found) await request('DELETE', `/proxies/${name}/toxics/${toxic.name}`);
			for (const toxic of toxics) await request('POST', `/proxies/${name}/toxics`, toxic);
		},
	};
}

/** How it was done: on the edge alone, or to the callee as a whole. */
export type WireFault = 'toxiproxy' | 'pause';

export interface Wire {
	/** Each answer comes so much later. By pausing: the callee stands still for so long, once. */
	readonly delay: (edge: Edge, ms: number) => Promise<WireFault>;
	/** Nothing comes through, and nobody is told so. */
	readonly cut: (edge: Edge) => Promise<WireFault>;
	/** The caller goes on dialling the proxy, which passes everything on; `restore` of the driver ends that. */
	readonly heal: (edge: Edge) => Promise<void>;
}

/** Where a proxy stands on the way to a service. */
export interface ProxyPlace {
	/** `HOST:PORT`, as Toxiproxy listens. */
	readonly listen: string;
	/** `HOST:PORT` of the service, as Toxiproxy dials it. */
	readonly upstream: string;
	/** `HOST:PORT`, as the caller dials Toxiproxy; a name or address that is in the certificate of the service. */
	readonly dialled: string;
}

/** What a driver can do where Toxiproxy may run. */
export interface ProxyReach {
	readonly toxiproxy: () => Promise<Send | undefined>;
	readonly changeOf: (service: string) => Promise<Change | undefined>;
	/** @param port  of the callee, as in containers @param proxyPort  of the proxy @throws COMMAND_INVALID  there is no such wire */
	readonly proxyPlace: (callee: string, port: number, proxyPort: number) => Promise<ProxyPlace>;
}

const latency = (ms: number): Toxic => ({
	type: 'latency',
	stream: 'downstream',
	attributes: { latency: ms, jitter: 0 },
});
/** Without an end. */
const silence = (stream: Toxic['stream']): Toxic => ({ type: 'timeout', stream, attributes: { timeout: 0 } });

const proxyOf = ({ caller, callee }: EdgePlan): string => `${caller}_${callee}`;

/** @param wait  resolves after so many milliseconds */
export function createWire(
	driver: Pick<Driver, 'pause' | 'resume' | 'change'> & Partial<ProxyReach>,
	wait: (ms: number) => Promise<unknown> = setTimeout,
): Wire {
	/** The caller's way leads through the proxy afterwards. @returns false where there is none */
	async function putToxics(plan: EdgePlan, toxics: readonly Toxic[]): Promise<boolean> {
		const send = await driver.toxiproxy?.();
		if (send === undefined || driver.changeOf === undefined || driver.proxyPlace === undefined) return false;
		const { caller, callee, port, proxyPort, setting, scheme = '' } = plan;
		const { listen, upstream, dialled } = await driver.proxyPlace(callee, port, proxyPort);
		const toxiproxy = openToxiproxy(send);
		await toxiproxy.putProxy(proxyOf(plan), listen, upstream);
		const change = (await driver.changeOf(caller)) ?? {};
		const address = `${scheme}${dialled}`;
		if (change.settings?.[setting] !== address) {
			// The caller starts on a wire that is well.
			await toxiproxy.setToxics(proxyOf(plan), []);
			await driver.change(caller, { ...change, settings: { ...change.settings, [setting]: address } });
		}
		await toxiproxy.setToxics(proxyOf(plan), toxics);
		return true;
	}
	return {
		async delay(edge, ms) {
			const plan = edgePlans[edge];
			if (await putToxics(plan, [latency(ms)])) return 'toxiproxy';
			await driver.pause(plan.callee);
			await wait(ms).finally(() => driver.resume(plan.callee));
			return 'pause';
		},
		async cut(edge) {
			const plan = edgePlans[edge];
			if (await putToxics(plan, [silence('upstream'), silence('downstream')])) return 'toxiproxy';
			await driver.pause(plan.callee);
			return 'pause';
		},
		async heal(edge) {
			const plan = edgePlans[edge];
			const send = await driver.toxiproxy?.();
			if (send !== undefined) {
				const toxiproxy = openToxiproxy(send);
				if ((await toxiproxy.proxies()).includes(proxyOf(plan))) await toxiproxy.setToxics(proxyOf(plan), []);
			}
			await driver.resume(plan.callee);
		},
	};
}
