/** Calls the HTTP API of Toxiproxy from the lab container, because this machine cannot reach it. */
import { KubejoinError } from '../../../../lib/errors.ts';
import type { ProxyReach } from '../../faults/network.ts';
import type { LabContainer } from './lab-container.ts';
import { type ComposeProject, listProject } from './project.ts';

/** Sends one request and prints status and body as JSON. */
const REQUEST_PROGRAM = `const [method, url, body] = process.argv.slice(1);
const signal = AbortSignal.timeout(30_000);
const response = await fetch(url, { method, body, signal });
process.stdout.write(JSON.stringify({ status: response.status, body: await response.text() }));`;

/** @returns undefined when Toxiproxy does not run */
export async function toxiproxy(project: ComposeProject, lab: LabContainer): ReturnType<ProxyReach['toxiproxy']> {
	const [found] = await listProject(project, 'toxiproxy');
	if (found?.State !== 'running') return undefined;
	return async (method, path, body) => {
		const command = ['node', '--input-type=module', '-e', REQUEST_PROGRAM, method, `http://toxiproxy:8474${path}`];
		const { code, stdout, stderr } = await lab.execute(
			body === undefined ? command : [...command, JSON.stringify(body)],
		);
		if (code !== 0)
			throw new KubejoinError('TOXIPROXY_REFUSED', { request: `${method} ${path}`, problem: stderr.trim() });
		return JSON.parse(stdout) as { status: number; body: string };
	};
}
