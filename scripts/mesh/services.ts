/** The services of a mesh on this machine: ports, files and settings of each. Pure. */
import { join } from 'node:path';
import type { ChildPlan } from './child.ts';

export interface MeshOptions {
	/** The standard OTEL_ variables, for every program. */
	readonly telemetry?: Readonly<Record<string, string>>;
	/** Absolute path. */
	readonly state: string;
	/** Of the API server; the other ports follow from it. */
	readonly port: number;
	/** `redis://…`, `rediss://…`, or `lmdb`: files in the state directory. */
	readonly store: string;
	/** Settings to add to those of a service, or of `pki`, without the prefix. */
	readonly settings?: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

export const serviceNames = ['ca-service', 'token-store', 'apiserver-sim', 'controller-manager-sim'] as const;
export type ServiceName = (typeof serviceNames)[number];

/** 6443 for the API server, 6444 and 6445 for what only services call, health from 6453 on, nodes from 6463 on. */
const portOffsets = { 'apiserver-sim': 0, 'ca-service': 1, 'token-store': 2 } as const;
const FIRST_HEALTH_OFFSET = 10;
const FIRST_NODE_OFFSET = 20;
/** Nodes that find a port each. */
export const MAX_NODES = 1_000;
export const MAX_PORT = 65_535 - FIRST_NODE_OFFSET - MAX_NODES;

/** Every port that the services themselves need. */
export const servicePorts = (port: number): readonly { readonly service: ServiceName; readonly port: number }[] =>
	serviceNames.flatMap((service) => {
		const offset = service in portOffsets ? portOffsets[service as keyof typeof portOffsets] : undefined;
		return [...(offset === undefined ? [] : [{ service, port: port + offset }]), { service, port: healthPort(port, service) }];
	});
export const healthPort = (port: number, service: ServiceName): number => port + FIRST_HEALTH_OFFSET + serviceNames.indexOf(service);
export const nodeHealthPort = (port: number, index: number): number => port + FIRST_NODE_OFFSET + index;
export const endpointOf = ({ port }: Pick<MeshOptions, 'port'>): string => `127.0.0.1:${port}`;

export const pkiPlan = ({ state, port, settings }: MeshOptions): ChildPlan => ({
	name: 'pki',
	program: 'infra/pki/main.js',
	settings: { PKI_DIRECTORY: join(state, 'pki'), API_SERVER: `https://${endpointOf({ port })}`, ...settings?.pki },
});

export function servicePlan(service: ServiceName, options: MeshOptions): ChildPlan {
	const { state, port, settings, telemetry } = options;
	const own = (file: string) => join(state, 'pki', service, file);
	const at = (name: keyof typeof portOffsets) => `127.0.0.1:${port + portOffsets[name]}`;
	const server = (name: keyof typeof portOffsets) => ({
		PORT: String(port + portOffsets[name]),
		TLS_CERT_FILE: own('server.crt'),
		TLS_KEY_FILE: own('server.key'),
	});
	const stored = () => storeSettings(service, options, own);
	const plans: Record<ServiceName, () => Record<string, string>> = {
		'ca-service': () => ({
			...server('ca-service'),
			CLIENT_CA_FILE: own('mesh-ca.crt'),
			CA_CERT_FILE: own('ca.crt'),
			CA_KEY_FILE: own('ca.key'),
			LEDGER_FILE: join(state, 'ca-service', 'ledger.jsonl'),
		}),
		'token-store': () => ({ ...server('token-store'), CLIENT_CA_FILE: own('mesh-ca.crt'), ...stored() }),
		'apiserver-sim': () => ({
			...server('apiserver-sim'),
			CLIENT_CA_FILE: own('ca.crt'),
			MESH_CA_FILE: own('mesh-ca.crt'),
			TOKEN_STORE: at('token-store'),
			TOKEN_STORE_CERT_FILE: own('token-store-client.crt'),
			TOKEN_STORE_KEY_FILE: own('token-store-client.key'),
			CONTROL_PLANE_ENDPOINT: at('apiserver-sim'),
			...stored(),
		}),
		'controller-manager-sim': () => ({
			KUBECONFIG_FILE: own('controller-manager.conf'),
			CA_SERVICE: at('ca-service'),
			TOKEN_STORE: at('token-store'),
			TLS_CERT_FILE: own('mesh-client.crt'),
			TLS_KEY_FILE: own('mesh-client.key'),
			MESH_CA_FILE: own('mesh-ca.crt'),
		}),
	};
	return {
		name: service,
		program: `services/${service}/main.js`,
		...(telemetry === undefined ? {} : { telemetry }),
		settings: { HEALTH_PORT: String(healthPort(port, service)), LOG_FORMAT: 'json', ...plans[service](), ...settings?.[service] },
	};
}

/** A rediss: server is taken to be one that runs with this mesh's own certificates and ACL, unless the URL brings credentials of its own. */
function storeSettings(service: string, { store, state }: MeshOptions, own: (file: string) => string): Record<string, string> {
	if (store === 'lmdb') return { STORE_URL: `lmdb:${join(state, service)}` };
	const tls = { STORE_CA_FILE: own('mesh-ca.crt'), STORE_CERT_FILE: own('store.crt'), STORE_KEY_FILE: own('store.key') };
	const user = store.includes('@') ? {} : { STORE_USERNAME: service, STORE_PASSWORD_FILE: own('store-password') };
	return { STORE_URL: store, ...(store.startsWith('rediss:') ? { ...tls, ...user } : {}) };
}

/** A node that joins with a JoinConfiguration file, so that no token is in the process list. */
export const nodePlan = (nodeName: string, index: number, joinConfig: string, { state, port, telemetry }: MeshOptions): ChildPlan => ({
	name: nodeName,
	program: 'services/kubelet-sim/main.js',
	...(telemetry === undefined ? {} : { telemetry }),
	args: [
		'join',
		'--config',
		joinConfig,
		'--node-name',
		nodeName,
		'--root',
		join(state, 'nodes', nodeName),
		'--healthz-port',
		String(nodeHealthPort(port, index)),
	],
});
