/** Returns every service to the state in which compose started it, after any fault and after a crash of the lab. */
import { finishRecreation, recreateWith } from './change.ts';
import { heal } from './cut.ts';
import { bringUp, composeServices, findService, untilReady } from './find-service.ts';
import type { ComposeProject } from './project.ts';
import { changeOf } from './recreate.ts';

/** @returns a line for each repair */
export async function restore(project: ComposeProject): Promise<string[]> {
	const repairs: string[] = [];
	for (const service of composeServices) repairs.push(...(await restoreService(project, service)));
	for (const service of composeServices) {
		const { container } = await findService(project, service);
		await untilReady(container).catch(async (error: unknown) => {
			// A stop that a killed lab had requested can take effect only now.
			if ((await bringUp(container)) === undefined) throw error;
			await untilReady(container);
		});
	}
	return repairs;
}

async function restoreService(project: ComposeProject, service: string): Promise<string[]> {
	const repairs: string[] = [];
	if (await finishRecreation(project, service)) repairs.push(`${service}: undid an interrupted change`);
	if (await heal(project, service)) repairs.push(`reconnected ${service}`);
	let { container, found } = await findService(project, service);
	if (changeOf(found.Config.Labels) !== undefined) {
		container = await recreateWith(project, service, {});
		repairs.push(`restored the settings and clock of ${service}`);
	}
	const before = await bringUp(container);
	if (before !== undefined) repairs.push(`${before === 'paused' ? 'resumed' : 'started'} ${service}`);
	return repairs;
}
