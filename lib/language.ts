/** The language of the sentences that programs print. Upstream's texts, tables, logs and JSON stay English. */
import { environment } from './config.ts';

export type Language = 'en' | 'zh';

/**
 * The first of LC_ALL, LC_MESSAGES and LANG that is set decides. Chinese needs UTF-8, which a locale without a code set
 * means in today's containers: another code set would show unreadable text.
 *
 * @source POSIX, Base Definitions, chapter 8.2
 */
export function terminalLanguage({ LC_ALL, LC_MESSAGES, LANG } = environment()): Language {
	const locale = LC_ALL || LC_MESSAGES || LANG || '';
	return /^zh(?:[_-][A-Za-z]+)?(?:\.utf-?8)?(?:@.*)?$/i.test(locale) ? 'zh' : 'en';
}
