/** The container in which nodes and attackers of experiments run; created at its first use. */
import type { Result } from '../../result.ts';
import type { Container, ExecuteOptions, Inspection } from './docker.ts';
import { isConflict, isMissing } from './docker-connection.ts';
import {
	type ComposeProject,
	LAB_LABEL,
	networkName,
	ONE_OFF_LABEL,
	PROJECT_LABEL,
	SERVICE_LABEL,
	volumeName,
} from './project.ts';

const IMAGE = 'kubejoin:latest';
const AGENT = ['node', 'dist/bundle/chaos/lab/drivers/compose/agent.js'];

export class LabContainer {
	readonly #project: ComposeProject;
	readonly #agent: readonly string[];

	/** @param agent  the main process of the container */
	constructor(project: ComposeProject, agent: readonly string[] = AGENT) {
		this.#project = project;
		this.#agent = agent;
	}

	get #container(): Container {
		return this.#project.docker.container(`${this.#project.name}_lab`);
	}

	exists = async (): Promise<boolean> => (await this.#inspect()) !== undefined;

	/** @returns whether there was one */
	remove = (): Promise<boolean> => this.#container.remove();

	async execute(command: readonly string[], options?: ExecuteOptions): Promise<Result> {
		return (await this.#running()).execute(command, options);
	}

	async #running(): Promise<Container> {
		const found = await this.#inspect();
		if (found?.State.Running) return this.#container;
		if (found !== undefined) await this.remove();
		await this.#create().catch((error: unknown) => {
			// A concurrent command created it.
			if (!isConflict(error)) throw error;
		});
		return this.#container;
	}

	#inspect(): Promise<Inspection | undefined> {
		return this.#container.inspect().catch((error: unknown) => {
			if (isMissing(error)) return undefined;
			throw error;
		});
	}

	async #create(): Promise<void> {
		const { docker, name: project } = this.#project;
		const networks = ['nodes', 'control', 'signing'].map((name) => networkName(this.#project, name));
		const [nodes = '', ...others] = await Promise.all(networks);
		const container = await docker.createContainer(this.#container.id, {
			Image: IMAGE,
			Cmd: this.#agent,
			Env: ['HOME=/lab', 'OTEL_EXPORTER_OTLP_ENDPOINT=http://observer:4318'],
			// As a container of `docker compose run kubelet-sim`: `up` ignores it, `down` removes it.
			Labels: {
				[LAB_LABEL]: 'container',
				[PROJECT_LABEL]: project,
				[SERVICE_LABEL]: 'kubelet-sim',
				[ONE_OFF_LABEL]: 'True',
				'com.docker.compose.container-number': '1',
			},
			HostConfig: { ...hardened, NetworkMode: nodes, Binds: await this.#binds() },
		});
		for (const network of others) await docker.connectNetwork(network, container, {});
		await container.start();
	}

	async #binds(): Promise<string[]> {
		const volume = (name: string) => volumeName(this.#project, name);
		return [
			`${await volume('admin-pki')}:/pki:ro`,
			`${await volume('kubelet-sim-pki')}:/keys/kubelet-sim:ro`,
			`${await volume('attacker-sim-pki')}:/keys/attacker-sim:ro`,
		];
	}
}

const hardened = {
	Tmpfs: { '/lab': 'uid=1000,gid=1000,mode=700' },
	ReadonlyRootfs: true,
	CapDrop: ['ALL'],
	SecurityOpt: ['no-new-privileges:true'],
	Init: true,
};
