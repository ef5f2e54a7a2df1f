import { settingsInChinese } from '../chinese/settings.ts';
import { type Settings, settingsHelp } from '../config.ts';
import { type Language, terminalLanguage } from '../language.ts';
import { wrapColumns } from './terminal-columns.ts';

const WIDTH = 80;

/** The help of a program that has settings and no options, for a terminal; undefined if no argument asks for it. */
export function requestedHelp(
	program: string,
	settings: Settings,
	words: readonly string[] = process.argv.slice(2),
	language: Language = terminalLanguage(),
): string | undefined {
	if (!words.some((word) => word === '--help' || word === '-h')) return undefined;
	const help = settingsHelp(program, settings);
	const translated = (language === 'zh' ? settingsInChinese(help) : undefined) ?? help;
	return translated.split('\n').flatMap(wrapped).join('\n');
}

function wrapped(line: string): readonly string[] {
	const text = line.trimStart();
	const indent = line.slice(0, line.length - text.length);
	return text === '' ? [line] : wrapColumns(text, WIDTH - indent.length).map((part) => `${indent}${part}`);
}
