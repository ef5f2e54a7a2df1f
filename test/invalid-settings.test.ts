/** A service with invalid settings: it exits with 2, or waits where a supervisor would restart it forever. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { projectPath } from '../lib/paths.ts';

describe('a service with invalid settings', () => {
	function startCaService(env: Readonly<Record<string, string>>) {
		const child = spawn(process.execPath, [projectPath('dist/bundle/services/ca-service/main.js')], {
			env: { KUBEJOIN_PORT: 'none', ...env },
			stdio: ['ignore', 'pipe', 'pipe'],
		});
		let text = '';
		const ended = once(child, 'close').then(([code]) => code as number | null);
		const says = (words: string) =>
			new Promise<void>((resolve) => {
				for (const stream of [child.stdout, child.stderr])
					stream.on('data', (chunk: Buffer) => {
						text += chunk;
						if (text.includes(words)) resolve();
					});
			});
		return { child, ended, says, text: () => text };
	}

	it('exits with 2 after it has named them', async () => {
		const { ended, says, text } = startCaService({});
		void says('');
		assert.equal(await ended, 2);
		assert.match(text(), /KUBEJOIN_PORT="none" cannot be used/);
	});

	it('names them once and waits to be stopped with INVALID_SETTINGS=wait', async () => {
		const { child, ended, says, text } = startCaService({ KUBEJOIN_INVALID_SETTINGS: 'wait' });
		await says('waiting to be stopped');
		assert.equal(text().match(/KUBEJOIN_PORT="none" cannot be used/g)?.length, 1);
		assert.equal(child.exitCode, null);
		child.kill('SIGTERM');
		assert.equal(await ended, 2);
	});
});
