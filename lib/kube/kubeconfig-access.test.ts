import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { openssl } from '../../test/openssl.ts';
import { hasCode, KubejoinError } from '../errors.ts';
import { parseKubeconfig } from './kubeconfig.ts';
import { checkKeyMaterial, currentCluster, currentUser } from './kubeconfig-access.ts';

const base64 = (text: string) => Buffer.from(text).toString('base64');
const config = (fields: { cluster?: string; user?: string }) =>
	`clusters: [{name: c, cluster: {${fields.cluster ?? 'server: "https://a:1"'}}}]\n` +
	'contexts: [{name: x, context: {cluster: c, user: u}}]\n' +
	`current-context: x\nusers: [{name: u, user: {${fields.user ?? ''}}}]\n`;
const cluster = (fields: string, path = 'f') =>
	currentCluster(parseKubeconfig(config({ cluster: fields }), path), path);
const user = (fields: string, path = 'f') => currentUser(parseKubeconfig(config({ user: fields }), path), path);
function refusal(read: () => unknown): { message: string; remedy: string } {
	try {
		read();
	} catch (error) {
		assert.ok(hasCode(error, 'KUBECONFIG_INVALID'), `${error}`);
		return { message: error.message, remedy: error.remedy };
	}
	return assert.fail('it was accepted');
}
const message = (read: () => unknown) => refusal(read).message;

// Texts without a line number are those of kubectl 1.34.5 for the same file.
describe('the cluster and user of a kubeconfig', () => {
	it('base64 with line breaks, and the field and byte of other garbage', () => {
		const wrapped = base64('CA\n'.repeat(40)).replace(/.{76}/g, '$&\\n');
		assert.equal(
			cluster(`server: "https://a:1", certificate-authority-data: "${wrapped}\\r\\n"`).ca,
			'CA\n'.repeat(40),
		);
		for (const [data, at] of [
			['abcd ', 4],
			['!!!!', 0],
			['abc', 0],
		] as const)
			assert.equal(
				message(() => user(`client-key-data: "${data}", client-certificate-data: ""`)),
				`client-key-data of user "u": illegal base64 data at input byte ${at}`,
			);
	});

	it('an empty text and null are absent, for every field', () => {
		const fields = [
			'client-certificate-data',
			'client-certificate',
			'client-key-data',
			'client-key',
			'token',
			'tokenFile',
			'as',
			'as-uid',
			'as-groups',
			'as-user-extra',
			'username',
			'password',
			'auth-provider',
			'exec',
		];
		const noCredential = { name: 'u', certificate: undefined, key: undefined, token: undefined };
		const texts = fields.filter((field) => !/groups|extra|provider|exec/.test(field));
		assert.deepEqual(user(fields.map((field) => `${field}: null`).join(', ')), noCredential);
		assert.deepEqual(user(texts.map((field) => `${field}: ""`).join(', ')), noCredential);
		const empty = ['certificate-authority', 'certificate-authority-data', 'tls-server-name', 'proxy-url'];
		for (const nothing of ['""', 'null', ''])
			assert.deepEqual(cluster(`server: "https://a:1", ${empty.map((field) => `${field}: ${nothing}`).join(', ')}`), {
				server: 'https://a:1',
				endpoint: 'a:1',
				ca: undefined,
				isUnverified: false,
				tlsServerName: undefined,
			});
	});

	it('half a credential, one given twice, and two methods are errors', () => {
		const half = 'must be specified for u to use the clientCert authentication method.';
		assert.equal(
			message(() => user('client-certificate-data: QQ==')),
			`client-key-data or client-key ${half}`,
		);
		assert.equal(
			message(() => user('client-key-data: QQ==')),
			`client-certificate-data or client-certificate ${half}`,
		);
		assert.equal(
			message(() => user('client-certificate-data: QQ==, client-certificate: f, client-key-data: QQ==')),
			'client-cert-data and client-cert are both specified for u. client-cert-data will override.',
		);
		assert.equal(
			message(() => user('username: a, token: b')),
			'more than one authentication method found for u; found [token basicAuth], only one is allowed',
		);
	});

	it('refuses unsupported fields by name', () => {
		for (const field of [
			'as: a',
			'exec: {command: x}',
			'exec: {}',
			'auth-provider: {name: gcp}',
			'username: a',
			'password: hunter2',
		])
			assert.match(
				message(() => user(field)),
				new RegExp(`^user "u" has ${field.split(':')[0]}, which kubejoin does not use$`),
			);
		for (const field of ['as-groups: [a]', 'as-uid: a', 'as-user-extra: {a: [b]}'])
			assert.equal(
				message(() => user(field)),
				'requesting uid, groups or user-extra for u without impersonating a user',
			);
		const { message: proxy } = refusal(() => cluster('server: "https://a:1", proxy-url: "http://u:hunter2@p:1"'));
		assert.equal(proxy, 'cluster "c" has proxy-url, and kubejoin connects without a proxy');
		assert.equal(
			message(() => cluster('server: "https://a:1", insecure-skip-tls-verify: true, certificate-authority-data: QQ==')),
			'specifying a root certificates file with the insecure flag is not allowed',
		);
	});

	it('normalizes the server: case, brackets, a trailing slash, port 443; refuses unsupported forms', () => {
		const endpoints = {
			'https://a:1': 'a:1',
			'HTTPS://a:1': 'a:1',
			'https://a': 'a:443',
			'https://a:': 'a:443',
			'https://a:1/': 'a:1',
			'https://a:1//': 'a:1',
			'https://[::1]:1': '[::1]:1',
			'https://[::1]': '[::1]:443',
			'https://10.0.0.1:1': '10.0.0.1:1',
		};
		for (const [server, endpoint] of Object.entries(endpoints))
			assert.equal(cluster(`server: "${server}"`).endpoint, endpoint);
		const refused: Record<string, RegExp> = {
			'': /^no server found for cluster "c"$/,
			'a:1': /has no scheme$/,
			'http://a:1': /is not an https:\/\/ address$/,
			'https://h:1/k8s/clusters/c-1': /has a path or a query/,
			'https://h:1?a=b': /has a path or a query/,
			'https://h:1#f': /path or a query/,
			' https://a:1': /begins or ends with a blank$/,
			'https://a:1\\n': /begins or ends with a blank$/,
			'https://::1:1': /without brackets$/,
			'https://[fe80::1%25lo]:1': /has an IPv6 zone$/,
			'https://[a]:1': /no IPv6 address in them$/,
			'https://': /has no valid host$/,
			'https://a b:1': /has no valid host$/,
			'https://a:x': /has no valid host$/,
			'https://a:0': /has no valid port$/,
			'https://a:99999': /has no valid port$/,
		};
		for (const [server, text] of Object.entries(refused))
			assert.match(
				message(() => cluster(`server: "${server}"`)),
				text,
			);
		const { message: withUser } = refusal(() => cluster('server: "https://admin:hunter2@a:1"'));
		assert.equal(withUser, 'server "https://****@a:1" of cluster "c" has a user in it');
	});

	it('a token that no header can hold is refused and not repeated', () => {
		const secret = 'abcdef.0123456789abcdef';
		for (const token of [
			`${secret}\\n`,
			`\\r${secret}`,
			`${secret}\\0`,
			`${secret}\\x7f`,
			`${secret}ü`,
			`${secret}\\t`,
		]) {
			const refused = refusal(() => user(`token: "${token}"`));
			assert.doesNotMatch(JSON.stringify(refused), /0123456789/);
			if (!/ü|\\t/.test(token))
				assert.equal(
					refused.message,
					'Unable to connect to the server: net/http: invalid header field value for "Authorization"',
				);
		}
		assert.match(
			refusal(() => user(`token: "${secret}\\n"`)).remedy,
			/^Remove the line break from the token of user "u" in f/,
		);
	});

	it('reads files: tokenFile before token while it can be read, trimmed; reports path and reason of an unreadable one', () => {
		const directory = mkdtempSync(join(tmpdir(), 'kubeconfig-'));
		const at = join(directory, 'config');
		try {
			writeFileSync(join(directory, 'token'), ' abc\r\n');
			writeFileSync(join(directory, 'empty'), '\n');
			assert.equal(user('tokenFile: token', at).token, 'abc');
			assert.equal(user('tokenFile: token, token: x', at).token, 'abc');
			assert.equal(user('tokenFile: /nonexistent, token: x', at).token, 'x');
			assert.equal(
				message(() => user('tokenFile: /nonexistent', at)),
				'open /nonexistent: no such file or directory',
			);
			assert.equal(
				message(() => user(`tokenFile: ${directory}`, at)),
				`read ${directory}: is a directory`,
			);
			assert.match(
				message(() => user('tokenFile: empty', at)),
				/^the token file empty of user "u" is empty$/,
			);
			assert.match(
				message(() => user('tokenFile: /dev/zero', at)),
				/^open \/dev\/zero: is a device, not a regular file$/,
			);
			truncateSync(join(directory, 'empty'), 1024 ** 3);
			assert.match(
				message(() => user('tokenFile: empty', at)),
				/^empty is longer than 1048576 bytes$/,
			);
			assert.equal(
				message(() => cluster('server: "https://a:1", certificate-authority: /nonexistent', at)),
				'unable to read certificate-authority /nonexistent for c due to open /nonexistent: no such file or directory',
			);
			assert.match(refusal(() => user('tokenFile: /nonexistent', at)).remedy, /^Check the path \/nonexistent/);
		} finally {
			rmSync(directory, { recursive: true });
		}
	});

	it('duplicate names, other kinds and wrong types are named, with the line', () => {
		const load = (text: string) => message(() => parseKubeconfig(text, 'f'));
		assert.equal(
			load('users:\n- name: a\n- name: a\n'),
			'error loading config file "f": line 3: duplicate name "a" in users',
		);
		assert.match(load('kind: Pod\napiVersion: v1\n'), /no kind "Pod" is registered for version "v1"/);
		assert.match(load('[]'), /it holds a list/);
		assert.match(load('users:\n- name: u\n  user:\n    token: 123\n'), /line 4: token must be a text/);
		assert.match(
			load('clusters:\n- name: a\n  cluster:\n    insecure-skip-tls-verify: "true"\n'),
			/line 4: .* true or false/,
		);
		assert.deepEqual(parseKubeconfig('clusters: null\nusers:\ncontexts: ~\n---\nkind: Foo\n', 'f').users, []);
		assert.deepEqual(parseKubeconfig(Buffer.from('\ufeffcurrent-context: x', 'utf16le'), 'f').currentContext, 'x');
	});
});

describe('keys and certificates of a kubeconfig', () => {
	const newKey = () => openssl(['genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256']);
	let certificate: string;
	let key: string;
	let otherKey: string;
	let rsaKey: string;
	before(() => {
		key = newKey();
		otherKey = newKey();
		certificate = openssl(['req', '-x509', '-key', 'k', '-subj', '/CN=one', '-days', '2'], { k: key });
		rsaKey = openssl(['genrsa', '2048']);
	});
	const problem = (fields: { certificate: string; key: string }, ca?: string) =>
		message(() => checkKeyMaterial(ca === undefined ? {} : { ca }, { name: 'u', ...fields }, 'f'));

	it('each way in which they do not fit has Go’s text', () => {
		checkKeyMaterial(
			{ ca: `text\n${certificate}` },
			{ name: 'u', certificate: `text\n${certificate}`, key: `text\n${key}` },
			'f',
		);
		const encrypted = openssl(['pkcs8', '-topk8', '-in', 'k', '-passout', 'pass:x'], { k: key });
		const damaged = (type: string) => `-----BEGIN ${type}-----\naGVsbG8=\n-----END ${type}-----\n`;
		const cases: readonly [string, string, string][] = [
			[certificate, otherKey, 'tls: private key does not match public key'],
			[certificate, rsaKey, 'tls: private key type does not match public key type'],
			[certificate, encrypted, 'tls: failed to parse private key'],
			[certificate, damaged('PRIVATE KEY'), 'tls: failed to parse private key'],
			[certificate, 'hello', 'tls: failed to find any PEM data in key input'],
			[certificate, certificate, 'tls: found a certificate rather than a key in the PEM for the private key'],
			['hello', key, 'tls: failed to find any PEM data in certificate input'],
			[damaged('CERTIFICATE'), key, 'x509: malformed certificate'],
			[
				key,
				key,
				'tls: failed to find certificate PEM data in certificate input, but did find a private key; ' +
					'PEM inputs may have been switched',
			],
		];
		for (const [shown, secret, text] of cases) assert.equal(problem({ certificate: shown, key: secret }), text);
		const remedy = refusal(() => checkKeyMaterial({}, { name: 'u', certificate, key: encrypted }, 'f')).remedy;
		assert.match(remedy, /decrypt the private key/);
	});

	it('and so has a CA', () => {
		const ca = (text: string) => problem({ certificate, key }, text);
		assert.equal(ca('hello'), 'unable to load root certificates: unable to parse bytes as PEM block');
		assert.match(
			ca('-----BEGIN CERTIFICATE-----\naGVsbG8=\n-----END CERTIFICATE-----\n'),
			/x509: malformed certificate$/,
		);
	});

	it('takes linear time for text between PEM blocks', () => {
		assert.throws(
			() => checkKeyMaterial({ ca: '-----BEGIN A-----\n'.repeat(60_000) }, { name: 'u' }, 'f'),
			KubejoinError,
		);
	});
});

describe('any kubeconfig', () => {
	it('is read or refused with KUBECONFIG_INVALID, on printable lines, and no secret of it is repeated', () => {
		const secret = fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: 16, maxLength: 16 });
		const noise = fc.constantFrom(
			'',
			'\\n',
			'\\u001b[31m',
			'\\u202e',
			' ',
			'"',
			"'",
			'[',
			': ',
			'\n',
			'\t',
			'#',
			'\x1b',
		);
		const field = fc.constantFrom(
			'token',
			'password',
			'client-key-data',
			'client-certificate-data',
			'tokenFile',
			'server',
			'certificate-authority-data',
			'proxy-url',
			'exec',
			'as',
			'name',
			'tls-server-name',
			'current-context',
		);
		fc.assert(
			fc.property(secret, fc.array(fc.tuple(field, noise, noise), { maxLength: 4 }), (hidden, fields) => {
				const shown = fields.map(([name, before, after]) => {
					const isSecret = /token$|password|key-data|proxy/.test(name);
					return `${name}: "${before}${isSecret ? (name === 'token' ? `abcdef.${hidden}` : hidden) : 'x'}${after}"`;
				});
				const text = config({ cluster: `server: "https://a:1", ${shown.join(', ')}`, user: shown.join(', ') });
				try {
					const read = parseKubeconfig(text, 'f');
					currentCluster(read, 'f');
					currentUser(read, 'f');
				} catch (error) {
					assert.ok(hasCode(error, 'KUBECONFIG_INVALID'), `${error}`);
					const said = `${error.message}${error.remedy}`;
					assert.ok(!said.includes(hidden), said);
					assert.doesNotMatch(said, /[\p{Cc}\p{Cf}]/u);
				}
			}),
			{ numRuns: 200 },
		);
	});
});
