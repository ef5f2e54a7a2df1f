import { deepEqual, equal, rejects } from 'node:assert/strict';
import { resources } from '../../lib/kube/resources.ts';
import type { Node, RoleBinding, Secret } from '../../lib/kube/types.ts';
import { clock, csr, fakeOutput, fakeResource, signal, worker } from './fakes.test.ts';
import { type GetRequest, get } from './get.ts';

const everything: GetRequest = {
	type: 'nodes',
	names: [],
	namespace: 'default',
	format: undefined,
	noHeaders: false,
	watch: false,
};

function setup(nodes: readonly Node[], changes: readonly Node[] = []) {
	const { output, written } = fakeOutput();
	const fakeNodes = fakeResource(resources.nodes, nodes, changes);
	const api = {
		nodes: fakeNodes,
		certificateSigningRequests: fakeResource(resources.certificateSigningRequests, [csr('csr-1')]),
	};
	// The fakes implement the verbs of get.
	const tools = { api: api as never, output, clock, signal };
	return {
		written,
		asked: fakeNodes.asked,
		run: (request: Partial<GetRequest> = {}) => get({ ...everything, ...request }, tools),
	};
}

describe('kubectl get', () => {
	it('prints a table, three spaces between columns', async () => {
		const { run, written } = setup([worker('worker-1'), worker('w2')]);
		await run();
		equal(
			written.out,
			'NAME       STATUS   ROLES    AGE   VERSION\nworker-1   Ready    <none>   5m    v1.37.2\nw2         Ready    <none>   5m    v1.37.2\n',
		);
	});

	for (const watch of [false, true]) {
		it(`prints managedFields only with --show-managed-fields${watch ? ', also with --watch' : ''}`, async () => {
			const node = worker('w');
			const managed = { ...node, metadata: { ...node.metadata, managedFields: [{ manager: 'kubelet' }] } };
			for (const showManagedFields of [false, true]) {
				const { run, written } = setup([managed], watch ? [managed] : []);
				await run({ names: ['w'], format: 'yaml', watch, showManagedFields });
				equal(written.out.includes('manager: kubelet'), showManagedFields);
			}
		});
	}

	it('accepts each name of csr', async () => {
		for (const type of [
			'csr',
			'certificatesigningrequest',
			'CertificateSigningRequests',
			'csr.certificates.k8s.io',
			'csr.v1.certificates.k8s.io',
		]) {
			const { run, written } = setup([]);
			await run({ type, noHeaders: true });
			equal(
				written.out,
				'csr-1   31s   kubernetes.io/kube-apiserver-client-kubelet   system:bootstrap:abcdef   <none>   Pending\n',
				type,
			);
		}
	});

	it('prints on standard error that it found no objects', async () => {
		const { run, written } = setup([]);
		await run();
		deepEqual(written, { out: '', err: 'No resources found\n' });
	});

	it('refuses an unknown type', async () => {
		for (const type of ['foos', 'nodes.apps', 'pods', 'subjectaccessreviews', '']) {
			await rejects(setup([]).run({ type }), {
				code: 'COMMAND_INVALID',
				message: `the server doesn't have a resource type "${type}"`,
			});
		}
	});

	it('prints the objects, then the missing names', async () => {
		const { run, written } = setup([worker('a')]);
		await rejects(run({ names: ['x', 'a'], noHeaders: true }), { code: 'API_NOT_FOUND' });
		equal(written.out, 'a     Ready   <none>   5m    v1.37.2\n');
		await rejects(run({ names: ['x', 'y'] }), (error) => error instanceof AggregateError && error.errors.length === 2);
	});

	it('prints one object, or several as a List, with sorted keys', async () => {
		const one: Node = { kind: 'Node', apiVersion: 'v1', metadata: { name: 'a<b' } };
		const single = setup([one]);
		await single.run({ names: ['a<b'], format: 'json' });
		equal(
			single.written.out,
			'{\n    "apiVersion": "v1",\n    "kind": "Node",\n    "metadata": {\n        "name": "a\\u003cb"\n    }\n}\n',
		);
		const list = setup([
			{
				...one,
				metadata: {
					name: 'a',
					creationTimestamp: '2026-01-31T11:55:00Z',
					resourceVersion: '12',
					labels: { on: 'yes' },
				},
			},
		]);
		await list.run({ format: 'yaml' });
		const metadata =
			'    creationTimestamp: "2026-01-31T11:55:00Z"\n    labels:\n      "on": "yes"\n    name: a\n    resourceVersion: "12"\n';
		equal(
			list.written.out,
			`apiVersion: v1\nitems:\n- apiVersion: v1\n  kind: Node\n  metadata:\n${metadata}kind: List\nmetadata:\n  resourceVersion: ""\n`,
		);
		const none = setup([]);
		await none.run({ format: 'json' });
		equal(none.written.err, '');
		equal(JSON.parse(none.written.out).kind, 'List');
	});

	it('prints names with the group', async () => {
		const { run, written } = setup([worker('a')]);
		await run({ format: 'name' });
		await run({ type: 'csr', format: 'name' });
		equal(written.out, 'node/a\ncertificatesigningrequest.certificates.k8s.io/csr-1\n');
	});

	it('continues a list with --watch, with one header', async () => {
		const { run, written, asked } = setup([worker('worker-1')], [worker('w2')]);
		await run({ watch: true });
		equal(
			written.out,
			'NAME       STATUS   ROLES    AGE   VERSION\nworker-1   Ready    <none>   5m    v1.37.2\nw2         Ready    <none>   5m    v1.37.2\n',
		);
		deepEqual(asked, [{}, { resourceVersion: '7' }]);
	});

	it('prints the current object once with --watch', async () => {
		const { run, written, asked } = setup([worker('w')], [worker('w'), worker('w', { status: {} })]);
		await run({ names: ['w'], watch: true, noHeaders: true });
		equal(written.out, 'w     Ready   <none>   5m    v1.37.2\nw     Unknown   <none>   5m    \n');
		deepEqual(asked, [{ fieldSelector: 'metadata.name=w' }]);
	});
});

describe('kubectl get of other types', () => {
	const binding: RoleBinding = {
		...{ apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'RoleBinding' },
		metadata: { name: 'b', namespace: 'ns', creationTimestamp: '2026-01-31T11:55:00Z' },
		roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'r' },
		subjects: [
			{ kind: 'User', name: 'u' },
			{ kind: 'Group', name: 'g' },
			{ kind: 'Group', name: 'h' },
			{ kind: 'ServiceAccount', name: 's', namespace: 'ns' },
		],
	};
	const secret: Secret = {
		...{ apiVersion: 'v1', kind: 'Secret', type: 'bootstrap.kubernetes.io/token', data: { a: '', b: '' } },
		metadata: { name: 'bootstrap-token-abcdef', namespace: 'kube-system', creationTimestamp: '2026-01-31T11:55:00Z' },
	};
	const role = {
		apiVersion: 'rbac.authorization.k8s.io/v1',
		kind: 'ClusterRole',
		metadata: { name: 'r', creationTimestamp: '2026-01-31T11:55:00Z' },
	};

	async function shown(request: Partial<GetRequest>): Promise<[text: string, asked: unknown]> {
		const { output, written } = fakeOutput();
		const { watch: _watch, ...secrets } = fakeResource(resources.secrets, [secret]);
		const roleBindings = fakeResource(resources.roleBindings, [binding]);
		const api = {
			secrets,
			roleBindings,
			clusterRoles: fakeResource(resources.clusterRoles, [role]),
			roles: fakeResource(resources.roles, []),
		};
		await get({ ...everything, ...request }, { api: api as never, output, clock, signal });
		return [written.out + written.err, [...secrets.asked, ...roleBindings.asked]];
	}

	it('prints the columns of upstream in the selected namespace', async () => {
		deepEqual(await shown({ type: 'secret', namespace: 'kube-system' }), [
			'NAME                     TYPE                            DATA   AGE\nbootstrap-token-abcdef   bootstrap.kubernetes.io/token   2      5m\n',
			[{ namespace: 'kube-system' }],
		]);
		equal((await shown({ type: 'clusterroles' }))[0], 'NAME   CREATED AT\nr      2026-01-31T11:55:00Z\n');
		equal(
			(await shown({ type: 'rolebindings', format: 'wide' }))[0],
			'NAME   ROLE     AGE   USERS   GROUPS   SERVICEACCOUNTS\nb      Role/r   5m    u       g, h     ns/s\n',
		);
		equal((await shown({ type: 'roles', namespace: 'ns' }))[0], 'No resources found in ns namespace.\n');
	});

	it('prints the namespace with -A, and refuses names', async () => {
		const everywhere = { type: 'rolebindings', namespace: undefined };
		deepEqual(await shown(everywhere), ['NAMESPACE   NAME   ROLE     AGE\nns          b      Role/r   5m\n', [{}]]);
		await rejects(shown({ ...everywhere, names: ['b'] }), {
			message: 'a resource cannot be retrieved by name across all namespaces',
		});
	});

	it('refuses to watch Secrets', async () => {
		await rejects(shown({ type: 'secrets', watch: true }), {
			code: 'COMMAND_INVALID',
			message: 'secrets cannot be watched',
		});
	});
});
