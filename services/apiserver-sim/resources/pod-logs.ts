/**
 * `pods/log`: the lines of a container, which the kubelet of its node has.
 *
 * @source pkg/registry/core/pod/strategy.go LogLocation; rest/log.go; pkg/apis/core/validation ValidatePodLogOptions
 */
import { type FieldProblem, KubejoinError } from '../../../lib/errors.ts';
import { forbiddenField, invalid, requireValid } from '../../../lib/kube/object-meta.ts';
import type { Pod, PodSpec } from '../../../lib/kube/pod.ts';
import { resources } from '../../../lib/kube/resources.ts';
import { quotedInput } from '../authorize/go-text.ts';
import type { ApiRequest, KubeletLocation, ResourceStorage } from '../request/api-request.ts';
import { numberProblem } from '../request/go-number.ts';
import { isTrue } from '../request/info.ts';
import type { ObjectReader } from '../request/object-reader.ts';
import type { KubeletLocations } from './kubelet-locations.ts';

export interface PodLogsOptions {
	readonly objects: ObjectReader;
	readonly locations: KubeletLocations;
}

/** Pods, with `log`. */
export const withLogs = (stored: ResourceStorage, options: PodLogsOptions): ResourceStorage => ({
	...stored,
	subresources: [...stored.subresources, 'log'],
	connect: (request, query) => logLocation(request, query, options),
});

/** @returns undefined for a pod that is on no node: its log is empty */
async function logLocation(
	{ namespace, name }: ApiRequest,
	query: URLSearchParams,
	{ objects, locations }: PodLogsOptions,
): Promise<KubeletLocation | undefined> {
	const wanted = readLogOptions(query);
	requireValid({ group: '', kind: 'PodLogOptions' }, name, logProblems(wanted));
	const pod = await objects.get<Pod>(resources.pods, namespace, name);
	if (pod === undefined) throw new KubejoinError('API_NOT_FOUND', { resource: 'pods', group: '', name });
	const container = containerOf(pod, wanted.container);
	const nodeName = pod.spec?.nodeName ?? '';
	if (nodeName === '') return undefined;
	const kubelet = await locations.ofNode(nodeName);
	const path = `/containerLogs/${[namespace, name, container].map(encodeURIComponent).join('/')}`;
	const search = kubeletQuery(wanted);
	return {
		...kubelet,
		path: search === '' ? path : `${path}?${search}`,
		skipsVerification: wanted.insecureSkipTLSVerifyBackend,
	};
}

interface LogOptions {
	readonly container: string;
	readonly follow: boolean;
	readonly previous: boolean;
	readonly timestamps: boolean;
	readonly insecureSkipTLSVerifyBackend: boolean;
	readonly sinceSeconds: number | undefined;
	readonly sinceTime: string | undefined;
	readonly tailLines: number | undefined;
	readonly limitBytes: number | undefined;
	readonly stream: string | undefined;
}

/** @throws API_BAD_REQUEST */
function readLogOptions(query: URLSearchParams): LogOptions {
	const flag = (name: string) => isTrue(query.get(name));
	return {
		container: query.get('container') ?? '',
		follow: flag('follow'),
		previous: flag('previous'),
		timestamps: flag('timestamps'),
		insecureSkipTLSVerifyBackend: flag('insecureSkipTLSVerifyBackend'),
		sinceSeconds: int64Of(query.get('sinceSeconds')),
		sinceTime: timeOf(query.get('sinceTime')),
		tailLines: int64Of(query.get('tailLines')),
		limitBytes: int64Of(query.get('limitBytes')),
		stream: query.get('stream') ?? undefined,
	};
}

const MAX_INT64 = 2n ** 63n - 1n;

function int64Of(text: string | null): number | undefined {
	if (text === null) return undefined;
	const problem = numberProblem('ParseInt', text, /^[+-]?\d{1,64}$/, MAX_INT64);
	if (problem !== undefined) throw new KubejoinError('API_BAD_REQUEST', { problem });
	return Number(text);
}

const rfc3339 = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:Z|[+-]\d{2}:\d{2})$/;

function timeOf(text: string | null): string | undefined {
	if (text === null || text === '') return undefined;
	const atMs = rfc3339.test(text) ? Date.parse(text) : Number.NaN;
	if (Number.isNaN(atMs)) {
		const problem = `parsing time ${quotedInput(text)} as "2006-01-02T15:04:05Z07:00": cannot parse`;
		throw new KubejoinError('API_BAD_REQUEST', { problem: `${problem} ${quotedInput(text)} as "2006"` });
	}
	return `${new Date(atMs).toISOString().slice(0, 19)}Z`;
}

function logProblems({ tailLines, limitBytes, sinceSeconds, sinceTime, stream }: LogOptions): FieldProblem[] {
	const problems: FieldProblem[] = [];
	if (tailLines !== undefined && tailLines < 0)
		problems.push(invalid('tailLines', tailLines, 'must be greater than or equal to 0'));
	if (limitBytes !== undefined && limitBytes < 1)
		problems.push(invalid('limitBytes', limitBytes, 'must be greater than 0'));
	if (sinceSeconds !== undefined && sinceTime !== undefined)
		problems.push(forbiddenField('', 'at most one of `sinceTime` or `sinceSeconds` may be specified'));
	else if (sinceSeconds !== undefined && sinceSeconds < 1)
		problems.push(invalid('sinceSeconds', sinceSeconds, 'must be greater than 0'));
	if (stream !== undefined) problems.push(forbiddenField('stream', 'may not be specified'));
	return problems;
}

/** In the order of Go's url.Values.Encode. */
function kubeletQuery(options: LogOptions): string {
	const { follow, previous, timestamps, sinceSeconds, sinceTime, tailLines, limitBytes } = options;
	const values = { follow, limitBytes, previous, sinceSeconds, sinceTime, tailLines, timestamps };
	const sent = Object.entries(values).flatMap(([name, value]) =>
		value === undefined || value === false ? [] : [[name, String(value)]],
	);
	return new URLSearchParams(sent).toString();
}

const namesOf = (containers: PodSpec['containers'] = []): string[] => containers.map(({ name = '' }) => name);

/** @throws API_BAD_REQUEST  @source pkg/registry/core/pod/strategy.go validateContainer */
export function containerOf({ metadata: { name: pod }, spec = {} }: Pod, wanted: string): string {
	const { containers = [], initContainers, ephemeralContainers } = spec;
	const all = [...namesOf(initContainers), ...namesOf(containers), ...namesOf(ephemeralContainers)];
	const refused = (problem: string) => new KubejoinError('API_BAD_REQUEST', { problem });
	if (wanted !== '') {
		if (!all.includes(wanted)) throw refused(`container ${wanted} is not valid for pod ${pod}`);
		return wanted;
	}
	const [only, ...more] = containers;
	if (only === undefined) throw refused(`a container name must be specified for pod ${pod}`);
	if (more.length === 0) return only.name ?? '';
	throw refused(`a container name must be specified for pod ${pod}, choose one of: [${all.join(' ')}]`);
}
