/** Runs a command with a connection to the API server of the kubeconfig. */
import type { Command } from 'commander';
import type { Clock } from '../../lib/clock.ts';
import { hasCode, KubejoinError } from '../../lib/errors.ts';
import { type Access, locateKubeconfig, readAccess } from './access.ts';
import type { Connection } from './clients.ts';
import { type Discovery, discoveryFailures, noServer } from './no-server.ts';
import type { Output } from './output.ts';

export interface Tools {
	readonly output: Output;
	readonly clock: Clock;
	readonly pid: number;
	readonly env: Readonly<Record<string, string | undefined>>;
	/** Ends the watch of `get --watch`. */
	readonly signal: AbortSignal;
	readonly connect: (access: Access) => Promise<Connection>;
	/** Reads standard input to its end, for `-f -`. */
	readonly readStdin: () => Promise<Buffer>;
	/** @returns the path of the admin.conf of a mesh in this directory */
	readonly findAdminConf: () => string | undefined;
}

export interface GlobalOptions {
	readonly kubeconfig?: string;
	readonly context?: string;
}
export const globalsOf = (command: Command): GlobalOptions => command.optsWithGlobals();

export interface NamespaceOptions {
	readonly namespace?: string;
}

/** Requests for the API groups before each command of upstream fails. Observed with kubectl 1.32.4. */
export const discovery = {
	get: { attempts: 5 },
	write: { attempts: 5 },
	certificate: { attempts: 4 },
	canI: 2,
	none: { attempts: 0 },
} as const;

/** @throws CONNECTION_REFUSED  without a kubeconfig, after upstream's lines were printed */
export async function withServer<T>(
	command: Command,
	tools: Tools,
	needs: Discovery,
	use: (connection: Connection, access: Access) => Promise<T>,
): Promise<T> {
	const { kubeconfig, context } = globalsOf(command);
	const access = await readAccess(locateKubeconfig(kubeconfig, tools.env), context);
	if (access === undefined) {
		tools.output.err(discoveryFailures(needs, tools.clock(), tools.pid));
		throw noServer();
	}
	const connection = await tools.connect(access);
	try {
		return await use(connection, access);
	} catch (error) {
		if (!hasCode(error, 'API_UNAUTHORIZED')) throw error;
		const { localCredentialProblem } = await import('./credential-problem.ts');
		throw new KubejoinError('API_UNAUTHORIZED', { problem: localCredentialProblem(access.user, tools.clock()) });
	} finally {
		connection.close();
	}
}
