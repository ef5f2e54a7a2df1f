/** Errors of bootstrap tokens. A caller receives TOKEN_REJECTED; the precise codes are for the log of token-store. */
import { createTokenRemedy, type Details, defineError, grpcCode, type None, type Row } from '../row.ts';

const rejectedToken = <F extends Details>(message: Row<F>['message']) =>
	defineError<F>({
		message,
		remedy: createTokenRemedy,
		grpc: grpcCode.UNAUTHENTICATED,
		http: { status: 401, reason: 'Unauthorized' },
		publicCode: 'TOKEN_REJECTED',
	});

export const tokenErrors = {
	TOKEN_REJECTED: defineError<None>({
		message: () => 'Unauthorized',
		remedy: createTokenRemedy,
		grpc: grpcCode.UNAUTHENTICATED,
		http: { status: 401, reason: 'Unauthorized' },
	}),
	/** `found` describes the mistake without repeating any part of the token. */
	TOKEN_MALFORMED: defineError<{ found?: string | undefined }>({
		message: () => 'the bootstrap token was not of the form "\\A([a-z0-9]{6})\\.([a-z0-9]{16})\\z"',
		remedy: (f) =>
			f.found === undefined
				? 'Copy the whole token: six characters, a dot and sixteen characters. ' +
					'List valid tokens: kubectl-sim token list'
				: `Correct the token: ${f.found}`,
		grpc: grpcCode.INVALID_ARGUMENT,
		http: { status: 400, reason: 'BadRequest' },
		exitCode: 3,
	}),
	TOKEN_INVALID: defineError<{ problems: readonly string[] }>({
		message: (f) => f.problems.join('; '),
		remedy: () => 'Correct these fields and create the token again',
		grpc: grpcCode.INVALID_ARGUMENT,
		http: { status: 422, reason: 'Invalid' },
		exitCode: 3,
	}),
	TOKEN_EXISTS: defineError<{ id: string }>({
		message: (f) => `a token with id "${f.id}" already exists`,
		remedy: (f) => `Omit the token to generate one, or delete the existing one first: kubectl-sim token delete ${f.id}`,
		grpc: grpcCode.ALREADY_EXISTS,
		http: { status: 409, reason: 'AlreadyExists' },
	}),
	TOKEN_NOT_FOUND: defineError<{ id: string }>({
		message: (f) => `secrets "bootstrap-token-${f.id}" not found`,
		remedy: () => 'List the tokens: kubectl-sim token list',
		grpc: grpcCode.NOT_FOUND,
		http: { status: 404, reason: 'NotFound' },
	}),
	TOKEN_UNKNOWN: rejectedToken<{ id: string }>(
		(f) =>
			`no bootstrap token has the ID "${f.id}": it was never created, was deleted, or was cleaned up after it expired`,
	),
	TOKEN_DELETED: rejectedToken<{ id: string }>((f) => `the bootstrap token "${f.id}" is being deleted`),
	TOKEN_RECORD_INVALID: rejectedToken<{ id: string; problem: string }>(
		(f) => `the record of the bootstrap token "${f.id}" is invalid: ${f.problem}`,
	),
	TOKEN_SECRET_WRONG: rejectedToken<{ id: string }>(
		(f) => `the secret does not match that of the bootstrap token "${f.id}"`,
	),
	TOKEN_EXPIRED: rejectedToken<{ id: string; expiration: string; now: string }>(
		(f) => `the bootstrap token "${f.id}" expired at ${f.expiration}; the time is ${f.now}`,
	),
	TOKEN_USAGE_MISSING: rejectedToken<{ id: string; usage: string }>(
		(f) => `the bootstrap token "${f.id}" does not have the usage "${f.usage}"`,
	),
	TOKEN_GROUPS_INVALID: rejectedToken<{ id: string; group: string }>(
		(f) => `the bootstrap token "${f.id}" has the group "${f.group}", which is not of the form system:bootstrappers:…`,
	),
};
