import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createStory, type Story } from './story.ts';

describe('the output of npm start', () => {
	let state: string;
	let story: Story;
	let written: string;
	const HOUR_MS = 3_600_000;
	const create = (waits: { readonly silentMs: number; readonly maxMs: number }): void => {
		const write = (text: string): void => {
			written += text;
		};
		story = createStory(state, write, undefined, waits);
	};
	beforeEach(() => {
		state = mkdtempSync(join(tmpdir(), 'kubejoin-story-'));
		written = '';
		create({ silentMs: HOUR_MS, maxMs: HOUR_MS });
	});
	afterEach(async () => {
		await story.close();
		rmSync(state, { recursive: true });
	});
	const log = (fields: object) => JSON.stringify({ level: 'info', time: 't', service: 's', ...fields });

	it("prints the observer's lines about joins unchanged, and no other record of a join", () => {
		const line = `node-1 ${'word '.repeat(20)}`;
		story.line('observer', line);
		story.line('observer', log({ msg: 'listening' }));
		story.line('ca-service', log({ msg: 'signed a certificate', serial: 'ab' }));
		story.line('node-1', '[discovery/pin-ca] the node trusts the cluster CA (6 ms)');
		assert.equal(written, `${line}\n`);
	});

	it('indents the further lines of a long line, at 80 columns', () => {
		story.line('node-1', `[kubelet] ${'word '.repeat(40)}`);
		const lines = written.trimEnd().split('\n');
		assert.ok(lines.length > 1 && lines.every((line) => line.length <= 80));
		assert.ok(lines.slice(1).every((line) => line.startsWith('    word')));
	});

	it('prints a failure of a service with code and remedy', () => {
		story.line('token-store', log({ msg: 'listening' }));
		story.line(
			'token-store',
			log({ level: 'error', msg: 'cannot start', code: 'PORT_IN_USE', error: 'taken', remedy: 'free it' }),
		);
		assert.equal(written, 'token-store ERROR cannot start PORT_IN_USE: taken do this: free it\n');
	});

	it('prints lines of a node after its join, and none of the bootstrap of the certificates', () => {
		story.line('node-1', '[kubelet] Node node-1 continues');
		story.line('node-1', '{"no": "log line"}');
		story.line('node-1', '{torn');
		story.line('pki', '[certs] made x');
		assert.equal(written, 'node-1 [kubelet] Node node-1 continues\n');
	});

	it('writes every line to a file that only its owner can read', async () => {
		story.line('ca-service', log({ msg: 'a' }));
		await story.close();
		const path = join(state, 'logs', 'ca-service.log');
		assert.equal(readFileSync(path, 'utf8'), `${log({ msg: 'a' })}\n`);
		assert.equal(statSync(path).mode & 0o777, 0o600);
	});

	it('waits for the end of each expected join, joined or refused, in both languages and in color', async () => {
		story.expectJoins(['node-1', 'node-2', 'node-3']);
		let isTold = false;
		const told = story.told().then(() => (isTold = true));
		story.line('observer', 'node-1 joined in 100 ms');
		story.line('observer', '\u001b[1m\u001b[31mnode-2 was refused after 1.2 s\u001b[39m\u001b[22m');
		story.line('observer', 'node-3  379 ms  ✔ register  creates its Node');
		story.line('node-3', 'node-3 joined in 100 ms');
		await new Promise((resolve) => setImmediate(resolve));
		assert.equal(isTold, false);
		story.line('observer', 'node-3 已加入，用时 100 ms');
		await told;
	});

	it('does not wait when no join is expected', async () => {
		await story.told();
	});

	it('does not wait for an observer that stays silent', async () => {
		create({ silentMs: 1, maxMs: HOUR_MS });
		story.expectJoins(['node-1']);
		await story.told();
	});

	it('prints warnings above a progress line, and no joins beside it', () => {
		const above: string[] = [];
		story.showProgress({ print: (text) => above.push(text) });
		story.line('observer', 'node-1 joined in 100 ms');
		story.line('nodes', '[kubelet] node-1: This node has joined the cluster');
		story.line('ca-service', log({ level: 'warn', msg: 'LAB is on' }));
		assert.deepEqual([above, written], [['ca-service WARN LAB is on\n'], '']);
		story.showProgress(undefined);
		story.line('observer', 'node-2 joined in 100 ms');
		assert.equal(written, 'node-2 joined in 100 ms\n');
	});

	it('prints no join after the summary that the progress line has counted', () => {
		story.expectJoins(['node-1']);
		story.showProgress({ print: () => undefined });
		story.showProgress(undefined);
		story.line('observer', 'node-1 joined in 100 ms');
		story.line('observer', 'node-9 joined in 100 ms');
		assert.equal(written, 'node-9 joined in 100 ms\n');
	});
});
