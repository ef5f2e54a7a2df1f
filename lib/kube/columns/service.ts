/** @source pkg/printers/internalversion/printers.go printService */
import type { KubeObject } from '../types.ts';
import { age, type Cell } from './cell.ts';

export interface Service extends KubeObject {
	readonly spec?: {
		readonly type?: string;
		readonly clusterIPs?: readonly string[];
		readonly externalIPs?: readonly string[];
		readonly externalName?: string;
		readonly ports?: readonly { readonly port: number; readonly nodePort?: number; readonly protocol?: string }[];
		readonly selector?: Readonly<Record<string, string>>;
	};
	readonly status?: {
		readonly loadBalancer?: { readonly ingress?: readonly { readonly ip?: string; readonly hostname?: string }[] };
	};
}

export function serviceCells(service: Service, nowMs: number): Cell[] {
	const { type = '', clusterIPs = [], ports = [], selector = {} } = service.spec ?? {};
	const portTexts = ports.map(({ port, nodePort, protocol = 'TCP' }) =>
		nodePort ? `${port}:${nodePort}/${protocol}` : `${port}/${protocol}`,
	);
	const labels = Object.entries(selector)
		.map(([key, value]) => `${key}=${value}`)
		.toSorted();
	return [
		service.metadata.name ?? '',
		type,
		clusterIPs[0] ?? '<none>',
		externalAddress(service),
		portTexts.join(',') || '<none>',
		age(service, nowMs),
		labels.join(',') || '<none>',
	];
}

function externalAddress({ spec = {}, status }: Service): string {
	const { type, externalIPs = [], externalName = '' } = spec;
	if (type === 'ExternalName') return externalName;
	if (type === 'ClusterIP' || type === 'NodePort') return externalIPs.join(',') || '<none>';
	if (type !== 'LoadBalancer') return '<unknown>';
	const ingress = (status?.loadBalancer?.ingress ?? []).map(({ ip, hostname }) => ip || (hostname ?? ''));
	const balancers = [...new Set(ingress.filter((address) => address !== ''))].toSorted();
	return [...balancers, ...externalIPs].join(',') || '<pending>';
}
