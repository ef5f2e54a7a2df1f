/** Errors of the observer, its page, and the traces that it receives. */
import { defineError, grpcCode, type None } from '../row.ts';

export const observerErrors = {
	ACTION_REFUSED: defineError<{ command: string; problem: string }>({
		message: (f) => `$ ${f.command}: ${f.problem}`,
		remedy: () => 'Follow the message, or run the command in a terminal for more output',
		grpc: grpcCode.FAILED_PRECONDITION,
		http: { status: 409, reason: 'Conflict' },
	}),
	ACTIONS_DISABLED: defineError<None>({
		message: () => 'this page is read-only',
		remedy: () =>
			'Start the observer with KUBEJOIN_ALLOW_ACTIONS=true if you trust all clients that can reach it; ' +
			'or use kubectl-sim',
		grpc: grpcCode.PERMISSION_DENIED,
		http: { status: 403, reason: 'Forbidden' },
	}),
	EXPERIMENT_ALREADY_RUNNING: defineError<{ running: string }>({
		message: (f) => `the experiment ${f.running} is already running, and only one can run at a time`,
		remedy: () => 'Wait for it to end, or stop it',
		grpc: grpcCode.FAILED_PRECONDITION,
		http: { status: 409, reason: 'Conflict' },
	}),
	EXPERIMENT_RUNNER_UNAVAILABLE: defineError<{ problem: string }>({
		message: (f) => `the experiment runner is not available: ${f.problem}`,
		remedy: () =>
			'Run the experiment in a terminal: npm run chaos -- NAME; to enable the button, read SECURITY.md, then run ' +
			'docker compose --profile experiments up -d',
		grpc: grpcCode.UNAVAILABLE,
		http: { status: 503, reason: 'ServiceUnavailable' },
	}),
	PAGE_REQUEST_REFUSED: defineError<{ problem: string }>({
		message: (f) => `the request did not come from this observer's own page: ${f.problem}`,
		remedy: () => 'Reload the page; if it is served under another host name, add that name to KUBEJOIN_PAGE_HOSTS',
		grpc: grpcCode.PERMISSION_DENIED,
		http: { status: 403, reason: 'Forbidden' },
	}),
	PAGE_NOT_FOUND: defineError<{ path: string }>({
		message: (f) => `${f.path} not found`,
		remedy: () => 'Start at /; services/observer/api.ts describes the API',
		grpc: grpcCode.NOT_FOUND,
		http: { status: 404, reason: 'NotFound' },
	}),
	PAGE_BAD_REQUEST: defineError<{ problem: string }>({
		message: (f) => f.problem,
		remedy: () => 'Send JSON as services/observer/api.ts describes it; send traces as OTLP over HTTP in JSON',
		grpc: grpcCode.INVALID_ARGUMENT,
		http: { status: 400, reason: 'BadRequest' },
	}),
	PAGE_TOO_LARGE: defineError<{ maxBytes: number }>({
		message: (f) => `the body of the request is longer than ${f.maxBytes} bytes`,
		remedy: () => 'Send less in one request',
		grpc: grpcCode.INVALID_ARGUMENT,
		http: { status: 413, reason: 'RequestEntityTooLarge' },
	}),
	OBSERVER_BUSY: defineError<{ limit: string; retrySeconds: number }>({
		message: (f) => `the observer cannot accept the request now: ${f.limit}`,
		remedy: (f) => `Retry in ${f.retrySeconds} s`,
		grpc: grpcCode.RESOURCE_EXHAUSTED,
		http: { status: 429, reason: 'TooManyRequests' },
	}),
	TRACES_UNAUTHENTICATED: defineError<{ problem: string }>({
		message: (f) => `the observer cannot authenticate the sender of these traces: ${f.problem}`,
		remedy: () => 'Set the key of the program: export KUBEJOIN_TRACES_KEY_FILE=.kubejoin/pki/kubelet-sim/traces-key',
		grpc: grpcCode.UNAUTHENTICATED,
		http: { status: 401, reason: 'Unauthorized' },
	}),
	TRACES_REQUEST_REFUSED: defineError<{ problem: string }>({
		message: (f) => `the request does not come from a trace exporter: ${f.problem}`,
		remedy: () =>
			'Send traces from a program, to a host name of this observer; add another name to KUBEJOIN_OTLP_HOSTS',
		grpc: grpcCode.PERMISSION_DENIED,
		http: { status: 403, reason: 'Forbidden' },
	}),
	OBSERVER_UNREACHABLE: defineError<{ url: string; problem: string }>({
		message: (f) => `cannot connect to an observer at ${f.url}: ${f.problem}`,
		remedy: () =>
			'Start a mesh with npm start or docker compose up; if its page has another port: ' +
			'npx kubejoin watch --url http://127.0.0.1:PORT',
		grpc: grpcCode.UNAVAILABLE,
	}),
};
