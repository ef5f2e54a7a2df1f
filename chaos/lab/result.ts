/** The outcome of a command of the lab, or of a program that it runs. */
export interface Result {
	readonly code: number;
	readonly stdout: string;
	readonly stderr: string;
}

/** Exit code of a command whose result does not match the expected one. */
export const EXIT_MISMATCH = 1;
