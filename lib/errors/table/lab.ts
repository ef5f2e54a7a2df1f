/** Errors of the lab: a mesh in processes or containers, and the faults that it injects. */
import { defineError, grpcCode } from '../row.ts';

export const labErrors = {
	DOCKER_UNREACHABLE: defineError<{ problem: string }>({
		message: (f) => `cannot connect to a Docker engine: ${f.problem}`,
		remedy: () => 'Start Docker, or set its address in DOCKER_HOST; for a mesh without Docker: npm start',
		grpc: grpcCode.UNAVAILABLE,
		exitCode: 2,
	}),
	DOCKER_REFUSED: defineError<{ action: string; problem: string }>({
		message: (f) => `Docker did not ${f.action}: ${f.problem}`,
		remedy: () => 'List the containers with docker ps -a, and start missing ones: docker compose up -d',
		grpc: grpcCode.FAILED_PRECONDITION,
	}),
	MESH_NOT_FOUND: defineError<{ project?: string | undefined }>({
		message: (f) =>
			f.project === undefined
				? 'no containers of a mesh were found'
				: `no containers of a mesh were found in the compose project "${f.project}" (COMPOSE_PROJECT_NAME)`,
		remedy: () => 'Start one: docker compose up -d',
		grpc: grpcCode.NOT_FOUND,
		exitCode: 2,
	}),
	MESH_AMBIGUOUS: defineError<{ projects: string }>({
		message: (f) => `containers of more than one mesh were found: ${f.projects}`,
		remedy: () => 'Choose a compose project: COMPOSE_PROJECT_NAME=…',
		grpc: grpcCode.FAILED_PRECONDITION,
		exitCode: 2,
	}),
	TOXIPROXY_REFUSED: defineError<{ request: string; problem: string }>({
		message: (f) => `Toxiproxy refused ${f.request}: ${f.problem}`,
		remedy: () =>
			'Restart it: toxiproxy-server, or docker compose --profile chaos up -d --force-recreate --no-deps toxiproxy',
		grpc: grpcCode.FAILED_PRECONDITION,
	}),
	LAB_UNREACHABLE: defineError<{ problem: string }>({
		message: (f) => `there is no mesh for the experiments: ${f.problem}`,
		remedy: () =>
			'Start one in another terminal: npm start; or start one with docker compose up and set CHAOS_MESH=compose',
		grpc: grpcCode.UNAVAILABLE,
		exitCode: 1,
	}),
	FAULT_UNAVAILABLE: defineError<{ fault: string; needs: string; install: string }>({
		message: (f) => `cannot inject ${f.fault}: ${f.needs} is not installed on this machine`,
		remedy: (f) => `Install it: ${f.install}`,
		grpc: grpcCode.FAILED_PRECONDITION,
		exitCode: 1,
	}),
	LAB_NOT_FOUND: defineError<{ kind: string; name: string; known: readonly string[] }>({
		message: (f) => `there is no ${f.kind} "${f.name}"; known: ${f.known.join(', ') || 'none'}`,
		remedy: () => 'Create it first, or correct the name',
		grpc: grpcCode.NOT_FOUND,
		exitCode: 1,
	}),
	LAB_NAME_TAKEN: defineError<{ name: string }>({
		message: (f) => `there is already a node or an attacker with the name "${f.name}"`,
		remedy: () => 'Choose another name, or reset the lab first: bin/lab reset',
		grpc: grpcCode.ALREADY_EXISTS,
		exitCode: 1,
	}),
	LAB_NOTHING_PENDING: defineError<{ requester: string; waitedSeconds: number }>({
		message: (f) => `no certificate request of "${f.requester}" was pending within ${f.waitedSeconds} s`,
		remedy: () => 'List the requests and their requesters: kubectl-sim get csr',
		grpc: grpcCode.DEADLINE_EXCEEDED,
		exitCode: 1,
	}),
	LAB_REQUEST_INVALID: defineError<{ problem: string }>({
		message: (f) => `the lab cannot handle this request: ${f.problem}`,
		remedy: () =>
			'Correct the request. If you did not write it, the lab and the mesh have different versions: ' +
			'npm run build, then restart the mesh',
		grpc: grpcCode.INVALID_ARGUMENT,
		exitCode: 1,
	}),
};
