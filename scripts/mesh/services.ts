/** Ports, files and settings of the services of a mesh on this machine. */
import { join } from 'node:path';
import type { Language } from '../../lib/language.ts';
import type { ChildPlan } from '../../lib/process-supervisor.ts';
import { type TracedProgram, tracesKeyPath } from '../../lib/traces-key.ts';
import { shiftedClock } from './shifted-clock.ts';

export interface MeshOptions {
	/** The standard OTEL_ variables of every program. With an observer, it alone sends spans to that collector. */
	readonly telemetry?: Readonly<Record<string, string>>;
	/** Absolute path of the state directory. */
	readonly state: string;
	/** Of the API server; see `portOffsets` for the others. */
	readonly port: number;
	/** `redis://…`, `rediss://…`, or `lmdb`: files in the state directory. */
	readonly store: string;
	/** More settings of a service, or of `pki`, without the prefix. */
	readonly settings?: Readonly<Record<string, Readonly<Record<string, string>>>>;
	readonly observer?: ObserverOptions;
	/** Whether the start makes the JoinConfiguration file, while the controllers start. */
	readonly makesJoinConfig?: boolean;
	/** The time limit for a service to become ready; default 30 s. */
	readonly readyMs?: number;
}
export interface ObserverOptions {
	readonly pagePort: number;
	readonly story: 'checks' | 'steps' | 'joins' | 'off';
	readonly columns?: number;
	readonly color?: boolean;
	readonly language?: Language;
	/** Whether the page can join nodes and decide requests. */
	readonly allowActions?: boolean;
}

export const serviceNames = ['ca-service', 'token-store', 'apiserver-sim', 'controller-manager-sim'] as const;
export type ServiceName = (typeof serviceNames)[number] | 'observer';
export const servicesOf = ({ observer }: MeshOptions): readonly ServiceName[] => [
	...serviceNames,
	...(observer === undefined ? [] : (['observer'] as const)),
];

/**
 * By default 6443 to 6445 for gRPC, 6446 for traces, from 6453 for health of services, from 6463 for health of
 * nodes.
 */
const portOffsets = { 'apiserver-sim': 0, 'ca-service': 1, 'token-store': 2 } as const;
const TRACES_OFFSET = 3;
const FIRST_HEALTH_OFFSET = 10;
const FIRST_NODE_OFFSET = 20;
/** A running experiment first restores the mesh. */
const OBSERVER_STOP_MS = 30_000;
export const MAX_NODES = 1_000;
export const MAX_PORT = 65_535 - FIRST_NODE_OFFSET - MAX_NODES;

/** The ports of all services. */
export const servicePorts = (
	options: MeshOptions,
): readonly { readonly service: ServiceName; readonly port: number }[] => {
	const { port, observer } = options;
	return servicesOf(options).flatMap((service) => {
		const offset = service in portOffsets ? portOffsets[service as keyof typeof portOffsets] : undefined;
		const own =
			service === 'observer'
				? [observer?.pagePort ?? 0, port + TRACES_OFFSET]
				: offset === undefined
					? []
					: [port + offset];
		return [...own, healthPort(port, service)].map((needed) => ({ service, port: needed }));
	});
};
const healthOrder: readonly ServiceName[] = [...serviceNames, 'observer'];
export const healthPort = (port: number, service: ServiceName): number =>
	port + FIRST_HEALTH_OFFSET + healthOrder.indexOf(service);
const readyUrl = (port: number, service: ServiceName): string => `http://127.0.0.1:${healthPort(port, service)}/readyz`;
export const nodeHealthPort = (port: number, index: number): number => port + FIRST_NODE_OFFSET + index;
export const endpointOf = ({ port }: Pick<MeshOptions, 'port'>): string => `127.0.0.1:${port}`;

export const pkiPlan = ({ state, port, settings }: MeshOptions): ChildPlan => ({
	name: 'pki',
	program: 'infra/pki/main.js',
	settings: { PKI_DIRECTORY: join(state, 'pki'), API_SERVER: `https://${endpointOf({ port })}`, ...settings?.pki },
});

/** A temporary change of a service by an experiment. */
export interface Change {
	/** Settings without the prefix. */
	readonly settings?: Readonly<Record<string, string>>;
	/** Offset of the clock, for libfaketime: `+600s`, `-240s`. */
	readonly clock?: string;
}

export function servicePlan(service: ServiceName, options: MeshOptions, change: Change = {}): ChildPlan {
	const { state, port, settings, observer } = options;
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
			SERVICE_ACCOUNT_SIGNING_KEY_FILE: own('sa.key'),
			CLIENT_CA_FILE: own('ca.crt'),
			MESH_CA_FILE: own('mesh-ca.crt'),
			TOKEN_STORE: at('token-store'),
			TOKEN_STORE_CERT_FILE: own('token-store-client.crt'),
			TOKEN_STORE_KEY_FILE: own('token-store-client.key'),
			KUBELET_CLIENT_CERT_FILE: own('kubelet-client.crt'),
			KUBELET_CLIENT_KEY_FILE: own('kubelet-client.key'),
			// The nodes of this machine are at 127.0.0.1.
			ALLOW_LOOPBACK_NODES: 'true',
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
		observer: () => ({
			PORT: String(observer?.pagePort),
			OTLP_PORT: String(port + TRACES_OFFSET),
			KUBECONFIG_FILE: join(state, 'pki', 'admin', 'admin.conf'),
			SERVICES: serviceNames.map((name) => `${name}=${readyUrl(port, name)}`).join(','),
			NODES_DIRECTORY: join(state, 'nodes'),
			STATE_DIRECTORY: join(state, 'observer'),
			NODE_TRACES_TO: tracesUrl(port),
			TRACES_ROOT_KEY_FILE: own('traces-key'),
			CERTIFICATES_FILE: own('certificates.json'),
			STORY: observer?.story ?? 'off',
			EXPERIMENTS: 'local',
			EXPERIMENTS_STATE: state,
			...(observer?.columns === undefined ? {} : { COLUMNS: String(observer.columns) }),
			...(observer?.color === undefined ? {} : { COLOR: String(observer.color) }),
			...(observer?.language === undefined ? {} : { LANGUAGE: observer.language }),
			...(observer?.allowActions === undefined ? {} : { ALLOW_ACTIONS: String(observer.allowActions) }),
			...forwardSettings(options),
		}),
	};
	return {
		name: service,
		program: `services/${service}/main.js`,
		...(service === 'observer' ? { stopMs: OBSERVER_STOP_MS } : telemetryPlan(options)),
		settings: {
			HEALTH_PORT: String(healthPort(port, service)),
			LOG_FORMAT: 'json',
			...plans[service](),
			...(service === 'observer' ? {} : tracesKeySettings(options, service)),
			...settings?.[service],
			...change.settings,
		},
		...(change.clock === undefined ? {} : { variables: shiftedClock(change.clock) }),
	};
}

export const tracesUrl = (port: number): string => `http://127.0.0.1:${port + TRACES_OFFSET}`;

/** The key by which the observer authenticates a program. Programs do not send a key to another collector. */
export const tracesKeySettings = (
	{ state, observer }: Pick<MeshOptions, 'state' | 'observer'>,
	program: TracedProgram,
): Readonly<Record<string, string>> =>
	observer === undefined ? {} : { TRACES_KEY_FILE: join(state, 'pki', tracesKeyPath(program)) };

/** Programs send traces to the observer if there is one. The standard variables decide about sampling. */
function telemetryOf({ observer, port, telemetry }: MeshOptions): Readonly<Record<string, string>> | undefined {
	if (observer === undefined) return telemetry;
	const kept = Object.entries(telemetry ?? {}).filter(([name]) => !name.startsWith('OTEL_EXPORTER_OTLP_'));
	return { ...Object.fromEntries(kept), OTEL_EXPORTER_OTLP_ENDPOINT: tracesUrl(port) };
}

/** @source OpenTelemetry: the endpoint of all signals is a base, that of traces is taken as it is */
function forwardSettings({ telemetry = {} }: MeshOptions): Record<string, string> {
	const { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: traces = '', OTEL_EXPORTER_OTLP_ENDPOINT: base = '' } = telemetry;
	const url = traces || (base && `${base.replace(/\/$/, '')}/v1/traces`);
	return url === '' ? {} : { FORWARD_TRACES_TO: url };
}

/**
 * A rediss: server is taken to be one that runs with this mesh's own certificates and ACL, unless the URL brings
 * credentials of its own.
 */
function storeSettings(
	service: string,
	{ store, state }: MeshOptions,
	own: (file: string) => string,
): Record<string, string> {
	if (store === 'lmdb') return { STORE_URL: `lmdb:${join(state, service)}` };
	const tls = {
		STORE_CA_FILE: own('mesh-ca.crt'),
		STORE_CERT_FILE: own('store.crt'),
		STORE_KEY_FILE: own('store.key'),
	};
	const user: Record<string, string> = store.includes('@')
		? {}
		: { STORE_USERNAME: service, STORE_PASSWORD_FILE: own('store-password') };
	return { STORE_URL: store, ...(store.startsWith('rediss:') ? { ...tls, ...user } : {}) };
}

function telemetryPlan(options: MeshOptions): Pick<ChildPlan, 'telemetry'> {
	const telemetry = telemetryOf(options);
	return telemetry === undefined ? {} : { telemetry };
}

/**
 * A node that joins with a JoinConfiguration file: a token in its arguments would be visible to every user.
 *
 * @param index  of its health port, or `none` for a node without one
 */
export const nodePlan = (
	nodeName: string,
	index: number | 'none',
	joinConfig: string,
	options: MeshOptions,
): ChildPlan =>
	joinPlan(nodeName, options, [
		...['--config', joinConfig, '--node-name', nodeName],
		...['--root', join(options.state, 'nodes', nodeName)],
		...['--healthz-port', String(index === 'none' ? 0 : nodeHealthPort(options.port, index))],
	]);

/** One process with the nodes node-1 to node-COUNT: a process for each would take 60 MB of memory. */
export const nodesPlan = (count: number, joinConfig: string, options: MeshOptions): ChildPlan =>
	joinPlan('nodes', options, [
		...['--config', joinConfig, '--node-name', 'node', '--nodes', String(count)],
		...['--root', join(options.state, 'nodes'), '--healthz-port', String(nodeHealthPort(options.port, 0))],
	]);

const joinPlan = (name: string, options: MeshOptions, args: readonly string[]): ChildPlan => ({
	name,
	program: 'services/kubelet-sim/main.js',
	...telemetryPlan(options),
	settings: tracesKeySettings(options, 'kubelet-sim'),
	args: ['join', ...args],
});
