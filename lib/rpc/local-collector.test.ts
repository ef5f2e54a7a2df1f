import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findCollector, OBSERVER_FILE, removeObserverFile, writeObserverFile } from './local-collector.ts';

describe('the collector of a program that is started by hand', () => {
	let state: string;
	beforeEach(() => {
		state = mkdtempSync(join(tmpdir(), 'kubejoin-collector-'));
		mkdirSync(join(state, 'pki', 'kubelet-sim'), { recursive: true });
		writeFileSync(join(state, 'pki', 'kubelet-sim', 'traces-key'), 'the-key\n');
	});
	afterEach(() => rmSync(state, { recursive: true }));

	const mesh = { apiServer: '127.0.0.1:6443', tracesUrl: 'http://127.0.0.1:6446' };
	const found = { url: 'http://127.0.0.1:6446/v1/traces', key: 'the-key' };
	const find = (endpoint = '127.0.0.1:6443', env: Record<string, string> = {}) =>
		findCollector('kubelet-sim', { endpoint, states: [join(state, 'absent'), state], env });

	describe('named by the file of npm start', () => {
		it('is found for the API server of that mesh, under any name of this machine', async () => {
			await writeObserverFile(state, mesh);
			for (const endpoint of ['127.0.0.1:6443', 'localhost:6443', '[::1]:6443'])
				assert.deepEqual(find(endpoint), found, endpoint);
		});

		it('is not used for another API server, which may be an attacker', async () => {
			await writeObserverFile(state, mesh);
			for (const endpoint of ['127.0.0.1:6444', '10.0.0.1:6443', 'evil.example:6443', '127.0.0.1.example:6443', ''])
				assert.deepEqual(find(endpoint), {}, endpoint);
		});

		it('must be on this machine', async () => {
			for (const tracesUrl of ['http://10.0.0.1:6446', 'http://localhost.example', 'http://a@evil.example', 'x', '']) {
				await writeObserverFile(state, { ...mesh, tracesUrl });
				assert.deepEqual(find(), {}, tracesUrl);
			}
		});

		it('is ignored in a file that another user can write, that is a link, or that is damaged', async () => {
			const path = join(state, OBSERVER_FILE);
			await writeObserverFile(state, mesh);
			chmodSync(path, 0o666);
			assert.deepEqual(find(), {});
			for (const text of ['', '[]', 'null', '{"apiServer":1,"tracesUrl":2}', `{"x":"${'x'.repeat(5_000)}"}`]) {
				rmSync(path);
				writeFileSync(path, text, { mode: 0o600 });
				assert.deepEqual(find(), {}, text);
			}
			rmSync(path);
			await writeObserverFile(join(state, 'pki'), mesh);
			symlinkSync(join(state, 'pki', OBSERVER_FILE), path);
			assert.deepEqual(find(), {});
		});

		it('is gone when the mesh has stopped', async () => {
			await writeObserverFile(state, mesh);
			await removeObserverFile(state);
			await removeObserverFile(state);
			assert.deepEqual(find(), {});
		});
	});

	describe('named by the OTEL_ variables', () => {
		const keyFor = (endpoint: string, more: Record<string, string> = {}) =>
			findCollector('kubelet-sim', {
				endpoint: '127.0.0.1:6443',
				states: [state],
				env: { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, ...more },
			});

		it('wins over the file, and receives the key of the mesh here when it is on this machine', async () => {
			await writeObserverFile(state, mesh);
			for (const url of ['http://127.0.0.1:6446', 'http://localhost:4318/', 'http://[::1]:6446', 'http://127.1.2.3'])
				assert.deepEqual(keyFor(url), { key: 'the-key' }, url);
		});

		it('receives no key on another machine', () => {
			for (const url of [
				'https://collector.example',
				'http://127.0.0.1.example',
				'http://localhost.example:4318',
				'http://10.0.0.1:4318',
				'http://user@collector.example/127.0.0.1',
				'nonsense',
			])
				assert.deepEqual(keyFor(url), {}, url);
			const traces = { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'https://collector.example/v1/traces' };
			assert.deepEqual(keyFor('http://127.0.0.1:6446', traces), {});
		});

		it('receives no key where there is no mesh', () => {
			const query = { endpoint: '', env: { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:6446' } };
			assert.deepEqual(findCollector('ca-service', { ...query, states: [state] }), {});
			assert.deepEqual(findCollector('kubelet-sim', { ...query, states: [join(state, 'absent')] }), {});
		});
	});
});
