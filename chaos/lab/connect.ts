/** Which mesh the lab works on, and how it is reached: by CHAOS_MESH and CHAOS_STATE, or the one that runs. */
import { resolve } from 'node:path';
import { KubejoinError } from '../../lib/errors.ts';
import { type LabContext, openContext } from './context.ts';
import { labDirectory, openControl } from './control/client.ts';
import type { Driver, Result } from './drivers/driver.ts';
import { localDriver } from './drivers/local/driver.ts';

export interface Lab {
	/** Absent where only the nodes are: in the lab's container. */
	readonly driver?: Driver;
	/** Absent where the nodes are elsewhere. */
	readonly context?: LabContext;
	readonly close: () => void;
}

/** The lab's directory in its container. */
const CONTAINER_DIRECTORY = '/lab';
const kinds = ['local', 'compose', 'inside'] as const;

/**
 * @param inside  runs a verb of the lab in this process
 * @throws LAB_UNREACHABLE, CONFIG_INVALID
 */
export async function openLab(
	env: Readonly<Record<string, string | undefined>>,
	runInLab: (args: readonly string[], context: LabContext) => Promise<Result>,
): Promise<Lab> {
	const { CHAOS_MESH: wanted = 'local or compose', CHAOS_STATE: state = '.kubejoin' } = env;
	if (wanted === 'inside') return openInside();
	const isKnown = wanted === 'local or compose' || kinds.some((kind) => kind === wanted);
	if (!isKnown)
		throw new KubejoinError('CONFIG_INVALID', {
			problems: [`CHAOS_MESH=${JSON.stringify(wanted)} cannot be used: it must be local or compose`],
		});
	if (wanted !== 'compose') {
		try {
			return await openLocal(labDirectory(resolve(state)), runInLab);
		} catch (error) {
			if (wanted === 'local' || !(error instanceof KubejoinError && error.code === 'LAB_UNREACHABLE')) throw error;
		}
	}
	const { openComposeDriver } = await import('./drivers/compose/driver.ts');
	return { driver: await openComposeDriver({ project: env.COMPOSE_PROJECT_NAME }), close: () => undefined };
}

async function openInside(): Promise<Lab> {
	const context = await openContext(CONTAINER_DIRECTORY);
	return { context, close: context.close };
}

async function openLocal(
	directory: string,
	runInLab: (args: readonly string[], context: LabContext) => Promise<Result>,
): Promise<Lab> {
	const control = await openControl(directory);
	await control.mesh();
	const context = await openContext(directory);
	return { driver: localDriver(control, (args) => runInLab(args, context)), context, close: context.close };
}
