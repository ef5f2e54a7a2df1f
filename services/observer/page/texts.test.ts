import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { errorTable } from '../../../lib/errors.ts';
import { projectPath } from '../../../lib/paths.ts';
import { readYamlFile } from '../../../lib/yaml.ts';
import { catalogue, expectedErrors, type Messages, messages, phasesInChinese } from './catalogue.ts';
import { errorsInChinese } from './errors-zh.ts';
import { experimentsInChinese } from './experiments-zh.ts';
import { failureLines } from './failure-lines.ts';
import { fields } from './fields.ts';
import { clockTime, countdown, duration, hexDump } from './format.ts';
import { stepsInChinese } from './steps-zh.ts';
import { translator, valueNames } from './template.ts';
import { wordsOf } from './words.ts';

/** The documents of the experiments, by name. */
const experiments: ReadonlyMap<string, unknown> = new Map(
	readdirSync(projectPath('chaos', 'experiments')).map((file) => [
		file.replace(/\.yaml$/, ''),
		readYamlFile(file, readFileSync(projectPath('chaos', 'experiments', file), 'utf8'), { allowsMergeKeys: true }),
	]),
);

/** The names of all probes and actions in a document. */
function stepNames(document: unknown): readonly string[] {
	if (typeof document !== 'object' || document === null) return [];
	const { type, name, provider } = document as Readonly<Record<string, unknown>>;
	if ((type === 'probe' || type === 'action') && provider !== undefined) return [String(name)];
	return Object.values(document).flatMap(stepNames);
}

/** Every Chinese text of the page, with sample values where it has values. */
function chineseTexts(): readonly string[] {
	const own: Messages = messages.zh;
	return [
		...Object.values(catalogue.zh),
		...Object.values(fields).flatMap(({ zh: { name, meaning = '' } }) => [name, meaning]),
		...Object.values(phasesInChinese).flatMap(({ name, trust }) => [name, trust]),
		...Object.values(expectedErrors).map(({ zh }) => zh),
		...Object.values(errorsInChinese).flatMap(({ meaning, mostLikely = '', alsoPossible = [], remedy = '' }) => [
			meaning,
			mostLikely,
			...alsoPossible,
			remedy,
		]),
		...Object.values(experimentsInChinese).flatMap(({ title, description, lesson }) => [title, description, lesson]),
		...Object.values(stepsInChinese),
		own.ago(12_000),
		own.expiresIn(300_000),
		own.left('0:04:59'),
		own.next('preflight'),
		own.predicted('保持'),
		own.tier('A'),
		own.moreItems(7),
		own.difference({ node: 'a', step: 'preflight' }, { node: 'b', step: undefined }),
		own.arrow('a', 'b', '双向 TLS'),
	].filter((text) => text !== '');
}

describe('the texts of the page', () => {
	it('exist in both languages, and none is empty', () => {
		assert.deepEqual(Object.keys(catalogue.zh).sort(), Object.keys(catalogue.en).sort());
		assert.deepEqual(Object.keys(messages.zh).sort(), Object.keys(messages.en).sort());
		for (const language of ['en', 'zh'] as const) {
			for (const [word, text] of Object.entries(catalogue[language])) assert.notEqual(text.trim(), '', word);
			for (const [key, texts] of Object.entries(fields)) assert.notEqual(texts[language].name, '', key);
		}
		for (const [key, { en, zh }] of Object.entries(fields))
			assert.equal(en.meaning === undefined, zh.meaning === undefined, key);
	});

	it('in Chinese are Chinese, except for names', () => {
		const names = new Set(['title', 'sectionKubeconfig', 'p99']);
		for (const [word, text] of Object.entries(catalogue.zh))
			assert.ok(names.has(word) || /\p{Script=Han}/u.test(text), `${word}: ${text}`);
	});

	it('in Chinese have a space between Chinese and Latin text, and full-width punctuation', () => {
		for (const text of chineseTexts()) {
			const prose = text.replaceAll(/`[^`]*`/g, '码');
			assert.doesNotMatch(prose, /\p{Script=Han}[A-Za-z0-9]|[A-Za-z0-9]\p{Script=Han}/u, text);
			assert.doesNotMatch(prose, /\p{Script=Han} ?[,:;!?()]|[,;!?()] ?\p{Script=Han}/u, text);
			assert.doesNotMatch(prose, /[，。：；？（）] | [，。：；？（）]/u, text);
		}
	});

	it('in Chinese use the words of the glossary', () => {
		const forbidden =
			/您|账户|名字空间|秘钥|的的|散列|凭证|回退|风暴(?<!加入风暴)|探测|引导程序|寿命|操作者|请求者|证书请求|不记名|终结器|选择器/u;
		for (const text of chineseTexts()) assert.doesNotMatch(text.replaceAll('启动引导令牌', ''), forbidden);
	});

	it('name only errors that exist', () => {
		for (const code of [...Object.keys(errorsInChinese), ...Object.keys(expectedErrors)])
			assert.ok(Object.hasOwn(errorTable, code), code);
	});

	it('in Chinese have every experiment and every step of one, and no other', () => {
		assert.deepEqual(Object.keys(experimentsInChinese).toSorted(), [...experiments.keys()].toSorted());
		const names = new Set([...experiments.values()].flatMap(stepNames));
		const translate = translator(stepsInChinese);
		assert.deepEqual(
			[...names].filter((name) => translate(name) === undefined),
			[],
			'add them to steps-zh.ts',
		);
		const isUsed = (template: string) => {
			const fits = translator({ [template]: 'x' });
			return [...names].some((name) => fits(name) !== undefined);
		};
		assert.deepEqual(
			Object.keys(stepsInChinese).filter((name) => !isUsed(name)),
			[],
			'remove them from steps-zh.ts',
		);
	});

	it('in Chinese have sentences of at most forty characters', () => {
		const long = chineseTexts()
			.flatMap((text) => text.replaceAll(/`[^`]*`|[\w./:-]+/g, '码').split(/[。：；]/u))
			.filter((sentence) => sentence.length > 40);
		assert.deepEqual(long, []);
	});

	it('in Chinese have the values of the English text', () => {
		for (const [english, chinese] of Object.entries(stepsInChinese))
			assert.deepEqual(valueNames(chinese).toSorted(), valueNames(english).toSorted(), english);
	});
});

describe('words of a language', () => {
	const check = { label: 'discovery/pin-ca', trust: 'the node trusts the cluster CA' };

	it('say which side trusts the other, and nothing after a failed check', () => {
		assert.equal(wordsOf('en').trust(check), 'the node trusts the cluster CA');
		assert.equal(wordsOf('zh').trust(check), '节点信任集群 CA');
		for (const language of ['en', 'zh'] as const) assert.equal(wordsOf(language).trust({ label: check.label }), '');
		assert.equal(wordsOf('zh').trust({ label: 'a/new-phase', trust: 'something new' }), 'something new');
	});

	it('have a failure in Chinese with its meaning, and the English text where there is no translation', () => {
		const failure = {
			code: 'CA_HASH_MISMATCH',
			sentence: 'none is pinned',
			mostLikely: 'm',
			alsoPossible: ['a', 'b', 'c'],
			remedy: 'r',
		};
		const zh = failureLines(failure, wordsOf('zh'));
		assert.deepEqual(
			zh.map(({ label }) => label),
			['含义：', '最可能：', '也可能：', '也可能：', '处理：'],
		);
		assert.ok(zh.every(({ isEnglish }) => !isEnglish));
		const unknown = failureLines({ ...failure, code: 'SOMETHING_NEW' }, wordsOf('zh'));
		assert.deepEqual(
			unknown.map(({ label, text, isEnglish }) => [label, text, isEnglish]),
			[
				['最可能：', 'm', true],
				['也可能：', 'a', true],
				['也可能：', 'b', true],
				['也可能：', 'c', true],
				['处理：', 'r', true],
			],
		);
		const en = failureLines(failure, wordsOf('en'));
		assert.deepEqual(
			en.map(({ label, text }) => `${label}${text}`),
			['Most likely cause: m', 'Also possible: a', 'Also possible: b', 'Also possible: c', 'Do this: r'],
		);
		assert.deepEqual(failureLines({ code: 'INTERNAL', sentence: '', remedy: '' }, wordsOf('en')), []);
	});

	it('have experiments in Chinese, in English only in English', () => {
		assert.equal(wordsOf('zh').experiment('wrong-pin')?.title, '公钥哈希不匹配时，节点不出示令牌');
		assert.equal(wordsOf('en').experiment('wrong-pin'), undefined);
		assert.equal(wordsOf('zh').experiment('an-own-experiment'), undefined);
	});
});

describe('numbers of the page', () => {
	const times = [0.44, 52.4, 999.7, 1_340, 59_960, 300_000, 7_200_000, 86_399_000, 31_536_000_000];

	it('durations have the unit that fits, in the language of the reader', () => {
		assert.deepEqual(
			times.map((ms) => duration(ms, 'en')),
			['0.4 ms', '52 ms', '1 s', '1.3 s', '1 min', '5 min', '2 h', '1 d', '365 d'],
		);
		assert.deepEqual(
			times.map((ms) => duration(ms, 'zh')),
			['0.4 ms', '52 ms', '1 秒', '1.3 秒', '1 分钟', '5 分钟', '2 小时', '1 天', '365 天'],
		);
	});

	it('are a part of a sentence with the order of words of the language', () => {
		assert.deepEqual([messages.en.ago(12_000), messages.zh.ago(12_000)], ['12 s ago', '12 秒前']);
		assert.deepEqual(
			[messages.en.expiresIn(300_000), messages.zh.expiresIn(300_000)],
			['Expires in 5 min', '5 分钟后过期'],
		);
		assert.deepEqual([messages.en.left('0:04:59'), messages.zh.left('0:04:59')], ['in 0:04:59', '剩余 0:04:59']);
	});

	it('a countdown has hours, minutes and seconds', () => {
		assert.deepEqual([0, 299_900, 90_061_000].map(countdown), ['0:00:00', '0:04:59', '25:01:01']);
	});

	it('midnight is 00', () => {
		const midnight = new Date(2026, 0, 1, 0, 3, 5).getTime();
		assert.deepEqual([clockTime(midnight, 'en'), clockTime(midnight, 'zh')], ['00:03:05', '00:03:05']);
	});

	it('bytes are dumped sixteen a line', () => {
		assert.equal(hexDump(Buffer.from('kubejoin\n\xff12345678', 'latin1').toString('base64')).split('\n').length, 2);
		assert.match(hexDump(Buffer.from('ab\n').toString('base64')), /^0000 {2}61 62 0a {39} {2}ab\.$/);
	});
});
