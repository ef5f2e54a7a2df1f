/**
 * The driver of a mesh in containers, through the Docker API. It keeps nothing in memory that it would miss: each call looks at the containers anew, and
 * what must be undone later is written into names and labels, so that `restore` puts right what a driver left that was killed half-way.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { KubejoinError } from '../../../../lib/errors.ts';
import type { ProxyReach } from '../../faults/network.ts';
import { type Change, type Driver, type ServiceState, type Stealable, targetServices } from '../driver.ts';
import {
	asked,
	type Container,
	type Docker,
	demultiplex,
	execute,
	type Inspection,
	isMissing,
	isTaken,
	openDocker,
	type Printed,
} from './docker.ts';
import { changeOf, type Endpoint, endpointsOf, LAB_LABEL, recreate } from './recreate.ts';

/** In the order in which they are started. */
const composeServices = ['redis', ...targetServices] as const;

export interface ComposeDriver extends Driver, ProxyReach {
	readonly kind: 'compose';
	/** Name of the compose project. */
	readonly project: string;
}

export interface ComposeOptions {
	/** Compose project; default: the only one that has an API server. */
	readonly project?: string | undefined;
	/** What runs in the lab container all the time. */
	readonly agent?: readonly string[];
	/** What `inside` runs there, before its arguments. */
	readonly program?: readonly string[];
}

const PROJECT = 'com.docker.compose.project';
const SERVICE = 'com.docker.compose.service';
const ONE_OFF = 'com.docker.compose.oneoff';
const IMAGE = 'kubejoin:latest';
const API_SERVER_PROGRAM = 'dist/services/apiserver-sim/main.js';

/** While a container is made anew there are two, and these are added to their names. */
const OLD = '.lab-old';
const NEXT = '.lab-next';

/** Labels of the volume that remembers from where a container was cut off. It holds nothing else. */
const CUT_CONTAINER = 'kubejoin.lab.container';
const CUT_ENDPOINTS = 'kubejoin.lab.endpoints';

const READY_MS = 60_000;
const RETRY_MS = 200;
/** Whoever is not gone by then is killed; nobody here loses anything by that. */
const STOP_SECONDS = 2;
/** One may be bad luck; a second says that it cannot run. */
const MAX_CRASHES = 1;
const SHOWN_LINES = 5;

/** Files of each, and the service that has them. The admin's are in the lab container from the start. */
const secrets = {
	'ca-key': { service: 'ca-service', files: ['/pki/ca.crt', '/pki/ca.key'] },
	'mesh-client': {
		service: 'apiserver-sim',
		files: ['/pki/token-store-client.crt', '/pki/token-store-client.key', '/pki/mesh-ca.crt'],
	},
	'signing-client': {
		service: 'controller-manager-sim',
		files: ['/pki/mesh-client.crt', '/pki/mesh-client.key', '/pki/mesh-ca.crt'],
	},
} as const;

/** Makes one request and prints the answer as JSON: run where the networks of the mesh are. */
const REQUEST_PROGRAM = `const [method, url, body] = process.argv.slice(1);
const response = await fetch(url, { method, ...(body === undefined ? {} : { body }), signal: AbortSignal.timeout(5000) });
process.stdout.write(JSON.stringify({ status: response.status, body: await response.text() }));`;

/**
 * The driver of the mesh that `docker compose up` started.
 *
 * @throws DOCKER_UNREACHABLE, MESH_NOT_FOUND, MESH_AMBIGUOUS
 */
export async function openComposeDriver(options: ComposeOptions = {}): Promise<ComposeDriver> {
	const docker = await openDocker();
	const project = await findProject(docker, options.project);
	const page = await pageOf(docker, project);
	return driverOf(docker, project, page, options);
}

const labels = (...pairs: string[]) => ({ filters: JSON.stringify({ label: pairs }) });
const list = (docker: Docker, ...pairs: string[]) =>
	asked('list the containers', docker.listContainers({ all: true, ...labels(...pairs) }));

async function findProject(docker: Docker, wanted: string | undefined): Promise<string> {
	const found = await list(docker, `${SERVICE}=apiserver-sim`);
	const servers = found.filter(({ Command }) => Command.includes(API_SERVER_PROGRAM));
	const projects = [...new Set(servers.map(({ Labels }) => Labels[PROJECT] ?? ''))].sort();
	if (wanted !== undefined && wanted !== '') {
		if (!projects.includes(wanted)) throw new KubejoinError('MESH_NOT_FOUND', { project: wanted });
		return wanted;
	}
	const [project, another] = projects;
	if (project === undefined) throw new KubejoinError('MESH_NOT_FOUND', {});
	if (another !== undefined) throw new KubejoinError('MESH_AMBIGUOUS', { projects: projects.join(', ') });
	return project;
}

/** Address at which the page is published; undefined when it is not. */
async function pageOf(docker: Docker, project: string): Promise<string | undefined> {
	const [observer] = await list(docker, `${PROJECT}=${project}`, `${SERVICE}=observer`);
	if (observer === undefined) return undefined;
	const { HostConfig, NetworkSettings } = await asked(
		'look at the observer',
		docker.getContainer(observer.Id).inspect(),
	);
	const bindings: Readonly<Record<string, { readonly HostPort: string }[] | null>> = HostConfig.PortBindings ?? {};
	const port = NetworkSettings.Ports['8080/tcp']?.[0]?.HostPort ?? bindings['8080/tcp']?.[0]?.HostPort;
	return port ? `http://127.0.0.1:${port}` : undefined;
}

function driverOf(docker: Docker, project: string, page: string | undefined, options: ComposeOptions): ComposeDriver {
	const { agent = ['node', 'dist/chaos/lab/drivers/compose/agent.js'], program = ['node', 'dist/chaos/lab/main.js'] } =
		options;
	const labName = `${project}_lab`;
	const cutName = (service: string): string => `${project}_lab-cut-${service}`;

	/** The containers of a service by what they are: one, but for a moment while it is made anew. */
	async function find(service: string) {
		const found = (await list(docker, `${PROJECT}=${project}`, `${SERVICE}=${service}`)).filter(
			({ Labels }) => Labels[ONE_OFF]?.toLowerCase() !== 'true',
		);
		const named = found.map(({ Id, Names }) => ({
			container: docker.getContainer(Id),
			name: Names[0]?.slice(1) ?? '',
		}));
		return {
			current: named.find(({ name }) => !name.endsWith(OLD) && !name.endsWith(NEXT)),
			old: named.find(({ name }) => name.endsWith(OLD)),
			next: named.find(({ name }) => name.endsWith(NEXT)),
		};
	}

	async function findService(service: string): Promise<{ container: Container; found: Inspection }> {
		if (!(composeServices as readonly string[]).includes(service))
			throw new KubejoinError('COMMAND_INVALID', {
				problem: `${JSON.stringify(service)} is not a service that a fault can befall`,
				remedy: `Name one of ${composeServices.join(', ')}`,
			});
		const { current, old } = await find(service);
		const one = current ?? old;
		if (one === undefined)
			throw new KubejoinError('COMMAND_INVALID', {
				problem: `${service} has no container in the compose project ${project}`,
				remedy: 'docker compose up -d',
			});
		return { container: one.container, found: await inspect(service, one.container) };
	}

	const inspect = (service: string, container: Container): Promise<Inspection> =>
		asked(`look at ${service}`, container.inspect());

	/** Finish or take back what was broken off while a container was made anew. @returns true when there was something */
	async function settle(service: string): Promise<boolean> {
		const { current, old, next } = await find(service);
		if (next !== undefined) await asked(`remove ${next.name}`, next.container.remove({ force: true }));
		if (old !== undefined) {
			if (current !== undefined) await asked(`remove ${old.name}`, old.container.remove({ force: true }));
			else await asked(`rename ${old.name}`, old.container.rename({ name: old.name.slice(0, -OLD.length) }));
		}
		return old !== undefined || next !== undefined;
	}

	/** Its last lines, for people. */
	async function lastLines(service: string, container: Container): Promise<string> {
		const { stdout, stderr } = await logsOf(service, container, { tail: SHOWN_LINES });
		return `${stdout}${stderr}`.trimEnd().replaceAll(/^/gm, '  ');
	}

	async function untilReady(service: string, container: Container): Promise<void> {
		const { RestartCount: before } = await inspect(service, container);
		for (const deadline = performance.now() + READY_MS; ; await delay(RETRY_MS)) {
			const { RestartCount, State } = await inspect(service, container);
			const health = State.Health?.Status ?? 'healthy';
			if (State.Running && !State.Restarting && !State.Paused && health === 'healthy') return;
			const hasEnded = !State.Running && !State.Restarting;
			if (!hasEnded && RestartCount - before <= MAX_CRASHES && performance.now() < deadline) continue;
			const how =
				hasEnded || RestartCount - before > MAX_CRASHES
					? `ended with exit code ${State.ExitCode}`
					: `is ${health} ${READY_MS / 1000} s after its start`;
			throw new KubejoinError('SERVICE_FAILED', {
				service,
				problem: `${how}; it said last:\n${await lastLines(service, container)}`,
			});
		}
	}

	/** @returns what was in the way of its running */
	async function bringUp(service: string, container: Container): Promise<'paused' | 'stopped' | undefined> {
		const { State } = await inspect(service, container);
		if (State.Paused) await asked(`resume ${service}`, container.unpause());
		else if (!State.Running && !State.Restarting) await asked(`start ${service}`, container.start());
		return State.Paused ? 'paused' : State.Running || State.Restarting ? undefined : 'stopped';
	}

	/** From where a service was cut off; undefined when it was not, or was made anew by compose since. */
	async function cutOf(service: string, { Id }: Inspection): Promise<Readonly<Record<string, Endpoint>> | undefined> {
		try {
			const { Labels } = await asked(`look at ${cutName(service)}`, docker.getVolume(cutName(service)).inspect());
			return Labels[CUT_CONTAINER] === Id
				? (JSON.parse(Labels[CUT_ENDPOINTS] ?? '{}') as Record<string, Endpoint>)
				: undefined;
		} catch (error) {
			if (isMissing(error)) return undefined;
			throw error;
		}
	}

	const forgetCut = (service: string): Promise<void> =>
		asked(`remove ${cutName(service)}`, docker.getVolume(cutName(service)).remove()).catch((error: unknown) => {
			if (!isMissing(error)) throw error;
		});

	async function cut(service: string): Promise<void> {
		const { found } = await findService(service);
		let endpoints = await cutOf(service, found);
		if (endpoints === undefined) {
			endpoints = endpointsOf(found);
			await forgetCut(service);
			const Labels = { [LAB_LABEL]: 'cut', [CUT_CONTAINER]: found.Id, [CUT_ENDPOINTS]: JSON.stringify(endpoints) };
			await asked(`make ${cutName(service)}`, docker.createVolume({ Name: cutName(service), Labels }));
		}
		for (const network of Object.keys(found.NetworkSettings.Networks))
			await asked(
				`disconnect ${service} from ${network}`,
				docker.getNetwork(network).disconnect({ Container: found.Id }),
			);
	}

	/** @returns true when it was cut off */
	async function heal(service: string): Promise<boolean> {
		const { found } = await findService(service);
		const endpoints = await cutOf(service, found);
		for (const [network, EndpointConfig] of Object.entries(endpoints ?? {}))
			if (!(network in found.NetworkSettings.Networks)) await connect(service, network, found.Id, EndpointConfig);
		await forgetCut(service);
		return endpoints !== undefined;
	}

	const connect = (service: string, network: string, id: string, EndpointConfig: Endpoint): Promise<void> =>
		asked(`connect ${service} to ${network}`, docker.getNetwork(network).connect({ Container: id, EndpointConfig }));

	/**
	 * At every moment either the old container is whole or the new one is, which holds all that is to be known of the old. Volumes outlive both.
	 * What the old one printed goes with it.
	 */
	async function recreateWith(service: string, change: Change): Promise<Container> {
		const { container: old, found } = await findService(service);
		if ((await cutOf(service, found)) !== undefined)
			throw new KubejoinError('COMMAND_INVALID', {
				problem: `${service} is cut off and cannot be changed`,
				remedy: 'Heal it first',
			});
		const name = found.Name.slice(1);
		const { container, further } = recreate(found, await imageOf(found), change);
		const next = await asked(`make ${name} anew`, docker.createContainer({ ...container, name: name + NEXT }));
		for (const [network, endpoint] of further) await connect(service, network, next.id, endpoint);
		if (found.State.Paused) await asked(`resume ${service}`, old.unpause());
		if (found.State.Running || found.State.Restarting) await asked(`stop ${service}`, old.stop({ t: STOP_SECONDS }));
		await asked(`rename ${name}`, old.rename({ name: name + OLD }));
		await asked(`rename ${name}${NEXT}`, next.rename({ name }));
		await asked(`start ${service}`, next.start());
		await asked(`remove ${name}${OLD}`, old.remove());
		return next;
	}

	/** By its name, as compose has it, unless the name means another image by now. */
	async function imageOf({ Config, Image }: Inspection): Promise<string> {
		const named = await asked(`look at the image ${Config.Image}`, docker.getImage(Config.Image).inspect()).catch(
			() => undefined,
		);
		return named?.Id === Image ? Config.Image : Image;
	}

	async function change(service: string, wanted: Change): Promise<void> {
		if (service === 'redis')
			throw new KubejoinError('COMMAND_INVALID', {
				problem: 'redis has no settings and no clock to change',
				remedy: 'Kill, pause or cut it',
			});
		await settle(service);
		await untilReady(service, await recreateWith(service, wanted));
	}

	async function services(): Promise<ServiceState[]> {
		return Promise.all(
			composeServices.map(async (name) => {
				const { State, Config } = (await findService(name)).found;
				return {
					name,
					// Between two starts Docker calls it running.
					state: State.Paused ? 'paused' : State.Running && !State.Restarting ? 'running' : 'stopped',
					startedAtMs: Date.parse(State.StartedAt),
					isChanged: changeOf(Config.Labels) !== undefined,
				} as const;
			}),
		);
	}

	async function restore(): Promise<string[]> {
		const told: string[] = [];
		for (const service of composeServices) {
			if (await settle(service)) told.push(`${service}: what was begun and not finished is undone`);
			if (await heal(service)) told.push(`${service} is connected again`);
			let { container, found } = await findService(service);
			if (changeOf(found.Config.Labels) !== undefined) {
				container = await recreateWith(service, {});
				told.push(`${service} has its own settings and clock again`);
			}
			const was = await bringUp(service, container);
			if (was !== undefined) told.push(`${service} was ${was} and runs again`);
		}
		// It may have been told to stop by one who was killed before the end of it.
		for (const service of composeServices) {
			const { container } = await findService(service);
			await untilReady(service, container).catch(async (error: unknown) => {
				if ((await bringUp(service, container)) === undefined) throw error;
				await untilReady(service, container);
			});
		}
		return told;
	}

	async function removeLab(): Promise<boolean> {
		try {
			await asked(`remove ${labName}`, docker.getContainer(labName).remove({ force: true }));
			return true;
		} catch (error) {
			if (isMissing(error)) return false;
			throw error;
		}
	}

	/** What Docker says of it; undefined when there is none. */
	async function labState(): Promise<Inspection | undefined> {
		return asked(`look at ${labName}`, docker.getContainer(labName).inspect()).catch((error: unknown) => {
			if (isMissing(error)) return undefined;
			throw error;
		});
	}

	/** The container that nodes and attackers of the experiments run in; made when it is first asked for. */
	async function lab(): Promise<Container> {
		const container = docker.getContainer(labName);
		const state = await labState();
		if (state?.State.Running) return container;
		if (state !== undefined) await removeLab();
		await makeLab().catch((error: unknown) => {
			// Another made it at the same time.
			if (!isTaken(error)) throw error;
		});
		return container;
	}

	async function makeLab(): Promise<void> {
		const [nodes = '', ...others] = await Promise.all(['nodes', 'control', 'signing'].map((name) => networkName(name)));
		const container = await asked(
			`make ${labName}`,
			docker.createContainer({
				name: labName,
				Image: IMAGE,
				Cmd: [...agent],
				Env: ['HOME=/lab', 'OTEL_EXPORTER_OTLP_ENDPOINT=http://observer:4318'],
				// As `docker compose run kubelet-sim` would label it: `up` leaves it alone, `down` removes it.
				Labels: {
					[LAB_LABEL]: 'container',
					[PROJECT]: project,
					[SERVICE]: 'kubelet-sim',
					[ONE_OFF]: 'True',
					'com.docker.compose.container-number': '1',
				},
				HostConfig: {
					NetworkMode: nodes,
					Binds: [
						`${await volumeName('admin-pki')}:/pki:ro`,
						`${await volumeName('kubelet-sim-pki')}:/keys/kubelet-sim:ro`,
						`${await volumeName('attacker-sim-pki')}:/keys/attacker-sim:ro`,
					],
					Tmpfs: { '/lab': 'uid=1000,gid=1000,mode=700' },
					ReadonlyRootfs: true,
					CapDrop: ['ALL'],
					SecurityOpt: ['no-new-privileges:true'],
					Init: true,
				},
			}),
		);
		for (const network of others) await connect(labName, network, container.id, {});
		await asked(`start ${labName}`, container.start());
	}

	async function networkName(name: string): Promise<string> {
		const [network] = await asked(
			'list the networks',
			docker.listNetworks(labels(`${PROJECT}=${project}`, `com.docker.compose.network=${name}`)),
		);
		if (network === undefined) throw new KubejoinError('MESH_NOT_FOUND', { project });
		return network.Name;
	}
	async function volumeName(name: string): Promise<string> {
		const { Volumes } = await asked(
			'list the volumes',
			docker.listVolumes(labels(`${PROJECT}=${project}`, `com.docker.compose.volume=${name}`)),
		);
		const [volume] = Volumes;
		if (volume === undefined) throw new KubejoinError('MESH_NOT_FOUND', { project });
		return volume.Name;
	}

	async function logsOf(
		name: string,
		container: Container,
		which: { readonly tail?: number; readonly since?: number },
	): Promise<Printed> {
		return demultiplex(
			await asked(`read what ${name} said`, container.logs({ stdout: true, stderr: true, follow: false, ...which })),
		);
	}

	/** Files go from container to container, through no file of this machine. A tmpfs takes no archive from outside, so `tar` in the container does it. */
	async function steal(thing: Stealable): Promise<string> {
		const target = await lab();
		if (thing === 'admin') return '/pki';
		const { service, files } = secrets[thing];
		const { container } = await findService(service);
		const directory = `/lab/stolen/${thing}`;
		for (const path of files) {
			const archive = await asked(`read ${path} of ${service}`, container.getArchive({ path }));
			const unpack = 'umask 077; mkdir -p "$1" && tar -x -C "$1" --no-same-owner && chmod 600 "$1"/*';
			const { code, stderr } = await execute(target, ['sh', '-c', unpack, 'sh', directory], { stdin: archive });
			if (code !== 0)
				throw new KubejoinError('DOCKER_REFUSED', { action: `copy ${path} of ${service}`, problem: stderr.trim() });
		}
		return directory;
	}

	async function toxiproxy(): ReturnType<ProxyReach['toxiproxy']> {
		const [found] = await list(docker, `${PROJECT}=${project}`, `${SERVICE}=toxiproxy`);
		if (found?.State !== 'running') return undefined;
		const target = await lab();
		return async (method, path, body) => {
			const command = ['node', '--input-type=module', '-e', REQUEST_PROGRAM, method, `http://toxiproxy:8474${path}`];
			const { code, stdout, stderr } = await execute(
				target,
				body === undefined ? command : [...command, JSON.stringify(body)],
			);
			if (code !== 0)
				throw new KubejoinError('TOXIPROXY_REFUSED', { request: `${method} ${path}`, problem: stderr.trim() });
			return JSON.parse(stdout) as { status: number; body: string };
		};
	}

	return {
		kind: 'compose',
		project,
		services,
		async kill(service) {
			const { container, found } = await findService(service);
			if (found.State.Paused) await asked(`resume ${service}`, container.unpause());
			if (found.State.Running) await asked(`kill ${service}`, container.kill());
			// It is between two starts, and nothing is there to be killed.
			else if (found.State.Restarting) await asked(`stop ${service}`, container.stop({ t: 0 }));
		},
		async start(service) {
			const { container } = await findService(service);
			await bringUp(service, container);
			await untilReady(service, container);
		},
		async pause(service) {
			const { container, found } = await findService(service);
			if (!found.State.Paused) await asked(`pause ${service}`, container.pause());
		},
		async resume(service) {
			const { container, found } = await findService(service);
			if (found.State.Paused) await asked(`resume ${service}`, container.unpause());
		},
		change,
		changeOf: async (service) => changeOf((await findService(service)).found.Config.Labels),
		cut,
		heal: async (service) => void (await heal(service)),
		restore,
		labExists: async () => (await labState()) !== undefined,
		removeLab: async () => ((await removeLab()) ? ['removed the container of nodes and attackers'] : []),
		runInLab: async (args) => execute(await lab(), [...program, ...args], { env: ['CHAOS_MESH=inside'] }),
		steal,
		toxiproxy,
		proxyPlace: async (callee, port, proxyPort) => ({
			listen: `0.0.0.0:${proxyPort}`,
			upstream: `${callee}:${port}`,
			dialled: `${callee}.wire:${proxyPort}`,
		}),
		async observerUrl() {
			if (page === undefined)
				throw new KubejoinError('COMMAND_INVALID', {
					problem: `the page of the compose project ${project} is not published`,
					remedy: 'docker compose up -d observer',
				});
			return page;
		},
		async logs(sinceMs) {
			const found = await list(docker, `${PROJECT}=${project}`);
			const texts = found.map(async ({ Id, Names }) => {
				const name = Names[0]?.slice(1) ?? Id;
				const { stdout, stderr } = await logsOf(name, docker.getContainer(Id), { since: sinceMs / 1_000 });
				return `== ${name}\n${stdout}${stderr}`;
			});
			return (await Promise.all(texts)).join('\n');
		},
	};
}
