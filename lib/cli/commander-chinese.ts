/** Makes commander's help and errors Chinese: the texts of the program, and the words of commander around them. */
import { type Command, Help } from 'commander';
import { helpInChinese } from '../chinese/index.ts';
import { columnsOf, wrapColumns } from './terminal-columns.ts';

const translated = (text: string): string => helpInChinese(text) ?? text;

/** Also of the options and commands that commander adds. Completion scripts show these texts too. */
export function translateCommand(command: Command): void {
	const help = command.createHelp();
	command.description(translated(command.description()));
	const described = [help.visibleOptions(command), help.visibleArguments(command)].flat();
	for (const one of described) one.description = translated(one.description);
	for (const child of help.visibleCommands(command)) child.description(translated(child.description()));
	command.configureHelp({ ...command.configureHelp(), ...chineseHelp });
}

const original = Help.prototype;
const words = (text: string): string => text.replace('[options]', '[选项]').replace('[command]', '[命令]');

const chineseHelp: Partial<Help> = {
	// Commander writes a space after each title, which full-width punctuation has inside.
	formatHelp: (command, help) => original.formatHelp.call(help, command, help).replace(/^用法： /, '用法：'),
	styleTitle: translated,
	commandUsage: (command) => words(original.commandUsage.call(new Help(), command)),
	subcommandTerm: (command) => words(original.subcommandTerm.call(new Help(), command)),
	optionDescription: (option) => withChineseValues(option.description, original.optionDescription(option)),
	argumentDescription: (argument) => withChineseValues(argument.description, original.argumentDescription(argument)),
	displayWidth: columnsOf,
	boxWrap: (text, width) =>
		text
			.split('\n')
			.flatMap((line) => wrapColumns(line, width))
			.join('\n'),
};

/** Commander adds ` (choices: "a", "b", default: "a")`. */
function withChineseValues(description: string, whole: string): string {
	const added = whole.slice(description.length).trim();
	if (added === '') return description;
	const [, choices, usual] = /^\((?:choices: (.*?))?(?:(?:, )?default: (.*))?\)$/.exec(added) ?? [];
	const parts = [
		...(choices === undefined ? [] : [`可选：${choices.replaceAll(', ', '、')}`]),
		...(usual === undefined ? [] : [`默认：${usual}`]),
	];
	return `${description}（${parts.join('；')}）`;
}

/** An error of commander about arguments: a sentence, and a line that suggests another word. */
export const chineseUsageError = (text: string): string =>
	text
		.replace(/^error: (.*)$/gm, (_, sentence: string) => `错误：${translated(sentence)}`)
		.replace(/^\(.*\)$/gm, translated);
