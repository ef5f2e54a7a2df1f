/**
 * The driver of a mesh in containers, through the Docker API. It is stateless: the names and labels of containers and
 * volumes store how to undo a fault, so `restore` works after a crash.
 */
import { KubejoinError } from '../../../../lib/errors.ts';
import { type Change, remoteLabApi, type ServiceState } from '../../control/api.ts';
import type { ProxyReach } from '../../faults/network.ts';
import type { Result } from '../../result.ts';
import type { Driver, Stealable } from '../driver.ts';
import { callAgent } from './call.ts';
import { change } from './change.ts';
import { cut, heal } from './cut.ts';
import { Docker } from './docker.ts';
import { bringUp, composeServices, findService, untilReady } from './find-service.ts';
import { LabContainer } from './lab-container.ts';
import { type ComposeProject, findProject, listProject, nameOf, pageUrl } from './project.ts';
import { changeOf } from './recreate.ts';
import { restore } from './restore.ts';
import { steal } from './steal.ts';
import { toxiproxy } from './toxiproxy.ts';

export interface ComposeOptions {
	/** Compose project; default: the only one that has an API server. */
	readonly project?: string | undefined;
	/** DOCKER_HOST and its siblings. */
	readonly env?: Readonly<Record<string, string | undefined>>;
	/** Ends every operation where the nodes are. */
	readonly signal?: AbortSignal | undefined;
	/** The main process of the lab container; default: the agent. */
	readonly agent?: readonly string[];
}

/** @throws DOCKER_UNREACHABLE, MESH_NOT_FOUND, MESH_AMBIGUOUS */
export async function openComposeDriver(options: ComposeOptions = {}): Promise<ComposeDriver> {
	const docker = await Docker.open(options.env ?? {});
	return new ComposeDriver(await findProject(docker, options.project), options);
}

export class ComposeDriver implements Driver, ProxyReach {
	readonly kind = 'compose';
	readonly lab: Driver['lab'];
	readonly #project: ComposeProject;
	readonly #container: LabContainer;

	constructor(project: ComposeProject, { agent, signal }: ComposeOptions) {
		this.#project = project;
		this.#container = new LabContainer(project, agent);
		this.lab = remoteLabApi((call) => callAgent(this.#container, call, signal));
	}

	/** Name of the compose project. */
	get project(): string {
		return this.#project.name;
	}

	services = (): Promise<ServiceState[]> =>
		Promise.all(
			composeServices.map(async (name) => {
				const { State, Config } = (await findService(this.#project, name)).found;
				return {
					name,
					// Between two starts of a container that restarts, Docker reports it as running.
					state: State.Paused ? 'paused' : State.Running && !State.Restarting ? 'running' : 'stopped',
					startedAtMs: Date.parse(State.StartedAt),
					isChanged: changeOf(Config.Labels) !== undefined,
				} as const;
			}),
		);

	async kill(service: string): Promise<void> {
		const { container, found } = await findService(this.#project, service);
		if (found.State.Paused) await container.unpause();
		if (found.State.Running) await container.kill();
		// Between two starts there is no process to kill.
		else if (found.State.Restarting) await container.stop(0);
	}

	async start(service: string): Promise<void> {
		const { container } = await findService(this.#project, service);
		await bringUp(container);
		await untilReady(container);
	}

	async pause(service: string): Promise<void> {
		const { container, found } = await findService(this.#project, service);
		if (!found.State.Paused) await container.pause();
	}

	async resume(service: string): Promise<void> {
		const { container, found } = await findService(this.#project, service);
		if (found.State.Paused) await container.unpause();
	}

	change = (service: string, wanted: Change): Promise<void> => change(this.#project, service, wanted);

	changeOf = async (service: string): Promise<Change | undefined> =>
		changeOf((await findService(this.#project, service)).found.Config.Labels);

	cut = (service: string): Promise<void> => cut(this.#project, service);

	heal = async (service: string): Promise<void> => void (await heal(this.#project, service));

	restore = (): Promise<string[]> => restore(this.#project);

	labExists = (): Promise<boolean> => this.#container.exists();

	removeLab = async (): Promise<string[]> =>
		(await this.#container.remove()) ? ['removed the container of nodes and attackers'] : [];

	/** Run any command in the lab container. */
	executeInLab = (command: readonly string[]): Promise<Result> => this.#container.execute(command);

	steal = (thing: Stealable): Promise<string> => steal(this.#project, this.#container, thing);

	toxiproxy = () => toxiproxy(this.#project, this.#container);

	proxyPlace = async (callee: string, port: number, proxyPort: number) => ({
		listen: `0.0.0.0:${proxyPort}`,
		upstream: `${callee}:${port}`,
		dialled: `${callee}.wire:${proxyPort}`,
	});

	async observerUrl(): Promise<string> {
		const url = await pageUrl(this.#project);
		if (url === undefined)
			throw new KubejoinError('COMMAND_INVALID', {
				problem: `the page of the compose project ${this.#project.name} is not published`,
				remedy: 'docker compose up -d observer',
			});
		return url;
	}

	async logs(sinceMs: number): Promise<string> {
		const texts = (await listProject(this.#project)).map(async (summary) => {
			const name = nameOf(summary);
			const container = this.#project.docker.container(summary.Id, name);
			const { stdout, stderr } = await container.logs({ since: sinceMs / 1_000 });
			return `== ${name}\n${stdout}${stderr}`;
		});
		return (await Promise.all(texts)).join('\n');
	}
}
