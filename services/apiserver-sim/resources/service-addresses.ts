/**
 * The addresses and node ports of Services. An address belongs to the Service whose claim in the store was written
 * first; it is free again when the Service is deleted.
 *
 * @source pkg/registry/core/service/{ipallocator,portallocator}, release 1.37
 */
import { randomInt } from 'node:crypto';
import { hasCode, KubejoinError } from '../../../lib/errors.ts';
import { invalid, requireValid } from '../../../lib/kube/object-meta.ts';
import { resources } from '../../../lib/kube/resources.ts';
import type { KubeObject } from '../../../lib/kube/types.ts';
import type { Store } from '../../../lib/store/store.ts';
import type { ApiRequest, ResourceStorage } from '../request/api-request.ts';
import type { Service } from './services.ts';

/** 10.96.0.0/12; the first address is that of the Service `kubernetes`. */
const NETWORK = 0x0a_60_00_00;
const NETWORK_SIZE = 2 ** 20;
/** Upstream keeps the lower addresses for those that people choose. */
const MIN_CHOSEN = 256;
const NODE_PORTS = { first: 30_000, last: 32_767 } as const;
const MAX_ATTEMPTS = 100;

const addressKey = (address: string): string => `ranges/service-addresses/${address}`;
const portKey = (port: number): string => `ranges/node-ports/${port}`;
const addressAt = (offset: number): string =>
	[24, 16, 8, 0].map((shift) => ((NETWORK + offset) >>> shift) & 0xff).join('.');
const isInNetwork = (address: string): boolean => {
	const [a = 0, b = 0] = address.split('.').map(Number);
	return a === 10 && b >= 96 && b < 112;
};

interface Claims {
	readonly keys: string[];
	readonly service: Service;
}

/** The storage of Services, with addresses. */
export function withAddresses(stored: ResourceStorage, store: Store): ResourceStorage {
	const release = async (keys: readonly string[]): Promise<void> => {
		for (const key of keys)
			await store.delete(key).catch((error: unknown) => {
				if (!hasCode(error, 'STORE_KEY_MISSING')) throw error;
			});
	};
	return {
		...stored,
		async create(request) {
			if (stored.create === undefined) throw new TypeError('Services are stored');
			const { keys, service } = await claimsOf(store, request);
			try {
				const created = await stored.create({ ...request, object: service });
				if (request.dryRun) await release(keys);
				return created;
			} catch (error) {
				await release(keys);
				throw error;
			}
		},
		async delete(request) {
			if (stored.delete === undefined) throw new TypeError('Services are stored');
			const deleted = (await stored.delete(request)) as Service;
			if (!request.dryRun && isRemoved(deleted)) await release(keysOf(deleted));
			return deleted;
		},
		async deletecollection(request) {
			if (stored.deletecollection === undefined) throw new TypeError('Services are stored');
			const deleted = await stored.deletecollection(request);
			const removed = request.dryRun ? [] : (deleted.items as Service[]).filter(isRemoved);
			for (const service of removed) await release(keysOf(service));
			return deleted;
		},
	};
}

/** An object with a finalizer stays, and keeps its address. */
const isRemoved = ({ metadata }: Service): boolean =>
	metadata.deletionTimestamp === undefined && (metadata.finalizers ?? []).length === 0;

const keysOf = ({ spec = {} }: Service): string[] => [
	...(spec.clusterIPs ?? []).filter((address) => address !== 'None').map(addressKey),
	...(spec.ports ?? []).flatMap(({ nodePort }) => (nodePort ? [portKey(nodePort)] : [])),
];

/** Claims an address and the node ports that the Service needs. @throws API_INVALID  one of them is taken */
async function claimsOf(store: Store, request: ApiRequest): Promise<Claims> {
	const service = request.object as Service;
	const { spec = {} } = service;
	const keys: string[] = [];
	const refuse = (field: string, value: unknown, detail: string): never => {
		requireValid(resources.services, service.metadata?.name ?? '', [invalid(field, value, detail)]);
		throw new Error('a problem is always refused');
	};
	const claim = async (key: string): Promise<boolean> => {
		try {
			await store.create(key, {});
			keys.push(key);
			return true;
		} catch (error) {
			if (hasCode(error, 'STORE_KEY_EXISTS')) return false;
			throw error;
		}
	};
	const { type = 'ClusterIP' } = spec;
	let clusterIP = spec.clusterIP || spec.clusterIPs?.[0] || '';
	if (type !== 'ExternalName' && clusterIP === '')
		clusterIP = await firstFree(claim, () => addressAt(randomInt(MIN_CHOSEN, NETWORK_SIZE - 1)), addressKey);
	else if (clusterIP !== '' && clusterIP !== 'None') {
		if (!isInNetwork(clusterIP)) {
			const range = 'the provided network does not match the current range';
			refuse('spec.clusterIPs', [clusterIP], `failed to allocate IP ${clusterIP}: ${range}`);
		}
		if (!(await claim(addressKey(clusterIP))))
			refuse('spec.clusterIPs', [clusterIP], `failed to allocate IP ${clusterIP}: provided IP is already allocated`);
	}
	const ports: NonNullable<Service['spec']>['ports'] & object[] = [];
	for (const [index, port] of (spec.ports ?? []).entries()) {
		if (type !== 'NodePort' && type !== 'LoadBalancer') ports.push(port);
		else if (port.nodePort) {
			if (!(await claim(portKey(port.nodePort))))
				refuse(`spec.ports[${index}].nodePort`, port.nodePort, 'provided port is already allocated');
			ports.push(port);
		} else {
			const nodePort = await firstFree(claim, () => randomInt(NODE_PORTS.first, NODE_PORTS.last + 1), portKey);
			ports.push({ ...port, nodePort });
		}
	}
	const addresses = clusterIP === '' ? {} : { clusterIP, clusterIPs: [clusterIP] };
	return {
		keys,
		service: { ...service, spec: { ...spec, ...addresses, ...(spec.ports === undefined ? {} : { ports }) } },
	};
}

async function firstFree<T>(
	claim: (key: string) => Promise<boolean>,
	draw: () => T,
	keyOf: (value: T) => string,
): Promise<T> {
	for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt++) {
		const value = draw();
		if (await claim(keyOf(value))) return value;
	}
	throw new KubejoinError('API_NAME_NOT_GENERATED', { ...servicesDetails, retryAfterSeconds: 1 });
}
const servicesDetails = { resource: resources.services.resource, group: '', name: '' };

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
