/** Where the nodes are: the lab's directory there, the mesh as seen from there, and the admin's way into the API. What every verb works with. */
import { dirname, join } from 'node:path';
import { makePrivateDirectory, readFileIfThere, writeWholeFile } from '../../lib/files.ts';
import { type ApiClient, apiClient } from '../../lib/kube/client.ts';
import { type ChildPlan, runProgram } from '../../lib/process-supervisor.ts';
import { openApiChannel } from '../../lib/rpc/api-channel.ts';
import { type ControlClient, openControl } from './control/client.ts';
import type { MeshInfo } from './control/server.ts';
import type { Result } from './drivers/driver.ts';

export interface LabContext {
	/** Readable by the owner alone. */
	readonly directory: string;
	readonly control: ControlClient;
	readonly info: MeshInfo;
	/** As the cluster's admin. */
	readonly api: ApiClient;
	/** Run a program of the project to its end. */
	readonly run: (program: string, args: readonly string[], options?: Pick<ChildPlan, 'variables'>) => Promise<Result>;
	/** Run kubectl-sim with a kubeconfig; the admin's when none is given. */
	readonly kubectl: (args: readonly string[], kubeconfig?: string) => Promise<Result>;
	/** A file of the lab, below its directory; undefined when there is none. */
	readonly read: <T>(path: string) => Promise<T | undefined>;
	/** Written as JSON, for the owner alone. */
	readonly write: (path: string, value: unknown) => Promise<void>;
	readonly close: () => void;
}

/** @throws LAB_UNREACHABLE */
export async function openContext(directory: string): Promise<LabContext> {
	const control = await openControl(directory);
	const info = await control.mesh();
	const contents = (await readFileIfThere(info.kubeconfig)) ?? '';
	const channel = openApiChannel({ path: info.kubeconfig, contents });
	const run = (program: string, args: readonly string[], options: Pick<ChildPlan, 'variables'> = {}) =>
		runProgram({ name: program, program: `services/${program}/main.js`, args, ...options });
	return {
		directory,
		control,
		info,
		api: apiClient(channel),
		run,
		kubectl: (args, kubeconfig = info.kubeconfig) => run('kubectl-sim', ['--kubeconfig', kubeconfig, ...args]),
		...filesOf(directory),
		close: channel.close,
	};
}

/** The lab's own files below its directory. */
export const filesOf = (directory: string): Pick<LabContext, 'read' | 'write'> => ({
	async read<T>(path: string) {
		const text = await readFileIfThere(join(directory, path));
		return text === undefined ? undefined : (JSON.parse(text) as T);
	},
	async write(path, value) {
		const file = join(directory, path);
		await makePrivateDirectory(dirname(file));
		await writeWholeFile(file, JSON.stringify(value), 0o600);
	},
});

/** When the experiment began, in milliseconds since 1970. */
export const STARTED_AT = 'started-at.json';

/** The first thing that an experiment makes begins it. */
export async function begin(context: LabContext): Promise<void> {
	if ((await context.read(STARTED_AT)) === undefined) await context.write(STARTED_AT, Date.now());
}
