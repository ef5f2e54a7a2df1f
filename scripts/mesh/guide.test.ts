import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { resolve } from 'node:path';
import { projectPath } from '../../lib/paths.ts';
import { exportText, nextText, serviceText } from './guide.ts';
import { serviceNames } from './services.ts';

describe('the guide of npm start', () => {
	const mesh = {
		state: resolve('.kubejoin'),
		port: 16_443,
		store: 'redis://127.0.0.1:6379',
		observer: { pagePort: 18_080, story: 'off' },
	} as const;
	const join = { endpoint: '127.0.0.1:16443', token: 'abcdef.0123456789abcdef', hash: `sha256:${'a'.repeat(64)}` };

	it('names every service in at most 80 columns', () => {
		for (const name of [...serviceNames, 'observer', 'pki'] as const) {
			const options = { mesh, afterMs: 12_345, isKnown: false };
			const line = serviceText(name, { ...options, language: 'en' });
			assert.match(line, new RegExp(`^ 12\\.3 s {2}${name} +`));
			assert.ok(line.length <= 80, line);
			const chinese = serviceText(name, { ...options, language: 'zh' });
			const wide = chinese.match(/\p{Script=Han}|，/gu)?.length ?? 0;
			assert.ok(chinese.length + wide <= 80, chinese);
		}
	});

	it('begins all tasks in one column, also with ports of different lengths', () => {
		for (const [port, pagePort] of [
			[6443, 8080],
			[6443, 18_080],
			[16_443, 8080],
		] as const) {
			const options = { mesh: { ...mesh, port, observer: { ...mesh.observer, pagePort } }, afterMs: 0, isKnown: true };
			const columns = (['pki', ...serviceNames, 'observer'] as const).map(
				(name) => /^ +\S+ s +\S+ +(\S+:\d+)? +/.exec(serviceText(name, { ...options, language: 'en' }))?.[0].length,
			);
			assert.equal(new Set(columns).size, 1, columns.join());
		}
	});

	it('says that the keys of a known cluster are checked, and not that they are created', () => {
		const text = (isKnown: boolean) => serviceText('pki', { mesh, afterMs: 0, isKnown, language: 'en' });
		assert.match(text(false), /creates keys/);
		assert.match(text(true), /checks keys/);
	});

	it('names the state directory in the commands that continue and start over, unless it is the default', () => {
		const last = (state: string) => {
			const options = { mesh: { ...mesh, state }, kubeconfig: '/k', free: [1, 2], join } as const;
			return (
				nextText({ ...options, language: 'en' })
					.trimEnd()
					.split('\n')
					.at(-1) ?? ''
			);
		};
		assert.match(last(resolve('.kubejoin')), /and npm start continues it\. To start over: npm start -- --reset$/);
		assert.match(
			last('/tmp/second'),
			/npm start -- --state \/tmp\/second continues it\. To start over: npm start -- --reset --state \/tmp\/second$/,
		);
		assert.match(last('/tmp/a cluster'), / --reset --state '\/tmp\/a cluster'$/);
	});

	it('has Chinese sentences around the same commands', () => {
		const options = { mesh, kubeconfig: resolve('.kubejoin/pki/admin/admin.conf'), free: [1, 2], join } as const;
		const commands = (language: 'en' | 'zh') => nextText({ ...options, language }).match(/kube(?:ctl|let)-sim .*/g);
		assert.deepEqual(commands('zh'), commands('en'));
		const own = nextText({ ...options, language: 'zh' })
			.split('\n')
			.filter((line) => !line.startsWith('     '));
		for (const line of own.filter((one) => one !== '')) assert.match(line, /\p{Script=Han}/u);
	});

	it('prints one line for PATH and KUBECONFIG that a shell understands', () => {
		const line = exportText(resolve('.kubejoin/pki/admin/admin.conf'));
		const script = `${line}; cd /; echo "$PATH"; echo "$KUBECONFIG"`;
		const [path = '', kubeconfig] = execFileSync('sh', ['-c', script], { encoding: 'utf8' }).split('\n');
		assert.equal(path.split(':')[0], projectPath('node_modules/.bin'));
		assert.equal(kubeconfig, resolve('.kubejoin/pki/admin/admin.conf'));
	});

	it('joins free nodes with the token and the hash of the cluster', () => {
		const text = nextText({
			mesh,
			kubeconfig: resolve('.kubejoin/pki/admin/admin.conf'),
			free: [4, 6],
			join,
			language: 'en',
		});
		assert.match(text, /kubelet-sim join 127\.0\.0\.1:16443 --token abcdef\.0123456789abcdef \\/);
		assert.match(text, /--discovery-token-ca-cert-hash sha256:a{64} \\\n +--node-name node-5 /);
		assert.match(text, /--discovery-token-ca-cert-hash sha256:0{64} \\\n +--node-name node-7 /);
	});
});
