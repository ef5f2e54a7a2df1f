/**
 * One experiment of each kind of fault on the mesh in containers: none, an input, a process, a line that is cut, a
 * clock. Takes four minutes, a Docker engine and ports 6443 and 8080 of this machine; removes everything that it made
 * but the image.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { environment } from '../lib/config.ts';
import { projectPath } from '../lib/paths.ts';
import { requireFreePort } from '../lib/ports.ts';
import { lab, runExperiment, type Where } from './chaos.ts';
import { eventually, openProject, type Project } from './compose.ts';

const run = promisify(execFile);
const projectName = 'kubejoin-chaos-test';

describe('experiments on a mesh of containers', function () {
	this.timeout('5m');
	let project: Project;
	let where: Where;

	before(async () => {
		await requireFreePort('the mesh in containers', 6443);
		await requireFreePort('the mesh in containers', 8080);
		project = await openProject(projectName);
		const state = mkdtempSync(join(tmpdir(), 'kubejoin-chaos-'));
		where = { mesh: 'compose', state, observer: 'http://127.0.0.1:8080', env: { COMPOSE_PROJECT_NAME: projectName } };
		await project.compose('build');
		await project.compose('up', '-d');
		await eventually(60, async () => assert.match((await lab(where, 'steady')).stdout, /^steady: /));
	});
	after(async () => {
		await project?.down();
		if (where !== undefined) rmSync(where.state, { recursive: true, force: true });
	});

	for (const [name, kind] of [
		['nothing', 'no fault, and an attacker between node and API server'],
		['wrong-pin', 'an input'],
		['ca-service-down', 'a process'],
		['token-store-outage', 'a line that is cut'],
	] as const) {
		it(`${name}: ${kind}`, async () => {
			const { passed, problems } = await runExperiment(name, where);
			assert.ok(passed, problems.join('\n'));
			assert.equal((await lab(where, 'reset')).stdout, 'there was nothing to restore\n');
		});
	}

	it('shows a run of a terminal on the page', async () => {
		const args = ['kubeconfig-gone', '--mesh', 'compose', '--state', where.state, '--progress', 'off'];
		const env = { ...environment(), ...where.env };
		await run(process.execPath, [projectPath('dist/bundle/scripts/chaos.js'), ...args], { env });
		await eventually(10, async () => {
			const response = await fetch(`${where.observer}/api/stream`, { signal: AbortSignal.timeout(2_000) });
			let text = '';
			try {
				for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) text += chunk;
			} catch {
				// The stream does not end by itself.
			}
			assert.match(text, /"experiment":"kubeconfig-gone","state":"ended","from":"terminal"/);
		});
	});

	it('shifts the clock of one service, and the node refuses a certificate that is not yet valid', async () => {
		await lab(where, 'token', 'create', 'clock');
		const { stdout } = await lab(where, 'skew', '--token', 'clock', '--', 'ca-service', '+600s');
		assert.match(stdout, /^ca-service \+600s: refused CERTIFICATE_UNUSABLE/);
		await lab(where, 'reset');
		assert.match((await lab(where, 'steady')).stdout, /^steady: /);
	});
});
