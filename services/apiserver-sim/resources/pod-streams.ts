/**
 * `pods/attach`, `pods/exec` and `pods/portforward`: the kubelet of the pod's node answers them.
 *
 * @source pkg/registry/core/pod/strategy.go streamLocation, PortForwardLocation; rest/{subresources,authorize}.go
 */
import { KubejoinError } from '../../../lib/errors.ts';
import type { Pod } from '../../../lib/kube/pod.ts';
import { resources } from '../../../lib/kube/resources.ts';
import type { Authorizer } from '../authorize/attributes.ts';
import type { ApiRequest, KubeletLocation, ResourceStorage } from '../request/api-request.ts';
import { isTrue } from '../request/info.ts';
import { containerOf, type PodLogsOptions } from './pod-logs.ts';

export const streams = ['attach', 'exec', 'portforward'] as const;
type Stream = (typeof streams)[number];
export const isStream = (subresource: string): subresource is Stream =>
	(streams as readonly string[]).includes(subresource);

interface PodStreamsOptions extends PodLogsOptions {
	readonly authorizer: Authorizer;
}

/** Pods, with their streams. */
export const withStreams = (stored: ResourceStorage, options: PodStreamsOptions): ResourceStorage => ({
	...stored,
	subresources: [...stored.subresources, ...streams],
	connect: async (request, query) =>
		isStream(request.subresource)
			? streamLocation(request, request.subresource, query, options)
			: stored.connect?.(request, query),
});

async function streamLocation(
	request: ApiRequest,
	stream: Stream,
	query: URLSearchParams,
	{ objects, locations, authorizer }: PodStreamsOptions,
): Promise<KubeletLocation> {
	const { namespace, name } = request;
	if (request.verb !== 'create') requireCreate(request, authorizer);
	const pod = await objects.get<Pod>(resources.pods, namespace, name);
	if (pod === undefined) throw new KubejoinError('API_NOT_FOUND', { resource: 'pods', group: '', name });
	const container = stream === 'portforward' ? [] : [containerOf(pod, query.get('container') ?? '')];
	const { nodeName = '' } = pod.spec ?? {};
	if (nodeName === '') {
		const problem = `pod ${name} does not have a host assigned`;
		throw new KubejoinError('API_BAD_REQUEST', { problem });
	}
	const kubelet = await locations.ofNode(nodeName);
	const parts = [pathOf[stream], namespace, name, ...container].map(encodeURIComponent);
	const sent = kubeletQuery(stream, query);
	return { ...kubelet, path: `/${parts.join('/')}${sent === '' ? '' : `?${sent}`}` };
}

const pathOf = { attach: 'attach', exec: 'exec', portforward: 'portForward' };

/** A browser opens a WebSocket by GET, which must not be enough. */
function requireCreate({ user, namespace, name, subresource }: ApiRequest, authorizer: Authorizer): void {
	const pods = { apiGroup: '', apiVersion: 'v1', resource: 'pods', subresource, namespace, name };
	const { decision, reason } = authorizer.authorize({ user, verb: 'create', resourceRequest: true, ...pods });
	if (decision !== 'Allow')
		throw new KubejoinError('API_FORBIDDEN', { resource: 'pods', group: '', name, because: reason });
}

const flags = { stderr: 'error', stdin: 'input', stdout: 'output', tty: 'tty' };

/** In the order of Go's url.Values.Encode. */
function kubeletQuery(stream: Stream, query: URLSearchParams): string {
	if (stream === 'portforward') {
		const ports = query.getAll('ports');
		return ports.length === 0 ? '' : new URLSearchParams({ port: ports.join(',') }).toString();
	}
	const command = stream === 'exec' ? query.getAll('command').map((text) => ['command', text]) : [];
	const set = Object.entries(flags).filter(([name]) => isTrue(query.get(name)));
	return new URLSearchParams([...command, ...set.map(([, name]) => [name, '1'])]).toString();
}
