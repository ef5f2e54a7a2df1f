/** Forms of options that programs of Kubernetes accept and commander does not. */
import type { Command } from 'commander';

/** @source Go strconv.ParseBool */
const booleans = new Map([
	...['1', 't', 'T', 'TRUE', 'true', 'True'].map((word) => [word, true] as const),
	...['0', 'f', 'F', 'FALSE', 'false', 'False'].map((word) => [word, false] as const),
]);

/**
 * Writes `-n=NAME` as `-nNAME`, `--watch=true` as `--watch`, and leaves `--watch=false` out.
 *
 * @param refuse  ends the program with an error
 * @source pflag FlagSet.parseLongArg, parseSingleShortArg
 */
export function asCommander(
	program: Command,
	words: readonly string[],
	refuse: (problem: string) => never,
): readonly string[] {
	const takesValue = new Map<string, boolean>();
	addOptions(program, takesValue);
	const read: string[] = [];
	for (let at = 0; at < words.length; at++) {
		const word = words[at] ?? '';
		if (word === '--') return [...read, ...words.slice(at)];
		const [, flag = word, value] = /^(-\w|--[\w-]+)=([\s\S]*)$/.exec(word) ?? [];
		if (value === undefined) {
			read.push(word);
			const next = words[at + 1];
			if (takesValue.get(flag) === true && next !== undefined) {
				read.push(next);
				at++;
			}
		} else if (takesValue.get(flag) === false) {
			const isSet = booleans.get(value);
			if (isSet === undefined) refuse(`option '${flag}' argument '${value}' is invalid. It must be true or false.`);
			if (isSet) read.push(flag);
		} else if (flag.startsWith('--') || !takesValue.has(flag)) read.push(word);
		else read.push(...(value === '' ? [flag, value] : [`${flag}${value}`]));
	}
	return read;
}

/** Whether each option takes a value in any of the commands. */
function addOptions(command: Command, takesValue: Map<string, boolean>): void {
	for (const { short, long, required, optional } of command.options)
		for (const flag of [short, long])
			if (flag !== undefined) takesValue.set(flag, takesValue.get(flag) === true || required || optional);
	for (const child of command.commands) addOptions(child, takesValue);
}
