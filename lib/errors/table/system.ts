/** Errors of settings, files, ports, commands and processes. */
import { fileRemedy } from '../../causes.ts';
import { defineError, grpcCode } from '../row.ts';

const portOptions: Readonly<Record<string, string>> = {
	'kubelet-sim': 'kubelet-sim join … --healthz-port PORT',
	'attacker-sim': 'attacker-sim listen … --port PORT',
	observer: 'npm start -- --page-port PORT for the page, --port PORT for the other listeners',
};
const portOption = (service: string): string => portOptions[service] ?? 'npm start -- --port PORT';

export const systemErrors = {
	CONFIG_INVALID: defineError<{ problems: readonly string[] }>({
		message: (f) =>
			f.problems.length === 1
				? `${f.problems[0]}`
				: `${f.problems.length} settings are invalid:\n${f.problems.map((p) => `  - ${p}`).join('\n')}`,
		remedy: () => 'Correct these settings; nothing was started',
		grpc: grpcCode.INVALID_ARGUMENT,
		exitCode: 2,
	}),
	FILE_UNUSABLE: defineError<{ path: string; problem: string }>({
		message: (f) => `${f.path}: ${f.problem}`,
		remedy: (f) => fileRemedy(f.path, f.problem),
		grpc: grpcCode.FAILED_PRECONDITION,
		exitCode: 1,
	}),
	COMMAND_INVALID: defineError<{ problem: string; remedy: string }>({
		message: (f) => f.problem,
		remedy: (f) => f.remedy,
		grpc: grpcCode.INVALID_ARGUMENT,
		exitCode: 1,
	}),
	/** `isRead`: the file was read, but its contents are invalid; upstream's text then omits the name of the file. */
	KUBECONFIG_INVALID: defineError<{ path: string; problem: string; remedy: string; isRead?: boolean | undefined }>({
		message: (f) => (f.isRead ? f.problem : `error loading config file "${f.path}": ${f.problem}`),
		remedy: (f) => f.remedy,
		grpc: grpcCode.INVALID_ARGUMENT,
		exitCode: 1,
	}),
	PORT_IN_USE: defineError<{ service: string; address: string; port: number }>({
		message: (f) => `${f.service} cannot listen on ${f.address}:${f.port}: the port is in use`,
		remedy: (f) => `Stop the program that uses it, or choose another port: ${portOption(f.service)}`,
		grpc: grpcCode.UNAVAILABLE,
		exitCode: 1,
	}),
	STATE_IN_USE: defineError<{ directory: string; pid: number }>({
		message: (f) => `another kubejoin (process ${f.pid}) uses the state in ${f.directory}`,
		remedy: () => 'Stop it, or start this one with its own state and port: npm start -- --state DIR --port PORT',
		grpc: grpcCode.FAILED_PRECONDITION,
		exitCode: 1,
	}),
	STATE_NOT_EMPTY: defineError<{ directory: string; names: string }>({
		message: (f) => `${f.directory} has other files and no cluster: ${f.names}`,
		remedy: () => 'Name a new or an empty directory: npm start -- --state DIR',
		grpc: grpcCode.FAILED_PRECONDITION,
		exitCode: 1,
	}),
	STATE_UNKNOWN: defineError<{ directory: string; problem: string }>({
		message: (f) => `${f.directory} is not deleted: ${f.problem}`,
		remedy: () => 'Name the state directory of a cluster, by default .kubejoin: npx kubejoin reset --state DIR',
		grpc: grpcCode.FAILED_PRECONDITION,
		exitCode: 1,
	}),
	RESET_UNCONFIRMED: defineError<{ directory: string }>({
		message: (f) => `the cluster in ${f.directory} is not deleted: there is no terminal for the question`,
		remedy: () => 'Repeat the command with --yes',
		grpc: grpcCode.FAILED_PRECONDITION,
		exitCode: 1,
	}),
	SERVICE_FAILED: defineError<{ service: string; problem: string }>({
		message: (f) => `${f.service} ${f.problem}`,
		remedy: (f) => {
			if (f.problem.includes('\n    ')) return 'Correct the problems in the indented lines above, and start again';
			return f.problem.startsWith('cannot listen on')
				? `Choose an address of this machine, and a port that this user can open: ${portOption(f.service)}`
				: 'Read the log lines of the service above this one';
		},
		grpc: grpcCode.INTERNAL,
		exitCode: 1,
	}),
};
