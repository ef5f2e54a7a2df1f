/** The Docker API, as far as the lab calls it: errors as kubejoin's, and what a container prints as text. It knows nothing of the mesh. */
import type Dockerode from 'dockerode';
import { causeText, KubejoinError } from '../../../../lib/errors.ts';

export type Docker = Dockerode;
export type Container = Dockerode.Container;
export type Inspection = Dockerode.ContainerInspectInfo;

/** The engine that DOCKER_HOST names, or that of this machine. @throws DOCKER_UNREACHABLE */
export async function openDocker(): Promise<Docker> {
	try {
		// Only who has containers loads the client; it is not among the packages that run needs.
		const { default: Client } = await import('dockerode');
		const docker = new Client();
		await docker.ping();
		return docker;
	} catch (error) {
		throw new KubejoinError('DOCKER_UNREACHABLE', { problem: causeText(error) }, { cause: error });
	}
}

const statusOf = (error: unknown): number | undefined =>
	error instanceof Error && 'statusCode' in error && typeof error.statusCode === 'number'
		? error.statusCode
		: undefined;

/** Wait for an answer of the engine. @param action  an infinitive, for people @throws DOCKER_REFUSED, DOCKER_UNREACHABLE */
export async function asked<T>(action: string, answer: Promise<T>): Promise<T> {
	try {
		return await answer;
	} catch (error) {
		if (error instanceof KubejoinError) throw error;
		const problem = causeText(error).trim();
		throw statusOf(error) === undefined
			? new KubejoinError('DOCKER_UNREACHABLE', { problem }, { cause: error })
			: new KubejoinError('DOCKER_REFUSED', { action, problem }, { cause: error });
	}
}

/** True when the engine has no such thing. */
export const isMissing = (error: unknown): boolean => error instanceof KubejoinError && statusOf(error.cause) === 404;
/** True when the name is taken. */
export const isTaken = (error: unknown): boolean => error instanceof KubejoinError && statusOf(error.cause) === 409;

export interface Printed {
	readonly stdout: string;
	readonly stderr: string;
}

const FRAME_HEADER = 8;
const STDERR = 2;

/** Both outputs of a container, out of the one stream in which the engine sends them. @source Docker Engine API, "Stream format" */
export function demultiplex(stream: Buffer): Printed {
	const stdout: Buffer[] = [];
	const stderr: Buffer[] = [];
	for (let at = 0; at + FRAME_HEADER <= stream.length; ) {
		const end = at + FRAME_HEADER + stream.readUInt32BE(at + 4);
		(stream[at] === STDERR ? stderr : stdout).push(stream.subarray(at + FRAME_HEADER, end));
		at = end;
	}
	return { stdout: Buffer.concat(stdout).toString(), stderr: Buffer.concat(stderr).toString() };
}

export interface ExecuteOptions {
	readonly env?: readonly string[];
	/** For its standard input, which is closed otherwise. */
	readonly stdin?: NodeJS.ReadableStream;
}

/** Run a command in a running container, to its end. @throws DOCKER_REFUSED */
export async function execute(
	container: Container,
	command: readonly string[],
	{ env = [], stdin }: ExecuteOptions = {},
) {
	const hasInput = stdin !== undefined;
	const run = async () => {
		const execution = await container.exec({
			Cmd: [...command],
			Env: [...env],
			AttachStdin: hasInput,
			AttachStdout: true,
			AttachStderr: true,
		});
		const stream = await execution.start({ hijack: true, stdin: hasInput });
		stdin?.pipe(stream);
		const chunks: Buffer[] = [];
		for await (const chunk of stream) chunks.push(Buffer.from(chunk));
		const { ExitCode } = await execution.inspect();
		return { code: ExitCode ?? 1, ...demultiplex(Buffer.concat(chunks)) };
	};
	return asked(`run ${command.slice(0, 2).join(' ')} in a container`, run());
}
