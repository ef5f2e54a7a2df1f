/**
 * Faults of the connection between two services: delay, or loss of all data. With Toxiproxy, the caller connects to the
 * proxy under a name that is in the callee's certificate, so TLS is end to end and only this connection has the fault.
 * Without Toxiproxy, the callee is paused, which affects all its callers.
 */
import { setTimeout } from 'node:timers/promises';
import { KubejoinError } from '../../../lib/errors.ts';
import type { Change } from '../control/api.ts';
import type { Driver } from '../drivers/driver.ts';

interface EdgePlan {
	readonly caller: string;
	readonly callee: string;
	readonly port: number;
	/** Each caller of a service has its own. */
	readonly proxyPort: number;
	/** The caller's setting with the address of the callee. */
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

/** @throws COMMAND_INVALID */
export function parseEdge(text: string): Edge {
	const edge = edges.find((one) => one === text);
	if (edge === undefined)
		throw new KubejoinError('COMMAND_INVALID', {
			problem: `${JSON.stringify(text)} is not a connection that a fault can target`,
			remedy: `Name one of ${edges.map((one) => `"${one}"`).join(', ')}`,
		});
	return edge;
}

/** Sends one request to the HTTP API of Toxiproxy. */
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

/** @source github.com/Shopify/toxiproxy, README, "HTTP API" */
function openToxiproxy(send: Send) {
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
		/** Replaces a proxy with other addresses; the same proxy keeps its toxics. */
		putProxy: async (name: string, listen: string, upstream: string): Promise<void> =>
			void (await request('POST', '/populate', [{ name, listen, upstream, enabled: true }])),
		/** Removes all other toxics of the proxy. */
		async setToxics(name: string, toxics: readonly Toxic[]): Promise<void> {
			const found = (await request('GET', `/proxies/${name}/toxics`)) as readonly { readonly name: string }[];
			for (const toxic of found) await request('DELETE', `/proxies/${name}/toxics/${toxic.name}`);
			for (const toxic of toxics) await request('POST', `/proxies/${name}/toxics`, toxic);
		},
	};
}

/** The tool of the fault: `toxiproxy` affects one connection, `pause` the whole callee. */
export type NetworkTool = 'toxiproxy' | 'pause';

export interface NetworkFaults {
	/** Delay each response; without Toxiproxy, pause the callee once for this long. */
	readonly delay: (edge: Edge, ms: number) => Promise<NetworkTool>;
	/** Drop all data without closing connections. */
	readonly cut: (edge: Edge) => Promise<NetworkTool>;
	/** The caller still connects through the proxy, until `restore` of the driver. */
	readonly heal: (edge: Edge) => Promise<void>;
}

/** The addresses of a proxy and its service. */
export interface ProxyPlace {
	/** `HOST:PORT` on which Toxiproxy listens. */
	readonly listen: string;
	/** `HOST:PORT` of the service, for Toxiproxy. */
	readonly upstream: string;
	/** `HOST:PORT` of Toxiproxy, for the caller; the host is in the certificate of the service. */
	readonly dialled: string;
}

/** Implemented by drivers that can use Toxiproxy. */
export interface ProxyReach {
	readonly toxiproxy: () => Promise<Send | undefined>;
	readonly changeOf: (service: string) => Promise<Change | undefined>;
	/**
	 * @param port       of the callee, in containers
	 * @param proxyPort  of the proxy
	 * @throws COMMAND_INVALID  there is no such connection
	 */
	readonly proxyPlace: (callee: string, port: number, proxyPort: number) => Promise<ProxyPlace>;
}

const latency = (ms: number): Toxic => ({
	type: 'latency',
	stream: 'downstream',
	attributes: { latency: ms, jitter: 0 },
});
const silence = (stream: Toxic['stream']): Toxic => ({ type: 'timeout', stream, attributes: { timeout: 0 } });

const proxyOf = ({ caller, callee }: EdgePlan): string => `${caller}_${callee}`;

/** @param wait  resolves after this many milliseconds */
export function createNetworkFaults(
	driver: Pick<Driver, 'pause' | 'resume' | 'change'> & Partial<ProxyReach>,
	wait: (ms: number) => Promise<unknown> = setTimeout,
): NetworkFaults {
	/** Route the caller through the proxy with these toxics. @returns false without Toxiproxy */
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
			// The caller must be able to start.
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
