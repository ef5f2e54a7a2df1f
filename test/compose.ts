/** Runs docker and compose for the tests of the containers. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { openApiChannel } from '../lib/kube/api-channel.ts';
import { projectPath } from '../lib/paths.ts';
import type { VerifiedChannel } from '../lib/rpc/channel.ts';

/** What `docker inspect` says of a container, as far as it is looked at. */
export interface Container {
	readonly Id: string;
	/** Docker puts a slash before it. */
	readonly Name: string;
	readonly Image: string;
	readonly RestartCount: number;
	readonly State: {
		readonly Running: boolean;
		readonly ExitCode: number;
		readonly Pid: number;
		readonly StartedAt: string;
		readonly Health?: { readonly Status: string };
	};
	readonly Config: {
		readonly User: string;
		readonly Hostname: string;
		readonly Labels: Readonly<Record<string, string>>;
	};
	readonly HostConfig: {
		readonly ReadonlyRootfs: boolean;
		readonly Privileged: boolean;
		readonly CapAdd: readonly string[] | null;
		readonly CapDrop: readonly string[] | null;
		readonly SecurityOpt: readonly string[] | null;
		readonly PortBindings: Readonly<
			Record<string, readonly { readonly HostIp: string; readonly HostPort: string }[]>
		> | null;
	};
	readonly Mounts: readonly {
		readonly Type: string;
		readonly Name?: string;
		readonly Destination: string;
		readonly RW: boolean;
	}[];
}

export const serviceOf = (container: Container): string => container.Config.Labels['com.docker.compose.service'] ?? '';

const execute = promisify(execFile);

/** @returns standard output and standard error @throws when the command fails, with both */
export async function run(command: string, ...args: string[]): Promise<{ stdout: string; stderr: string }> {
	return execute(command, args, { cwd: projectPath(), maxBuffer: 2 ** 28 });
}

export const docker = async (...args: string[]): Promise<string> => (await run('docker', ...args)).stdout;

/** As the admin, from this machine: a container for each question would take seconds. */
export async function openAdminChannel(observer: Container | undefined): Promise<VerifiedChannel> {
	const contents = await docker('exec', observer?.Id ?? '', 'cat', '/pki/admin.conf');
	return openApiChannel({
		path: 'admin.conf',
		contents: contents.replace('https://apiserver-sim:6443', 'https://127.0.0.1:6443'),
	});
}

/** A compose project, with the installed one of the two programs. */
export interface Project {
	/** `docker compose` or `docker-compose`. */
	readonly program: string;
	/** @returns standard output */
	readonly compose: (...args: string[]) => Promise<string>;
	/** All containers of the project, running or not. */
	readonly containers: () => Promise<Container[]>;
	/**
	 * Removes everything of the project but its image. Docker before 28.1 sometimes counts an endpoint that no container
	 * has, and then removes its network only after a restart of the engine; the next project of this name uses it again.
	 */
	readonly down: () => Promise<void>;
}

/** Without the containers that were removed after they were listed. */
async function inspect(ids: readonly string[]): Promise<Container[]> {
	try {
		return ids.length === 0 ? [] : (JSON.parse(await docker('inspect', ...ids)) as Container[]);
	} catch (error) {
		const { stdout, stderr } = error as { readonly stdout?: string; readonly stderr?: string };
		if (stdout === undefined || !/No such object/.test(stderr ?? '')) throw error;
		return JSON.parse(stdout) as Container[];
	}
}

export async function openProject(name: string): Promise<Project> {
	const hasPlugin = await run('docker', 'compose', 'version').then(
		() => true,
		() => false,
	);
	const [program, ...first] = hasPlugin ? (['docker', 'compose'] as const) : (['docker-compose'] as const);
	const compose = async (...args: string[]) => (await run(program, ...first, '-p', name, ...args)).stdout;
	const containers = async () => {
		const ids = await docker('ps', '-aq', '--no-trunc', '--filter', `label=com.docker.compose.project=${name}`);
		return inspect(ids.split('\n').filter((id) => id !== ''));
	};
	return {
		program: [program, ...first].join(' '),
		compose,
		containers,
		async down() {
			// docker-compose 1.29 removes it; v2 leaves containers such as those of `run`, while they run.
			if (hasPlugin) await docker('rm', '-f', `${name}_lab`).catch(() => undefined);
			try {
				await compose('--profile', 'chaos', 'down', '-v', '--remove-orphans');
			} catch (error) {
				const { stderr = '' } = error as { readonly stderr?: string };
				if (!/has active endpoints/.test(stderr) || (await containers()).length > 0) throw error;
				process.stdout.write(
					'    … no container is left, and Docker keeps a network (moby#43286, Docker before 28.1)\n',
				);
				const volumes = await docker('volume', 'ls', '-q', '--filter', `label=com.docker.compose.project=${name}`);
				if (volumes !== '') await docker('volume', 'rm', ...volumes.trim().split('\n'));
			}
		},
	};
}

/** A busy machine needs many times the usual duration, and no test asserts by a duration. */
const MIN_WAIT_SECONDS = 120;

/**
 * Retries until `ask` succeeds.
 *
 * @throws the last error of `ask` when the time is over
 */
export async function eventually<T>(seconds: number, ask: () => Promise<T>): Promise<T> {
	const end = Date.now() + Math.max(seconds, MIN_WAIT_SECONDS) * 1000;
	for (;;) {
		try {
			return await ask();
		} catch (error) {
			if (Date.now() > end) throw error;
		}
		await new Promise((resolve) => setTimeout(resolve, 500));
	}
}
