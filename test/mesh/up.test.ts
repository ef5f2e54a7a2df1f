/** `npm start`: first and second start, interruptions at any moment, resets, and conflicts with other programs. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { environment } from '../../lib/config.ts';
import { projectPath } from '../../lib/paths.ts';
import { claimPorts, type PortBlock } from '../ports.ts';
import { eventually } from './mesh.ts';

/** A start takes 3 s on an idle machine, and half a minute when many programs share it. */
const START_SECONDS = 180;

describe('npm start', function () {
	this.timeout(900_000);
	let state: string;
	/** In the environment of every program that a test starts. */
	let mark: string;
	let block: PortBlock;
	let port: number;
	let started: Up[];
	beforeEach(async () => {
		const directory = mkdtempSync(join(tmpdir(), 'kubejoin-up-'));
		mark = basename(directory);
		state = join(directory, 'a cluster');
		block = await claimPorts();
		port = block.port;
		started = [];
	});
	afterEach(async () => {
		for (const { process: child } of started) child.kill('SIGKILL');
		await Promise.all(started.map(({ ended }) => ended));
		await eventually(10, () => assert.deepEqual(left(), []));
		block.release();
		rmSync(dirname(state), { recursive: true, force: true });
	});

	interface Up {
		readonly process: ChildProcess;
		readonly text: () => string;
		readonly ended: Promise<number | null>;
	}
	function up(...args: string[]): Up {
		const child = spawn(
			process.execPath,
			[
				'--import',
				projectPath('dist/lib/end-with-runner.js'),
				projectPath('dist/bundle/scripts/up.js'),
				'--state',
				state,
				'--port',
				String(port),
				'--page-port',
				String(port + 5),
				...args,
			],
			{
				env: { ...environment(), OTEL_RESOURCE_ATTRIBUTES: `test.run=${mark}` },
				stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
			},
		);
		let text = '';
		for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk: Buffer) => (text += chunk));
		const running = {
			process: child,
			text: () => text,
			ended: once(child, 'close').then(([code]) => code as number | null),
		};
		started.push(running);
		return running;
	}
	const environmentOf = (pid: string): string => {
		try {
			return readFileSync(`/proc/${pid}/environ`, 'utf8');
		} catch {
			return '';
		}
	};
	/** Programs of a test that are still running. */
	const left = (): string[] =>
		readdirSync('/proc').filter((pid) => /^\d+$/.test(pid) && environmentOf(pid).includes(mark));

	it('--once names each service, waits for three Ready nodes and ends', async () => {
		const first = up('--once');
		assert.equal(await first.ended, 0, first.text());
		for (const service of ['pki', 'ca-service', 'token-store', 'apiserver-sim', 'controller-manager-sim', 'observer'])
			assert.match(first.text(), new RegExp(`^ +\\d+\\.\\d s {2}${service} `, 'm'));
		for (const node of ['node-1', 'node-2', 'node-3']) assert.match(first.text(), new RegExp(`^${node} +Ready `, 'm'));
		assert.ok(
			first
				.text()
				.split('\n')
				.every((line) => line.length <= 80),
		);
		await eventually(10, () => assert.deepEqual(left(), []));
	});

	it('ends on SIGINT at any moment, and leaves no process running', async () => {
		for (const moment of ['Up in', '✔ preflight']) {
			const running = up('--nodes', '1');
			await eventually(START_SECONDS, () => assert.ok(running.text().includes(moment), running.text()));
			running.process.kill('SIGINT');
			assert.equal(await running.ended, 0, running.text());
			assert.match(running.text(), /Stopped\. The cluster is kept in/);
			await eventually(10, () => assert.deepEqual(left(), []));
		}
	});

	it('ends on SIGINT during the start, and does not finish it before', async () => {
		for (const moment of ['Starting kubejoin', 'keys and certificates', 'stores tokens']) {
			const running = up('--nodes', '1');
			await eventually(START_SECONDS, () => assert.ok(running.text().includes(moment), running.text()));
			running.process.kill('SIGINT');
			assert.equal(await running.ended, 0, running.text());
			assert.doesNotMatch(running.text(), /Up in|controller-manager-sim/);
			assert.match(running.text(), /Stopped\. The cluster is kept in/);
			await eventually(10, () => assert.deepEqual(left(), []));
		}
	});

	it('--once ends with the exit code of the signal that stops it before all nodes joined', async () => {
		const moments = [
			['SIGINT', 'Starting kubejoin', 130],
			['SIGTERM', 'Up in', 143],
			['SIGTERM', 'Stopping', 0],
		] as const;
		for (const [signal, moment, code] of moments) {
			const running = up('--once', '--nodes', '1');
			await eventually(START_SECONDS, () => assert.ok(running.text().includes(moment), running.text()));
			running.process.kill(signal);
			assert.equal(await running.ended, code, running.text());
			await eventually(10, () => assert.deepEqual(left(), []));
		}
	});

	it('--certificate-lifetime makes nodes renew, warns at every start, and has a minimum', async () => {
		for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
			const running = up('--nodes', '1', '--certificate-lifetime', '10');
			await eventually(START_SECONDS, () =>
				assert.match(running.text(), /^node-1 \[kubelet\] node-1 rotated its client certificate at/m),
			);
			assert.match(
				running.text(),
				/^ca-service WARN LAB is on: the lifetimes of certificates are for a lab and\n {4}for nothing else$/m,
			);
			running.process.kill(signal);
			assert.equal(await running.ended, signal === 'SIGKILL' ? null : 0, running.text());
			await eventually(10, () => assert.deepEqual(left(), []));
		}
		const refused = up('--certificate-lifetime', '4');
		assert.equal(await refused.ended, 3);
		assert.match(
			refused.text(),
			/'--certificate-lifetime <seconds>' argument '4' is invalid. It must be a whole number from 5 to \d+\./,
		);
	});

	it('counts the joins of many nodes; the same nodes continue at the next start, also on another port', async () => {
		const many = up('--once', '--nodes', '7');
		assert.equal(await many.ended, 0, many.text());
		assert.match(many.text(), /^7 of 7 nodes joined in /m);
		assert.match(many.text(), /^7 nodes, 7 of them Ready$/m);
		const other = await claimPorts();
		const elsewhere = up('--once', '--nodes', '2', '--port', String(other.port));
		assert.equal(await elsewhere.ended, 0, elsewhere.text());
		assert.equal(elsewhere.text().match(/continues with its certificate/g)?.length, 2);
		other.release();
		const few = up('--once', '--nodes', '1');
		assert.equal(await few.ended, 0, few.text());
		assert.match(few.text(), /^node-1 +Ready .*\nand 6 other nodes, \d of them Ready$/m);
	});

	it('--reset starts over, needs --yes without a terminal, and is refused like a start while the mesh runs', async () => {
		const first = up('--nodes', '1');
		await eventually(START_SECONDS, () => assert.ok(first.text().includes('Ctrl-C stops the cluster'), first.text()));
		const running = up('--reset', '--yes');
		assert.equal(await running.ended, 1);
		assert.match(running.text(), /STATE_IN_USE/);
		const second = up();
		assert.equal(await second.ended, 1);
		assert.match(
			second.text(),
			/^error: another kubejoin \(process \d+\) uses the state in .*\n {2}code: {10}STATE_IN_USE\n {2}most likely: {3}.*\n {2}do this: {7}.*\n$/m,
		);
		first.process.kill('SIGINT');
		assert.equal(await first.ended, 0, first.text());
		assert.match(first.text(), /Stopped\. The cluster is kept in/);
		await eventually(10, () => assert.deepEqual(left(), []));
		const unconfirmed = up('--reset');
		assert.equal(await unconfirmed.ended, 1);
		assert.match(unconfirmed.text(), /RESET_UNCONFIRMED[\s\S]*Repeat the command with --yes/);
		const again = up('--reset', '--yes', '--once', '--nodes', '1');
		assert.equal(await again.ended, 0, again.text());
		assert.match(again.text(), /Deleted the cluster in [\s\S]* ✔ register /);
	});

	it('refuses a port of its own service or node for the page, and names it', async () => {
		for (const [pagePort, service] of [
			[port + 1, 'ca-service'],
			[port + 3, 'observer'],
			[port + 21, 'node-2'],
		] as const) {
			const refused = up('--nodes', '2', '--page-port', String(pagePort));
			assert.equal(await refused.ended, 1);
			assert.match(refused.text(), new RegExp(`--page-port ${pagePort} is also a port of ${service}`));
			assert.doesNotMatch(refused.text(), /Starting kubejoin/);
		}
	});

	it('refuses a port in use, with exit code 1', async () => {
		const other = createServer().listen(port + 1, '127.0.0.1');
		await once(other, 'listening');
		const blocked = up();
		assert.equal(await blocked.ended, 1);
		assert.match(
			blocked.text(),
			/^error: ca-service cannot listen on 127\.0\.0\.1:\d+: the port is in use\n {2}code: {10}PORT_IN_USE\n/m,
		);
		other.close();
	});
});
