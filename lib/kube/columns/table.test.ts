import assert from 'node:assert/strict';
import { resources } from '../resources.ts';
import type { KubeObject } from '../types.ts';
import { cellsOf, columnsOf, type IncludeObject, tableOf } from './table.ts';

const nowMs = Date.parse('2026-01-31T12:00:00Z');
const created = '2026-01-31T11:58:13Z';

const objectOf = (kind: string, name: string, more: object = {}): KubeObject => ({
	apiVersion: 'v1',
	kind,
	metadata: { name, creationTimestamp: created },
	...more,
});
const cells = (kind: string, name: string, more: object = {}) => cellsOf(kind, objectOf(kind, name, more), nowMs);

describe('the table of a kind', () => {
	it('has a cell of the right type for each column, also of an object without fields', () => {
		for (const { kind } of Object.values(resources)) {
			const columns = columnsOf(kind);
			const bare = { roleRef: { kind: 'Role', name: 'r' }, spec: {} };
			const row = cells(kind, 'a', bare);
			assert.equal(row.length, columns.length, kind);
			for (const [index, { type, name }] of columns.entries()) {
				// Upstream calls the counts in these columns strings, and sends numbers.
				const isCount = type === 'integer' || name === 'Data' || name === 'Count';
				const expected = isCount ? 'number' : type === 'boolean' ? 'boolean' : 'string';
				assert.equal(typeof row[index], expected, `${kind} ${name}`);
			}
		}
	});

	it('has the recorded columns of upstream', () => {
		const names = (kind: string) => columnsOf(kind).map(({ name, priority }) => (priority === 0 ? name : `(${name})`));
		assert.equal(
			names('Node').join(' '),
			'Name Status Roles Age Version (Internal-IP) (External-IP) (OS-Image) (Kernel-Version) (Container-Runtime)',
		);
		assert.equal(names('Role').join(' '), 'Name Created At');
		assert.deepEqual(columnsOf('Role')[1]?.type, 'date');
		assert.match(columnsOf('CertificateSigningRequest')[3]?.description ?? '', /^Base64-encoded PKCS#10 CSR data$/);
		assert.match(columnsOf('Event')[4]?.description ?? '', /^If referring to a piece of an object/);
	});

	it('prints a node as upstream does', () => {
		const status = {
			conditions: [{ type: 'Ready', status: 'True' }],
			addresses: [{ type: 'InternalIP', address: '10.99.0.2' }],
			nodeInfo: {
				kubeletVersion: 'v1.37.2',
				osImage: 'Debian GNU/Linux 12 (bookworm)',
				kernelVersion: '6.18.44',
				architecture: 'amd64',
				containerRuntimeVersion: 'containerd://1.6.20',
			},
		};
		assert.deepEqual(cells('Node', 'node-1', { status }), [
			...['node-1', 'Ready', '<none>', '107s', 'v1.37.2', '10.99.0.2', '<none>'],
			...['Debian GNU/Linux 12 (bookworm)', '6.18.44 (amd64)', 'containerd://1.6.20'],
		]);
		const cordoned = { spec: { unschedulable: true }, status: { conditions: [{ type: 'Ready', status: 'Unknown' }] } };
		assert.equal(cells('Node', 'n', cordoned)[1], 'NotReady,SchedulingDisabled');
		assert.equal(cells('Node', 'n')[1], 'Unknown');
		assert.deepEqual(cells('Node', 'n').slice(7), ['<unknown>', '<unknown>', '<unknown>']);
	});

	it('prints roles of a node sorted, each once', () => {
		const labels = {
			'node-role.kubernetes.io/worker': '',
			'node-role.kubernetes.io/control-plane': '',
			'kubernetes.io/role': 'worker',
			'node-role.kubernetes.io/': '',
		};
		const node = { ...objectOf('Node', 'n'), metadata: { name: 'n', labels } };
		assert.deepEqual(cellsOf('Node', node, nowMs).slice(2, 4), ['control-plane,worker', '<unknown>']);
	});

	it('prints requests, leases, services, events and bindings as upstream does', () => {
		const signerName = 'kubernetes.io/kube-apiserver-client';
		const spec = { signerName, username: 'kubernetes-admin', expirationSeconds: 86_400 };
		const status = { conditions: [{ type: 'Approved' }], certificate: 'LS0t' };
		assert.deepEqual(cells('CertificateSigningRequest', 'csr-a', { spec, status }), [
			...['csr-a', '107s', signerName, 'kubernetes-admin', '24h', 'Approved,Issued'],
		]);
		const failed = { conditions: [{ type: 'Denied' }, { type: 'Approved' }, { type: 'Failed' }] };
		assert.equal(cells('CertificateSigningRequest', 'c', { spec: {}, status: failed })[5], 'Denied,Failed');
		assert.deepEqual(cells('Lease', 'n', { spec: { holderIdentity: 'n' } }), ['n', 'n', '107s']);
		const event = {
			involvedObject: { kind: 'Node', name: 'node-1' },
			type: 'Normal',
			reason: 'RegisteredNode',
			source: { component: 'node-controller' },
			message: ' Node node-1 event ',
			firstTimestamp: '2026-01-31T11:59:56Z',
			lastTimestamp: '2026-01-31T11:59:56Z',
			count: 1,
		};
		assert.deepEqual(cells('Event', 'node-1.18eb', event), [
			...['4s', 'Normal', 'RegisteredNode', 'node/node-1', '', 'node-controller', 'Node node-1 event', '4s', 1],
			'node-1.18eb',
		]);
		const series = { count: 3, lastObservedTime: '2026-01-31T11:59:59.000000Z' };
		const newer = { eventTime: '2026-01-31T11:59:00.000000Z', series, reportingComponent: 'k', reportingInstance: 'i' };
		assert.deepEqual(cells('Event', 'e', newer), ['1s', '', '', '', '', 'k, i', '', '60s', 3, 'e']);
		const { involvedObject: regarding, message: note, source, firstTimestamp, lastTimestamp, count, ...rest } = event;
		const ofGroup = { ...rest, apiVersion: 'events.k8s.io/v1', regarding, note, deprecatedSource: source };
		const deprecated = {
			deprecatedFirstTimestamp: firstTimestamp,
			deprecatedLastTimestamp: lastTimestamp,
			deprecatedCount: count,
		};
		const inGroup = { ...ofGroup, ...deprecated };
		assert.deepEqual(cells('Event', 'node-1.18eb', inGroup), cells('Event', 'node-1.18eb', event));
		const subjects = [
			{ kind: 'User', name: 'u' },
			{ kind: 'Group', name: 'g' },
			{ kind: 'ServiceAccount', namespace: 'ns', name: 'sa' },
			{ kind: 'User', name: 'v' },
		];
		assert.deepEqual(cells('RoleBinding', 'b', { roleRef: { kind: 'ClusterRole', name: 'r' }, subjects }), [
			...['b', 'ClusterRole/r', '107s', 'u, v', 'g', 'ns/sa'],
		]);
	});

	it('prints the addresses and ports of a Service', () => {
		const service = (spec: object, status = {}) => cells('Service', 's', { spec, status }).slice(1, 5);
		const ports = [{ port: 443, protocol: 'TCP' }];
		assert.deepEqual(service({ type: 'ClusterIP', clusterIPs: ['10.96.0.1'], ports }), [
			...['ClusterIP', '10.96.0.1', '<none>', '443/TCP'],
		]);
		const nodePorts = [
			{ port: 80, nodePort: 30_080, protocol: 'TCP' },
			{ port: 53, protocol: 'UDP' },
		];
		assert.deepEqual(service({ type: 'NodePort', externalIPs: ['1.2.3.4'], ports: nodePorts }), [
			...['NodePort', '<none>', '1.2.3.4', '80:30080/TCP,53/UDP'],
		]);
		assert.equal(service({ type: 'LoadBalancer' })[2], '<pending>');
		const loadBalancer = { ingress: [{ ip: '5.6.7.8' }, { hostname: 'a.example' }, { ip: '5.6.7.8' }] };
		assert.equal(service({ type: 'LoadBalancer' }, { loadBalancer })[2], '5.6.7.8,a.example');
		assert.equal(service({ type: 'ExternalName', externalName: 'x.example' })[2], 'x.example');
	});

	it('prints the three first endpoints of a slice', () => {
		const endpoints = [{ addresses: ['10.0.0.1', '10.0.0.2'] }, { addresses: ['10.0.0.3', '10.0.0.4', '10.0.0.5'] }];
		const slice = { addressType: 'IPv4', ports: [{ port: 443 }, { name: 'web' }, {}], endpoints };
		assert.deepEqual(cells('EndpointSlice', 'e', slice).slice(1, 4), [
			...['IPv4', '443,web,*', '10.0.0.1,10.0.0.2,10.0.0.3 + 2 more...'],
		]);
		assert.deepEqual(cells('EndpointSlice', 'e', { addressType: 'IPv4' }).slice(1, 4), ['IPv4', '<unset>', '<unset>']);
	});

	it('separates the requests of a quota from its limits', () => {
		const status = { hard: { 'limits.cpu': '4', pods: '10', cpu: '2' }, used: { pods: '3' } };
		assert.deepEqual(cells('ResourceQuota', 'q', { status }).slice(1, 3), ['cpu: 0/2, pods: 3/10', 'limits.cpu: 0/4']);
	});
});

describe('the status of a pod in a table', () => {
	const terminated = (more: object) => ({ state: { terminated: more } });
	const running = { ready: true, state: { running: {} } };
	const ready = [{ type: 'Ready', status: 'True' }];
	const two = { containers: [{ name: 'a' }, { name: 'b' }] };
	const withInit = { containers: [{ name: 'a' }], initContainers: [{ name: 'i' }, { name: 'j' }] };
	const sidecar = { containers: [{ name: 'a' }], initContainers: [{ name: 'i', restartPolicy: 'Always' }] };
	const cases: readonly [string, object, object, string, string, string][] = [
		['pending', two, { phase: 'Pending' }, '0/2', 'Pending', '0'],
		['evicted', two, { phase: 'Failed', reason: 'Evicted' }, '0/2', 'Evicted', '0'],
		[
			'gated',
			two,
			{ phase: 'Pending', conditions: [{ type: 'PodScheduled', reason: 'SchedulingGated' }] },
			...(['0/2', 'SchedulingGated', '0'] as const),
		],
		['half ready', two, { phase: 'Running', containerStatuses: [running, {}] }, '1/2', 'Running', '0'],
		[
			'crashing',
			two,
			{
				phase: 'Running',
				containerStatuses: [
					running,
					{
						restartCount: 3,
						state: { waiting: { reason: 'CrashLoopBackOff' } },
						lastState: { terminated: { finishedAt: '2026-01-31T11:59:50Z' } },
					},
				],
			},
			...(['1/2', 'CrashLoopBackOff', '3 (10s ago)'] as const),
		],
		[
			'killed',
			two,
			{ phase: 'Running', containerStatuses: [terminated({ signal: 9, exitCode: 137 }), {}] },
			...(['0/2', 'Signal:9', '0'] as const),
		],
		[
			'one completed',
			two,
			{ phase: 'Running', conditions: ready, containerStatuses: [terminated({ reason: 'Completed' }), running] },
			...(['1/2', 'Running', '0'] as const),
		],
		[
			'one completed, the other not ready',
			two,
			{ phase: 'Running', containerStatuses: [terminated({ reason: 'Completed' }), running] },
			...(['1/2', 'NotReady', '0'] as const),
		],
		[
			'one failed and the first completed',
			two,
			{
				containerStatuses: [terminated({ reason: 'Completed' }), terminated({ reason: 'Error', exitCode: 1 })],
			},
			...(['0/2', 'Error', '0'] as const),
		],
		[
			'initializing',
			withInit,
			{ initContainerStatuses: [terminated({ exitCode: 0 }), { state: { waiting: { reason: 'PodInitializing' } } }] },
			...(['0/1', 'Init:1/2', '0'] as const),
		],
		[
			'failed to initialize',
			withInit,
			{ initContainerStatuses: [{ restartCount: 2, ...terminated({ exitCode: 4 }) }] },
			...(['0/1', 'Init:ExitCode:4', '2'] as const),
		],
		[
			'with a sidecar',
			sidecar,
			{
				phase: 'Running',
				initContainerStatuses: [{ name: 'i', started: true, ...running }],
				containerStatuses: [running],
			},
			...(['2/2', 'Running', '0'] as const),
		],
	];
	for (const [title, spec, status, readyCell, reason, restarts] of cases)
		it(`${reason}: ${title}`, () => {
			assert.deepEqual(cells('Pod', 'p', { spec, status }).slice(1, 4), [readyCell, reason, restarts]);
		});

	it('Terminating: deleted, unless it has ended', () => {
		const deleted = (status: object) =>
			cellsOf(
				'Pod',
				{ ...objectOf('Pod', 'p', { status }), metadata: { name: 'p', deletionTimestamp: created } },
				nowMs,
			)[2];
		assert.equal(deleted({ phase: 'Running' }), 'Terminating');
		assert.equal(deleted({ phase: 'Succeeded' }), 'Succeeded');
		assert.equal(deleted({ phase: 'Running', reason: 'NodeLost' }), 'Unknown');
	});
});

describe('tableOf', () => {
	const table = (include: IncludeObject, kind = 'ConfigMap', more = {}) =>
		tableOf({
			kind,
			objects: [objectOf(kind, 'a', { data: { x: 'y' }, ...more })],
			metadata: { resourceVersion: '7' },
			include,
			hasColumns: true,
			version: 'v1' as const,
			nowMs,
		});

	it('carries the metadata, the object or nothing', () => {
		const metadata = { name: 'a', creationTimestamp: created };
		assert.deepEqual(table('Metadata').rows[0]?.object, {
			kind: 'PartialObjectMetadata',
			apiVersion: 'meta.k8s.io/v1',
			metadata,
		});
		assert.deepEqual(table('Object').rows[0]?.object, objectOf('ConfigMap', 'a', { data: { x: 'y' } }));
		assert.equal(JSON.stringify(table('None').rows), '[{"cells":["a",1,"107s"],"object":null}]');
	});

	it('marks a pod that has ended', () => {
		const reason = table('Metadata', 'Pod', { status: { phase: 'Failed' } }).rows[0]?.conditions?.[0]?.reason;
		assert.equal(reason, 'Failed');
		assert.equal(table('Metadata', 'Pod', { status: { phase: 'Running' } }).rows[0]?.conditions, undefined);
	});
});
