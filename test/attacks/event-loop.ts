/** How long one request can keep a service from answering others: the largest allowed input of each kind. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { hasCode, KubejoinError } from '../../lib/errors.ts';
import { limits } from '../../lib/limits.ts';
import { call } from '../../lib/rpc/channel.ts';
import { healthPort, type ServiceName } from '../../scripts/mesh/services.ts';
import type { AttackGroup } from './attack.ts';
import { issueUser, namespaceAdmin } from './identity.ts';
import { nodeTracesKey } from './observer.ts';
import { HOST, https, type Target } from './target.ts';

/** Longest pause of the event loop that one request may cause, on an idle machine (the one of docs/performance.md). */
const PAUSE_MS = 50;
const ROUNDS = 5;

/** The longest pause of a service's event loop since the last call, in milliseconds. */
async function longestPauseMs({ mesh }: Target, service: ServiceName): Promise<number> {
	const text = await (await fetch(`http://${HOST}:${healthPort(mesh.port, service)}/metrics`)).text();
	return Number(/^nodejs_eventloop_lag_max_seconds (\S+)$/m.exec(text)?.[1]) * 1_000;
}

/** JSON, as the services parse it: other work on the machine slows it down, and hardly a loop of arithmetic. */
const CALIBRATION = JSON.stringify(
	Array.from({ length: 20_000 }, (_, index) => ({ [`key-${index}`]: `value-${index}` })),
);
const CALIBRATION_ROUNDS = 6;
/** Milliseconds of these rounds on the machine of docs/performance.md, idle, with Node 20. */
const CALIBRATION_MS = 120;

/** How many times slower than that machine this one is now. */
function slowdown(): number {
	const startedMs = performance.now();
	for (let round = 0; round < CALIBRATION_ROUNDS; round++) assert.ok(JSON.parse(CALIBRATION));
	return Math.max(1, (performance.now() - startedMs) / CALIBRATION_MS);
}

/** A request that the API server did not read proves nothing. */
const unread = ['API_UNAUTHORIZED', 'API_FORBIDDEN', 'API_NOT_FOUND', 'CONNECTION_REFUSED'] as const;

/** @param send  fails with the error of the server */
async function requireShortPause(target: Target, service: ServiceName, send: () => Promise<unknown>): Promise<void> {
	const pauses: number[] = [];
	for (let round = 0; round < ROUNDS; round++) {
		await longestPauseMs(target, service);
		const factor = slowdown();
		await send().catch((error: unknown) => {
			if (!(error instanceof KubejoinError) || hasCode(error, ...unread)) throw error;
		});
		pauses.push((await longestPauseMs(target, service)) / factor);
	}
	// Garbage collection and other processes pause the event loop as well, so the shortest of several rounds counts.
	const least = Math.min(...pauses);
	assert.ok(least <= PAUSE_MS, `${service} paused for ${pauses.map(Math.round).join(', ')} ms`);
}

const many = <T>(count: number, item: (index: number) => T): T[] =>
	Array.from({ length: count }, (_, index) => item(index));
const entries = (count: number): Record<string, string> =>
	Object.fromEntries(many(count, (index) => [`key-${index}`, 'v']));

/** Of cluster scope: a namespace admin may not use them. */
const ofNodes = new Set(['CertificateSigningRequests', 'SubjectAccessReviews']);

/** Requests that fill a gRPC message with one kind of field. */
const largestMessages: readonly (readonly [name: string, service: string, method: string, request: object])[] = [
	[
		'one long value',
		'ConfigMaps',
		'Create',
		{ metadata: { name: 'a', namespace: 'default' }, data: { a: 'a'.repeat(1_400_000) } },
	],
	['many values', 'ConfigMaps', 'Create', { metadata: { name: 'a', namespace: 'default' }, data: entries(60_000) }],
	['many labels', 'ConfigMaps', 'Create', { metadata: { name: 'a', namespace: 'default', labels: entries(60_000) } }],
	[
		'many annotations',
		'Leases',
		'Create',
		{ metadata: { name: 'a', namespace: 'default', annotations: entries(60_000) } },
	],
	[
		'many rules',
		'Roles',
		'Create',
		{
			metadata: { name: 'a', namespace: 'default' },
			rules: many(100_000, () => ({ verbs: ['get'], apiGroups: [''], resources: ['pods'] })),
		},
	],
	[
		'many verbs in a rule',
		'Roles',
		'Create',
		{
			metadata: { name: 'a', namespace: 'default' },
			rules: [{ verbs: many(200_000, (index) => `v${index}`), resources: ['pods'] }],
		},
	],
	[
		'many usages',
		'CertificateSigningRequests',
		'Create',
		{ spec: { request: 'AAAA', usages: many(150_000, (index) => `u${index}`) } },
	],
	['many empty usages', 'CertificateSigningRequests', 'Create', { spec: { usages: many(700_000, () => '') } }],
	['a long selector', 'ConfigMaps', 'List', { namespace: 'default', fieldSelector: 'metadata.name=a,'.repeat(80_000) }],
	[
		'many groups',
		'SubjectAccessReviews',
		'Create',
		{ spec: { user: 'a', groups: many(150_000, (index) => `g${index}`) } },
	],
];

const configMap = (name: string, data: object): string =>
	JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data });
const binaryData = (text: string): string => `{"metadata":{"name":"many"},"binaryData":{"a":"${text}"}}`;
const configMaps = '/api/v1/namespaces/default/configmaps';
const services = '/api/v1/namespaces/default/services';
const service = JSON.stringify({ metadata: { name: 'patched' }, spec: { ports: [{ port: 80 }] } });
const patchOf = (kind: string, path = configMaps) => ({
	method: 'PATCH',
	path: `${path}/patched?fieldManager=eve`,
	type: kind,
});
const creation = { method: 'POST', path: configMaps, type: 'application/json' };
const MANY = 200_000;
/** With the fields of the object. */
const MANY_APPLIED = limits.trackedFields.value - 10;

/** Files with long paths that differ at their end. */
const file = (at: number) => ({ key: 'a', path: `${'a'.repeat(240)}${at}` });
/** `{"NAME":{"k0":"v"},"NAME":{"k1":"v"},...` */
const repeated = (name: string, count: number): string => many(count, (at) => `"${name}":{"k${at}":"v"}`).join();

const container = (at: number) => ({ name: `c${at}`, image: 'a' });
const profiles = Object.fromEntries(
	many(4_000, (at) => [`container.apparmor.security.beta.kubernetes.io/c${at}`, 'localhost/a']),
);
const podOf = (containers: readonly object[], annotations: object = {}): string =>
	JSON.stringify({
		apiVersion: 'v1',
		kind: 'Pod',
		metadata: { name: 'many', annotations },
		spec: { containers },
	});

/** Fractions cost the most to parse. */
function podWithAmounts(containers: number, amounts: number): object {
	const limits = (of: number) =>
		Object.fromEntries(many(amounts, (at) => [`a${of}.example.com/b${at}`, `${of * amounts + at}.5Gi`]));
	const container = (of: number) => ({ name: `c${of}`, image: 'a', resources: { limits: limits(of) } });
	return { metadata: { name: 'many' }, spec: { containers: many(containers, container) } };
}

/** Bodies of HTTPS requests that have many values, or cause much work. */
const largestBodies: readonly (readonly [
	name: string,
	request: { readonly method: string; readonly path: string; readonly type: string },
	body: () => string,
])[] = [
	['JSON with many values', creation, () => configMap('many', entries(MANY))],
	[
		'a pod with many annotations of profiles',
		{ ...creation, path: '/api/v1/namespaces/default/pods' },
		() => podOf(many(1_000, container), profiles),
	],
	[
		'JSON with many fields that do not exist',
		creation,
		() => JSON.stringify({ metadata: { name: 'a' }, ...entries(MANY) }),
	],
	[
		'JSON with a text of many escapes that does not end',
		creation,
		() => `{"metadata":{"name":"${'\\u0061'.repeat(480_000)}`,
	],
	['JSON with base64 that lacks its end', creation, () => binaryData('A'.repeat(2_900_002))],
	['JSON with base64 of many lines', creation, () => binaryData('A\\n'.repeat(950_000))],
	['JSON with one field many times', creation, () => `{${many(16_000, () => '"a":"b"').join()}}`],
	['JSON with one object many times', creation, () => `{"metadata":{"name":"many"},${repeated('data', 8_000)}}`],
	[
		'a pod whose volumes have many files',
		{ ...creation, path: '/api/v1/namespaces/default/pods' },
		() =>
			JSON.stringify({
				metadata: { name: 'many' },
				spec: {
					containers: [{ name: 'a', image: 'a' }],
					volumes: many(25, (at) => ({ name: `v${at}`, configMap: { name: 'a', items: many(200, file) } })),
				},
			}),
	],
	[
		'a pod with many amounts of resources',
		{ ...creation, path: '/api/v1/namespaces/default/pods' },
		() => JSON.stringify(podWithAmounts(100, 140)),
	],
	[
		'a pod with as many amounts of resources as it may have',
		{ ...creation, path: '/api/v1/namespaces/default/pods' },
		() => JSON.stringify(podWithAmounts(10, 100)),
	],
	[
		'YAML with many values',
		{ ...creation, type: 'application/yaml' },
		() => `metadata: {name: many}\ndata:\n${many(MANY, (at) => `  k${at}: v\n`).join('')}`,
	],
	[
		'a JSON patch that copies',
		patchOf('application/json-patch+json'),
		() =>
			JSON.stringify([
				{ op: 'add', path: '/data', value: { a: '' } },
				...many(40, (at) => ({ op: 'copy', from: '/data', path: `/data/b${at}` })),
			]),
	],
	[
		'a merge patch with many values',
		patchOf('application/merge-patch+json'),
		() => JSON.stringify({ data: entries(MANY) }),
	],
	[
		'a strategic merge patch with long lists',
		patchOf('application/strategic-merge-patch+json'),
		() => JSON.stringify({ metadata: { finalizers: many(16_000, (at) => `a/${at}`) } }),
	],
	[
		'a strategic merge patch of one element many times',
		patchOf('application/strategic-merge-patch+json', services),
		() => JSON.stringify({ spec: { ports: many(4_000, (at) => ({ port: 80, [`k${at}`]: 'v' })) } }),
	],
	[
		'a strategic merge patch of many elements with names of their own',
		patchOf('application/strategic-merge-patch+json'),
		() => JSON.stringify({ metadata: { ownerReferences: many(4_000, (at) => ({ uid: 'a', [`k${at}`]: 'v' })) } }),
	],
	[
		'a server-side apply of many fields',
		patchOf('application/apply-patch+yaml'),
		() =>
			configMap(
				'patched',
				Object.fromEntries(many(MANY_APPLIED, (at) => [`${randomBytes(4).toString('hex')}-${at}`, 'v'])),
			),
	],
];

export const eventLoop: AttackGroup = {
	name: 'Largest allowed input',
	attacks: [
		...largestMessages.map(([name, service, method, request]) => ({
			title: `send a gRPC message of ${name} to ${service}/${method}`,
			attacker: ofNodes.has(service) ? ('a node' as const) : ('a namespace admin' as const),
			result: `other clients wait for at most ${PAUSE_MS} ms`,
			limits: ['grpcMessageBytes'] as const,
			async run(target: Target) {
				const { mesh } = target;
				const eve = ofNodes.has(service)
					? await issueUser(mesh, 'system:node:eve', ['system:nodes'])
					: await namespaceAdmin(mesh, `eve-${service}-${name.replaceAll(' ', '-')}`.toLowerCase());
				const channel = mesh.channel(mesh.endpoint, { ca: mesh.ca, ...eve });
				await requireShortPause(target, 'apiserver-sim', () => call(channel, service, method, request));
			},
		})),
		...largestBodies.map(([name, request, body]) => ({
			title: `send ${name} over HTTPS`,
			attacker: 'a namespace admin' as const,
			result: `other clients wait for at most ${PAUSE_MS} ms`,
			limits: ['jsonValues', 'requestYamlTokens', 'restBodyBytes'] as const,
			async run(target: Target) {
				const admin = await namespaceAdmin(target.mesh, `eve-${name.replaceAll(' ', '-')}`.toLowerCase());
				const send = async (request: { method: string; path: string; type: string }, body: string) => {
					const { method, path, type } = request;
					const answer = await https(target, path, { ...admin, method, headers: { 'content-type': type }, body });
					assert.ok(![401, 403, 404].includes(answer.status), answer.body);
				};
				await send(creation, configMap('patched', entries(2_000)));
				await send({ ...creation, path: services }, service);
				await requireShortPause(target, 'apiserver-sim', () => send(request, body()));
			},
		})),
		{
			title: 'post the largest bodies that the trace port accepts, with and without the traces key of a node',
			attacker: 'a node',
			result: `other clients wait for at most ${PAUSE_MS} ms`,
			limits: ['tracesBodyBytes', 'tracesValues'],
			async run(target) {
				const url = `http://${HOST}:${target.tracesPort}/v1/traces`;
				for (const group of [{}, { scopeSpans: [{ spans: [{}] }] }]) {
					const body = JSON.stringify({ resourceSpans: many(16_500, () => group) });
					for (const [authorization, expected] of [
						['', 401],
						[`Bearer ${nodeTracesKey(target)}`, 200],
					] as const)
						await requireShortPause(target, 'observer', async () => {
							const headers = { 'content-type': 'application/json', authorization };
							const { status } = await fetch(url, { method: 'POST', headers, body });
							assert.equal(status, expected);
						});
				}
			},
		},
	],
};
