/** Errors of the Kubernetes API. Messages are upstream's, byte for byte, where upstream has one. */
import { defineError, type FieldProblem, grpcCode, type None } from '../row.ts';

type Resource = { resource: string; group: string };
type Named = Resource & { name: string };

/** `resource[.group]`, as upstream writes a resource in messages. */
export const qualifiedResource = (f: Resource) => (f.group === '' ? f.resource : `${f.resource}.${f.group}`);
const named = (f: Named) => (f.name === '' ? qualifiedResource(f) : `${qualifiedResource(f)} "${f.name}"`);

export const apiErrors = {
	API_UNAUTHORIZED: defineError<{ problem?: string | undefined }>({
		message: () => 'Unauthorized',
		remedy: () => 'Use a new kubeconfig or token; the log of the API server says why it refused this one',
		grpc: grpcCode.UNAUTHENTICATED,
		http: { status: 401, reason: 'Unauthorized' },
	}),
	AUTHENTICATOR_UNAVAILABLE: defineError<{ retryAfterSeconds: number; unavailable?: string | undefined }>({
		message: (f) =>
			'the server is currently unable to handle the request: it cannot check the token because ' +
			`${f.unavailable ?? 'token-store'} is unavailable`,
		remedy: () => 'Retry. If the error persists, start token-store: npm start, or docker compose up -d token-store',
		grpc: grpcCode.UNAVAILABLE,
		http: { status: 503, reason: 'ServiceUnavailable' },
	}),
	/** `lines` follow the reason, one each: a line break inside one fact would be escaped. */
	API_FORBIDDEN: defineError<Named & { because: string; lines?: readonly string[]; causes?: readonly FieldProblem[] }>({
		message: (f) => `${named(f)} is forbidden: ${[f.because, ...(f.lines ?? [])].join('\n')}`,
		remedy: () =>
			'Check your permissions: kubectl-sim auth can-i VERB RESOURCE; a cluster admin can bind a role that allows it',
		grpc: grpcCode.PERMISSION_DENIED,
		http: { status: 403, reason: 'Forbidden' },
	}),
	API_PATH_FORBIDDEN: defineError<{ because: string }>({
		message: (f) => `forbidden: ${f.because}`,
		remedy: () => 'Ask a cluster admin to bind a ClusterRole with nonResourceURLs that allows it',
		grpc: grpcCode.PERMISSION_DENIED,
		http: { status: 403, reason: 'Forbidden' },
	}),
	API_NOT_FOUND: defineError<Named>({
		message: (f) => `${named(f)} not found`,
		remedy: (f) => `List the objects: kubectl-sim get ${f.resource}`,
		grpc: grpcCode.NOT_FOUND,
		http: { status: 404, reason: 'NotFound' },
	}),
	API_PATH_NOT_FOUND: defineError<None>({
		message: () => 'the server could not find the requested resource',
		remedy: () => 'Check the path and the API group and version',
		grpc: grpcCode.UNIMPLEMENTED,
		http: { status: 404, reason: 'NotFound' },
	}),
	API_ALREADY_EXISTS: defineError<Named>({
		message: (f) => `${named(f)} already exists`,
		remedy: () => 'Choose another name, or update the existing object',
		grpc: grpcCode.ALREADY_EXISTS,
		http: { status: 409, reason: 'AlreadyExists' },
	}),
	API_NAME_NOT_GENERATED: defineError<Named & { retryAfterSeconds: number }>({
		message: (f) => `${named(f)} already exists, the server was not able to generate a unique name for the object`,
		remedy: () => 'Retry, or choose another generateName',
		grpc: grpcCode.ALREADY_EXISTS,
		http: { status: 409, reason: 'AlreadyExists' },
	}),
	API_CONFLICT: defineError<Named & { because?: string | undefined }>({
		message: (f) =>
			`Operation cannot be fulfilled on ${named(f)}: ` +
			(f.because ?? 'the object has been modified; please apply your changes to the latest version and try again'),
		remedy: () => 'Read the object again, apply the change to that version, and write it',
		grpc: grpcCode.ABORTED,
		http: { status: 409, reason: 'Conflict' },
	}),
	/** `omitted` is the number of problems that `causes` leaves out. */
	API_INVALID: defineError<{
		kind: string;
		group: string;
		name: string;
		causes: readonly FieldProblem[];
		omitted?: number | undefined;
	}>({
		message: (f) => {
			// Upstream states a repeated problem once, and lists each cause.
			const problems = [...new Set(f.causes.map((c) => `${c.field}: ${c.message}`))];
			const kind = f.group === '' ? f.kind : `${f.kind}.${f.group}`;
			if (f.omitted !== undefined) problems.push(`and ${f.omitted} more problems`);
			return `${kind} "${f.name}" is invalid: ${problems.length === 1 ? problems[0] : `[${problems.join(', ')}]`}`;
		},
		remedy: () => 'Correct these fields',
		grpc: grpcCode.INVALID_ARGUMENT,
		http: { status: 422, reason: 'Invalid' },
	}),
	/** `limit` is the row of the limits table that the request exceeds. */
	API_BAD_REQUEST: defineError<{ problem: string; limit?: string }>({
		message: (f) => f.problem,
		remedy: () => 'Correct the request',
		grpc: grpcCode.INVALID_ARGUMENT,
		http: { status: 400, reason: 'BadRequest' },
	}),
	API_METHOD_NOT_ALLOWED: defineError<None>({
		message: () => 'the server does not allow this method on the requested resource',
		remedy: () => 'Use a verb that the resource supports',
		grpc: grpcCode.UNIMPLEMENTED,
		http: { status: 405, reason: 'MethodNotAllowed' },
	}),
	/** `isRouted`: refused by the router, which upstream has before the check of its own. */
	API_UNSUPPORTED_MEDIA_TYPE: defineError<{ problem: string; isRouted?: boolean | undefined }>({
		message: (f) => f.problem,
		remedy: () => 'Send the body as JSON with Content-Type: application/json',
		grpc: grpcCode.INVALID_ARGUMENT,
		http: { status: 415, reason: 'UnsupportedMediaType' },
	}),
	API_NOT_ACCEPTABLE: defineError<{ problem: string; isRouted?: boolean | undefined }>({
		message: (f) => f.problem,
		remedy: () => 'Send the request with Accept: application/json',
		grpc: grpcCode.INVALID_ARGUMENT,
		http: { status: 406, reason: 'NotAcceptable' },
	}),
	API_REQUEST_TIMEOUT: defineError<None>({
		message: () => 'Timeout: request did not complete within the allotted timeout',
		remedy: () => 'Send the request again',
		grpc: grpcCode.DEADLINE_EXCEEDED,
		http: { status: 504, reason: 'Timeout' },
	}),
	API_VERSION_TOO_LARGE: defineError<{
		requested: string;
		current: string;
		causes: readonly FieldProblem[];
		retryAfterSeconds?: number;
	}>({
		message: (f) => `Timeout: Too large resource version: ${f.requested}, current: ${f.current}`,
		remedy: () => 'Read again without a resource version, or with one that this server returned',
		grpc: grpcCode.OUT_OF_RANGE,
		http: { status: 504, reason: 'Timeout' },
	}),
	API_EXPIRED: defineError<{ requested: string; oldest: string; because?: string | undefined }>({
		message: (f) => f.because ?? `too old resource version: ${f.requested} (${f.oldest})`,
		remedy: () => 'List again and watch from the resource version of the list',
		grpc: grpcCode.OUT_OF_RANGE,
		http: { status: 410, reason: 'Expired' },
	}),
	API_OBJECT_TOO_LARGE: defineError<{ bytes: number; limit: number }>({
		message: () => 'etcdserver: request is too large',
		remedy: (f) => `Make the object smaller: it has ${f.bytes} bytes, and the limit is ${f.limit}`,
		grpc: grpcCode.RESOURCE_EXHAUSTED,
		http: { status: 413, reason: 'RequestEntityTooLarge' },
	}),
	/** Upstream gives no reason. */
	API_SPACE_EXCEEDED: defineError<{ limit: number }>({
		message: () => 'etcdserver: mvcc: database space exceeded',
		remedy: (f) =>
			`Delete objects that are not needed: all of them together have reached the limit of ${f.limit} bytes`,
		grpc: grpcCode.RESOURCE_EXHAUSTED,
		http: { status: 500, reason: '' },
	}),
	API_LIST_TOO_LARGE: defineError<{ limit: number }>({
		message: (f) => `the list is larger than ${f.limit} bytes`,
		remedy: () => 'Request it in pages: set limit=500 and send the continue token of each page with the next request',
		grpc: grpcCode.RESOURCE_EXHAUSTED,
		http: { status: 413, reason: 'RequestEntityTooLarge' },
	}),
	/** `continue` is a token that continues the list at the current state. */
	API_CONTINUE_EXPIRED: defineError<{ continue: string }>({
		message: () =>
			'The provided continue parameter is too old to display a consistent list result. You can start a new list ' +
			'without ' +
			'the continue parameter, or use the continue token in this response to retrieve the remainder of the results. ' +
			'Continuing with the provided token results in an inconsistent list - objects that were created, modified, or ' +
			'deleted between the time the first chunk was returned and now may show up in the list.',
		remedy: () => 'List again from the beginning',
		grpc: grpcCode.OUT_OF_RANGE,
		http: { status: 410, reason: 'Expired' },
	}),
	API_TOO_MANY_WATCHES: defineError<{ limit: number; retryAfterSeconds: number }>({
		message: (f) => `too many requests: this user has ${f.limit} open watches, which is the limit`,
		remedy: () => 'Close watches that you do not need, and watch again',
		grpc: grpcCode.RESOURCE_EXHAUSTED,
		http: { status: 429, reason: 'TooManyRequests' },
	}),
	API_TOO_MANY_CONNECTIONS: defineError<{ limit: number; retryAfterSeconds: number }>({
		message: (f) => `too many requests: this user has ${f.limit} open requests to kubelets, which is the limit`,
		remedy: () => 'End some of them, such as kubectl logs --follow, and retry',
		grpc: grpcCode.RESOURCE_EXHAUSTED,
		http: { status: 429, reason: 'TooManyRequests' },
	}),
	API_NODE_UNREACHABLE: defineError<{ problem: string }>({
		message: (f) => `error trying to reach service: ${f.problem}`,
		remedy: () =>
			'Check that the kubelet of the Node runs and that its address is right: kubectl-sim describe node NODE',
		grpc: grpcCode.UNAVAILABLE,
		http: { status: 503, reason: 'ServiceUnavailable' },
	}),
	/** Upstream gives no reason. */
	API_KUBELET_UNAVAILABLE: defineError<{ problem: string }>({
		message: (f) => f.problem,
		remedy: () =>
			'Check that the kubelet of the Node runs and that its address is right: kubectl-sim describe node NODE',
		grpc: grpcCode.UNAVAILABLE,
		http: { status: 500, reason: '' },
	}),
	API_OBJECT_UNREADABLE: defineError<Named & { problem: string }>({
		message: (f) => `Internal error occurred: the stored object ${named(f)} cannot be decoded: ${f.problem}`,
		remedy: (f) => `Delete it: kubectl-sim delete ${f.resource} ${f.name}`,
		grpc: grpcCode.INTERNAL,
		http: { status: 500, reason: 'InternalError' },
	}),
	API_TOO_LARGE: defineError<{ limit: string; because?: string | undefined }>({
		message: (f) => `Request entity too large: ${f.because ?? `limit is ${f.limit}`}`,
		remedy: () => 'Send a smaller object',
		grpc: grpcCode.RESOURCE_EXHAUSTED,
		http: { status: 413, reason: 'RequestEntityTooLarge' },
	}),
	/** `because` is in the remedy only: upstream does not return it to the caller. */
	API_PATCH_REJECTED: defineError<{ because: string; limit?: string | undefined }>({
		message: () => 'the server rejected our request due to an error in our request',
		remedy: (f) => `Correct the patch: ${f.because}`,
		grpc: grpcCode.FAILED_PRECONDITION,
		http: { status: 422, reason: 'Invalid' },
	}),
	/** `causes` are of the reason FieldManagerConflict. */
	API_APPLY_CONFLICT: defineError<{
		conflicts: string;
		lines?: readonly string[] | undefined;
		causes: readonly FieldProblem[];
	}>({
		message: (f) => `Apply failed with ${[f.conflicts, ...(f.lines ?? [])].join('\n')}`,
		remedy: () => 'Apply with --force-conflicts to take over these fields, or remove them from the manifest',
		grpc: grpcCode.ABORTED,
		http: { status: 409, reason: 'Conflict' },
	}),
};
