import { deepEqual, doesNotMatch, equal, match } from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { KubejoinError } from '../../lib/errors.ts';
import { resources } from '../../lib/kube/resources.ts';
import { kubernetesVersion } from '../../lib/kube/version.ts';
import type { Connection } from './clients.ts';
import { run } from './commands.ts';
import { clock, fakeOutput, fakeResource, now, signal, worker } from './fakes.test.ts';
import { kindNamed } from './kinds.ts';
import { allTypes, describableTypes } from './resource-types.ts';
import type { Tools } from './with-server.ts';

const noKubeconfig = { KUBECONFIG: '/nonexistent/kubeconfig' };
const fakeKubeconfig = fileURLToPath(new URL('commands.test.yaml', import.meta.url));

async function typed(
	line: string,
	env: Record<string, string> = noKubeconfig,
	connection: Partial<Connection> = {},
	adminConf?: string,
) {
	const { output, written } = fakeOutput();
	let closed = 0;
	const connect = async () => ({
		api: {} as never,
		fetchVersion: async () => kubernetesVersion,
		...connection,
		close: () => closed++,
	});
	const exitCode = await run(line.split(' '), { ...tools(), output, env, connect, findAdminConf: () => adminConf });
	return { exitCode, closed, ...written };
}
const tools = (): Tools => ({
	output: fakeOutput().output,
	clock,
	pid: 4711,
	env: noKubeconfig,
	signal,
	connect: () => Promise.reject(new Error('no server')),
	readStdin: async () => Buffer.from(''),
	findAdminConf: () => undefined,
});
const escaped = (text: string): string => text.replace(/[()?]/g, '\\$&');
const withServer = (line: string, connection: Partial<Connection> = {}) =>
	typed(line, { KUBECONFIG: fakeKubeconfig }, connection);

const refused = 'The connection to the server localhost:8080 was refused - did you specify the right host or port?\n';
const local = new Date(now - new Date(now).getTimezoneOffset() * 60_000).toISOString();
const header = `E${local.slice(5, 7)}${local.slice(8, 10)} ${local.slice(11, 19)}.000000    4711 memcache.go:265]`;
const failure = `${header} "Unhandled Error" err="couldn't get current server API group list: Get \\"http://localhost:8080/api?timeout=32s\\": dial tcp 127.0.0.1:8080: connect: connection refused"\n`;

describe('kubectl-sim create and replace', () => {
	const unnamed = (verb: string) =>
		`error: must specify one of -f and -k\ndo this: Name a file: kubectl-sim ${verb} -f FILE\n`;

	it('refuse a subcommand of kubectl with the command of kubectl, and other words as kubectl does', async () => {
		for (const [line, problem, remedy] of [
			[
				'create ns x',
				'kubectl-sim has no subcommand "create ns": it creates the objects of files',
				'kubectl create ns x',
			],
			['create bogus x', 'Unexpected args: [bogus x]', ''],
			['create bogus -f a.yaml', 'Unexpected args: [bogus]', ''],
		] as const) {
			const known = `Use kubectl with the same kubeconfig: ${remedy}`;
			const { err, exitCode } = await withServer(line);
			const wanted = `error: ${problem}\ndo this: ${remedy === '' ? 'See: kubectl-sim create --help' : known}\n`;
			deepEqual([err, exitCode], [wanted, 1]);
		}
	});

	it('need a file, whether replace has other words or not', async () => {
		for (const line of ['create', 'replace', 'replace foo'])
			equal((await withServer(line)).err, unnamed(line.split(' ')[0] ?? ''));
	});
});

describe('kubectl-sim without a kubeconfig', () => {
	it('prints as many lines as kubectl and ends', async () => {
		const attempts = {
			'get nodes': 5,
			'get foos -o json': 5,
			'describe node': 5,
			'certificate approve x': 4,
			'auth whoami': 0,
			'auth can-i get /x': 0,
			'token list': 0,
		};
		for (const [line, count] of Object.entries(attempts)) {
			deepEqual(await typed(line), { exitCode: 1, closed: 0, out: '', err: failure.repeat(count) + refused }, line);
		}
	});

	it('names the admin.conf of a mesh that was started here, below the lines of kubectl', async () => {
		const { err } = await typed('get nodes', noKubeconfig, {}, 'a/admin.conf');
		const remedy = 'do this: Use the kubeconfig of this mesh: export KUBECONFIG=a/admin.conf\n';
		equal(err, failure.repeat(5) + refused + remedy);
	});

	it('warns that can-i knows no resource', async () => {
		equal(
			(await typed('auth can-i get nodes')).err,
			`${failure.repeat(2)}Warning: the server doesn't have a resource type 'nodes'\n\n${refused}`,
		);
	});

	it('prints the version of the client', async () => {
		deepEqual(await typed('version'), { exitCode: 1, closed: 0, out: 'Client Version: v1.37.2\n', err: refused });
		equal((await typed('version --client')).exitCode, 0);
	});

	it('generates tokens, and validates a token first', async () => {
		match((await typed('token generate')).out, /^[a-z0-9]{6}\.[a-z0-9]{16}\n$/);
		match(
			(await typed('token create --ttl x')).err,
			/^invalid argument "x" for "--ttl" flag: time: invalid duration "x"/,
		);
		const malformed = await typed('token create nonsense');
		deepEqual([malformed.exitCode, malformed.err.startsWith('the bootstrap token was not of the form ')], [3, true]);
	});
});

describe('kubectl-sim', () => {
	it('knows every type that its help lists', () => {
		for (const type of [...allTypes, ...describableTypes]) equal(kindNamed(type, 'get').resource.resource, type);
	});

	const nodes = fakeResource(resources.nodes, [worker('a'), worker('b')]);
	const api = { nodes } as never;

	it('takes options before and after the command, and closes the connection', async () => {
		const expected = { exitCode: 0, closed: 1, out: 'node/b\n', err: '' };
		deepEqual(await withServer('get nodes b -o name', { api }), expected);
		deepEqual(await typed(`--kubeconfig ${fakeKubeconfig} get -o name node/b`, noKubeconfig, { api }), expected);
		deepEqual(
			await typed(`get node b --kubeconfig ${fakeKubeconfig} -o name --context c`, noKubeconfig, { api }),
			expected,
		);
	});

	it('closes the connection after a failure', async () => {
		const { exitCode, closed, err } = await withServer('get node/x node/y', { api });
		deepEqual(
			[exitCode, closed, err],
			[1, 1, 'Error from server (NotFound): nodes "x" not found\nError from server (NotFound): nodes "y" not found\n'],
		);
	});

	it('prints both versions, or the error of the server', async () => {
		equal((await withServer('version')).out, 'Client Version: v1.37.2\nServer Version: v1.37.2\n');
		const versions = JSON.parse((await withServer('version -o json')).out);
		deepEqual(versions, { clientVersion: kubernetesVersion, serverVersion: kubernetesVersion });
		const refusing = { fetchVersion: () => Promise.reject(new KubejoinError('API_UNAUTHORIZED', {})) };
		const { out, err, exitCode } = await withServer('version', refusing);
		deepEqual(
			[out, err.split('\n')[0], exitCode],
			['Client Version: v1.37.2\n', 'error: You must be logged in to the server (Unauthorized)', 1],
		);
	});

	it('ends can-i with 1 for no, and prints nothing with --quiet', async () => {
		const answering = (allowed: boolean) => ({
			api: { selfSubjectAccessReviews: { create: async () => ({ status: { allowed } }) } } as never,
		});
		deepEqual(await withServer('auth can-i get secrets', answering(true)), {
			exitCode: 0,
			closed: 1,
			out: 'yes\n',
			err: '',
		});
		deepEqual(await withServer('auth can-i get secrets', answering(false)), {
			exitCode: 1,
			closed: 1,
			out: 'no\n',
			err: '',
		});
		deepEqual(await withServer('auth can-i get secrets -q', answering(false)), {
			exitCode: 1,
			closed: 1,
			out: '',
			err: '',
		});
	});

	it('refuses unknown words in one sentence', async () => {
		const sentences = {
			foo: ["error: unknown command 'foo'", ''],
			'get nodes --foo': ["error: unknown option '--foo'", 'get '],
			'get nodes -o=foo': [
				"error: option '-o, --output <format>' argument 'foo' is invalid. Allowed choices are wide, json, yaml, name.",
				'get ',
			],
			'get nodes --watch=foo': ["error: option '--watch' argument 'foo' is invalid. It must be true or false.", ''],
			'token create --print-join-config --print-join-command --to x': [
				"error: option '--print-join-command' cannot be used with option '--print-join-config'",
				'token create ',
			],
		};
		for (const [line, [sentence, command]] of Object.entries(sentences)) {
			const err = `${sentence}\ndo this: See: kubectl-sim ${command}--help\n`;
			deepEqual(await typed(line), { exitCode: 1, closed: 0, out: '', err }, line);
		}
	});

	it('lists the types when none is given', async () => {
		for (const verb of ['get', 'describe', 'delete', 'label']) {
			const { exitCode, err } = await typed(verb);
			equal(exitCode, 1);
			match(err, new RegExp(`^error: You must specify the type of resource to ${verb}\ndo this: Name one .*nodes`));
		}
	});

	it('suggests the type that was meant, and lists the types where none is similar', async () => {
		const remedies = {
			'get nodess': 'Did you mean nodes? Run: kubectl-sim get nodes',
			'get nods': 'Did you mean nodes? Run: kubectl-sim get nodes',
			'get secretss': 'Did you mean secrets? Run: kubectl-sim get secrets',
			'describe certificatesigningrequest/x': undefined,
			'describe csrs': 'Did you mean csr? Run: kubectl-sim describe csr',
			'describe secrets': 'Name one of these types: nodes (no), certificatesigningrequests (csr)',
			'delete ClusterRoleBinding': undefined,
			'get pods': 'Name one of these types: nodes (no), certificatesigningrequests (csr), secrets, configmaps (cm)',
		};
		for (const [line, remedy] of Object.entries(remedies)) {
			const { err } = await withServer(line, { api: {} as never });
			if (remedy === undefined) doesNotMatch(err, /resource type/, line);
			else match(err, new RegExp(`doesn't have a resource type .*\ndo this: ${escaped(remedy)}`), line);
		}
	});

	it('completes commands, types and options', async () => {
		const completed = async (...words: string[]) => {
			const printed: string[] = [];
			const { log } = globalThis.console;
			globalThis.console.log = (line: string) => void printed.push(line);
			try {
				await run(['complete', '--', ...words], { ...tools(), output: fakeOutput().output });
			} finally {
				globalThis.console.log = log;
			}
			return printed.map((line) => line.split('\t')[0]);
		};
		deepEqual(await completed('ge'), ['get', ':4']);
		deepEqual(await completed('get', 'cl'), ['clusterroles', 'clusterrolebindings', ':4']);
		deepEqual(await completed('token', 'create', '--print'), ['--print-join-command', '--print-join-config', ':4']);
		deepEqual(await completed('get', 'nodes', '-o', ''), ['wide', 'json', 'yaml', 'name', ':4']);
	});

	it('refuses --print-join-config without --to, and several types at a time', async () => {
		for (const line of [
			'token create --print-join-config',
			'token create --to x',
			'get node/a csr/b',
			'get node/a b',
			'describe node/',
		]) {
			deepEqual([(await typed(line)).exitCode, (await typed(line)).err.includes('See: kubectl-sim ')], [1, true], line);
		}
	});

	it('prints help for a terminal of 80 columns', async () => {
		for (const line of [
			'--help',
			'get --help',
			'create --help',
			'delete --help',
			'label --help',
			'token create --help',
			'auth can-i --help',
			'config --help',
		]) {
			const { out, exitCode } = await typed(line);
			equal(exitCode, 0, line);
			equal(
				out.split('\n').every((text) => text.length <= 80),
				true,
				line,
			);
		}
	});
});
