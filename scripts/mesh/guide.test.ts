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
			const line = serviceText(name, mesh, 12_345);
			assert.match(line, new RegExp(`^ 12\\.3 s {2}${name} +`));
			assert.ok(line.length <= 80, line);
		}
	});

	it('prints one line for PATH and KUBECONFIG that a shell understands', () => {
		const line = exportText(resolve('.kubejoin/pki/admin/admin.conf'));
		const script = `${line}; cd /; echo "$PATH"; echo "$KUBECONFIG"`;
		const [path = '', kubeconfig] = execFileSync('sh', ['-c', script], { encoding: 'utf8' }).split('\n');
		assert.equal(path.split(':')[0], projectPath('node_modules/.bin'));
		assert.equal(kubeconfig, resolve('.kubejoin/pki/admin/admin.conf'));
	});

	it('joins free nodes with the token and the hash of the cluster', () => {
		const text = nextText({ mesh, kubeconfig: resolve('.kubejoin/pki/admin/admin.conf'), free: [4, 6], join });
		assert.match(text, /kubelet-sim join 127\.0\.0\.1:16443 --token abcdef\.0123456789abcdef \\/);
		assert.match(text, /--discovery-token-ca-cert-hash sha256:a{64} \\\n +--node-name node-5 /);
		assert.match(text, /--discovery-token-ca-cert-hash sha256:0{64} \\\n +--node-name node-7 /);
	});
});
