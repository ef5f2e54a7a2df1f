/** Finds the mesh to work on: the one of CHAOS_MESH and CHAOS_STATE, or the one that runs. */
import { resolve } from 'node:path';
import { hasCode, KubejoinError } from '../../lib/errors.ts';
import { type LabContext, openContext } from './context.ts';
import { labDirectory, openControl } from './control/client.ts';
import type { Driver } from './drivers/driver.ts';
import { localDriver } from './drivers/local/driver.ts';
import { createLabApi } from './lab-api.ts';
import type { Result } from './result.ts';

export interface Lab {
	/** Absent in the container of the lab. */
	readonly driver?: Driver;
	/** Absent when the nodes run in a container. */
	readonly context?: LabContext;
	readonly close: () => void;
}

export interface OpenLabOptions {
	readonly env: Readonly<Record<string, string | undefined>>;
	readonly signal: AbortSignal | undefined;
	/** Runs a command of the lab in this process. */
	readonly runCommand: (args: readonly string[], context: LabContext) => Promise<Result>;
}

const kinds = ['local', 'compose'] as const;

/** The state directory of the mesh on this machine, which also holds the journals of experiments. */
export const stateDirectory = ({ CHAOS_STATE = '.kubejoin' }: OpenLabOptions['env']): string => resolve(CHAOS_STATE);

/** @throws LAB_UNREACHABLE, CONFIG_INVALID, and the errors of Docker for a mesh in containers */
export async function openLab(options: OpenLabOptions): Promise<Lab> {
	const { env } = options;
	const wanted = env.CHAOS_MESH;
	if (wanted !== undefined && !kinds.some((kind) => kind === wanted))
		throw new KubejoinError('CONFIG_INVALID', {
			problems: [`CHAOS_MESH=${JSON.stringify(wanted)} cannot be used: it must be local or compose`],
		});
	if (wanted === 'local') return openLocal(options);
	if (wanted === 'compose') return openContainers(options);
	try {
		return await openLocal(options);
	} catch (local) {
		if (!hasCode(local, 'LAB_UNREACHABLE')) throw local;
		return await openContainers(options).catch((error: unknown) => {
			const hasNone = hasCode(error, 'DOCKER_UNREACHABLE', 'MESH_NOT_FOUND') && !env.COMPOSE_PROJECT_NAME;
			if (!hasNone) throw error;
			const problem = `${local.details.problem}, and ${error.message}`;
			throw new KubejoinError('LAB_UNREACHABLE', { problem }, { cause: error });
		});
	}
}

async function openContainers({ env, signal }: OpenLabOptions): Promise<Lab> {
	const { openComposeDriver } = await import('./drivers/compose/driver.ts');
	return {
		driver: await openComposeDriver({ project: env.COMPOSE_PROJECT_NAME, env, signal }),
		close: () => undefined,
	};
}

async function openLocal({ env, signal, runCommand }: OpenLabOptions): Promise<Lab> {
	const directory = labDirectory(stateDirectory(env));
	const context = await openContext(directory, signal);
	const driver = localDriver(await openControl(directory), createLabApi(context, runCommand));
	return { driver, context, close: context.close };
}
