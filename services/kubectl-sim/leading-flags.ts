/** Flags before the command: `kubectl-sim -n kube-system get secrets`. */
import type { Command } from 'commander';

/** A flag without a value. Before the command, kubectl takes the word after any other flag as its value. */
const WITHOUT_VALUE = new Set(['-h', '--help', '--version']);

/**
 * Moves the flags before a command behind it, where commander expects them. They remain before the flags that follow
 * the command, so that the last one of a repeated flag still counts.
 *
 * @returns the same words if none of them is a command
 * @source cobra Command.Find and stripFlags
 */
export function moveLeadingFlags(program: Command, words: readonly string[]): readonly string[] {
	let start = 0;
	while (words[start]?.startsWith('-') && words[start] !== '--') start += hasValueBehind(words[start] ?? '') ? 2 : 1;
	let end = start;
	for (let parent: Command | undefined = program; parent !== undefined; ) {
		parent = parent.commands.find((command) => [command.name(), ...command.aliases()].includes(words[end] ?? ''));
		if (parent !== undefined) end++;
	}
	return [...words.slice(start, end), ...words.slice(0, start), ...words.slice(end)];
}

/** `-n NAME` and `--namespace NAME`, but neither `-nNAME` nor `--namespace=NAME`. */
const hasValueBehind = (flag: string): boolean =>
	!WITHOUT_VALUE.has(flag) && !flag.includes('=') && (flag.startsWith('--') || flag.length === 2);
