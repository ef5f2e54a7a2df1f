/** Finds the container of a service, brings it up and waits until it is ready. */
import { KubejoinError } from '../../../../lib/errors.ts';
import { pollUntil } from '../../../../lib/poll.ts';
import { targetServices } from '../driver.ts';
import type { Container, Inspection } from './docker.ts';
import { type ComposeProject, listProject, nameOf, ONE_OFF_LABEL } from './project.ts';

/** Services that a fault can target, in the order in which they start. */
export const composeServices = ['redis', ...targetServices] as const;

/** While the lab recreates a container there are two, and these are appended to their names. */
export const OLD_SUFFIX = '.lab-old';
export const NEXT_SUFFIX = '.lab-next';

const READY_MS = 180_000;
const RETRY_MS = 200;
/** The first crash can be an accident; a second one in a row means that the service cannot run. */
const MAX_CRASHES = 1;
const SHOWN_LINES = 5;

interface NamedContainer {
	readonly container: Container;
	readonly name: string;
}

/** One container, except while it is recreated. */
export async function containersOf(project: ComposeProject, service: string) {
	const found = (await listProject(project, service)).filter(
		({ Labels }) => Labels[ONE_OFF_LABEL]?.toLowerCase() !== 'true',
	);
	const containers: readonly NamedContainer[] = found.map((summary) => ({
		container: project.docker.container(summary.Id, service),
		name: nameOf(summary),
	}));
	return {
		current: containers.find(({ name }) => !name.endsWith(OLD_SUFFIX) && !name.endsWith(NEXT_SUFFIX)),
		old: containers.find(({ name }) => name.endsWith(OLD_SUFFIX)),
		next: containers.find(({ name }) => name.endsWith(NEXT_SUFFIX)),
	};
}

export interface FoundService {
	readonly container: Container;
	readonly found: Inspection;
}

/** @throws COMMAND_INVALID  no fault can target the service, or it has no container */
export async function findService(project: ComposeProject, service: string): Promise<FoundService> {
	if (!(composeServices as readonly string[]).includes(service))
		throw new KubejoinError('COMMAND_INVALID', {
			problem: `no fault can target ${JSON.stringify(service)}`,
			remedy: `Name one of ${composeServices.join(', ')}`,
		});
	const { current, old } = await containersOf(project, service);
	const one = current ?? old;
	if (one === undefined)
		throw new KubejoinError('COMMAND_INVALID', {
			problem: `${service} has no container in the compose project ${project.name}`,
			remedy: 'docker compose up -d',
		});
	return { container: one.container, found: await one.container.inspect() };
}

/** @throws SERVICE_FAILED  it ended, restarts again and again, or is not healthy in time */
export async function untilReady(container: Container): Promise<void> {
	const service = container.title;
	const { RestartCount: before } = await container.inspect();
	const last = await pollUntil(() => container.inspect(), isReadyOrFailed(before), {
		retryMs: RETRY_MS,
		timeoutMs: READY_MS,
	});
	if (isReady(last)) return;
	const problem = isFailed(before)(last)
		? `ended with exit code ${last.State.ExitCode}`
		: `is ${healthOf(last)} ${READY_MS / 1000} s after its start`;
	throw new KubejoinError('SERVICE_FAILED', {
		service,
		problem: `${problem}; its last output is:\n${await lastLines(container)}`,
	});
}

const healthOf = ({ State }: Inspection): string => State.Health?.Status ?? 'healthy';
const isReady = (found: Inspection): boolean =>
	found.State.Running && !found.State.Restarting && !found.State.Paused && healthOf(found) === 'healthy';
const isFailed =
	(restartsBefore: number) =>
	({ State, RestartCount }: Inspection): boolean =>
		(!State.Running && !State.Restarting) || RestartCount - restartsBefore > MAX_CRASHES;
const isReadyOrFailed =
	(restartsBefore: number) =>
	(found: Inspection): boolean =>
		isReady(found) || isFailed(restartsBefore)(found);

async function lastLines(container: Container): Promise<string> {
	const { stdout, stderr } = await container.logs({ tail: SHOWN_LINES });
	return `${stdout}${stderr}`.trimEnd().replaceAll(/^/gm, '  ');
}

/** Start or resume it. @returns its state before; undefined when it ran */
export async function bringUp(container: Container): Promise<'paused' | 'stopped' | undefined> {
	const { Paused, Running, Restarting } = (await container.inspect()).State;
	if (Paused) {
		await container.unpause();
		return 'paused';
	}
	if (Running || Restarting) return undefined;
	await container.start();
	return 'stopped';
}
