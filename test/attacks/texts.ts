/** Text from outside on a terminal, in a log or on the page, and secrets in any of them. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createCsr } from '../../lib/pki/csr.ts';
import { generateKeyPair } from '../../lib/pki/keys.ts';
import { runProgram } from '../../lib/process-supervisor.ts';
import { call, withBearerToken } from '../../lib/rpc/channel.ts';
import type { AttackGroup } from './attack.ts';
import { https, inSteps, sendRaw, type Target } from './target.ts';

const ESCAPE = '\u001b';
/** Sets the window's title, forges a row, reverses the reading direction. */
const hostileText = `evil${ESCAPE}]0;title\u0007\r\nforged-row\u202e`;
const rawCharacters = [ESCAPE, '\u0007', '\r', '\u202e', '\u009b'];
const isRaw = (text: string): boolean =>
	rawCharacters.some((character) => text.includes(character)) || /^forged-row/m.test(text);

const kubectl = ({ mesh }: Target, args: readonly string[], variables: Readonly<Record<string, string>> = {}) =>
	runProgram({
		name: 'kubectl-sim',
		program: 'services/kubectl-sim/main.js',
		args: ['--kubeconfig', join(mesh.state, 'pki/admin/admin.conf'), ...args],
		variables,
	});

export const texts: AttackGroup = {
	name: 'Text and secrets',
	attacks: [
		{
			title: 'name a certificate request with terminal escapes, line breaks and bidi controls',
			attacker: 'a bootstrap token',
			result: 'escaped by `kubectl-sim get` and `describe`, as kubectl does',
			async run(target) {
				const { mesh } = target;
				const token = await mesh.createToken();
				const channel = withBearerToken(mesh.channel(mesh.endpoint, { ca: mesh.ca }), token);
				const subject = { commonName: 'system:node:evil', organizations: ['system:nodes'] };
				const pem = createCsr({ subject }, await generateKeyPair('ECDSA-P256'));
				await call(channel, 'CertificateSigningRequests', 'Create', {
					metadata: { name: hostileText },
					spec: {
						request: Buffer.from(pem).toString('base64'),
						signerName: 'kubernetes.io/kube-apiserver-client-kubelet',
						usages: ['digital signature', 'client auth'],
					},
				}).catch(() => undefined);
				const commands = [
					['get', 'csr'],
					['get', 'csr', '-o', 'wide'],
					['describe', 'csr', hostileText],
				];
				for (const args of [...commands, ['get', 'csr', hostileText], ['get', hostileText]]) {
					const { stdout, stderr } = await kubectl(target, args);
					assert.ok(!isRaw(stdout), `${args.join(' ').slice(0, 20)} prints ${JSON.stringify(stdout)}`);
					assert.ok(!isRaw(stderr), `${args.join(' ').slice(0, 20)} prints ${JSON.stringify(stderr)}`);
				}
				assert.deepEqual(
					mesh.lines.filter(({ line }) => isRaw(line)),
					[],
				);
			},
		},
		{
			title: 'send hostile text in paths, methods and headers',
			attacker: 'network access only',
			result: 'escaped in every log line',
			async run(target) {
				const path = `/api/v1/namespaces/default/configmaps/${encodeURIComponent(hostileText)}`;
				await https(target, path, { headers: { 'user-agent': 'evil\u009b2J', authorization: 'Bearer \u009b2J' } });
				const request = 'GET /\u009b2J\u202e HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n';
				await Promise.all(target.httpPorts.map(({ port }) => sendRaw(port, request, 500)));
				assert.deepEqual(
					target.mesh.lines.filter(({ line }) => isRaw(line)),
					[],
				);
			},
		},
		{
			title: 'use a kubeconfig whose token has a line break, or a flag that is misspelt beside a secret',
			attacker: 'network access only',
			result: 'refused with a code and a remedy; the secret is not repeated',
			async run(target) {
				const secret = 'cbky51shmybtzx52';
				const admin = target.mesh.pki('admin/admin.conf');
				const path = join(target.mesh.state, 'line-break.conf');
				writeFileSync(
					path,
					admin.replace(/client-certificate-data: .*\n.*client-key-data: .*/, `token: "s3wpk6.${secret}\\n"`),
				);
				for (const args of [
					['--kubeconfig', path, 'get', 'nodes'],
					['--tokn', `s3wpk6.${secret}`, 'get', 'nodes'],
					[`--tokn=s3wpk6.${secret}`, 'get', 'nodes'],
					['get', 'nodes', 'a', `s3wpk6.${secret}`],
				]) {
					const { code, stdout, stderr } = await runProgram({
						name: 'kubectl-sim',
						program: 'services/kubectl-sim/main.js',
						args,
					});
					assert.notEqual(code, 0, args.join(' '));
					assert.ok(!`${stdout}${stderr}`.includes(secret), `${args[0]} prints the secret`);
					assert.ok(!/undefined/.test(stderr), stderr);
				}
			},
		},
		{
			title: 'set the proxy variables of the shell, in both cases',
			attacker: 'network access only',
			result: 'ignored by every program',
			async run(target) {
				const names = ['http_proxy', 'https_proxy', 'grpc_proxy', 'all_proxy'];
				await inSteps(names.length, 2, async (at) => {
					const name = names[at] ?? '';
					for (const variable of [name, name.toUpperCase()]) {
						const { code, stderr } = await kubectl(target, ['get', 'nodes'], { [variable]: 'http://127.0.0.1:9' });
						assert.equal(code, 0, `${variable}: ${stderr}`);
					}
				});
			},
		},
		{
			title: 'look for the secret half of every token, and for private keys, in all that the programs printed',
			attacker: 'network access only',
			result: 'nothing found',
			async run({ mesh }) {
				const token = await mesh.createToken();
				const [, secret = ''] = token.split('.');
				await mesh.joinAndFail({ token, nodeName: 'canary', pins: [`sha256:${'0'.repeat(64)}`] });
				await mesh.joinAndFail({ token: `${token.slice(0, 7)}${'z'.repeat(16)}`, nodeName: 'wrong-secret' });
				const printed = mesh.lines.map(({ line }) => line).join('\n');
				assert.ok(!printed.includes(secret), 'the secret half was printed');
				assert.ok(!printed.includes('z'.repeat(16)), 'a guessed secret half was printed');
				assert.ok(!/PRIVATE KEY/.test(printed), 'a private key was printed');
			},
		},
	],
};
