/**
 * Metrics of the API server, under upstream's names: requests over both protocols, and authentication. Every label is a
 * word of this file, of lib/kube/resources.ts or of a contract; an unknown path, method or resource is `other`.
 * @source apiserver/pkg/endpoints/metrics/metrics.go and filters/metrics.go;
 *   apiserver/pkg/authentication/request/x509/x509.go
 */
import { Gauge } from 'prom-client';
import type { Clock } from '../../lib/clock.ts';
import { shownToCaller } from '../../lib/errors.ts';
import { type ApiResource, resources } from '../../lib/kube/resources.ts';
import type { UserInfo } from '../../lib/kube/types.ts';
import { type ElapsedMs, memoized, OTHER, type Registry, seriesCounter, seriesHistogram } from '../../lib/metrics.ts';
import type { CalledMethod, Ending, Observe } from '../../lib/rpc/server.ts';
import type { Authenticate } from './authenticate/union.ts';
import { type ObserveRequest, type RequestInfo, verbOfMethod } from './request/info.ts';

const requestBuckets = [
	0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60,
];
const minute = 60;
const hour = 60 * minute;
const day = 24 * hour;
const lifetimeBuckets = [
	...[0, 30 * minute, hour, 2 * hour, 6 * hour, 12 * hour],
	...[day, 2 * day, 4 * day, 7 * day, 30 * day, 90 * day, 180 * day, 360 * day],
];

const requestLabels = ['verb', 'dry_run', 'group', 'version', 'resource', 'subresource', 'scope', 'component'] as const;
type RequestLabels = Readonly<Record<(typeof requestLabels)[number], string>>;
type Scope = '' | 'cluster' | 'namespace' | 'resource';

/** Upstream's verbs are those of HTTP. */
const verbLabels: Readonly<Record<string, string>> = {
	create: 'POST',
	get: 'GET',
	list: 'LIST',
	watch: 'WATCH',
	update: 'PUT',
	patch: 'PATCH',
	delete: 'DELETE',
	deletecollection: 'DELETECOLLECTION',
	connect: 'CONNECT',
};
/** Requests that a kubelet answers. */
const connecting = new Set(['attach', 'exec', 'log', 'portforward', 'proxy']);
function namesOfSubresources({ subresources: rows }: ApiResource): string[] {
	return rows.map(({ name }) => name);
}
const subresources = new Set<string>(['', ...Object.values(resources).flatMap(namesOfSubresources)]);
const httpVerbs = new Set(['CONNECT', 'DELETE', 'PATCH', 'POST', 'PUT']);
const paths = new Set(['/healthz', '/livez', '/readyz', '/version']);
const byService: ReadonlyMap<string, ApiResource> = new Map(
	Object.values(resources).map((resource) => [`kubejoin.v1.${resource.service}`, resource]),
);

const nothing = { group: '', version: '', resource: '' };
const labelsOf = (
	verb: string,
	{ group, version, resource }: Pick<ApiResource, 'group' | 'version' | 'resource'>,
	subresource: string,
	scope: Scope,
) => ({
	...{ verb, dry_run: '', group, version, resource, subresource, scope },
	component: 'apiserver',
});

const keyOf = ({ verb, group, version, resource, subresource, scope }: RequestLabels): string =>
	`${verb} ${group} ${version} ${resource} ${subresource} ${scope}`;

const ofMany = new Set(['list', 'watch', 'deletecollection']);
const scopeOf = (verb: string, isEverywhere: boolean): Scope =>
	ofMany.has(verb) ? (isEverywhere ? 'cluster' : 'namespace') : 'resource';

/** The labels of the messages of a gRPC method. */
function labelsOfMethod({ service, method }: CalledMethod, isEverywhere: boolean): RequestLabels {
	const resource = byService.get(service);
	const known = resource && verbOfMethod(resource, method);
	return labelsOf(
		verbLabels[known?.verb ?? ''] ?? OTHER,
		resource ?? nothing,
		known?.subresource ?? OTHER,
		scopeOf(known?.verb ?? '', isEverywhere),
	);
}

/** The labels of an HTTPS request. */
export function labelsOfInfo(info: RequestInfo, method: string): RequestLabels {
	// A resource that is not served has no kind.
	if (!info.isResource || info.resource.kind === '') {
		const isRead = method === 'GET' || method === 'HEAD';
		const verb = isRead ? 'GET' : httpVerbs.has(method) ? method : OTHER;
		return labelsOf(verb, nothing, paths.has(info.path) ? info.path : OTHER, '');
	}
	const { verb, resource, namespace, subresource } = info;
	const labelled = connecting.has(subresource) ? 'connect' : verb;
	const label = Object.hasOwn(verbLabels, labelled) ? verbLabels[labelled] : undefined;
	return labelsOf(
		label ?? OTHER,
		resource,
		subresources.has(subresource) ? subresource : OTHER,
		scopeOf(verb, namespace === ''),
	);
}

/** The HTTP status of the same outcome. */
const statusOf = (ending: Ending, verb: string): number =>
	typeof ending === 'string' ? (verb === 'POST' ? 201 : 200) : (shownToCaller(ending).http?.status ?? 500);

const lasting = new Set(['WATCH', 'CONNECT']);
const mutating = new Set(['DELETE', 'DELETECOLLECTION', 'PATCH', 'POST', 'PUT']);
const kindOf = (verb: string): 'mutating' | 'readOnly' => (mutating.has(verb) ? 'mutating' : 'readOnly');

/**
 * Counts and times requests; one observer for each of the two protocols.
 *
 * @differs upstream counts requests that reached a handler; kubejoin also counts earlier refusals, with 401 or 403, and
 *   paths that do not exist. `apiserver_current_inflight_requests` is the maximum since the last scrape; upstream's is
 *   that of the last second.
 */
export function requestMetrics(
	registry: Registry,
	elapsedMs: ElapsedMs,
): { readonly grpc: Observe; readonly http: ObserveRequest } {
	const total = seriesCounter(registry, {
		name: 'apiserver_request_total',
		help:
			'Counter of apiserver requests broken out for each verb, dry run value, group, version, resource, scope, ' +
			'component, and HTTP response code.',
		labelNames: [...requestLabels, 'code'],
	});
	const duration = seriesHistogram(registry, {
		name: 'apiserver_request_duration_seconds',
		help:
			'Response latency distribution in seconds for each verb, dry run value, group, version, resource, subresource, ' +
			'scope and component.',
		labelNames: requestLabels,
		buckets: requestBuckets,
	});
	const seriesOf = memoized((labels: RequestLabels) => {
		const byCode = memoized((code: number) => total({ ...labels, code }));
		return { counted: (code: number) => byCode(String(code), code)(), lasted: duration(labels) };
	});
	const inFlight = { mutating: { now: 0, most: 0 }, readOnly: { now: 0, most: 0 } };
	new Gauge({
		name: 'apiserver_current_inflight_requests',
		help: 'Maximal number of requests that were under way at once since this was last asked for, per request kind.',
		labelNames: ['request_kind'],
		registers: [registry],
		collect() {
			for (const [kind, count] of Object.entries(inFlight)) {
				this.set({ request_kind: kind }, count.most);
				count.most = count.now;
			}
		},
	});
	/** A watch or a connection to a kubelet is no request in flight: it is meant to last. */
	function begin({ counted, lasted }: ReturnType<typeof seriesOf>, verb: string): (code: number) => void {
		const startedMs = elapsedMs();
		const count = lasting.has(verb) ? { now: 0, most: 0 } : inFlight[kindOf(verb)];
		count.now++;
		count.most = Math.max(count.most, count.now);
		return (code) => {
			count.now--;
			counted(code);
			lasted((elapsedMs() - startedMs) / 1000);
		};
	}
	return {
		grpc(called) {
			const ofScope = memoized((isEverywhere: boolean) => {
				const labels = labelsOfMethod(called, isEverywhere);
				return { verb: labels.verb, series: seriesOf(keyOf(labels), labels) };
			});
			return (request: { readonly namespace?: unknown }) => {
				const isEverywhere = typeof request.namespace !== 'string' || request.namespace === '';
				const { verb, series } = ofScope(isEverywhere ? 'everywhere' : 'namespace', isEverywhere);
				const ended = begin(series, verb);
				return (ending) => ended(statusOf(ending, verb));
			};
		},
		http(info, method) {
			const labels = labelsOfInfo(info, method);
			return begin(seriesOf(keyOf(labels), labels), labels.verb);
		},
	};
}

/**
 * Counts who was let in, and how long the certificates that were shown have to live.
 *
 * @differs upstream counts the lifetime of a certificate that did not verify as well; here it is not looked into
 */
export function countedAuthenticator(authenticate: Authenticate, registry: Registry, clock: Clock): Authenticate {
	const attempts = seriesCounter(registry, {
		name: 'authentication_attempts',
		help: 'Counter of authenticated attempts.',
		labelNames: ['result'],
	});
	const lifetime = seriesHistogram(registry, {
		name: 'apiserver_client_certificate_expiration_seconds',
		help: 'Distribution of the remaining lifetime on the certificate used to authenticate a request.',
		labelNames: [],
		buckets: lifetimeBuckets,
	})({});
	const [succeeded, failed] = [attempts({ result: 'success' }), attempts({ result: 'error' })];
	const counted = async (authenticated: Promise<UserInfo>): Promise<UserInfo> => {
		try {
			const user = await authenticated;
			succeeded();
			return user;
		} catch (error) {
			failed();
			throw error;
		}
	};
	return (credentials) => {
		const { certificate } = credentials.peer;
		if (certificate.state === 'verified') lifetime((certificate.notAfter - clock()) / 1000);
		const authenticated = authenticate(credentials);
		if (authenticated instanceof Promise) return counted(authenticated);
		succeeded();
		return authenticated;
	};
}
