/** Errors of attacker-sim, which attacks only a mesh of this project. */
import { defineError, grpcCode } from '../row.ts';

export const attackerErrors = {
	ATTACK_NOT_ALLOWED: defineError<{ problem: string }>({
		message: (f) => `attacker-sim refuses to do this: ${f.problem}`,
		remedy: () =>
			'Start a mesh of this project with npm start or docker compose up, and give its API server and its cluster CA; ' +
			'attacker-sim attacks nothing else',
		grpc: grpcCode.PERMISSION_DENIED,
		exitCode: 2,
	}),
	ATTACK_POWER_MISSING: defineError<{ mode: string; power: string; option: string }>({
		message: (f) => `the mode "${f.mode}" needs ${f.power}, which was not given`,
		remedy: (f) =>
			`Give the stolen material with ${f.option}, or choose a mode that needs only the network: ` +
			'attacker-sim listen --help',
		grpc: grpcCode.FAILED_PRECONDITION,
		exitCode: 3,
	}),
	ATTACK_ARGUMENTS_INVALID: defineError<{ problems: readonly string[] }>({
		message: (f) => f.problems.join('\n'),
		remedy: () => 'Run attacker-sim COMMAND --help',
		grpc: grpcCode.INVALID_ARGUMENT,
		exitCode: 3,
	}),
};
