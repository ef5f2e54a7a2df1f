/**
 * The form of a row in the error table, and the helpers that rows share. Domain code imports the table, so this file
 * imports no gRPC.
 */

/** @source grpc/doc/statuscodes.md */
export const grpcCode = {
	INVALID_ARGUMENT: 3,
	DEADLINE_EXCEEDED: 4,
	NOT_FOUND: 5,
	ALREADY_EXISTS: 6,
	PERMISSION_DENIED: 7,
	RESOURCE_EXHAUSTED: 8,
	FAILED_PRECONDITION: 9,
	ABORTED: 10,
	OUT_OF_RANGE: 11,
	UNIMPLEMENTED: 12,
	INTERNAL: 13,
	UNAVAILABLE: 14,
	UNAUTHENTICATED: 16,
} as const;

export interface FieldProblem {
	readonly field: string;
	/** Kubernetes cause, for example `FieldValueInvalid`. */
	readonly reason: string;
	readonly message: string;
	/** The exceeded row of the limits table, if any. */
	readonly limit?: string | undefined;
}

/** The values that a message and a remedy are made of. Never a token secret, never a private key. */
export type Details = Readonly<
	Record<string, string | number | boolean | undefined | readonly string[] | readonly FieldProblem[]>
>;
export type None = Readonly<Record<never, never>>;

/** HTTP status and the reason of a Kubernetes `Status`. */
export interface HttpForm {
	readonly status: number;
	readonly reason: string;
}

export interface Row<F extends Details> {
	/** What happened, with its values. Upstream's exact text if upstream has one. */
	readonly message: (details: F) => string;
	/** One imperative sentence. A command in it works when pasted. */
	readonly remedy: (details: F) => string;
	readonly grpc: (typeof grpcCode)[keyof typeof grpcCode];
	/** Absent if the error never crosses HTTP. */
	readonly http?: HttpForm;
	/** Process exit code, as kubeadm's: 1 default, 2 preflight and settings, 3 validation. */
	readonly exitCode?: 1 | 2 | 3;
	/** The code that a caller receives instead. The log of the service keeps the true code. */
	readonly publicCode?: 'TOKEN_REJECTED';
}

/** Infers nothing and changes nothing: it gives a row the type of its details. */
export const defineError = <F extends Details>(row: Row<F>): Row<F> => row;

export const createTokenRemedy = () =>
	'Create a token on the control plane: kubectl-sim token create --print-join-command';
