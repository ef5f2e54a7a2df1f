/** Where a command writes: standard output and standard error, or a test's lists. */
export interface Output {
	readonly out: (text: string) => void;
	readonly err: (text: string) => void;
}
