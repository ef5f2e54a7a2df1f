import { deepEqual, equal, match, notEqual, rejects, throws } from 'node:assert/strict';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KubejoinError } from '../../lib/errors.ts';
import { secretName } from '../../lib/kube/bootstrap-token.ts';
import type { Unsent } from '../../lib/kube/client.ts';
import { resources } from '../../lib/kube/resources.ts';
import type { Secret } from '../../lib/kube/types.ts';
import { parseCertificates } from '../../lib/pki/certificate.ts';
import { spkiPin } from '../../lib/pki/pin.ts';
import { base64, clock, fakeOutput, fakeResource } from './fakes.test.ts';
import {
	checkTokenRequest,
	createToken,
	deleteTokens,
	generateToken,
	listTokens,
	type TokenOutput,
	type TokenRequest,
	tokenDefaults,
} from './token.ts';

const token = 'abcdef.0123456789abcdef';
const group = 'system:bootstrappers:kubeadm:default-node-token';
const ca = await readFile(new URL('../../test/fixtures/kubeadm-1.29-ca.crt', import.meta.url), 'utf8');
const pins = parseCertificates(ca).map(spkiPin);

/** The Secrets of the API, and the created and deleted ones. */
function fakeSecrets(...present: readonly Secret[]) {
	const created: Unsent<Secret>[] = [];
	const deleted: string[] = [];
	const read = fakeResource(resources.secrets, present);
	const secrets = {
		...read,
		async create(object: Unsent<Secret>) {
			const name = object.metadata.name ?? '';
			if (present.some(({ metadata }) => metadata.name === name))
				throw new KubejoinError('API_ALREADY_EXISTS', { resource: 'secrets', group: '', name });
			created.push(object);
			return object;
		},
		async delete(name: string) {
			await read.get(name);
			deleted.push(name);
		},
	};
	return { secrets: secrets as never, created, deleted, asked: read.asked };
}

const tokenSecret = (id: string, data: Record<string, string> = {}): Secret => ({
	apiVersion: 'v1',
	kind: 'Secret',
	metadata: { name: secretName(id) },
	type: 'bootstrap.kubernetes.io/token',
	data: Object.fromEntries(
		Object.entries({ 'token-id': id, 'token-secret': '0123456789abcdef', ...data }).map(([key, value]) => [
			key,
			base64(value),
		]),
	),
});
const everyField = {
	expiration: '2026-02-01T11:00:00Z',
	description: 'for <a>',
	'usage-bootstrap-signing': 'true',
	'usage-bootstrap-authentication': 'true',
	'auth-extra-groups': `${group},system:bootstrappers:b`,
};

describe('kubeadm token generate', () => {
	it('generates valid tokens with every character', () => {
		const tokens = Array.from({ length: 200 }, generateToken);
		for (const { id, secret } of tokens) match(`${id}.${secret}`, /^[a-z0-9]{6}\.[a-z0-9]{16}$/);
		equal(new Set(tokens.flatMap(({ id, secret }) => [...id, ...secret])).size, 36);
	});
});

describe('kubeadm token create', () => {
	async function run(
		changes: Partial<TokenRequest> = {},
		print: TokenOutput = { kind: 'token' },
		...present: readonly Secret[]
	) {
		const { output, written } = fakeOutput();
		const fake = fakeSecrets(...present);
		const wanted = checkTokenRequest({ ...tokenDefaults, token, ...changes });
		await createToken(wanted, print, { endpoint: 'h:6443', ca }, { secrets: fake.secrets, output, clock, retryMs: 0 });
		return { ...written, ...fake };
	}
	const dataOf = (secret: Unsent<Secret> | undefined) =>
		Object.fromEntries(
			Object.entries(secret?.data ?? {}).map(([key, value]) => [key, Buffer.from(value, 'base64').toString()]),
		);

	it("stores kubeadm's Secret and prints the token", async () => {
		const { out, created } = await run();
		equal(out, `${token}\n`);
		deepEqual(created[0]?.metadata, { name: 'bootstrap-token-abcdef', namespace: 'kube-system' });
		equal(created[0]?.type, 'bootstrap.kubernetes.io/token');
		deepEqual(dataOf(created[0]), {
			'token-id': 'abcdef',
			'token-secret': '0123456789abcdef',
			expiration: '2026-02-01T12:00:00Z',
			'usage-bootstrap-signing': 'true',
			'usage-bootstrap-authentication': 'true',
			'auth-extra-groups': group,
		});
	});

	it('omits empty fields', async () => {
		const { created } = await run({ ttl: '0', usages: ['signing'], groups: [], description: 'mine' });
		deepEqual(dataOf(created[0]), {
			'token-id': 'abcdef',
			'token-secret': '0123456789abcdef',
			description: 'mine',
			'usage-bootstrap-signing': 'true',
		});
	});

	it('adds a group to a token for one node', async () => {
		const bounds = 'system:bootstrappers:kubejoin:node:node-1,system:bootstrappers:kubejoin:once';
		equal(
			dataOf((await run({ nodeName: 'node-1', once: true })).created[0])['auth-extra-groups'],
			`${group},${bounds}`,
		);
		equal(dataOf((await run({ once: false })).created[0])['auth-extra-groups'], group);
		await rejects(run({ nodeName: 'node.example' }), {
			code: 'COMMAND_INVALID',
			message: /^invalid argument "node.example" for "--node-name" flag: .* without dots$/,
		});
		await rejects(run({ once: true, groups: [], usages: ['signing'] }), { code: 'TOKEN_INVALID' });
	});

	it('retries while the cluster is unavailable, and recognizes its own Secret when the answer was lost', async () => {
		const { output, written } = fakeOutput();
		const kept = new Map<string, Unsent<Secret>>();
		const wanted = checkTokenRequest({ ...tokenDefaults, token });
		let attempts = 0;
		const secrets = {
			async create(object: Unsent<Secret>) {
				const name = object.metadata.name ?? '';
				if (kept.has(name)) throw new KubejoinError('API_ALREADY_EXISTS', { resource: 'secrets', group: '', name });
				if (attempts++ > 0) kept.set(name, object);
				throw new KubejoinError('CONNECTION_REFUSED', { target: 'h:6443', problem: 'gone' });
			},
			get: async (name: string) => kept.get(name),
		} as never;
		await createToken(wanted, { kind: 'token' }, { endpoint: 'h:6443', ca }, { secrets, output, clock, retryMs: 0 });
		equal(written.out, `${token}\n`);
		equal(written.err, 'waiting for the cluster to create the token: cannot connect to h:6443: gone\n');
		equal(kept.size, 1);
	});

	it("--print-join-command prints kubeadm's line with a node name that is not in use and no health port", async () => {
		const { out } = await run({}, { kind: 'join-command' });
		const line = `npx kubelet-sim join h:6443 --token ${token} --discovery-token-ca-cert-hash ${pins[0]}`;
		const [start, name] = out.split(' --node-name ');
		equal(start, line);
		match(name ?? '', /^node-[a-z0-9]{5} --healthz-port 0\n$/);
		notEqual((await run({}, { kind: 'join-command' })).out, out);
	});

	it('--print-join-command names the node that the token is bound to', async () => {
		const { out } = await run({ nodeName: 'node-9' }, { kind: 'join-command', nodeName: 'node-9' });
		equal(out.endsWith(' --node-name node-9 --healthz-port 0\n'), true);
	});

	it('--print-join-config writes a file for its owner only and prints no token', async () => {
		const directory = await mkdtemp(join(tmpdir(), 'kubectl-sim-'));
		try {
			const path = join(directory, 'join.yaml');
			const { out } = await run({}, { kind: 'join-config', path });
			equal(out, `npx kubelet-sim join --config ${path} --healthz-port 0\n`);
			equal((await stat(path)).mode & 0o777, 0o600);
			const discovery = `discovery:\n  bootstrapToken:\n    apiServerEndpoint: h:6443\n    caCertHashes:\n    - ${pins[0]}\n    token: ${token}\n`;
			equal(await readFile(path, 'utf8'), `apiVersion: kubeadm.k8s.io/v1beta4\n${discovery}kind: JoinConfiguration\n`);
		} finally {
			await rm(directory, { recursive: true });
		}
	});

	it('refuses an existing token ID', () =>
		rejects(run({}, { kind: 'token' }, tokenSecret('abcdef')), {
			code: 'TOKEN_EXISTS',
			message: 'a token with id "abcdef" already exists',
		}));

	it('refuses a malformed token without repeating it', () => {
		throws(() => checkTokenRequest({ ...tokenDefaults, token: 'abcdef.SECRET' }), {
			code: 'TOKEN_MALFORMED',
			message: 'the bootstrap token was not of the form "\\A([a-z0-9]{6})\\.([a-z0-9]{16})\\z"',
			remedy: 'Correct the token: its secret has 6 characters, and sixteen are needed',
		});
	});

	it("prints problems with kubeadm's texts, several in brackets", () => {
		const refused = (changes: Partial<TokenRequest>, message: string) =>
			throws(() => checkTokenRequest({ ...tokenDefaults, ...changes }), {
				code: 'TOKEN_INVALID',
				message,
				exitCode: 3,
			});
		const useless = `bootstrapTokens.0.groups: Invalid value: []string{"${group}"}: token groups cannot be specified unless --usages includes "authentication"`;
		refused({ usages: ['signing'] }, useless);
		const unknown =
			'bootstrapTokens.0.usages: Invalid value: []string{"foo", "bar"}: invalid bootstrap token usage string: bar,foo, valid usage options: signing,authentication';
		refused({ usages: ['foo', 'bar'] }, `[${unknown}, ${useless}]`);
		const pattern = '\\Asystem:bootstrappers:[a-z0-9:-]{0,255}[a-z0-9]\\z';
		refused(
			{ groups: ['x'] },
			`bootstrapTokens.0.groups: Invalid value: []string{"x"}: bootstrap group "x" is invalid (must match ${pattern})`,
		);
	});

	it('refuses an invalid --ttl', () => {
		const refused = (ttl: string, problem: string) =>
			throws(() => checkTokenRequest({ ...tokenDefaults, ttl }), {
				code: 'COMMAND_INVALID',
				message: `invalid argument "${ttl}" for "--ttl" flag: ${problem}`,
			});
		refused('x', 'time: invalid duration "x"');
		refused('1d', 'time: unknown unit "d" in duration "1d"');
		refused('-1h', 'the lifetime of a token cannot be negative');
	});
});

describe('kubeadm token list', () => {
	const run = async (format: 'text' | 'json' | 'yaml', ...present: readonly Secret[]) => {
		const { output, written } = fakeOutput();
		const { secrets, asked } = fakeSecrets(...present);
		await listTokens(format, { secrets, output, clock });
		return { ...written, asked };
	};

	it("prints kubeadm's table, which aligns each row separately", async () => {
		const { out, asked } = await run('text', tokenSecret('abcdef', everyField), tokenSecret('bbbbbb'));
		const wide = (text: string) => text.padEnd(56);
		equal(
			out,
			`TOKEN                     TTL         EXPIRES                USAGES                   ${wide('DESCRIPTION')}   EXTRA GROUPS\n` +
				`${token}   23h         2026-02-01T11:00:00Z   authentication,signing   ${wide('for <a>')}   ${group},system:bootstrappers:b\n` +
				`bbbbbb.0123456789abcdef   <forever>   <never>   <none>                   ${wide('<none>')}   <none>\n`,
		);
		deepEqual(asked, [{ namespace: 'kube-system', fieldSelector: 'type=bootstrap.kubernetes.io/token' }]);
	});

	it('prints an object for each token', async () => {
		const { out } = await run('json', tokenSecret('abcdef', everyField));
		deepEqual(Object.keys(JSON.parse(out)), [
			'kind',
			'apiVersion',
			'token',
			'description',
			'expires',
			'usages',
			'groups',
		]);
		match(out, /"description": "for \\u003ca\\u003e"/);
		const yaml = await run('yaml', tokenSecret('abcdef'), tokenSecret('bbbbbb'));
		equal(
			yaml.out.split('---\n')[1],
			'apiVersion: output.kubeadm.k8s.io/v1alpha3\nkind: BootstrapToken\ntoken: bbbbbb.0123456789abcdef\n',
		);
	});

	it('prints nothing without tokens', async () => deepEqual((await run('text')).out, ''));

	it('prints the problem of a malformed Secret and continues', async () => {
		const { out, err } = await run(
			'json',
			tokenSecret('abcdef', { 'token-id': '' }),
			tokenSecret('abcdef', { 'token-secret': 'no' }),
			tokenSecret('bbbbbb'),
		);
		equal(err.split('\n')[0], 'bootstrap Token Secret has no token-id data: bootstrap-token-abcdef');
		equal(JSON.parse(out).token, 'bbbbbb.0123456789abcdef');
	});
});

describe('kubeadm token delete', () => {
	const run = async (...texts: string[]) => {
		const { output, written } = fakeOutput();
		const fake = fakeSecrets(tokenSecret('abcdef'), tokenSecret('bbbbbb'));
		await deleteTokens(texts, { secrets: fake.secrets, output });
		return { ...written, deleted: fake.deleted };
	};
	const forms = '"\\\\A([a-z0-9]{6})\\\\.([a-z0-9]{16})\\\\z" or "\\\\A([a-z0-9]{6})\\\\z"';

	it('accepts IDs and whole tokens', async () => {
		const { out, deleted } = await run('bbbbbb', token);
		equal(out, 'bootstrap token "bbbbbb" deleted\nbootstrap token "abcdef" deleted\n');
		deepEqual(deleted, ['bootstrap-token-bbbbbb', 'bootstrap-token-abcdef']);
	});

	it('refuses malformed, absent and unknown tokens', async () => {
		const refused = (texts: string[], message: string) => rejects(run(...texts), { code: 'COMMAND_INVALID', message });
		await refused(['abcdef.'], `given token didn't match pattern ${forms}`);
		await refused([], `missing argument; 'token delete' is missing token of form ${forms}`);
		await refused(['zzzzzz'], 'failed to delete bootstrap token "zzzzzz": secrets "bootstrap-token-zzzzzz" not found');
	});
});
