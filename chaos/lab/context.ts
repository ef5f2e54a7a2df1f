/** The context of commands that run where the nodes are: the lab's directory, the mesh, and the API as the admin. */
import { dirname, join } from 'node:path';
import { makePrivateDirectory, readFileIfThere, writeWholeFile } from '../../lib/files.ts';
import { openApiChannel } from '../../lib/kube/api-channel.ts';
import { type ApiClient, apiClient } from '../../lib/kube/client.ts';
import { type ChildPlan, runProgram } from '../../lib/process-supervisor.ts';
import type { MeshInfo } from './control/api.ts';
import { type ControlClient, openControl } from './control/client.ts';
import type { Result } from './result.ts';

export interface LabContext {
	/** Readable by the owner alone. */
	readonly directory: string;
	readonly control: ControlClient;
	readonly info: MeshInfo;
	readonly api: ApiClient;
	/** Run a program of the project to its end. */
	readonly run: (program: string, args: readonly string[], options?: Pick<ChildPlan, 'variables'>) => Promise<Result>;
	/** Run kubectl-sim with a kubeconfig; the admin's when none is given. */
	readonly kubectl: (args: readonly string[], kubeconfig?: string) => Promise<Result>;
	/** Parse a JSON file below the directory; undefined when it does not exist. */
	readonly read: <T>(path: string) => Promise<T | undefined>;
	/** Write a JSON file below the directory that only the owner can read. */
	readonly write: (path: string, value: unknown) => Promise<void>;
	/** Ends programs and waits of the command. */
	readonly signal: AbortSignal | undefined;
	readonly close: () => void;
}

/** @throws LAB_UNREACHABLE */
export async function openContext(directory: string, signal?: AbortSignal): Promise<LabContext> {
	const control = await openControl(directory);
	const info = await control.mesh();
	const contents = (await readFileIfThere(info.kubeconfig)) ?? '';
	const channel = openApiChannel({ path: info.kubeconfig, contents });
	const run = (program: string, args: readonly string[], options: Pick<ChildPlan, 'variables'> = {}) =>
		runProgram({ name: program, program: `services/${program}/main.js`, args, ...options }, signal);
	return {
		directory,
		control,
		info,
		api: apiClient(channel),
		run,
		kubectl: (args, kubeconfig = info.kubeconfig) => run('kubectl-sim', ['--kubeconfig', kubeconfig, ...args]),
		...filesOf(directory),
		signal,
		close: channel.close,
	};
}

/** Access to the JSON files below a directory. */
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

/** Contains the start of the experiment, in milliseconds since 1970. */
export const STARTED_AT = 'started-at.json';

/** Called before every change by an experiment; the first call records its start. */
export async function recordStart(context: LabContext): Promise<void> {
	if ((await context.read(STARTED_AT)) === undefined) await context.write(STARTED_AT, Date.now());
}
