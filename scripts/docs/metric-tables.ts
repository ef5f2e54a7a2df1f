/** The tables of docs/metrics.md, from the registries of the services: they list exactly the exposed metrics. */
import { Registry } from 'prom-client';
import { workQueueMetrics } from '../../lib/kube/work-queue-metrics.ts';
import { refusalCounter } from '../../lib/refusal-counter.ts';
import { grpcMetrics } from '../../lib/rpc/grpc-metrics.ts';
import { unforeseenCounter } from '../../lib/rpc/unforeseen-counter.ts';
import { countedAuthenticator, requestMetrics } from '../../services/apiserver-sim/metrics.ts';
import { caMetrics } from '../../services/ca-service/metrics.ts';
import { nodeMetrics } from '../../services/kubelet-sim/metrics.ts';
import { verificationMetrics } from '../../services/token-store/metrics.ts';
import { table } from './table.ts';

export interface MetricRow {
	readonly name: string;
	readonly type: 'counter' | 'gauge' | 'histogram' | 'summary';
	readonly help: string;
	readonly labelNames: readonly string[];
}

const clock = () => 0;
const registryWith = (...define: ((registry: Registry) => unknown)[]): Registry => {
	const registry = new Registry();
	for (const one of define) one(registry);
	return registry;
};

/** The registries by program, without prom-client's process metrics, which depend on the operating system. */
const registries = (): Readonly<Record<string, Registry>> => ({
	'Every service; kubelet-sim the refusals only': registryWith(unforeseenCounter, refusalCounter),
	'Every gRPC server: ca-service, token-store, apiserver-sim': registryWith((registry) => grpcMetrics(registry, clock)),
	'apiserver-sim': registryWith(
		(registry) => requestMetrics(registry, clock),
		(registry) => countedAuthenticator(() => Promise.reject(), registry, clock),
	),
	'controller-manager-sim': registryWith((registry) => workQueueMetrics(registry, clock)),
	'ca-service': registryWith((registry) => caMetrics(registry, { notAfter: 0 })),
	'token-store': registryWith(verificationMetrics),
	'kubelet-sim': registryWith((registry) => nodeMetrics(registry, clock)),
});

// The package's types lack the names of the labels.
export const rowsOf = (registry: Registry): MetricRow[] =>
	(registry.getMetricsAsArray() as unknown as MetricRow[]).toSorted((a, b) => a.name.localeCompare(b.name));

export const allMetrics = (): MetricRow[] => Object.values(registries()).flatMap(rowsOf);

const origins: readonly (readonly [prefix: RegExp, origin: string])[] = [
	[/^kubejoin_/, 'kubejoin'],
	[/^grpc_/, 'go-grpc-middleware'],
	[/^(apiserver_|authentication_|workqueue_|kubelet_)/, 'Kubernetes'],
];
const units: readonly (readonly [suffix: RegExp, unit: string])[] = [
	[/_timestamp_seconds$/, 's since 1970'],
	[/_seconds(_total)?$/, 's'],
	[/_bytes$/, 'bytes'],
	[/./, 'number'],
];
const firstOf = (table: readonly (readonly [RegExp, string])[], name: string): string =>
	table.find(([pattern]) => pattern.test(name))?.[1] ?? '';

const cells = ({ name, type, labelNames, help }: MetricRow): string[] => [
	`\`${name}\``,
	type,
	labelNames.map((label) => `\`${label}\``).join(', '),
	firstOf(units, name),
	firstOf(origins, name),
	help.replaceAll('|', '\\|'),
];

export const metricTables = (): string =>
	Object.entries(registries())
		.map(
			([who, registry]) =>
				`### ${who}\n\n${table(['metric', 'type', 'labels', 'unit', 'named by', 'is'], rowsOf(registry).map(cells))}`,
		)
		.join('\n\n');
