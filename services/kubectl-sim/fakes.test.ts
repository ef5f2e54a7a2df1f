/** Fakes of the terminal and of the API. */
import { KubejoinError } from '../../lib/errors.ts';
import type { ListOptions, WatchOptions } from '../../lib/kube/client.ts';
import { type ApiResource, apiVersionOf } from '../../lib/kube/resources.ts';
import type { CertificateSigningRequest, KubeList, KubeObject, Node, WatchEvent } from '../../lib/kube/types.ts';

export const now = Date.parse('2026-01-31T12:00:00Z');
export const clock = () => now;
export const signal = new AbortController().signal;
export const base64 = (text: string) => Buffer.from(text).toString('base64');

export function fakeOutput() {
	const written = { out: '', err: '' };
	const output = {
		out: (text: string) => {
			written.out += text;
		},
		err: (text: string) => {
			written.err += text;
		},
	};
	return { output, written };
}

/** The API's objects of one kind. `changes` are the events of a watch; `asked` records the requests. */
export function fakeResource<T extends KubeObject>(
	resource: ApiResource,
	objects: readonly T[],
	changes: readonly T[] = [],
) {
	const asked: (ListOptions | WatchOptions)[] = [];
	return {
		asked,
		async get(name: string): Promise<T> {
			const found = objects.find(({ metadata }) => metadata.name === name);
			if (found === undefined)
				throw new KubejoinError('API_NOT_FOUND', { resource: resource.resource, group: resource.group, name });
			return found;
		},
		async list(options: ListOptions = {}): Promise<KubeList<T>> {
			asked.push(options);
			return {
				apiVersion: apiVersionOf(resource),
				kind: `${resource.kind}List`,
				metadata: { resourceVersion: '7' },
				items: [...objects],
			};
		},
		async *watch(options: WatchOptions): AsyncGenerator<WatchEvent<T>> {
			asked.push(options);
			for (const object of changes) yield { type: 'MODIFIED', object };
		},
	};
}

export const worker = (name: string, changes: Partial<Node> = {}): Node => ({
	apiVersion: 'v1',
	kind: 'Node',
	metadata: { name, creationTimestamp: '2026-01-31T11:55:00Z' },
	status: {
		conditions: [
			{
				type: 'Ready',
				status: 'True',
				reason: 'KubeletReady',
				message: 'kubelet is posting ready status',
				lastHeartbeatTime: '2026-01-31T11:59:00Z',
			},
		],
		addresses: [
			{ type: 'InternalIP', address: '10.0.0.1' },
			{ type: 'Hostname', address: name },
		],
		capacity: { pods: '110', cpu: '2' },
		nodeInfo: {
			machineID: 'm',
			systemUUID: 's',
			bootID: 'b',
			kernelVersion: '6.1',
			osImage: 'Debian GNU/Linux 12 (bookworm)',
			containerRuntimeVersion: 'simulated://0',
			kubeletVersion: 'v1.37.2',
			kubeProxyVersion: '',
			operatingSystem: 'linux',
			architecture: 'amd64',
		},
	},
	...changes,
});

type CsrChanges = Partial<CertificateSigningRequest['spec']> & Pick<CertificateSigningRequest, 'status'>;

export const csr = (name: string, { status, ...spec }: CsrChanges = {}): CertificateSigningRequest => ({
	apiVersion: 'certificates.k8s.io/v1',
	kind: 'CertificateSigningRequest',
	metadata: { name, creationTimestamp: '2026-01-31T11:59:29Z', resourceVersion: '1' },
	spec: {
		request: '',
		signerName: 'kubernetes.io/kube-apiserver-client-kubelet',
		usages: ['client auth'],
		username: 'system:bootstrap:abcdef',
		...spec,
	},
	...(status === undefined ? {} : { status }),
});

export const condition = (type: string) => ({ type, status: 'True', reason: 'Because', message: 'of that' });
