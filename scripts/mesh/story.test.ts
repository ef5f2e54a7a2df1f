import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createStory, type Story } from './story.ts';

describe('the story', () => {
	let state: string;
	let story: Story;
	let written: string;
	beforeEach(() => {
		state = mkdtempSync(join(tmpdir(), 'kubejoin-story-'));
		written = '';
		story = createStory(
			state,
			(text) => {
				written += text;
			},
			undefined,
		);
	});
	afterEach(async () => {
		await story.close();
		rmSync(state, { recursive: true });
	});
	const log = (fields: object) => JSON.stringify({ level: 'info', time: 't', service: 's', ...fields });

	it('lets the observer tell the joins, as it tells them', () => {
		const line = `node-1 ${'word '.repeat(20)}`;
		story.line('observer', line);
		story.line('observer', log({ msg: 'listening' }));
		story.line('ca-service', log({ msg: 'signed a certificate', serial: 'ab' }));
		story.line('node-1', '[discovery/pin-ca] the node trusts the cluster CA (6 ms)');
		assert.equal(written, `${line}\n`);
	});

	it('goes on below, indented, at 80 columns', () => {
		story.line('node-1', `[kubelet] ${'word '.repeat(40)}`);
		const lines = written.trimEnd().split('\n');
		assert.ok(lines.length > 1 && lines.every((line) => line.length <= 80));
		assert.ok(lines.slice(1).every((line) => line.startsWith('    word')));
	});

	it('shows a failure of a service with code and remedy', () => {
		story.line('token-store', log({ msg: 'listening' }));
		story.line(
			'token-store',
			log({ level: 'error', msg: 'cannot start', code: 'PORT_IN_USE', error: 'taken', remedy: 'free it' }),
		);
		assert.equal(written, 'token-store ERROR cannot start PORT_IN_USE: taken do this: free it\n');
	});

	it('shows what a node says after its join, and nothing of the certificates that were made', () => {
		story.line('node-1', '[kubelet] Node node-1 goes on');
		story.line('node-1', '{"no": "log line"}');
		story.line('node-1', '{torn');
		story.line('pki', '[certs] made x');
		assert.equal(written, 'node-1 [kubelet] Node node-1 goes on\n');
	});

	it('keeps every line in a file that only its owner reads', async () => {
		story.line('ca-service', log({ msg: 'a' }));
		await story.close();
		const path = join(state, 'logs', 'ca-service.log');
		assert.equal(readFileSync(path, 'utf8'), `${log({ msg: 'a' })}\n`);
		assert.equal(statSync(path).mode & 0o777, 0o600);
	});
});
