import { deepEqual, equal, rejects } from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KubejoinError } from '../../lib/errors.ts';
import { type ApiResource, apiVersionOf, resources } from '../../lib/kube/resources.ts';
import type { KubeObject } from '../../lib/kube/types.ts';
import { fakeOutput, worker } from './fakes.test.ts';
import { readObjects } from './files.ts';
import { deleteObjects, label, writeFiles } from './write.ts';

const details = ({ resource, group }: ApiResource, name: string) => ({ resource, group, name });

/** The API's writable objects of one kind. Every write throws `refusal`. */
function writable(resource: ApiResource, objects: readonly KubeObject[] = [], refusal?: KubejoinError) {
	const written: KubeObject[] = [];
	const deleted: unknown[] = [];
	const write = async (object: object): Promise<KubeObject> => {
		if (refusal !== undefined) throw refusal;
		const whole = { apiVersion: apiVersionOf(resource), kind: resource.kind, ...object } as KubeObject;
		written.push(whole);
		return whole;
	};
	const find = (name: string) => objects.find(({ metadata }) => metadata.name === name) ?? assertMissing(name);
	const assertMissing = (name: string): never => {
		throw new KubejoinError('API_NOT_FOUND', details(resource, name));
	};
	return {
		written,
		deleted,
		create: write,
		update: write,
		get: async (name: string) => find(name),
		delete: async (name: string, options: object) => {
			find(name);
			deleted.push([name, options]);
		},
	};
}
const noStdin = async () => Buffer.from('');

function setup(clients: object) {
	const { output, written } = fakeOutput();
	// The fakes implement the verbs of the commands.
	return { written, tools: { api: clients as never, output, namespace: 'default', readStdin: noStdin } };
}

describe('kubectl create, replace, delete and label', () => {
	let directory: string;
	const file = (text: string) => {
		const path = join(directory, 'f.yaml');
		writeFileSync(path, text);
		return path;
	};
	beforeEach(() => {
		directory = mkdtempSync(join(tmpdir(), 'kubectl-sim-'));
	});
	afterEach(() => rmSync(directory, { recursive: true }));

	const binding = `apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: "a:b", creationTimestamp: null}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: r}
subjects: [{kind: Group, name: g}]
`;
	const role =
		'apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {name: r}\nrules: [{verbs: [get], apiGroups: [""], resources: [nodes]}]\n';

	it('creates every object of a file in the selected namespace', async () => {
		const [clusterRoleBindings, roles] = [writable(resources.clusterRoleBindings), writable(resources.roles)];
		const { tools, written } = setup({ clusterRoleBindings, roles });
		await writeFiles('create', [file(`${binding}---\n${role}---\n`)], tools);
		equal(
			written.out,
			'clusterrolebinding.rbac.authorization.k8s.io/a:b created\nrole.rbac.authorization.k8s.io/r created\n',
		);
		deepEqual(clusterRoleBindings.written[0]?.metadata, { name: 'a:b', creationTimestamp: null });
		deepEqual(roles.written[0]?.metadata, { name: 'r', namespace: 'default' });
	});

	it('reads JSON and Lists', async () => {
		const object = { apiVersion: 'v1', kind: 'Node', metadata: { name: 'n', managedFields: [{ manager: 'x' }] } };
		const found = await readObjects(
			file(JSON.stringify({ apiVersion: 'v1', kind: 'List', items: [object, object] })),
			'create',
			noStdin,
		);
		deepEqual(
			found.map(({ kind, object: { metadata } }) => [kind.resource.resource, metadata.name]),
			[
				['nodes', 'n'],
				['nodes', 'n'],
			],
		);
	});

	it('creates the objects of every file, and none when one of the files is unusable', async () => {
		const [clusterRoleBindings, roles] = [writable(resources.clusterRoleBindings), writable(resources.roles)];
		const { tools, written } = setup({ clusterRoleBindings, roles });
		const second = join(directory, 'g.yaml');
		writeFileSync(second, role);
		const exists = new KubejoinError('API_ALREADY_EXISTS', details(resources.roles, 'r'));
		await writeFiles('create', [file(binding), second], tools);
		equal(
			written.out,
			'clusterrolebinding.rbac.authorization.k8s.io/a:b created\nrole.rbac.authorization.k8s.io/r created\n',
		);
		const none = join(directory, 'none.yaml');
		await rejects(writeFiles('create', [second, none], tools), { message: `the path "${none}" does not exist` });
		deepEqual([clusterRoleBindings.written.length, roles.written.length], [1, 1]);
		const refusing = setup({ clusterRoleBindings, roles: writable(resources.roles, [], exists) });
		await rejects(writeFiles('create', [second, file(binding)], refusing.tools), {
			message: `error when creating "${second}": roles.rbac.authorization.k8s.io "r" already exists`,
		});
		equal(clusterRoleBindings.written.length, 2);
	});

	it('refuses an object of another namespace than that of the command line, and writes the others', async () => {
		const [clusterRoleBindings, roles] = [writable(resources.clusterRoleBindings), writable(resources.roles)];
		const { tools } = setup({ clusterRoleBindings, roles });
		const other = role.replace('name: r', 'name: r, namespace: other');
		const path = file(`${binding}---\n${role}---\n${other}`);
		const message =
			'the namespace from the provided object "other" does not match the namespace "default". ' +
			"You must pass '--namespace=other' to perform this operation.";
		await rejects(writeFiles('create', [path], { ...tools, requiredNamespace: 'default' }), { message });
		deepEqual([clusterRoleBindings.written.length, roles.written.length], [1, 1]);
		await writeFiles('create', [path], tools);
		deepEqual(
			roles.written.map(({ metadata }) => metadata.namespace),
			['default', 'default', 'other'],
		);
	});

	it('reads standard input, named STDIN in messages', async () => {
		const { tools, written } = setup({ roles: writable(resources.roles) });
		await writeFiles('create', ['-'], { ...tools, readStdin: async () => Buffer.from(role) });
		equal(written.out, 'role.rbac.authorization.k8s.io/r created\n');
		await rejects(writeFiles('create', ['-'], { ...tools, readStdin: async () => Buffer.from('a: b: c') }), {
			message: /^error parsing STDIN: error converting YAML to JSON: yaml: line 1: /,
		});
		await rejects(writeFiles('create', ['-'], { ...tools, readStdin: async () => Buffer.from('') }), {
			message: 'no objects passed to create',
		});
	});

	it('prints the file and the reason of a refusal', async () => {
		const path = file(binding);
		const exists = new KubejoinError('API_ALREADY_EXISTS', details(resources.clusterRoleBindings, 'a:b'));
		const { tools } = setup({ clusterRoleBindings: writable(resources.clusterRoleBindings, [], exists) });
		const message = `error when creating "${path}": clusterrolebindings.rbac.authorization.k8s.io "a:b" already exists`;
		await rejects(writeFiles('create', [path], tools), { code: 'API_ALREADY_EXISTS', message });
	});

	it('replaces without reading, so that admission answers', async () => {
		const nodes = writable(resources.nodes);
		const { tools, written } = setup({ nodes });
		await writeFiles('replace', [file('apiVersion: v1\nkind: Node\nmetadata: {name: n, labels: {a: b}}\n')], tools);
		equal(written.out, 'node/n replaced\n');
		deepEqual(nodes.written[0]?.metadata.labels, { a: 'b' });
	});

	it('refuses an unusable file in one sentence', async () => {
		const of = async (text: string) => {
			const path = file(text);
			return readObjects(path, 'create', noStdin).then(
				() => 'read',
				(error: Error) =>
					error.message.replaceAll(path, 'F').replace(/^error validating "F": error validating data: /, ''),
			);
		};
		equal(
			await of('a: b: c'),
			'error parsing F: error converting YAML to JSON: yaml: line 1: mapping values are not allowed in this context',
		);
		const csr = 'apiVersion: certificates.k8s.io/v1\nkind: CertificateSigningRequest\nmetadata: {name: r}\nspec: ';
		equal(await of(`${csr}{request: $(cat a.csr)}`), 'spec.request: illegal base64 data at input byte 0');
		equal(
			await of('apiVersion: v1\nkind: Secret\nmetadata: {name: s}\ndata: {a: QQ==, b: "QUJD "}'),
			'data.b: illegal base64 data at input byte 4',
		);
		equal(await of('[]'), 'an object was expected');
		equal(await of(''), 'no objects passed to create');
		equal(await of('kind: Node'), 'apiVersion not set');
		equal(await of('apiVersion: v1'), 'kind not set');
		equal(
			await of('apiVersion: v1\nkind: Podd\nmetadata: {name: p}'),
			'resource mapping not found for name: "p" namespace: "" from "F": no matches for kind "Podd" in version "v1"',
		);
		equal(
			await of('apiVersion: v1\nkind: Namespace\nmetadata: {name: p}'),
			'kubectl-sim cannot create the kind "Namespace" in "F", which the server has',
		);
		equal(await of(`${role}rulez: [{verbs: [get]}]`), 'unknown field "rulez"');
		equal(await of(role.replace('resources', 'resource')), 'unknown field "rules[0].resource"');
		equal(
			await of(role.replace('[get]', '1')),
			'error when creating "F": Role in version "v1" cannot be handled as a Role: json: cannot unmarshal number into Go struct field PolicyRule.rules.verbs of type []string',
		);
		equal(await of(role.replace('{name: r}', 'x')), 'invalid type for metadata: an object was expected');
		await rejects(readObjects(join(directory, 'none'), 'create', noStdin), {
			code: 'COMMAND_INVALID',
			message: /^the path ".*none" does not exist$/,
		});
	});

	it('deletes each object, and prints the failures at the end', async () => {
		const nodes = writable(resources.nodes, [worker('a'), worker('b')]);
		const { tools, written } = setup({ nodes });
		await rejects(deleteObjects({ type: 'node', names: ['a', 'x', 'b'], ignoreNotFound: false }, tools), {
			code: 'API_NOT_FOUND',
		});
		equal(written.out, 'node "a" deleted\nnode "b" deleted\n');
		await deleteObjects({ type: 'node', names: ['x'], ignoreNotFound: true }, tools);
		await rejects(deleteObjects({ type: 'nodes', names: [], ignoreNotFound: false }, tools), {
			message: 'resource(s) were provided, but no name was specified',
		});
		const roles = writable(resources.roles, [{ apiVersion: '', kind: '', metadata: { name: 'r' } }]);
		const other = setup({ roles });
		await deleteObjects({ type: 'role', names: ['r'], ignoreNotFound: false }, other.tools);
		equal(other.written.out, 'role.rbac.authorization.k8s.io "r" deleted from default namespace\n');
		deepEqual(roles.deleted, [['r', { namespace: 'default' }]]);
	});

	describe('label', () => {
		const labelled = async (words: string, overwrite = false, labels: Record<string, string> = { old: '1' }) => {
			const nodes = writable(resources.nodes, [worker('n', { metadata: { name: 'n', labels } })]);
			const { tools, written } = setup({ nodes });
			await label({ type: 'node', words: words.split(' '), overwrite }, tools);
			return [written.out, nodes.written.at(-1)?.metadata.labels];
		};
		it('sets, changes and removes labels', async () => {
			deepEqual(await labelled('n a=b c='), ['node/n labeled\n', { old: '1', a: 'b', c: '' }]);
			deepEqual(await labelled('n old-'), ['node/n unlabeled\n', {}]);
			deepEqual(await labelled('n old=1'), ['node/n not labeled\n', undefined]);
			deepEqual(await labelled('n old=2', true), ['node/n labeled\n', { old: '2' }]);
			deepEqual(await labelled('n none-'), ['label "none" not found.\nnode/n not labeled\n', undefined]);
			deepEqual(await labelled('n node-restriction.kubernetes.io/x=y'), [
				'node/n labeled\n',
				{ old: '1', 'node-restriction.kubernetes.io/x': 'y' },
			]);
		});
		it('treats a property of every object as any other key', async () => {
			deepEqual(await labelled('n constructor=x'), ['node/n labeled\n', { old: '1', constructor: 'x' }]);
			deepEqual(await labelled('n toString-'), ['label "toString" not found.\nnode/n not labeled\n', undefined]);
		});
		it('refuses an invalid label, and one that it would overwrite', async () => {
			await rejects(labelled('n old=2'), { message: "'old' already has a value (1), and --overwrite is false" });
			await rejects(labelled('n'), { message: 'at least one label update is required' });
			await rejects(labelled('n a/b/c=d'), { message: /^invalid label key "a\/b\/c"/ });
			await rejects(labelled('n a=b/c'), { message: /^invalid label value: "a=b\/c"/ });
			await rejects(labelled('n a=b a-'), { message: 'can not both modify and remove a label in the same command' });
			await rejects(labelled('a=b'), { message: /^one name is needed/ });
		});
		it('prints the refusal of the server', async () => {
			const refusal = new KubejoinError('API_FORBIDDEN', {
				...details(resources.nodes, 'n'),
				because: 'is not allowed to modify labels: x',
			});
			const { tools } = setup({ nodes: writable(resources.nodes, [worker('n')], refusal) });
			await rejects(label({ type: 'node', words: ['n', 'x=y'], overwrite: false }, tools), { code: 'API_FORBIDDEN' });
		});
	});
});
