/**
 * The addresses and node ports of Services. An address belongs to the Service whose claim in the store was written
 * first; it is free again when the Service is deleted or needs it no more.
 *
 * @source pkg/registry/core/service/{storage/alloc.go,ipallocator,portallocator}, release 1.37
 */
import { randomInt } from 'node:crypto';
import { ipVersion } from '../../../lib/address.ts';
import type { Clock } from '../../../lib/clock.ts';
import { hasCode, ignoring, KubejoinError } from '../../../lib/errors.ts';
import { invalid, requireValid } from '../../../lib/kube/object-meta.ts';
import { resources } from '../../../lib/kube/resources.ts';
import type { KubeObject } from '../../../lib/kube/types.ts';
import type { Store } from '../../../lib/store/store.ts';
import type { Begun, Strategy } from '../registry/strategy.ts';
import { storePrefix } from '../registry/strategy.ts';
import { portProblems } from './field-rules.ts';
import { withFamilies } from './service-families.ts';
import { needsHealthCheck, type Service } from './service-rules.ts';

/** 10.96.0.0/12; the first address is that of the Service `kubernetes`. */
const NETWORK = 0x0a_60_00_00;
const NETWORK_SIZE = 2 ** 20;
/** Upstream keeps the lower addresses for those that people choose. */
const MIN_CHOSEN = 256;
const NODE_PORTS = { first: 30_000, last: 32_767 } as const;
/** A dry run returns the numbers after this one: they are allocated to no Service. */
const BEFORE_DRY_RUN_PORTS = 32_768;
const MAX_ATTEMPTS = 100;
/** A claim without a Service is one that a server left behind; no request takes longer than this. */
const CLAIM_GRACE_MS = 120_000;

const CLAIMS = 'ranges/';
const addressKey = (address: string): string => `${CLAIMS}service-addresses/${address}`;
const portKey = (port: number): string => `${CLAIMS}node-ports/${port}`;
const addressAt = (offset: number): string =>
	[24, 16, 8, 0].map((shift) => ((NETWORK + offset) >>> shift) & 0xff).join('.');
/** The first and the last address of the network belong to no Service. */
const isInNetwork = (address: string): boolean => {
	const [a = 0, b = 0] = address.split('.').map(Number);
	return a === 10 && b >= 96 && b < 112 && address !== addressAt(0) && address !== addressAt(NETWORK_SIZE - 1);
};

/** In the store, under the key of an address or a port. */
interface Claim {
	readonly claimedMs?: number;
}
type Spec = NonNullable<Service['spec']>;

/** The strategy of Services, with addresses. */
export const withAddresses = (strategy: Strategy<Service>, store: Store, clock: Clock): Strategy<Service> => ({
	...strategy,
	begin: (service, previous, dryRun) => new Allocation(store, clock, service, previous, dryRun).begin(),
	afterDelete: (service) => release(store, keysOf(service)),
});

const keysOf = ({ spec = {} }: Service): string[] => [
	...(spec.clusterIPs ?? []).filter((address) => address !== 'None').map(addressKey),
	...[...(spec.ports ?? []).map(({ nodePort }) => nodePort), spec.healthCheckNodePort].flatMap((port) =>
		port ? [portKey(port)] : [],
	),
];

/** Does not fail: the Service is written already, and the repair releases the rest. */
async function release(store: Store, keys: Iterable<string>): Promise<void> {
	for (const key of keys) await store.delete(key).catch(ignoring('STORE_KEY_MISSING', 'STORE_UNAVAILABLE'));
}

/** The claims of one write of a Service. */
class Allocation {
	readonly #store: Store;
	readonly #clock: Clock;
	readonly #service: Service;
	readonly #previous: Service | undefined;
	readonly #dryRun: boolean;
	readonly #held: ReadonlySet<string>;
	readonly #claimed = new Set<string>();
	/** Those of a dry run, which claims nothing. */
	readonly #dryRunPorts: number[] = [];

	constructor(store: Store, clock: Clock, service: Service, previous: Service | undefined, dryRun: boolean) {
		this.#store = store;
		this.#clock = clock;
		this.#service = service;
		this.#previous = previous;
		this.#dryRun = dryRun;
		this.#held = new Set(previous && keysOf(previous));
	}

	/** @throws API_INVALID  another Service has the address or the port */
	async begin(): Promise<Begun<Service>> {
		try {
			const { spec, problems } = withFamilies(this.#service.spec ?? {}, this.#previous?.spec);
			requireValid(resources.services, this.#service.metadata?.name ?? '', problems);
			const object = {
				...this.#service,
				spec: {
					...{ ...spec, ...(await this.#address(spec)), ...(await this.#ports(spec)) },
					...(await this.#healthCheckPort(spec)),
				},
			};
			return { object, finish: (isDone) => this.#finish(isDone ? object : undefined) };
		} catch (error) {
			await this.#finish(undefined);
			throw error;
		}
	}

	/** @param stored  undefined for a write that failed */
	async #finish(stored: Service | undefined): Promise<void> {
		if (this.#dryRun) return;
		const kept = new Set(stored === undefined ? this.#held : keysOf(stored));
		const all = stored === undefined ? this.#claimed : this.#held;
		await release(
			this.#store,
			[...all].filter((key) => !kept.has(key)),
		);
	}

	/** An address that a Service has does not change. The validation refuses a text that is none. */
	async #address(spec: Spec): Promise<Partial<Spec>> {
		const wanted = spec.clusterIP || spec.clusterIPs?.[0] || '';
		const hasOne = (this.#previous?.spec?.clusterIPs ?? []).length > 0;
		if (spec.type === 'ExternalName' || hasOne || (wanted !== '' && ipVersion(wanted) === 0)) return {};
		const clusterIP = wanted === '' ? await this.#freeAddress() : await this.#statedAddress(wanted);
		return { clusterIP, clusterIPs: [clusterIP] };
	}

	/** A dry run returns the address of the network, which belongs to no Service. */
	async #freeAddress(): Promise<string> {
		return this.#dryRun ? addressAt(0) : await this.#firstFree(randomAddress, addressKey);
	}

	/**
	 * A dry run does not look whether the address is free.
	 *
	 * @source ipallocator/{cidrallocator,ipallocator}.go AllocateService, dryRunRange
	 */
	async #statedAddress(wanted: string): Promise<string> {
		const refuse = (detail: string) =>
			this.#refuse('spec.clusterIPs', [wanted], `failed to allocate IP ${wanted}: ${detail}`);
		if (!isInNetwork(wanted))
			refuse(
				this.#dryRun
					? `the provided IP (${wanted}) is not in the valid range. The range of valid IPs is 10.96.0.0/12`
					: 'the provided network does not match the current range',
			);
		if (!this.#dryRun && !(await this.#claim(addressKey(wanted)))) refuse('provided IP is already allocated');
		return wanted;
	}

	async #ports({ type, ports, allocateLoadBalancerNodePorts: isAllocated }: Spec): Promise<Partial<Spec>> {
		const isBalanced = type === 'LoadBalancer';
		if (ports === undefined || (type !== 'NodePort' && !isBalanced)) return {};
		const isNeeded = !isBalanced || isAllocated !== false;
		/** Of each port of the Service: two protocols share a node port. */
		const ofPort = new Map(ports.filter(({ nodePort }) => nodePort).map(({ port, nodePort }) => [port, nodePort]));
		const complete: NonNullable<Spec['ports']>[number][] = [];
		for (const [index, port] of ports.entries()) {
			const stated = port.nodePort || (isNeeded ? ofPort.get(port.port) : undefined);
			if (stated) await this.#statedPort(stated, `spec.ports[${index}].nodePort`);
			const nodePort = stated || (isNeeded ? await this.#freePort() : undefined);
			ofPort.set(port.port, nodePort);
			complete.push(nodePort ? { ...port, nodePort } : port);
		}
		return { ports: complete };
	}

	/** Another number of a Service that has one is refused by the validation. */
	async #healthCheckPort(spec: Spec): Promise<Partial<Spec>> {
		const { healthCheckNodePort: stated } = spec;
		const { healthCheckNodePort: held } = this.#previous?.spec ?? {};
		if (!needsHealthCheck(spec)) return {};
		if (held) return stated ? {} : { healthCheckNodePort: held };
		const field = 'spec.healthCheckNodePort';
		if (stated && portProblems(field, stated).length === 0) await this.#statedPort(stated, field);
		return { healthCheckNodePort: stated || (await this.#freePort()) };
	}

	/** A dry run does not compare the port with the range. @source portallocator/operation.go Allocate */
	async #statedPort(port: number, field: string): Promise<void> {
		const { first, last } = NODE_PORTS;
		if (!this.#dryRun && (port < first || port > last)) {
			const detail = `provided port is not in the valid range. The range of valid ports is ${first}-${last}`;
			this.#refuse(field, port, detail);
		}
		if (!(await this.#claim(portKey(port)))) this.#refuse(field, port, 'provided port is already allocated');
		if (this.#dryRun && !this.#held.has(portKey(port))) this.#dryRunPorts.push(port);
	}

	/** @source portallocator/operation.go AllocateNext */
	async #freePort(): Promise<number> {
		if (!this.#dryRun) return await this.#firstFree(randomPort, portKey);
		const [first = BEFORE_DRY_RUN_PORTS, ...others] = this.#dryRunPorts;
		const port = Math.max(first, ...others) + 1;
		this.#dryRunPorts.push(port);
		return port;
	}

	#refuse(field: string, value: unknown, detail: string): void {
		requireValid(resources.services, this.#service.metadata?.name ?? '', [invalid(field, value, detail)]);
	}

	async #claim(key: string): Promise<boolean> {
		if (this.#held.has(key) || this.#claimed.has(key)) return true;
		if (this.#dryRun) return (await this.#store.get(key)) === undefined;
		try {
			await this.#store.create(key, { claimedMs: this.#clock() } satisfies Claim);
			this.#claimed.add(key);
			return true;
		} catch (error) {
			if (hasCode(error, 'STORE_KEY_EXISTS')) return false;
			throw error;
		}
	}

	async #firstFree<T>(draw: () => T, keyOf: (value: T) => string): Promise<T> {
		for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt++) {
			const value = draw();
			if (await this.#claim(keyOf(value))) return value;
		}
		const { resource, group } = resources.services;
		throw new KubejoinError('API_NAME_NOT_GENERATED', { resource, group, name: '', retryAfterSeconds: 1 });
	}
}

const randomAddress = () => addressAt(randomInt(MIN_CHOSEN, NETWORK_SIZE - 1));
const randomPort = () => randomInt(NODE_PORTS.first, NODE_PORTS.last + 1);

/**
 * Releases the claims that no Service has, which a server left behind that stopped between the claim and the Service,
 * and claims what stored Services have.
 *
 * @source pkg/registry/core/service/{ipallocator,portallocator}/controller/repair.go
 */
export async function repairClaims(store: Store, nowMs: number): Promise<void> {
	const claims = new Map<string, { readonly revision: number; readonly claimedMs: number }>();
	for await (const { items } of store.pages<Claim>(CLAIMS))
		for (const { key, revision, value } of items) claims.set(key, { revision, claimedMs: value.claimedMs ?? 0 });
	for await (const { items } of store.pages<Service>(storePrefix(resources.services, '')))
		for (const { value } of items)
			for (const key of keysOf(value))
				if (!claims.delete(key)) await store.create(key, { claimedMs: nowMs }).catch(ignoring('STORE_KEY_EXISTS'));
	for (const [key, { revision, claimedMs }] of claims)
		if (nowMs - claimedMs > CLAIM_GRACE_MS) {
			await store.delete(key, revision).catch(ignoring('STORE_CONFLICT', 'STORE_KEY_MISSING'));
		}
}

/** The Service `kubernetes` and its endpoints. @source pkg/controlplane/reconcilers */
export function kubernetesService(address: string, port: number): { service: KubeObject; slice: KubeObject } {
	const labels = { component: 'apiserver', provider: 'kubernetes' };
	const clusterIP = addressAt(1);
	return {
		service: {
			apiVersion: 'v1',
			kind: 'Service',
			metadata: { name: 'kubernetes', namespace: 'default', labels },
			spec: {
				ports: [{ name: 'https', protocol: 'TCP', port: 443, targetPort: port }],
				clusterIP,
				clusterIPs: [clusterIP],
				type: 'ClusterIP',
				sessionAffinity: 'None',
				ipFamilies: ['IPv4'],
				ipFamilyPolicy: 'SingleStack',
				internalTrafficPolicy: 'Cluster',
			},
			status: { loadBalancer: {} },
		} as KubeObject,
		slice: {
			apiVersion: 'discovery.k8s.io/v1',
			kind: 'EndpointSlice',
			metadata: {
				name: 'kubernetes',
				namespace: 'default',
				generation: 1,
				labels: { 'kubernetes.io/service-name': 'kubernetes' },
			},
			addressType: /^[0-9.]+$/.test(address) ? 'IPv4' : address.includes(':') ? 'IPv6' : 'FQDN',
			endpoints: [{ addresses: [address], conditions: { ready: true } }],
			ports: [{ name: 'https', protocol: 'TCP', port }],
		} as KubeObject,
	};
}
export const kubernetesAddressKey = addressKey(addressAt(1));
