import assert from 'node:assert/strict';
import { KubejoinError } from '../../../lib/errors.ts';
import { qosClassOf } from '../../../lib/kube/pod-resources.ts';
import { type ApiResource, apiVersionOf, resources } from '../../../lib/kube/resources.ts';
import type { KubeObject } from '../../../lib/kube/types.ts';
import type { Store } from '../../../lib/store/store.ts';
import { namespaceLifecycle } from '../admit/namespace-lifecycle.ts';
import { clock, fakeAuthorizer, refusalOf, registryOn, request, storeOfEachTest } from '../fixtures.test.ts';
import { createObjectReader } from '../registry/object-reader.ts';
import { createStorage, type Strategy, storeKey } from '../registry.ts';
import type { ApiRequest, ResourceStorage } from '../request/api-request.ts';
import {
	mutatingAdmissionPolicies,
	mutatingAdmissionPolicyBindings,
	validatingAdmissionPolicies,
	validatingAdmissionPolicyBindings,
	validatingWebhookConfigurations,
} from './admission-kinds.ts';
import { clusterTrustBundles, csiDrivers, csiNodes, priorityClasses, runtimeClasses } from './cluster-kinds.ts';
import { endpointSlices } from './endpoint-slices.ts';
import { changedGroupEvents, events, groupEvents } from './events.ts';
import { namespaces } from './namespaces.ts';
import { bindingsEndpoint, withActions } from './pod-actions.ts';
import { podTemplates } from './pod-templates.ts';
import { pods } from './pods.ts';
import { limitRanges } from './quotas.ts';
import { repairClaims, withAddresses } from './service-addresses.ts';
import { services } from './services.ts';

type Any = KubeObject & Record<string, unknown>;

describe('kinds', () => {
	const store = storeOfEachTest();
	const registry = () => registryOn(store(), [namespaceLifecycle(createObjectReader(store()))]);
	const on = <T extends KubeObject>(strategy: Strategy<T>) => createStorage(strategy, registry());
	const inNamespace = { namespace: 'default' };
	const send = async (
		endpoint: ResourceStorage,
		verb: 'create' | 'update' | 'delete',
		resource: ApiResource,
		object: object,
		more: Partial<ApiRequest> = {},
	): Promise<Any> => {
		const typed = { apiVersion: apiVersionOf(resource), kind: resource.kind, metadata: { name: 'a' }, ...object };
		const place = resource.namespaced ? inNamespace : {};
		const name = verb === 'create' ? '' : 'a';
		return (await endpoint[verb]?.(request(verb, resource, { ...place, name, object: typed, ...more }))) as Any;
	};
	const create = <T extends KubeObject>(strategy: Strategy<T>, object: object, more: Partial<ApiRequest> = {}) =>
		send(on(strategy), 'create', strategy.resource, object, more);
	const update = <T extends KubeObject>(strategy: Strategy<T>, object: object, more: Partial<ApiRequest> = {}) =>
		send(on(strategy), 'update', strategy.resource, object, more);

	beforeEach(async () => {
		const namespace = {
			apiVersion: 'v1',
			kind: 'Namespace',
			metadata: { name: 'default' },
			status: { phase: 'Active' },
		};
		await store().create(storeKey(resources.namespaces, '', 'default'), namespace);
	});

	describe('PodTemplates', () => {
		const container = { name: 'c', image: 'nginx' };
		const createTemplate = (template: object) => create(podTemplates, { template });

		it('get the defaults of a pod, and no requests from limits', async () => {
			const resources = { limits: { cpu: '1' } };
			const { template } = await createTemplate({ spec: { containers: [{ ...container, resources }] } });
			const { spec } = template as { spec: Record<string, unknown> };
			const [stored = {}] = spec.containers as { imagePullPolicy?: string; resources?: object }[];
			assert.deepEqual(stored.resources, resources);
			assert.deepEqual(
				[spec.restartPolicy, spec.enableServiceLinks, stored.imagePullPolicy],
				['Always', undefined, 'Always'],
			);
		});

		it('422: the problems of the pod, with their path in the template', async () => {
			const problems = (template: object) => refusalOf(createTemplate(template));
			assert.match(await problems({}), /template\.spec\.containers: Required value/);
			const spec = { containers: [container] };
			assert.match(await problems({ metadata: { labels: { a: '_' } }, spec }), /template\.labels: Invalid value: "_"/);
			assert.match(
				await problems({ metadata: { annotations: { '/': '' } }, spec }),
				/template\.annotations: Invalid value: "\/"/,
			);
			assert.match(
				await problems({ spec: { ...spec, ephemeralContainers: [container] } }),
				/template\.spec\.ephemeralContainers: Forbidden: ephemeral containers not allowed in pod template/,
			);
		});
	});

	describe('Pods', () => {
		const spec = { containers: [{ name: 'c', image: 'nginx' }] };

		it('get the defaults of upstream, as recorded', async () => {
			const { spec: stored, status, metadata } = await create(pods, { spec });
			assert.deepEqual(stored, {
				containers: [
					{
						name: 'c',
						image: 'nginx',
						resources: {},
						terminationMessagePath: '/dev/termination-log',
						terminationMessagePolicy: 'File',
						imagePullPolicy: 'Always',
					},
				],
				restartPolicy: 'Always',
				terminationGracePeriodSeconds: 30,
				dnsPolicy: 'ClusterFirst',
				securityContext: {},
				schedulerName: 'default-scheduler',
				enableServiceLinks: true,
			});
			assert.deepEqual(status, { phase: 'Pending', qosClass: 'BestEffort' });
			assert.equal(metadata.generation, 1);
		});

		it('pull an image again only if its tag moves', async () => {
			const images = ['nginx', 'nginx:latest', 'nginx:1', 'h:5000/a/b', 'h:5000/a/b:2', 'nginx@sha256:00'];
			const containers = images.map((image, index) => ({ name: `c${index}`, image }));
			const { spec: stored } = await create(pods, { spec: { containers } });
			const policies = (stored as { containers: { imagePullPolicy: string }[] }).containers;
			assert.deepEqual(
				policies.map(({ imagePullPolicy }) => imagePullPolicy),
				['Always', 'Always', 'IfNotPresent', 'Always', 'IfNotPresent', 'IfNotPresent'],
			);
		});

		it('have a class by their requests and limits', () => {
			const classOf = (amounts: object) =>
				qosClassOf({ apiVersion: 'v1', kind: 'Pod', metadata: {}, spec: { containers: [{ resources: amounts }] } });
			const limits = { cpu: '1', memory: '1Gi' };
			assert.equal(classOf({}), 'BestEffort');
			assert.equal(classOf({ limits, requests: { ...limits, memory: '1024Mi' } }), 'Guaranteed');
			assert.equal(classOf({ limits, requests: { cpu: '500m' } }), 'Burstable');
			assert.equal(classOf({ requests: { memory: '1Mi' } }), 'Burstable');
		});

		it('422: without containers, names or images, and with unknown volumes', async () => {
			const problems = async (bad: object) => refusalOf(create(pods, { spec: bad }));
			assert.match(await problems({}), /spec\.containers: Required value/);
			assert.match(await problems({ containers: [{}] }), /\[0\]\.name: Required.*\[0\]\.image: Required/s);
			const order = /restartPolicy: Unsupported value: "Bad": supported values: "Always", "OnFailure", "Never"/;
			assert.match(await problems({ ...spec, restartPolicy: 'Bad' }), order);
			const containers = [{ name: 'P4', image: 'i' }];
			assert.match(
				await refusalOf(create(pods, { metadata: { name: 'P4' }, spec: { containers } })),
				/\[metadata\.name: Invalid value: "P4": .*, spec\.containers\[0\]\.name: Invalid value: "P4"/,
			);
			const twice = [spec.containers[0], spec.containers[0]];
			assert.match(await problems({ containers: twice }), /containers\[1\]\.name: Duplicate value: "c"/);
			const mounted = { ...spec.containers[0], volumeMounts: [{ name: 'v', mountPath: '/v' }] };
			assert.match(await problems({ containers: [mounted] }), /volumeMounts\[0\]\.name: Not found: "v"/);
		});

		it('422: an update of the spec, apart from images and additional tolerations', async () => {
			const { spec: stored } = await create(pods, { spec });
			const changed = (more: object) => update(pods, { spec: { ...(stored as object), ...more } });
			assert.match(await refusalOf(changed({ nodeName: 'n' })), /spec: Forbidden: pod updates may not change fields/);
			const container = { ...(stored as { containers: object[] }).containers[0], image: 'nginx:2' };
			const { metadata } = await changed({ containers: [container], tolerations: [{ operator: 'Exists' }] });
			assert.equal(metadata.generation, 2);
			assert.match(await refusalOf(changed({ containers: [container] })), /existing toleration can not be modified/);
		});
	});

	describe('parts of pods', () => {
		const spec = { containers: [{ name: 'c', image: 'nginx' }] };
		const containers = [{ name: 'c', image: 'other', resources: { limits: { cpu: '1' } } }];

		it('resize changes requests and limits, and nothing else', async () => {
			const burstable = [{ name: 'c', image: 'nginx', resources: { limits: { cpu: '2' } } }];
			await create(pods, { spec: { containers: burstable } });
			const changed = { spec: { ...spec, nodeName: 'n', containers } };
			const { spec: stored } = await update(pods, changed, { subresource: 'resize' });
			const { nodeName, containers: kept = [] } = stored as { nodeName?: string; containers?: typeof containers };
			assert.deepEqual([nodeName, kept[0]?.image, kept[0]?.resources.limits.cpu], [undefined, 'nginx', '1']);
		});

		it('the status is written alone, and the log is none of them', async () => {
			await create(pods, { spec });
			const changed = { spec: { ...spec, nodeName: 'n' }, status: { phase: 'Running' } };
			const { spec: stored, status } = await update(pods, changed, { subresource: 'status' });
			const { nodeName } = stored as { nodeName?: string };
			assert.deepEqual([nodeName, status], [undefined, { phase: 'Running', qosClass: 'BestEffort' }]);
			assert.deepEqual(pods.subresources, ['ephemeralcontainers', 'resize', 'status']);
			const owner = { apiVersion: 'v1', kind: 'Node', name: 'n', uid: 'u' };
			const owned = {
				metadata: { name: 'a', ownerReferences: [owner], annotations: { k: 'v' } },
				status: { phase: 'Failed' },
			};
			const { metadata } = await update(pods, owned, { subresource: 'status' });
			assert.deepEqual([metadata.ownerReferences, metadata.annotations], [undefined, { k: 'v' }]);
		});
	});

	it('each of the fields podIP and podIPs of a pod follows from the other', async () => {
		const [a, b] = [{ ip: '1.2.3.4' }, { ip: 'fd00::1' }];
		await create(pods, { spec: { containers: [{ name: 'c', image: 'nginx' }] } });
		const addressesOf = async (sent: object) => {
			const { status } = await update(pods, { status: sent }, { subresource: 'status' });
			const { podIP, podIPs } = status as { podIP?: string; podIPs?: object[] };
			return [podIP, podIPs];
		};
		assert.deepEqual(await addressesOf({ podIP: a.ip }), [a.ip, [a]]);
		assert.deepEqual(await addressesOf({ podIPs: [a, b] }), [a.ip, [a, b]]);
		assert.deepEqual(await addressesOf({ podIP: b.ip, podIPs: [a, b] }), [b.ip, [b]]);
		assert.deepEqual(await addressesOf({}), [undefined, undefined]);
	});

	describe('actions on pods', () => {
		const spec = { containers: [{ name: 'c', image: 'nginx' }] };
		const act = (subresource: string, object: object) =>
			send(withActions(on(pods), registry().admission), 'create', resources.pods, object, { name: 'a', subresource });
		const found = async () =>
			(await on(pods).get(request('get', resources.pods, { ...inNamespace, name: 'a' }))) as Any & {
				spec: { nodeName?: string };
			};

		it('binding assigns a pod to a node, once', async () => {
			await create(pods, { spec });
			assert.match(await refusalOf(act('binding', {})), /target\.name: Required/);
			const target = { kind: 'Node', name: 'n' };
			assert.deepEqual((await act('binding', { target })).status, 'Success');
			assert.equal((await found()).spec.nodeName, 'n');
			assert.match(await refusalOf(act('binding', { target })), /409.*pod a is already assigned to node "n"/);
		});

		it('binding copies labels and annotations, and is not counted or owned', async () => {
			await create(pods, { metadata: { name: 'a', labels: { x: '1' } }, spec });
			const { managedFields } = (await found()).metadata as { managedFields?: unknown };
			const metadata = { name: 'a', labels: { y: '2' }, annotations: { k: 'v' } };
			await act('binding', { metadata, target: { kind: 'Node', name: 'n' } });
			const bound = await found();
			const { labels, annotations, generation } = bound.metadata;
			assert.deepEqual([labels, annotations, generation], [{ x: '1', y: '2' }, { k: 'v' }, 1]);
			assert.deepEqual((bound.metadata as { managedFields?: unknown }).managedFields, managedFields);
			const { conditions = [] } = bound.status as { conditions?: { type: string; status: string }[] };
			assert.deepEqual(
				conditions.map(({ type, status }) => [type, status]),
				[['PodScheduled', 'True']],
			);
		});

		it('binding is refused for another pod of the name, another version, and a pod with scheduling gates', async () => {
			await create(pods, { spec });
			const target = { kind: 'Node', name: 'n' };
			const bind = (metadata: object) => act('binding', { metadata: { name: 'a', ...metadata }, target });
			assert.match(await refusalOf(bind({ uid: 'other' })), /409.*UID in precondition: other, UID in object meta/);
			assert.match(await refusalOf(bind({ resourceVersion: '1' })), /409.*ResourceVersion in precondition: 1,/);
			const { uid, resourceVersion } = (await found()).metadata;
			assert.equal((await bind({ uid, resourceVersion })).status, 'Success');
			await send(on(pods), 'delete', resources.pods, {}, { name: 'a', gracePeriodSeconds: 0 });
			await create(pods, { spec: { ...spec, schedulingGates: [{ name: 'example.com/g' }] } });
			assert.match(await refusalOf(bind({})), /409.*pod a has non-empty .spec.schedulingGates/);
		});

		it('binding works through the resource of its name too', async () => {
			await create(pods, { spec });
			const endpoint = bindingsEndpoint(on(pods), registry().admission);
			await send(endpoint, 'create', resources.bindings, { target: { kind: 'Node', name: 'm' } });
			assert.equal((await found()).spec.nodeName, 'm');
		});

		it('eviction deletes a pod, unless it is only tried, names another one or has options that do not exist', async () => {
			await create(pods, { spec });
			await act('eviction', { deleteOptions: { dryRun: ['All'] } });
			assert.match(await refusalOf(act('eviction', { deleteOptions: { preconditions: { uid: 'x' } } })), /409/);
			assert.match(
				await refusalOf(act('eviction', { metadata: { name: 'b' } })),
				/400.*does not match name in Eviction/,
			);
			for (const deleteOptions of [
				{ dryRun: ['all'] },
				{ propagationPolicy: 'Later' },
				{ ignoreStoreReadErrorWithClusterBreakingPotential: true },
			])
				assert.match(await refusalOf(act('eviction', { deleteOptions })), /422/);
			assert.deepEqual((await act('eviction', {})).code, 201);
			assert.match(await refusalOf(found()), /404/);
		});

		it('are refused in a namespace that is missing or deleted, as new objects are', async () => {
			await create(pods, { spec });
			const target = { kind: 'Node', name: 'n' };
			const bindings = () =>
				send(bindingsEndpoint(on(pods), registry().admission), 'create', resources.bindings, { target });
			const actions = [() => act('binding', { target }), () => act('eviction', {}), bindings];
			const key = storeKey(resources.namespaces, '', 'default');
			const found = await store().get(key);
			assert.ok(found);
			const terminating = { ...found.value, status: { phase: 'Terminating' } };
			const { revision } = await store().update(key, terminating, found.revision);
			for (const action of actions) assert.match(await refusalOf(action()), /403.*because it is being terminated/);
			await store().delete(key, revision);
			for (const action of actions) assert.match(await refusalOf(action()), /404.*namespaces "default" not found/);
		});
	});

	describe('Services', () => {
		const ports = [{ port: 80 }];
		const endpoint = () => on(withAddresses(services, store(), clock));
		const add = (name: string, more: object = {}) =>
			send(endpoint(), 'create', resources.services, { metadata: { name }, spec: { ports, ...more } });
		const addressOf = ({ spec }: Any): string => (spec as { clusterIP: string }).clusterIP;

		it('get an address of 10.96.0.0/12 each, and give it back', async () => {
			const [a, b] = [await add('a'), await add('b')];
			assert.match(addressOf(a), /^10\.(9[6-9]|10[0-9]|11[01])\./);
			assert.notEqual(addressOf(a), addressOf(b));
			const taken = { clusterIP: addressOf(a) };
			assert.match(await refusalOf(add('c', taken)), /provided IP is already allocated/);
			await send(endpoint(), 'delete', resources.services, {});
			assert.equal(addressOf(await add('c', taken)), addressOf(a));
		});

		it('give their addresses back when they are deleted together, unless a finalizer keeps them', async () => {
			const kept = await send(endpoint(), 'create', resources.services, {
				metadata: { name: 'k', finalizers: ['a.example/b'] },
				spec: { ports },
			});
			const freed = await add('f');
			await endpoint().deletecollection?.(request('deletecollection', resources.services, inNamespace));
			assert.equal(addressOf(await add('n', { clusterIP: addressOf(freed) })), addressOf(freed));
			assert.match(await refusalOf(add('m', { clusterIP: addressOf(kept) })), /already allocated/);
		});

		it('keep their address and ports in an update that leaves them out, and no other one can be set', async () => {
			const { spec } = await add('a', { type: 'NodePort' });
			assert.deepEqual((await replace('a', { type: 'NodePort' })).spec, spec);
			const other = { type: 'NodePort', clusterIP: '10.96.9.9' };
			assert.match(await refusalOf(replace('a', other)), /may not change once set/);
		});

		const replace = (name: string, spec: object) =>
			send(endpoint(), 'update', resources.services, { metadata: { name }, spec: { ports, ...spec } });
		const nodePortsOf = ({ spec }: Any) =>
			(spec as { ports: { nodePort?: number }[] }).ports.map((one) => one.nodePort);
		const claims = async (prefix: string) => {
			const keys: string[] = [];
			for await (const { items } of store().pages(`ranges/${prefix}`)) keys.push(...items.map(({ key }) => key));
			return keys;
		};

		it('get a node port when their type changes, and give it back', async () => {
			await add('a');
			const [nodePort = 0] = nodePortsOf(await replace('a', { type: 'NodePort' }));
			assert.ok(nodePort >= 30_000);
			assert.deepEqual(await claims('node-ports'), [`ranges/node-ports/${nodePort}`]);
			assert.match(
				await refusalOf(add('b', { type: 'NodePort', ports: [{ port: 1, nodePort }] })),
				/spec\.ports\[0\]\.nodePort: Invalid value: \d+: provided port is already allocated/,
			);
			const moved = await replace('a', { type: 'NodePort', ports: [{ port: 80, nodePort: 30_001 }] });
			assert.deepEqual(nodePortsOf(moved), [30_001]);
			assert.deepEqual(await claims('node-ports'), ['ranges/node-ports/30001']);
			const { spec } = await replace('a', { type: 'ClusterIP' });
			assert.deepEqual([nodePortsOf({ spec } as never), await claims('node-ports')], [[undefined], []]);
		});

		it('release their address as an external name, and get one when they are none any more', async () => {
			await add('a');
			const { spec } = await replace('a', { type: 'ExternalName', externalName: 'x.example' });
			assert.equal((spec as { clusterIP?: string }).clusterIP, undefined);
			const asName = { type: 'ExternalName', externalName: 'x.example', ports: undefined };
			const named = await add('i', { ...asName, internalTrafficPolicy: 'Cluster' });
			assert.ok(!Object.hasOwn(named.spec ?? {}, 'internalTrafficPolicy'));
			assert.match(await refusalOf(add('j', { ...asName, internalTrafficPolicy: 'X' })), /internalTrafficPolicy/);
			assert.deepEqual(await claims('service-addresses'), []);
			const address = addressOf(await replace('a', {}));
			assert.deepEqual(await claims('service-addresses'), [`ranges/service-addresses/${address}`]);
		});

		it('keep their address and ports when an update is refused', async () => {
			await add('a', { type: 'NodePort' });
			const before = await claims('');
			assert.match(await refusalOf(replace('a', { type: 'Other' })), /Unsupported value/);
			const taken = await add('b', { type: 'NodePort' });
			const ofBoth = [
				{ port: 1, nodePort: 30_005 },
				{ name: 'x', port: 2, nodePort: nodePortsOf(taken)[0] },
			];
			assert.match(await refusalOf(replace('a', { type: 'NodePort', ports: ofBoth })), /already allocated/);
			assert.deepEqual((await claims('')).length, before.length + 2);
		});

		it('are created by an update too, and share a node port between protocols', async () => {
			const both = ['TCP', 'UDP'].map((protocol) => ({ name: protocol.toLowerCase(), protocol, port: 53 }));
			const context = { ...registryOn(store()), authorizer: fakeAuthorizer('admin create services a') };
			const allowed = createStorage(withAddresses(services, store(), clock), context);
			const object = { metadata: { name: 'a' }, spec: { type: 'NodePort', ports: both } };
			const created = await send(allowed, 'update', resources.services, object);
			assert.match(addressOf(created), /^10\./);
			assert.equal(new Set(nodePortsOf(created)).size, 1);
			const balanced = { type: 'LoadBalancer', allocateLoadBalancerNodePorts: false };
			assert.deepEqual(nodePortsOf(await add('l', balanced)), [undefined]);
		});

		it('lose the claims that a stopped server left behind, and get the missing ones', async () => {
			const { spec } = await add('a', { type: 'NodePort' });
			const own = await claims('');
			await store().create('ranges/node-ports/30002', { claimedMs: clock() - 200_000 });
			await store().create('ranges/node-ports/30003', { claimedMs: clock() });
			await store().create('ranges/service-addresses/10.96.1.1', {});
			await store().delete(`ranges/service-addresses/${(spec as { clusterIP: string }).clusterIP}`);
			await repairClaims(store(), clock());
			assert.deepEqual((await claims('')).toSorted(), [...own, 'ranges/node-ports/30003'].toSorted());
		});

		it('are answered as written when the store fails to release their address', async () => {
			await add('a');
			const failing = Object.create(store(), {
				delete: {
					value: (key: string, revision?: number) =>
						key.startsWith('ranges/')
							? Promise.reject(new KubejoinError('STORE_UNAVAILABLE', { store: 's', problem: 'p' }))
							: store().delete(key, revision),
				},
			}) as Store;
			await send(on(withAddresses(services, failing, clock)), 'delete', resources.services, {});
			assert.equal(await store().get(storeKey(resources.services, 'default', 'a')), undefined);
			assert.equal((await claims('')).length, 1);
			await repairClaims(store(), clock() + 200_000);
			assert.deepEqual(await claims(''), []);
		});

		it('leave no address behind when they are refused or only tried', async () => {
			const chosen = { clusterIP: '10.96.7.7' };
			assert.match(await refusalOf(add('c', { ...chosen, type: 'Other' })), /Unsupported value/);
			const object = { spec: { ports, ...chosen } };
			await send(endpoint(), 'create', resources.services, object, { dryRun: true });
			assert.equal(addressOf(await add('c', chosen)), chosen.clusterIP);
		});

		it('have no address as external names, or outside the network', async () => {
			const { spec } = await add('e', { type: 'ExternalName', externalName: 'x.example', ports: undefined });
			assert.equal((spec as { clusterIP?: string }).clusterIP, undefined);
			assert.equal(addressOf(await add('h', { clusterIP: 'None' })), 'None');
			for (const clusterIP of ['10.0.0.1', '10.112.0.1', '10.96.0.0', '10.111.255.255'])
				assert.match(await refusalOf(add('f', { clusterIP })), /provided network does not match the current range/);
			assert.match(await refusalOf(add('f', { clusterIP: 'fd00::1' })), /IPv6 is not configured on this cluster/);
		});

		it('show addresses and ports of no Service in a dry run', async () => {
			interface Tried {
				readonly spec: { clusterIP: string; healthCheckNodePort?: number; ports: { nodePort?: number }[] };
			}
			const tried = async (spec: object): Promise<Tried> => {
				const object = { metadata: { name: 'd' }, spec };
				const answer: unknown = await send(endpoint(), 'create', resources.services, object, { dryRun: true });
				return answer as Tried;
			};
			const two = [
				{ name: 'a', port: 80 },
				{ name: 'b', port: 81 },
			];
			const { spec } = await tried({ type: 'LoadBalancer', ports: two, externalTrafficPolicy: 'Local' });
			assert.equal(spec.clusterIP, '10.96.0.0');
			assert.deepEqual(
				spec.ports.map(({ nodePort }) => nodePort),
				[32_769, 32_770],
			);
			assert.equal(spec.healthCheckNodePort, 32_771);
			const stated = await tried({ type: 'NodePort', ports: [{ ...two[0], nodePort: 30_005 }, two[1]] });
			assert.equal(stated.spec.ports[1]?.nodePort, 30_006);
			await add('taken', { clusterIP: '10.96.3.3' });
			assert.equal((await tried({ ports, clusterIP: '10.96.3.3' })).spec.clusterIP, '10.96.3.3');
			for (const clusterIP of ['1.2.3.4', '10.96.0.0', '10.111.255.255'])
				assert.match(await refusalOf(tried({ ports, clusterIP })), /is not in the valid range/);
		});

		it('are refused with an address of another family than stated before the cluster is considered', async () => {
			const mismatch = (ip: string, family: string, index = 0) =>
				`spec.clusterIPs[${index}]: Invalid value: "${ip}": expected an ${family} value as indicated by ` +
				`\`ipFamilies[${index}]\``;
			const both = { clusterIP: '10.96.0.9', clusterIPs: ['10.96.0.9', 'fd00::1'] };
			const refused = async (spec: object) => await refusalOf(add('m', spec));
			assert.ok((await refused({ clusterIP: '1.2.3.4', ipFamilies: ['IPv6'] })).endsWith(mismatch('1.2.3.4', 'IPv6')));
			assert.ok((await refused({ clusterIP: 'fd00::1', ipFamilies: ['IPv4'] })).endsWith(mismatch('fd00::1', 'IPv4')));
			assert.ok((await refused({ ...both, ipFamilies: ['IPv6'] })).endsWith(mismatch('10.96.0.9', 'IPv6')));
			assert.ok(
				(await refused({ ...both, ipFamilies: ['IPv6', 'IPv4'] })).endsWith(
					`[${mismatch('10.96.0.9', 'IPv6')}, ${mismatch('fd00::1', 'IPv4', 1)}]`,
				),
			);
			assert.equal(addressOf(await add('n', { clusterIP: 'None', ipFamilies: ['IPv4'] })), 'None');
		});

		it('are refused with a text that is no address, of which they claim nothing', async () => {
			const claimed: string[] = [];
			const { create } = store();
			store().create = (key, value) => {
				claimed.push(key);
				return create.call(store(), key, value) as never;
			};
			for (const clusterIP of ['10.100', '10.96.1.1/x', `10.96.1.${'1'.repeat(2000)}`])
				assert.match(await refusalOf(add('f', { clusterIP })), /422.*must be a valid IP address/);
			assert.deepEqual(claimed, []);
		});

		it('are refused with a node port outside the range', async () => {
			for (const nodePort of [80, 29_999, 32_768, -1])
				assert.match(
					await refusalOf(add('f', { type: 'NodePort', ports: [{ port: 80, nodePort }] })),
					new RegExp(
						`spec\\.ports\\[0\\]\\.nodePort: Invalid value: ${nodePort}: provided port is not in the valid range. ` +
							'The range of valid ports is 30000-32767$',
					),
				);
			for (const nodePort of [30_000, 32_767])
				await add(`n-${nodePort}`, { type: 'NodePort', ports: [{ port: 80, nodePort }] });
		});

		it('get a port of every node', async () => {
			const { spec } = await add('n', { type: 'NodePort' });
			const [port] = (spec as { ports: { nodePort: number; targetPort: number; protocol: string }[] }).ports;
			assert.ok(port !== undefined && port.nodePort >= 30_000 && port.nodePort <= 32_767);
			assert.deepEqual([port.targetPort, port.protocol], [80, 'TCP']);
		});
	});

	describe('EndpointSlices', () => {
		it('have no topology, and no address with leading zeros', async () => {
			const one = (address: string) => ({
				addressType: 'IPv4',
				endpoints: [{ addresses: [address], deprecatedTopology: { a: 'b' } }],
			});
			const { endpoints } = (await create(endpointSlices, one('1.2.3.4'))) as { endpoints?: object[] };
			assert.deepEqual(endpoints, [{ addresses: ['1.2.3.4'] }]);
			for (const address of ['01.2.3.4', '1.2.3.00'])
				assert.match(
					await refusalOf(create(endpointSlices, { ...one(address), metadata: { name: 'z' } })),
					/endpoints\[0\]\.addresses\[0\]: Invalid value: "[\d.]+": must not have leading 0s/,
				);
			assert.match(
				await refusalOf(create(endpointSlices, { ...one('01.2.3.256'), metadata: { name: 'z' } })),
				/must be a valid IP address/,
			);
		});

		it('have no new generation for an empty value in the place of none', async () => {
			const endpoints = [{ addresses: ['1.2.3.4'] }];
			await create(endpointSlices, { addressType: 'IPv4', endpoints });
			const same = { addressType: 'IPv4', endpoints: [{ ...endpoints[0], conditions: {} }], ports: [] };
			const { metadata } = await update(endpointSlices, { ...same, metadata: { name: 'a', labels: {} } });
			assert.equal(metadata.generation, 1);
			const changed = await update(endpointSlices, { ...same, endpoints: [] });
			assert.equal(changed.metadata.generation, 2);
		});

		it('are checked again only where an update changes them', async () => {
			const endpoints = [{ addresses: ['1.2.3.4'] }];
			await create(endpointSlices, { addressType: 'IPv4', endpoints });
			const other = await refusalOf(update(endpointSlices, { addressType: 'IPv6', endpoints }));
			assert.match(other, /is invalid: addressType: Invalid value: null: field is immutable/);
			const invalidated = await refusalOf(
				update(endpointSlices, { addressType: 'IPv4', endpoints: [{ addresses: ['x'] }] }),
			);
			assert.match(invalidated, /endpoints\[0\]\.addresses\[0\]: Invalid value: "x"/);
		});
	});

	describe('Namespaces', () => {
		it('wait for their finalizer when they are deleted', async () => {
			const { spec, status, metadata } = await create(namespaces, {});
			assert.deepEqual([spec, status], [{ finalizers: ['kubernetes'] }, { phase: 'Active' }]);
			assert.deepEqual(metadata.labels, { 'kubernetes.io/metadata.name': 'a' });
			const terminating = await send(on(namespaces), 'delete', resources.namespaces, {}, { namespace: 'a' });
			assert.deepEqual(terminating.status, { phase: 'Terminating' });
			assert.ok(terminating.metadata.deletionTimestamp);
			const left = await update(namespaces, { ...terminating, spec: {} }, { subresource: 'finalize' });
			assert.deepEqual(left.spec, {});
			assert.match(await refusalOf(update(namespaces, {})), /404/);
		});

		it('are labelled with a generated name', async () => {
			const { metadata } = await create(namespaces, { metadata: { generateName: 'a-' } }, { name: '' });
			assert.match(metadata.name ?? '', /^a-.{5}$/);
			assert.deepEqual(metadata.labels, { 'kubernetes.io/metadata.name': metadata.name });
		});

		it('name the finalizer that is refused', async () => {
			await create(namespaces, {});
			const bad = update(namespaces, { spec: { finalizers: ['a.b/c', 'bad'] } }, { subresource: 'finalize' });
			assert.match(await refusalOf(bad), /spec\.finalizers\[1\]: Invalid value: "bad": name is neither/);
		});

		it('keep their finalizers when an update leaves them out', async () => {
			await create(namespaces, {});
			assert.deepEqual((await update(namespaces, {})).spec, { finalizers: ['kubernetes'] });
		});

		it('422: another phase than the one of their deletion', async () => {
			await create(namespaces, {});
			const write = (phase: string) => update(namespaces, { status: { phase } }, { subresource: 'status' });
			const problem = (phase: string, wanted: string, is: string) =>
				'422 Invalid: Namespace "a" is invalid: status.Phase: ' +
				`Invalid value: "${phase}": may only be '${wanted}' if \`deletionTimestamp\` ${is}`;
			for (const phase of ['Bad', 'Terminating'])
				assert.equal(await refusalOf(write(phase)), problem(phase, 'Active', 'is empty'));
			assert.deepEqual((await write('Active')).status, { phase: 'Active' });
			await send(on(namespaces), 'delete', resources.namespaces, {}, { namespace: 'a' });
			assert.equal(await refusalOf(write('Active')), problem('Active', 'Terminating', 'is not empty'));
		});

		it('422: a name that is no label, and so no value of their label', async () => {
			assert.match(
				await refusalOf(create(namespaces, { metadata: { name: 'a:b' } })),
				/\[metadata\.name: Invalid value: "a:b": .*, metadata\.labels: Invalid value: "a:b": a valid label/,
			);
		});
	});

	describe('Events', () => {
		const core = {
			involvedObject: { kind: 'Node', name: 'n' },
			message: 'm',
			source: { component: 'c' },
			firstTimestamp: '2026-01-31T12:00:00Z',
			count: 1,
			type: 'Normal',
		};
		const { form } = changedGroupEvents;
		const group = () => groupEvents(on({ ...events, ...(form && { form }) }));

		const createInGroup = (object: object) =>
			send(groupEvents(on(changedGroupEvents)), 'create', resources.groupEvents, object);

		it('are the same objects in both groups', async () => {
			await create(events, core);
			const found = (await group().get?.(request('get', resources.groupEvents, { ...inNamespace, name: 'a' }))) as Any;
			assert.equal(found.apiVersion, 'events.k8s.io/v1');
			assert.deepEqual(
				[found.regarding, found.note, found.deprecatedSource, found.deprecatedCount, found.involvedObject],
				[core.involvedObject, 'm', core.source, 1, undefined],
			);
			const note = { ...found, note: 'changed' };
			await send(group(), 'update', resources.groupEvents, note);
			const read = (await on(events).get(request('get', resources.events, { ...inNamespace, name: 'a' }))) as Any;
			assert.deepEqual([read.message, read.count, read.apiVersion], ['changed', 1, 'v1']);
		});

		it('are selected and patched by the names of the newer group', async () => {
			await create(events, { ...core, reportingComponent: 'c' });
			const listed = async (field: string, value: string) => {
				const fieldSelector = [{ field, operator: '=', value } as const];
				return group().list?.(request('list', resources.groupEvents, { ...inNamespace, fieldSelector }));
			};
			assert.equal((await listed('reportingController', 'c'))?.items.length, 1);
			assert.equal((await listed('regarding.kind', 'Pod'))?.items.length, 0);
			await assert.rejects(listed('involvedObject.kind', 'Node'), { code: 'API_BAD_REQUEST' });
			const patches = [
				{ type: 'merge', document: { note: 'x' } },
				{ type: 'strategic', document: { note: 'y' } },
				{ type: 'json', document: [{ op: 'replace', path: '/note', value: 'z' }] },
			] as const;
			for (const patch of patches) {
				const asked = request('patch', resources.groupEvents, { ...inNamespace, name: 'a', patch });
				const patched = (await group().patch?.(asked)) as Any;
				assert.equal(patched.note, patch.type === 'json' ? 'z' : patch.document.note);
			}
		});

		it('have any name in the core group that is a segment of a path, and in the newer one a subdomain', async () => {
			const named = (name: string) => ({ ...core, metadata: { name } });
			for (const name of ['Bad_Name', 'a:b', 'a..b', 'a'.repeat(254)])
				assert.equal((await create(events, named(name))).metadata.name, name);
			const generated = await create(events, { ...core, metadata: { generateName: 'Gen_' } });
			assert.match(generated.metadata.name ?? '', /^Gen_.{5}$/);
			assert.match(await refusalOf(create(events, named('a/b'))), /"a\/b": may not contain '\/'$/);
			assert.match(await refusalOf(create(events, named('..'))), /"\.\.": may not be '\.\.'$/);
			const inGroup = (metadata: object) => refusalOf(createInGroup({ metadata }));
			assert.match(await inGroup({ name: 'Bad_Name' }), /\[metadata\.name: .*, eventTime: .*, type: /);
			assert.match(
				await inGroup({ generateName: 'Gen_' }),
				/\[metadata\.generateName: .*, metadata\.name: .*, eventTime: /,
			);
			assert.match(await inGroup({ generateName: 'gen-' }), /is invalid: \[eventTime: .*, type: /);
			const labels = { 'a b': 'c' };
			assert.match(await inGroup({ name: 'A', labels }), /\[metadata\.name: .*, metadata\.labels: .*, eventTime: /);
		});

		it('422: a new event of the newer group without its fields, by every verb that creates it', async () => {
			const document = { apiVersion: 'events.k8s.io/v1', kind: 'Event', metadata: { name: 'a' } };
			const sent = { ...inNamespace, name: 'a', fieldManager: 'm' };
			const storage = groupEvents(on(changedGroupEvents));
			const byVerb = [
				() => createInGroup({}),
				() => send(storage, 'update', resources.groupEvents, {}),
				() => storage.patch?.(request('patch', resources.groupEvents, { ...sent, patch: { type: 'apply', document } })),
			];
			for (const verb of byVerb) assert.match(await refusalOf(Promise.resolve(verb())), /422.*eventTime: Required/);
			await store().delete(storeKey(resources.namespaces, '', 'default'));
			assert.match(await refusalOf(createInGroup({})), /404.*namespaces "default" not found/);
		});

		it('422: an event of another namespace than its object', async () => {
			const elsewhere = { ...core, involvedObject: { kind: 'Pod', name: 'p', namespace: 'other' } };
			assert.match(
				await refusalOf(create(events, elsewhere)),
				/involvedObject\.namespace.*does not match event\.namespace/,
			);
		});
	});

	describe('the others', () => {
		it('422: priority classes above the maximum, of the system, or with another value', async () => {
			assert.match(await refusalOf(create(priorityClasses, { value: 1_000_000_001 })), /maximum allowed value/);
			const system = { metadata: { name: 'system-x' }, value: 1 };
			assert.match(await refusalOf(create(priorityClasses, system)), /prefix are reserved for system use only/);
			const { preemptionPolicy } = await create(priorityClasses, { value: 5 });
			assert.equal(preemptionPolicy, 'PreemptLowerPriority');
			const supported = /"Bad": supported values: "PreemptLowerPriority", "Never"$/;
			assert.match(await refusalOf(create(priorityClasses, { value: 5, preemptionPolicy: 'Bad' })), supported);
			assert.match(await refusalOf(update(priorityClasses, { value: 6 })), /may not be changed in an update/);
		});

		it('422: runtime classes without a handler, or with another one', async () => {
			assert.match(await refusalOf(create(runtimeClasses, {})), /handler: Required value/);
			assert.match(
				await refusalOf(create(runtimeClasses, { handler: 'runc', overhead: { podFixed: { cpu: '-1' } } })),
				/overhead\.limits\[cpu\]: Invalid value: "-1": must be greater than or equal to 0/,
			);
			const { metadata } = await create(runtimeClasses, { handler: 'runc' });
			assert.match(await refusalOf(update(runtimeClasses, { metadata, handler: 'x' })), /field is immutable/);
		});

		it('complete CSI drivers as upstream does', async () => {
			assert.deepEqual((await create(csiDrivers, { spec: { attachRequired: false } })).spec, {
				attachRequired: false,
				podInfoOnMount: false,
				storageCapacity: false,
				fsGroupPolicy: 'ReadWriteOnceWithFSType',
				volumeLifecycleModes: ['Persistent'],
				requiresRepublish: false,
				seLinuxMount: false,
				preventPodSchedulingIfMissing: false,
			});
		});

		it('422: a CSI driver of a node that changes', async () => {
			const { metadata } = await create(csiNodes, { spec: { drivers: [{ name: 'd.example', nodeID: '1' }] } });
			const changed = { metadata, spec: { drivers: [{ name: 'd.example', nodeID: '2' }] } };
			assert.match(await refusalOf(update(csiNodes, changed)), /spec\.drivers.*immutable/);
			await update(csiNodes, { metadata, spec: { drivers: [] } });
		});

		it('422: trust bundles without a certificate, with a foreign block, or without the name of their signer', async () => {
			const problems = (spec: object, name = 'a') =>
				refusalOf(create(clusterTrustBundles, { metadata: { name }, spec }));
			assert.match(await problems({ trustBundle: '' }), /at least one trust anchor must be provided/);
			const key = '-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n';
			assert.match(await problems({ trustBundle: key }), /entry 0 has bad block type: PUBLIC KEY/);
			const junk = key.replaceAll('PUBLIC KEY', 'CERTIFICATE');
			assert.match(await problems({ trustBundle: junk }), /entry 0 does not parse as X\.509/);
			assert.match(
				await problems({ signerName: 'a.example/b', trustBundle: key }),
				/must be named with prefix a\.example:b:/,
			);
			assert.match(
				await refusalOf(create(clusterTrustBundles, { metadata: { name: 'a/b' }, spec: {} })),
				/\[metadata\.name: Invalid value: "a\/b": a lowercase .*, spec\.trustBundle: .*at least one trust anchor/,
			);
		});

		it('complete webhooks and policies as upstream does', async () => {
			const clientConfig = { service: { name: 's', namespace: 'n' } };
			const webhook = { name: 'a.b.example', clientConfig, sideEffects: 'None', admissionReviewVersions: ['v1'] };
			const { webhooks } = await create(validatingWebhookConfigurations, { webhooks: [webhook] });
			const [stored = {}] = webhooks as Record<string, unknown>[];
			assert.deepEqual([stored.failurePolicy, stored.timeoutSeconds], ['Fail', 10]);
			assert.equal((stored.clientConfig as { service: { port: number } }).service.port, 443);
			assert.match(await refusalOf(create(validatingAdmissionPolicies, {})), /spec\.matchConstraints: Required/);
			assert.match(
				await refusalOf(create(validatingAdmissionPolicies, { metadata: { name: 'Bad_Name' } })),
				/\[metadata\.name: .*, spec\.matchConstraints: Required value/,
			);
		});

		it('422: mutating policies without a mutation, with a wrong one, or with an operation that has no object', async () => {
			const rule = { apiGroups: [''], apiVersions: ['v1'], resources: ['pods'] };
			const policy = (operation: string, mutations: readonly object[]) => {
				const matchConstraints = { resourceRules: [{ ...rule, operations: [operation] }] };
				return { spec: { matchConstraints, reinvocationPolicy: 'Never', mutations } };
			};
			const problems = (mutations: readonly object[], operation = 'CREATE') =>
				refusalOf(create(mutatingAdmissionPolicies, policy(operation, mutations)));
			const jsonPatch = { expression: '[]' };
			assert.match(await problems([]), /spec\.mutations: Required value: mutations must contain at least one item/);
			assert.match(await problems([{ patchType: 'JSONPatch' }]), /mutations\[0\]\.jsonPatch: Required value: must be/);
			assert.match(
				await problems([{ patchType: 'ApplyConfiguration', applyConfiguration: { expression: ' ' }, jsonPatch }]),
				/applyConfiguration\.expression: Required value, .*jsonPatch: Invalid value: "\{jsonPatch\}": must not be/,
			);
			assert.match(await problems([{ patchType: 'Merge' }]), /supported values: "ApplyConfiguration", "JSONPatch"/);
			const valid = { patchType: 'JSONPatch', jsonPatch };
			assert.match(await problems([valid], 'DELETE'), /resourceRules\.operations: Unsupported value: "DELETE"/);
			const { spec } = await create(mutatingAdmissionPolicies, policy('UPDATE', [valid]));
			const { failurePolicy, matchConstraints } = spec as { failurePolicy: string; matchConstraints: object };
			assert.equal(failurePolicy, 'Fail');
			const defaults = { matchPolicy: 'Equivalent', namespaceSelector: {}, objectSelector: {} };
			const resourceRules = [{ ...rule, scope: '*', operations: ['UPDATE'] }];
			assert.deepEqual(matchConstraints, { ...defaults, resourceRules });
		});

		it('422: bindings without the name of a policy, or with a wrong reference to a parameter', async () => {
			const kinds = [
				[mutatingAdmissionPolicyBindings, {}],
				[validatingAdmissionPolicyBindings, { validationActions: ['Deny'] }],
			] as const;
			for (const [kind, more] of kinds) {
				const problems = (spec: object) => refusalOf(create(kind, { spec: { ...more, ...spec } }));
				assert.match(await problems({}), /spec\.policyName: Required value/);
				assert.match(await problems({ policyName: 'A_B' }), /spec\.policyName: Invalid value: "A_B"/);
				const refer = (paramRef: object) => problems({ policyName: 'a', paramRef });
				assert.match(await refer({}), /spec\.paramRef: Required value: one of name or selector/);
				assert.match(
					await refer({ name: 'a', selector: {} }),
					/spec\.paramRef\.selector: Forbidden: name and selector/,
				);
				assert.match(await refer({ name: 'a', parameterNotFoundAction: 'No' }), /supported values: "Deny", "Allow"/);
				const stored = await create(kind, { spec: { ...more, policyName: 'a', matchResources: {} } });
				const { matchResources } = stored.spec as { matchResources: { matchPolicy: string } };
				assert.equal(matchResources.matchPolicy, 'Equivalent');
			}
		});

		it('derive the requests of a limit range from its limits', async () => {
			const { spec } = await create(limitRanges, { spec: { limits: [{ type: 'Container', max: { cpu: '2' } }] } });
			const [limit] = (spec as { limits: object[] }).limits;
			assert.deepEqual(limit, {
				type: 'Container',
				max: { cpu: '2' },
				default: { cpu: '2' },
				defaultRequest: { cpu: '2' },
			});
		});

		it('give a limit range without a name one', async () => {
			const made = await create(limitRanges, { metadata: {}, spec: { limits: [] } });
			assert.match(made.metadata.name ?? '', /^[0-9a-f]{8}-[0-9a-f-]{27}$/);
			const based = await create(limitRanges, { metadata: { generateName: 'lr-' }, spec: { limits: [] } });
			assert.match(based.metadata.name ?? '', /^lr-.{5}$/);
		});
	});
});
