export interface Finding {
	readonly path: string;
	/** Must contain no secret: it is printed. */
	readonly problem: string;
	/** The consequence for the mesh. */
	readonly meaning: string;
	/** One imperative sentence, with a command that works when pasted where there is one. */
	readonly remedy: string;
}

export const findingText = ({ path, problem, meaning, remedy }: Finding): string =>
	`${path}: ${problem}. ${meaning}. ${remedy}`;
