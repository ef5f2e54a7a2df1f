/** Completion of names in a shell. It also makes `kubejoin-chaos`, for nobody can complete what follows `npm run`. */

export const shells = ['bash', 'zsh'] as const;
export type Shell = (typeof shells)[number];

const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

/**
 * @param runner  compiled program of the runner
 * @param node    that it is run with
 */
export function completionScript(shell: Shell, runner: string, node: string): string {
	const command = `kubejoin-chaos() { ${quoted(node)} ${quoted(runner)} "$@"; }
_kubejoin_chaos_names() { kubejoin-chaos --list -o json 2>/dev/null | sed -n 's/^ *"name": "\\(.*\\)",$/\\1/p'; }
`;
	if (shell === 'bash') {
		return `# Add to ~/.bashrc: source <(node dist/scripts/chaos.js completion bash)
${command}_kubejoin_chaos() { COMPREPLY=($(compgen -W "$(_kubejoin_chaos_names)" -- "\${COMP_WORDS[COMP_CWORD]}")); }
complete -F _kubejoin_chaos kubejoin-chaos
`;
	}
	return `# Add to ~/.zshrc, after compinit: source <(node dist/scripts/chaos.js completion zsh)
${command}_kubejoin_chaos() { compadd -- \${(f)"$(_kubejoin_chaos_names)"}; }
compdef _kubejoin_chaos kubejoin-chaos
`;
}
