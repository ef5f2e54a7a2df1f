/** Prepares the mesh for a client, runs its commands and returns the answers. */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import pLimit from 'p-limit';
import { rfc3339Micro } from '../../lib/clock.ts';
import { environment } from '../../lib/config.ts';
import { projectPath } from '../../lib/paths.ts';
import { eventually, type TestMesh } from '../mesh/mesh.ts';
import type { Client } from './clients.ts';
import { normalize } from './normalize.ts';
import { type Answer, isWatch, type RecordedCommand, stepsOf } from './recorded.ts';
import { runKubectl, type Surroundings } from './run.ts';

/** Of a watch whose output is not complete, after its last line, and of one that is to print nothing. */
const QUIET_MS = 5_000;
const EMPTY_WATCH_MS = 2_000;
const HEARTBEAT_MS = 5_000;

/** A directory with the manifests that the commands name, and a key pair for `create secret tls`. */
export function makeSurroundings(mesh: TestMesh): Surroundings {
	const cwd = mkdtempSync(join(mesh.state, 'kubectl-'));
	cpSync(projectPath('test/kubectl/manifests'), cwd, { recursive: true });
	const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '30'];
	const files = ['-keyout', 'tls.key', '-out', 'tls.crt', '-subj', '/CN=x'];
	execFileSync('openssl', ['req', '-x509', ...curve, ...files], { cwd, stdio: 'ignore' });
	const home = join(cwd, 'home');
	mkdirSync(home);
	const env = {
		PATH: environment().PATH ?? '',
		HOME: home,
		TZ: 'UTC',
		KUBECONFIG: join(mesh.state, 'pki/admin/admin.conf'),
		KUBE_EDITOR: "sed -i 's/a: b/a: edited/'",
	};
	return { cwd, env };
}

/** The state of the recorded cluster before the first command. */
const preparation = [
	'apply -f setup/token.yaml',
	'create -f setup/leases.yaml',
	'create -f setup/node-1.yaml',
	'patch node node-1 --subresource=status --patch-file setup/node-1-status.yaml',
];
/** As the controllers for the TTL and the CIDR of a node. Managed fields are in the order of their seconds. */
const later = ['patch node node-1 --field-manager=kube-controller-manager --patch-file setup/node-1-controllers.yaml'];
/** As the controllers and a kubelet of the recorded cluster did after these commands. */
const after: Readonly<Record<string, readonly string[]>> = {
	'create-f-node': ['patch node n-fix --field-manager=kube-controller-manager --patch-file setup/n-fix.yaml'],
};
const cleaning = [
	'delete ns demo --ignore-not-found',
	'delete nodes n-fix node-1 --ignore-not-found',
	'delete -f setup/leases.yaml -f setup/token.yaml -f token-secret.yaml --ignore-not-found',
	'delete csr --all',
];

export interface Run {
	readonly client: Client;
	/** Prepares and cleans: an old client lacks the commands. */
	readonly helper: Client;
	readonly mesh: TestMesh;
	readonly surroundings: Surroundings;
}

/** @returns the answers, normalized, by the name of the command */
export async function answersOf(
	{ client, helper, mesh, surroundings }: Run,
	commands: readonly RecordedCommand[],
): Promise<Map<string, Answer>> {
	const help = async (lines: readonly string[]): Promise<void> => {
		for (const line of lines) {
			const { exit, stderr } = await runKubectl(helper.path, line.split(' '), surroundings);
			if (exit !== 0) throw new Error(`kubectl ${line} ended with ${exit}: ${stderr}`);
		}
	};
	const limit = pLimit(2 * availableParallelism());
	const answers = new Map<string, Answer>();
	const run = async (command: RecordedCommand): Promise<void> => {
		const watching = isWatch(command) ? watchingOf(command) : undefined;
		const { exit, stdout, stderr } = await runKubectl(client.path, command.args, surroundings, watching);
		answers.set(command.name, { exit, stdout: normalize(stdout), stderr: normalize(stderr) });
	};
	/** The node controller compares the names of the nodes every few seconds. */
	const awaitEvent = (node: string, reason: string): Promise<void> =>
		eventually(30, async () => {
			const query = `get events -o name --field-selector=involvedObject.name=${node},reason=${reason}`;
			const { stdout } = await runKubectl(helper.path, query.split(' '), surroundings);
			if (stdout === '') throw new Error(`there is no event ${reason} of ${node}`);
		});
	await help(preparation);
	await awaitEvent('node-1', 'RegisteredNode');
	await help(later);
	const heartbeat = setInterval(() => void renewLeases(mesh), HEARTBEAT_MS);
	for (const step of stepsOf(commands)) {
		await Promise.all(step.map((command) => limit(run, command)));
		for (const { name } of step) await help(after[name] ?? []);
		if (step.some(({ name }) => name === 'create-f-node')) await awaitEvent('n-fix', 'RegisteredNode');
	}
	clearInterval(heartbeat);
	await help(cleaning);
	await awaitEvent('node-1', 'RemovingNode');
	await help(['delete events -A --all']);
	return answers;
}

/** The recorded cluster had no kubelet. A script renewed the leases of its nodes. */
async function renewLeases({ api }: TestMesh): Promise<void> {
	for (const name of ['n-fix', 'node-1']) {
		try {
			const lease = await api.leases.get(name, 'kube-node-lease');
			await api.leases.update({ ...lease, spec: { ...lease.spec, renewTime: rfc3339Micro(Date.now()) } });
		} catch {
			// The next heartbeat repeats it.
		}
	}
}

function watchingOf({ stdout }: RecordedCommand) {
	const lines = stdout.split('\n').length - 1;
	return { lines, quietMs: lines === 0 ? EMPTY_WATCH_MS : QUIET_MS };
}
