/** Errors of the experiment runner. */
import { defineError, grpcCode } from '../row.ts';

export const chaosErrors = {
	CHAOS_DOCUMENT_INVALID: defineError<{ problems: readonly string[] }>({
		message: (f) => f.problems.join('\n'),
		remedy: () => 'Correct all problems above, as docs/chaos.md describes; nothing was run',
		grpc: grpcCode.INVALID_ARGUMENT,
		exitCode: 2,
	}),
	CHAOS_ARGUMENTS_INVALID: defineError<{ problem: string }>({
		message: (f) => f.problem,
		remedy: () => 'See the options: npm run chaos -- --help',
		grpc: grpcCode.INVALID_ARGUMENT,
		exitCode: 3,
	}),
	CHAOS_NAME_UNKNOWN: defineError<{ name: string; near: readonly string[] }>({
		message: (f) =>
			`there is no experiment "${f.name}"${f.near.length === 0 ? '' : `; did you mean ${f.near.join(', ')}?`}`,
		remedy: () => 'List the experiments: npm run chaos -- --list',
		grpc: grpcCode.NOT_FOUND,
		exitCode: 3,
	}),
	CHAOS_NAME_AMBIGUOUS: defineError<{ name: string; begun: readonly string[] }>({
		message: (f) => `"${f.name}" matches more than one experiment: ${f.begun.join(', ')}`,
		remedy: () => 'Give more of the name',
		grpc: grpcCode.INVALID_ARGUMENT,
		exitCode: 3,
	}),
};
