/** The expected texts are the output of kubectl 1.32.4 for the same file. */
import { deepEqual, equal, rejects } from 'node:assert/strict';
import { chmod, mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { locateKubeconfig, readAccess } from './access.ts';
import { fakeOutput } from './fakes.test.ts';
import { getContexts, printCurrentContext, useContext, viewConfig } from './kubeconfig-commands.ts';
import type { Output } from './output.ts';

const kubeconfig = `# mine
apiVersion: v1
kind: Config
clusters:
- name: kubernetes
  cluster: {server: "https://127.0.0.1:6443", certificate-authority-data: QUJD}
- name: b
  cluster: {server: "https://[::1]", certificate-authority: ca.crt, extra: kept}
contexts:
- name: kubernetes-admin@kubernetes
  context: {cluster: kubernetes, user: kubernetes-admin}
- name: b
  context: {cluster: b, user: tok, namespace: foo}
users:
- name: tok
  user: {token: abcdef.0123456789abcdef}
- name: kubernetes-admin
  user: {client-certificate-data: QUJD, client-key-data: QUJD}
current-context: kubernetes-admin@kubernetes
`;

describe('kubeconfig', () => {
	let directory: string;
	let path: string;
	const only = (file: string) => ({ paths: [file], isExplicit: false });
	const missing = () => join(directory, 'none');
	const printed = async (command: (output: Output) => Promise<void>) => {
		const { output, written } = fakeOutput();
		await command(output);
		return written.out;
	};
	beforeEach(async () => {
		directory = await mkdtemp(join(tmpdir(), 'kubectl-sim-'));
		path = join(directory, 'config');
		await writeFile(path, kubeconfig);
		await writeFile(join(directory, 'ca.crt'), 'pem');
	});
	afterEach(() => rm(directory, { recursive: true }));

	describe('kubectl config view', () => {
		const view = (changes: object, from = path) =>
			printed((output) => viewConfig(only(from), { format: 'yaml', raw: false, minify: false, ...changes }, output));

		it('sorts by name and omits secrets', async () => {
			equal(
				await view({}),
				`apiVersion: v1
clusters:
- cluster:
    certificate-authority: ca.crt
    server: https://[::1]
  name: b
- cluster:
    certificate-authority-data: DATA+OMITTED
    server: https://127.0.0.1:6443
  name: kubernetes
contexts:
- context:
    cluster: b
    namespace: foo
    user: tok
  name: b
- context:
    cluster: kubernetes
    user: kubernetes-admin
  name: kubernetes-admin@kubernetes
current-context: kubernetes-admin@kubernetes
kind: Config
users:
- name: kubernetes-admin
  user:
    client-certificate-data: DATA+OMITTED
    client-key-data: DATA+OMITTED
- name: tok
  user:
    token: REDACTED
`,
			);
		});

		it('prints the entries of one context with --raw --minify', async () => {
			equal(
				await view({ raw: true, minify: true, context: 'b', format: 'json' }),
				`{
    "kind": "Config",
    "apiVersion": "v1",
    "clusters": [
        {
            "name": "b",
            "cluster": {
                "server": "https://[::1]",
                "certificate-authority": "ca.crt"
            }
        }
    ],
    "users": [
        {
            "name": "tok",
            "user": {
                "token": "abcdef.0123456789abcdef"
            }
        }
    ],
    "contexts": [
        {
            "name": "b",
            "context": {
                "cluster": "b",
                "user": "tok",
                "namespace": "foo"
            }
        }
    ],
    "current-context": "b"
}
`,
			);
		});

		it('prints an empty kubeconfig without a file', async () => {
			equal(
				await view({}, missing()),
				'apiVersion: v1\nclusters: null\ncontexts: null\ncurrent-context: ""\nkind: Config\nusers: null\n',
			);
		});

		it('refuses --minify without a context', async () => {
			await rejects(view({ minify: true, context: 'zz' }), {
				code: 'COMMAND_INVALID',
				message: 'cannot locate context zz',
			});
			await rejects(view({ minify: true }, missing()), {
				code: 'COMMAND_INVALID',
				message: 'current-context must exist in order to minify',
			});
		});
	});

	describe('kubectl config get-contexts', () => {
		const contexts = (names: string[], changes: object = {}) =>
			printed((output) => getContexts(only(path), names, { nameOnly: false, noHeaders: false, ...changes }, output));

		it('marks the current context', async () => {
			equal(
				await contexts([]),
				`CURRENT   NAME                          CLUSTER      AUTHINFO           NAMESPACE
          b                             b            tok                foo
*         kubernetes-admin@kubernetes   kubernetes   kubernetes-admin   
`,
			);
			equal(await contexts(['b'], { noHeaders: true }), '      b     b     tok   foo\n');
			equal(await contexts([], { nameOnly: true }), 'b\nkubernetes-admin@kubernetes\n');
		});

		it('refuses an unknown context', () =>
			rejects(contexts(['b', 'zz']), { code: 'COMMAND_INVALID', message: 'context zz not found' }));
	});

	describe('kubectl config current-context and use-context', () => {
		it('change one line, keep the rest and mode 0600, and follow a link', async () => {
			await chmod(path, 0o644);
			const link = join(directory, 'link');
			await symlink(path, link);
			equal(await printed((output) => useContext(only(link), 'b', output)), 'Switched to context "b".\n');
			equal(await printed((output) => printCurrentContext(only(path), output)), 'b\n');
			equal((await stat(path)).mode & 0o777, 0o600);
			const text = await readFile(path, 'utf8');
			equal(text.startsWith('# mine\n') && text.includes('extra: kept'), true);
			equal(await readFile(link, 'utf8'), text);
		});

		it('fail for an unknown context and without a context', async () => {
			const { output } = fakeOutput();
			await rejects(useContext(only(path), 'zz', output), {
				code: 'COMMAND_INVALID',
				message: 'no context exists with the name: "zz"',
			});
			await rejects(printCurrentContext(only(missing()), output), {
				code: 'COMMAND_INVALID',
				message: 'current-context is not set',
			});
		});
	});

	describe('locateKubeconfig', () => {
		it('uses the flag, then KUBECONFIG, then the home directory', () => {
			const paths = (flag: string | undefined, env: Record<string, string>) => locateKubeconfig(flag, env).paths;
			deepEqual(paths('f', { KUBECONFIG: 'k' }), ['f']);
			deepEqual(paths(undefined, { KUBECONFIG: ':k::l:k:', HOME: '/h' }), ['k', 'l']);
			for (const flag of [undefined, '']) deepEqual(paths(flag, { KUBECONFIG: '', HOME: '/h' }), ['/h/.kube/config']);
			deepEqual(paths(undefined, { KUBECONFIG: ':', HOME: '/h' }), []);
		});
	});

	describe('readAccess', () => {
		const access = (context?: string, file = path, isExplicit = false) =>
			readAccess({ paths: [file], isExplicit }, context);

		it('reads the cluster and the user of a context', async () => {
			const found = await access('b');
			equal(found?.endpoint, '[::1]:443');
			equal(found?.ca, 'pem');
			equal(found?.user.token, 'abcdef.0123456789abcdef');
			equal(found?.namespace, 'foo');
			equal((await access())?.namespace, 'default');
		});

		it('finds no server without a kubeconfig or a current context', async () => {
			equal(await access(undefined, missing()), undefined);
			await writeFile(path, kubeconfig.replace(/^current-context.*$/m, ''));
			equal(await access(), undefined);
		});

		it('refuses a missing file or context', async () => {
			await rejects(access(undefined, missing(), true), {
				code: 'COMMAND_INVALID',
				message: `stat ${missing()}: no such file or directory`,
			});
			const message = 'Error in configuration: context was not found for specified context: zz';
			await rejects(access('zz'), { code: 'COMMAND_INVALID', message });
			await rejects(access('zz', missing()), { code: 'COMMAND_INVALID', message });
		});

		it('refuses a server that cannot be verified', async () => {
			for (const cluster of ['', ', insecure-skip-tls-verify: true, certificate-authority: ca.crt']) {
				await writeFile(path, kubeconfig.replace(', certificate-authority: ca.crt', cluster));
				await rejects(access('b'), { code: 'KUBECONFIG_INVALID' });
			}
		});

		it('merges files in order, and ignores missing files', async () => {
			const second = join(directory, 'second');
			await mkdir(join(directory, 'd'));
			const third = join(directory, 'd', 'third');
			await writeFile(
				second,
				'contexts: [{name: two, context: {cluster: three, user: three}}]\ncurrent-context: two\n',
			);
			await writeFile(
				third,
				'clusters: [{name: three, cluster: {server: "https://c:1", certificate-authority: ../ca.crt}}, {name: b}]\n' +
					'users: [{name: three, user: {token: t3}}, {name: tok, user: {token: other}}]\ncurrent-context: b\n',
			);
			const files = { paths: [missing(), second, third, path], isExplicit: false };
			const found = await readAccess(files);
			deepEqual([found?.endpoint, found?.ca, found?.user.token], ['c:1', 'pem', 't3']);
			equal(
				(await readAccess({ ...files, paths: [path, ...files.paths] }, 'b'))?.user.token,
				'abcdef.0123456789abcdef',
			);
			equal(await printed((output) => printCurrentContext(files, output)), 'two\n');
			await printed((output) => useContext(files, 'b', output));
			equal(await readFile(second, 'utf8').then((text) => /current-context: b/.test(text)), true);
			equal(await readAccess({ paths: [missing()], isExplicit: false }), undefined);
			equal(await readAccess({ paths: [], isExplicit: false }), undefined);
			await writeFile(third, 'a: b: c');
			await rejects(readAccess(files), {
				message: new RegExp(`^error loading config file "${third}": yaml: line 1: `),
			});
		});
	});
});
