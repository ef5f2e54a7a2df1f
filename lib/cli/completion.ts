/** Shell completion of a commander tree, with the scripts of @bomb.sh/tab. */
import { Argument, type Command } from 'commander';
import { shellWord } from '../text.ts';

const shells = ['bash', 'zsh', 'fish'] as const;
type Shell = (typeof shells)[number];

export interface CompletionOptions {
	/** The command that a shell completes. Absent: the program has no completion. */
	readonly executable?: string;
	/** Called before a word is completed, to set `argChoices` that the help does not show. */
	readonly prepareCompletion?: (program: Command) => void;
}

/** Add `complete -- WORDS`, which the script calls. The library is loaded only for this and for the script. */
export async function completeWords(program: Command, { prepareCompletion }: CompletionOptions): Promise<void> {
	const { default: completeTree } = await import('@bomb.sh/tab/commander');
	prepareCompletion?.(program);
	completeTree(program, { completionCommandName: 'completion' });
}

/** Add `completion SHELL`, which prints a script. */
export function addCompletionCommand(program: Command, { executable }: CompletionOptions): void {
	if (executable === undefined) return;
	const command = program
		.createCommand('completion')
		.copyInheritedSettings(program)
		.description(`print a completion script: source <(${executable} completion bash)`)
		.addArgument(new Argument('<shell>').choices(shells))
		.action(async (shell: Shell) => {
			const { script } = await import('@bomb.sh/tab');
			process.stdout.write(commandFunction(shell, executable, process.execPath, process.argv[1] ?? ''));
			if (shell === 'bash') process.stdout.write(beforeBash);
			script(shell, executable, executable);
			if (shell === 'bash') process.stdout.write(afterBash);
		});
	program.addCommand(command);
}

/** Defines the command in a shell that does not find it, as after `source <(npx kubectl-sim completion bash)`. */
export function commandFunction(shell: Shell, name: string, node: string, program: string): string {
	const call = `${shellWord(node)} ${shellWord(program)}`;
	return shell === 'fish'
		? `type -q ${name}; or function ${name}; ${call} $argv; end\n`
		: `command -v ${name} >/dev/null || ${name}() { ${call} "$@"; }\n`;
}

/**
 * The script of the library declares the same constants as readonly for every program, so that a second script would
 * print errors. It also calls a function of the package bash-completion, which is not installed everywhere.
 */
const beforeBash = `readonly() { declare -g "$@"; }
declare -F _get_comp_words_by_ref >/dev/null || _get_comp_words_by_ref() {
    words=("\${COMP_WORDS[@]}") cword=$COMP_CWORD cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD - 1]}
}
`;
const afterBash = 'unset -f readonly\n';
