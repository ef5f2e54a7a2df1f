/** Recreates the container of a service with other settings, in steps that a later process can finish. */
import { KubejoinError } from '../../../../lib/errors.ts';
import type { Change } from '../../control/api.ts';
import { cutEndpoints } from './cut.ts';
import type { Container, Inspection } from './docker.ts';
import { containersOf, findService, NEXT_SUFFIX, OLD_SUFFIX, untilReady } from './find-service.ts';
import type { ComposeProject } from './project.ts';
import { recreate } from './recreate.ts';

/** A service that has not stopped by then is killed; its data is in a volume. */
const STOP_SECONDS = 2;

export async function change(project: ComposeProject, service: string, wanted: Change): Promise<void> {
	if (service === 'redis')
		throw new KubejoinError('COMMAND_INVALID', {
			problem: 'redis has no settings and no clock to change',
			remedy: 'Kill, pause or cut it',
		});
	await finishRecreation(project, service);
	await untilReady(await recreateWith(project, service, wanted));
}

/**
 * At every moment either the old container is complete or the new one is, which stores the original settings of the
 * old one. Volumes outlive both; the logs of the old container do not.
 */
export async function recreateWith(project: ComposeProject, service: string, wanted: Change): Promise<Container> {
	const { container: old, found } = await findService(project, service);
	if ((await cutEndpoints(project, service, found)) !== undefined)
		throw new KubejoinError('COMMAND_INVALID', {
			problem: `${service} is cut off and cannot be changed`,
			remedy: 'Heal it first',
		});
	const name = found.Name.slice(1);
	const { container: plan, further } = recreate(found, await imageOf(project, found), wanted);
	const next = await project.docker.createContainer(name + NEXT_SUFFIX, plan);
	for (const [network, endpoint] of further) await project.docker.connectNetwork(network, next, endpoint);
	if (found.State.Paused) await old.unpause();
	if (found.State.Running || found.State.Restarting) await old.stop(STOP_SECONDS);
	await old.rename(name + OLD_SUFFIX);
	await next.rename(name);
	await next.start();
	await old.remove();
	return project.docker.container(next.id, service);
}

/** By name, as compose stores it, unless the name refers to another image by now. */
async function imageOf({ docker }: ComposeProject, { Config, Image }: Inspection): Promise<string> {
	const id = await docker.imageId(Config.Image).catch(() => undefined);
	return id === Image ? Config.Image : Image;
}

/** Complete or undo a recreation that was interrupted. @returns whether there was one */
export async function finishRecreation(project: ComposeProject, service: string): Promise<boolean> {
	const { current, old, next } = await containersOf(project, service);
	if (next !== undefined) await next.container.remove();
	if (old !== undefined && current !== undefined) await old.container.remove();
	if (old !== undefined && current === undefined) await old.container.rename(old.name.slice(0, -OLD_SUFFIX.length));
	return old !== undefined || next !== undefined;
}
