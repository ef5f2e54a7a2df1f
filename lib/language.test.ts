import assert from 'node:assert/strict';
import { terminalLanguage } from './language.ts';

describe('the language of a terminal', () => {
	it('is Chinese in a Chinese locale with UTF-8 or without a code set', () => {
		for (const locale of ['zh_CN.UTF-8', 'zh_CN.utf8', 'zh_CN', 'zh', 'zh_TW.UTF-8', 'zh-CN', 'zh_CN.UTF-8@pinyin'])
			assert.equal(terminalLanguage({ LANG: locale }), 'zh', locale);
	});

	it('is English in every other locale, and in a code set that would be unreadable', () => {
		for (const locale of ['', 'C', 'C.UTF-8', 'en_US.UTF-8', 'de_DE', 'zh_CN.GBK', 'zh_CN.GB18030', 'zhx'])
			assert.equal(terminalLanguage({ LANG: locale }), 'en', locale);
		assert.equal(terminalLanguage({}), 'en');
	});

	it('is that of LC_ALL, then LC_MESSAGES, then LANG', () => {
		assert.equal(terminalLanguage({ LC_ALL: 'C', LC_MESSAGES: 'zh_CN', LANG: 'zh_CN' }), 'en');
		assert.equal(terminalLanguage({ LC_ALL: '', LC_MESSAGES: 'zh_CN', LANG: 'C' }), 'zh');
	});
});
