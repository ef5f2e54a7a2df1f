/**
 * The Node as a kubelet reports it: the data of this machine, and a container runtime that does not exist.
 *
 * @source kubelet nodestatus/setters.go
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { arch, availableParallelism, networkInterfaces, release, totalmem } from 'node:os';
import { rfc3339 } from '../../lib/clock.ts';
import type { Unsent } from '../../lib/kube/client.ts';
import type { Node, NodeCondition } from '../../lib/kube/types.ts';
import type { KubeletEndpoint } from './join/join-context.ts';

const goArchitecture: Readonly<Record<string, string>> = { x64: 'amd64', ia32: '386' };

/** The Node for its registration, with conditions. */
export function nodeObject(
	nodeName: string,
	nowMs: number,
	{ kubeletVersion, kubelet }: { readonly kubeletVersion: string; readonly kubelet?: KubeletEndpoint | undefined },
): Unsent<Node> {
	const architecture = goArchitecture[arch()] ?? arch();
	const os = 'linux';
	return {
		metadata: {
			name: nodeName,
			labels: {
				'beta.kubernetes.io/arch': architecture,
				'beta.kubernetes.io/os': os,
				'kubernetes.io/arch': architecture,
				'kubernetes.io/hostname': nodeName,
				'kubernetes.io/os': os,
			},
			annotations: {
				'volumes.kubernetes.io/controller-managed-attach-detach': 'true',
			},
		},
		spec: {},
		status: {
			capacity: resourcesOf(),
			allocatable: resourcesOf(),
			conditions: readyConditions(nowMs),
			addresses: [
				{ type: 'InternalIP', address: kubelet?.address ?? internalAddress() },
				{ type: 'Hostname', address: nodeName },
			],
			...(kubelet === undefined ? {} : { daemonEndpoints: { kubeletEndpoint: { Port: kubelet.port } } }),
			nodeInfo: {
				machineID: idOf('machine', nodeName),
				systemUUID: idOf('system', nodeName),
				bootID: idOf('boot', nodeName),
				kernelVersion: release(),
				osImage: osImage(),
				containerRuntimeVersion: 'simulated://0',
				kubeletVersion,
				kubeProxyVersion: '',
				operatingSystem: os,
				architecture,
			},
		},
	};
}

const resourcesOf = () => ({
	cpu: String(availableParallelism()),
	memory: `${Math.floor(totalmem() / 1024)}Ki`,
	pods: '110',
});
const idOf = (kind: string, nodeName: string): string =>
	createHash('sha256').update(`${kind}/${nodeName}`).digest('hex').slice(0, 32);

/** The first address of this machine that other machines can reach. */
export function internalAddress(): string {
	const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
	return addresses.find(({ family, internal }) => family === 'IPv4' && !internal)?.address ?? '127.0.0.1';
}

function osImage(): string {
	try {
		return /^PRETTY_NAME="?([^"\n]*)"?$/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? 'Linux';
	} catch {
		return 'Linux';
	}
}

/** @source kubelet nodestatus/setters.go MemoryPressureCondition … ReadyCondition */
export function readyConditions(nowMs: number, previous: readonly NodeCondition[] = []): NodeCondition[] {
	const now = rfc3339(nowMs);
	const condition = (type: string, status: string, reason: string, message: string): NodeCondition => {
		const before = previous.find((one) => one.type === type);
		const lastTransitionTime = before?.status === status ? (before.lastTransitionTime ?? now) : now;
		return { type, status, reason, message, lastHeartbeatTime: now, lastTransitionTime };
	};
	return [
		condition('MemoryPressure', 'False', 'KubeletHasSufficientMemory', 'kubelet has sufficient memory available'),
		condition('DiskPressure', 'False', 'KubeletHasNoDiskPressure', 'kubelet has no disk pressure'),
		condition('PIDPressure', 'False', 'KubeletHasSufficientPID', 'kubelet has sufficient PID available'),
		condition('Ready', 'True', 'KubeletReady', 'kubelet is posting ready status'),
	];
}
