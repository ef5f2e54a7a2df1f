/** What the doctor says about one file. */

export interface Finding {
	/** Path of the file. */
	readonly path: string;
	/** What is wrong with it. Holds no secret. */
	readonly problem: string;
	/** What does not work because of it. */
	readonly meaning: string;
	/** One imperative sentence, with a command that works when pasted where there is one. */
	readonly remedy: string;
}

export const findingText = ({ path, problem, meaning, remedy }: Finding): string =>
	`${path}: ${problem}. ${meaning}. ${remedy}`;

/** As a word of a command. */
export const word = (text: string): string =>
	/^[\w./:=@+-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
