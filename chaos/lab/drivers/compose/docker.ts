/** The part of the Docker Engine API that the lab uses. @source docs.docker.com/reference/api/engine */
import type { Duplex } from 'node:stream';
import type { Result } from '../../result.ts';
import { DockerConnection, demultiplex, isConflict, isMissing, type Output } from './docker-connection.ts';

type Labels = Readonly<Record<string, string>>;
type Nullable<T> = { readonly [K in keyof T]?: T[K] | null | undefined };

/** The settings of a container in a network that it keeps when it is connected again. */
export interface Endpoint {
	readonly Aliases?: readonly string[];
	readonly Links?: readonly string[];
	readonly IPAMConfig?: object;
	readonly DriverOpts?: Readonly<Record<string, string>>;
}

interface PortBinding {
	readonly HostPort: string;
}
type PortBindings = Readonly<Record<string, readonly PortBinding[] | null>>;

/** The fields that the lab reads; a copy of `Config` or `HostConfig` keeps all others too. */
export interface Inspection {
	readonly Id: string;
	/** `/kubejoin-redis-1` */
	readonly Name: string;
	readonly Image: string;
	readonly RestartCount: number;
	readonly State: {
		readonly Running: boolean;
		readonly Restarting: boolean;
		readonly Paused: boolean;
		readonly ExitCode: number;
		readonly StartedAt: string;
		readonly Health?: { readonly Status: string };
	};
	readonly Config: {
		readonly Hostname: string;
		/** As it was given: a name or an ID. */
		readonly Image: string;
		readonly Env?: readonly string[] | null;
		readonly Labels: Labels;
	};
	readonly HostConfig: {
		readonly NetworkMode?: string;
		readonly Binds?: readonly string[] | null;
		readonly Mounts?: readonly { readonly Type: string; readonly Source?: string; readonly Target: string }[] | null;
		readonly PortBindings?: PortBindings | null;
	};
	readonly Mounts: readonly {
		readonly Type: string;
		readonly Name?: string;
		readonly Destination: string;
		readonly RW: boolean;
	}[];
	readonly NetworkSettings: {
		readonly Networks: Readonly<Record<string, Nullable<Endpoint>>>;
		readonly Ports?: PortBindings | null;
	};
}

/** The fields of a create request that the lab sets; a recreated container keeps all others of its `Config`. */
export interface ContainerPlan {
	readonly Image: string;
	readonly Cmd?: readonly string[];
	readonly Hostname?: string;
	readonly Env?: readonly string[];
	readonly Labels?: Labels;
	readonly Healthcheck?: unknown;
	readonly HostConfig?: Readonly<Record<string, unknown>>;
	readonly NetworkingConfig?: { readonly EndpointsConfig: Readonly<Record<string, Endpoint>> };
}

export interface ContainerSummary {
	readonly Id: string;
	readonly Names: readonly string[];
	readonly Command: string;
	readonly Labels: Labels;
	readonly State: string;
}

export interface ExecuteOptions {
	readonly env?: readonly string[];
	readonly stdin?: Buffer;
	/** Keep standard input open until the command ends: then the command notices when this side goes away. */
	readonly isStdinHeld?: boolean;
	/** Closes the connection, which also closes the standard input of the command. */
	readonly signal?: AbortSignal | undefined;
}

export class Docker {
	readonly connection: DockerConnection;

	private constructor(connection: DockerConnection) {
		this.connection = connection;
	}

	/** @param env  DOCKER_HOST and its siblings @throws DOCKER_UNREACHABLE */
	static async open(env: Readonly<Record<string, string | undefined>>): Promise<Docker> {
		const connection = new DockerConnection(env);
		await connection.bytes({ action: 'answer', method: 'GET', path: '/_ping' });
		return new Docker(connection);
	}

	/** @param title  for error messages: the name of its service */
	container(idOrName: string, title = idOrName): Container {
		return new Container(this.connection, idOrName, title);
	}

	/** Running or not. @param labels  `NAME=VALUE` */
	listContainers(...labels: readonly string[]): Promise<readonly ContainerSummary[]> {
		return this.connection.json({
			...{ action: 'list the containers', method: 'GET', path: '/containers/json' },
			query: { all: true, ...labelFilter(labels) },
		});
	}

	async createContainer(name: string, plan: ContainerPlan): Promise<Container> {
		const { Id } = await this.connection.json<{ readonly Id: string }>({
			...{ action: `create ${name}`, method: 'POST', path: '/containers/create', query: { name }, body: plan },
		});
		return this.container(Id, name);
	}

	async imageId(name: string): Promise<string> {
		const path = `/images/${encodeURIComponent(name)}/json`;
		const action = `inspect the image ${name}`;
		return (await this.connection.json<{ readonly Id: string }>({ action, method: 'GET', path })).Id;
	}

	async networkNames(...labels: readonly string[]): Promise<readonly string[]> {
		const found = await this.connection.json<readonly { readonly Name: string }[]>({
			...{ action: 'list the networks', method: 'GET', path: '/networks', query: labelFilter(labels) },
		});
		return found.map(({ Name }) => Name);
	}

	async connectNetwork(network: string, container: Container, EndpointConfig: Endpoint): Promise<void> {
		await this.connection.bytes({
			action: `connect ${container.title} to ${network}`,
			method: 'POST',
			path: `/networks/${encodeURIComponent(network)}/connect`,
			body: { Container: container.id, EndpointConfig },
		});
	}

	async disconnectNetwork(network: string, container: Container): Promise<void> {
		await this.connection.bytes({
			action: `disconnect ${container.title} from ${network}`,
			method: 'POST',
			path: `/networks/${encodeURIComponent(network)}/disconnect`,
			body: { Container: container.id },
		});
	}

	async volumeNames(...labels: readonly string[]): Promise<readonly string[]> {
		const { Volumes } = await this.connection.json<{ readonly Volumes?: readonly { readonly Name: string }[] | null }>({
			...{ action: 'list the volumes', method: 'GET', path: '/volumes', query: labelFilter(labels) },
		});
		return (Volumes ?? []).map(({ Name }) => Name);
	}

	async volumeLabels(name: string): Promise<Labels> {
		const path = `/volumes/${encodeURIComponent(name)}`;
		const action = `inspect ${name}`;
		return (await this.connection.json<{ readonly Labels: Labels }>({ action, method: 'GET', path })).Labels;
	}

	async createVolume(name: string, labels: Labels): Promise<void> {
		await this.connection.bytes({
			...{ action: `create ${name}`, method: 'POST', path: '/volumes/create' },
			body: { Name: name, Labels: labels },
		});
	}

	async removeVolume(name: string): Promise<void> {
		const path = `/volumes/${encodeURIComponent(name)}`;
		await this.connection.bytes({ action: `remove ${name}`, method: 'DELETE', path });
	}
}

const labelFilter = (labels: readonly string[]) => ({ filters: JSON.stringify({ label: labels }) });

export class Container {
	readonly id: string;
	readonly title: string;
	readonly #connection: DockerConnection;

	constructor(connection: DockerConnection, id: string, title: string) {
		this.#connection = connection;
		this.id = id;
		this.title = title;
	}

	inspect(): Promise<Inspection> {
		return this.#connection.json({ action: `inspect ${this.title}`, method: 'GET', path: this.#path('json') });
	}

	start = (): Promise<void> => this.#post('start', 'start');
	/** @param seconds  until SIGKILL */
	stop = (seconds: number): Promise<void> => this.#post('stop', 'stop', { t: seconds });
	kill = (): Promise<void> => this.#post('kill', 'kill');
	pause = (): Promise<void> => this.#post('pause', 'pause');
	unpause = (): Promise<void> => this.#post('resume', 'unpause');
	rename = (name: string): Promise<void> => this.#post('rename', 'rename', { name });

	/** @returns whether there was one; it is gone, also if another client began to remove it */
	async remove(): Promise<boolean> {
		const action = `remove ${this.title}`;
		try {
			await this.#connection.bytes({ action, method: 'DELETE', path: this.#path(), query: { force: true } });
			return true;
		} catch (error) {
			if (isMissing(error)) return false;
			if (!isConflict(error)) throw error;
		}
		await this.#post('remove', 'wait', { condition: 'removed' }).catch((error: unknown) => {
			if (!isMissing(error)) throw error;
		});
		return true;
	}

	/** @param which  the last lines, or all since a time in seconds */
	async logs(which: { readonly tail: number } | { readonly since: number }): Promise<Output> {
		return demultiplex(
			await this.#connection.bytes({
				action: `read the output of ${this.title}`,
				method: 'GET',
				path: this.#path('logs'),
				query: { stdout: true, stderr: true, ...which },
			}),
		);
	}

	/** @returns a tar archive of the file */
	archive(path: string): Promise<Buffer> {
		const action = `read ${path} of ${this.title}`;
		return this.#connection.bytes({ action, method: 'GET', path: this.#path('archive'), query: { path } });
	}

	/** Start a command in the container. @returns its standard input @throws DOCKER_REFUSED */
	async open(command: readonly string[]): Promise<Duplex> {
		const { stream } = await this.#startExec(command, { hasInput: true, env: [] });
		// Nothing is read from it, and it does not close while bytes wait to be read.
		return stream.resume();
	}

	/** Run a command in the container, to its end. @throws DOCKER_REFUSED */
	async execute(
		command: readonly string[],
		{ env = [], stdin, isStdinHeld = false, signal }: ExecuteOptions = {},
	): Promise<Result> {
		signal?.throwIfAborted();
		const { id, action, stream, head } = await this.#startExec(command, { hasInput: stdin !== undefined, env });
		const abort = () => stream.destroy();
		signal?.addEventListener('abort', abort, { once: true });
		if (signal?.aborted) abort();
		try {
			const chunks: Buffer[] = [head];
			if (stdin !== undefined) stream.write(stdin);
			if (!isStdinHeld) stream.end();
			for await (const chunk of stream) chunks.push(chunk as Buffer);
			const { ExitCode } = await this.#connection.json<{ readonly ExitCode: number | null }>({
				...{ action, method: 'GET', path: `/exec/${id}/json` },
			});
			return { code: ExitCode ?? 1, ...demultiplex(Buffer.concat(chunks)) };
		} catch (error) {
			signal?.throwIfAborted();
			throw error;
		} finally {
			signal?.removeEventListener('abort', abort);
			stream.destroy();
		}
	}

	async #startExec(
		command: readonly string[],
		options: { readonly hasInput: boolean; readonly env: readonly string[] },
	) {
		const action = `run ${command.slice(0, 2).join(' ')} in ${this.title}`;
		const { Id: id } = await this.#connection.json<{ readonly Id: string }>({
			...{ action, method: 'POST', path: this.#path('exec') },
			body: {
				...{ Cmd: command, Env: options.env },
				...{ AttachStdin: options.hasInput, AttachStdout: true, AttachStderr: true },
			},
		});
		const started = await this.#connection.upgrade({
			...{ action, method: 'POST', path: `/exec/${id}/start`, body: { Detach: false, Tty: false } },
		});
		return { id, action, ...started };
	}

	#path(action?: string): string {
		const path = `/containers/${encodeURIComponent(this.id)}`;
		return action === undefined ? path : `${path}/${action}`;
	}

	async #post(verb: string, action: string, query: Readonly<Record<string, string | number>> = {}): Promise<void> {
		await this.#connection.bytes({
			...{ action: `${verb} ${this.title}`, method: 'POST', path: this.#path(action), query },
		});
	}
}
