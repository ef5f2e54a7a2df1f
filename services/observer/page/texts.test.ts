import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { stepTexts } from '../../../lib/chinese/experiment-steps.ts';
import { experimentTexts } from '../../../lib/chinese/experiments.ts';
import { meanings } from '../../../lib/errors/chinese/meanings.ts';
import { sentences } from '../../../lib/errors/chinese/sentences.ts';
import { translator, valueNames } from '../../../lib/errors/chinese/template.ts';
import { errorTable, KubejoinError } from '../../../lib/errors.ts';
import { projectPath } from '../../../lib/paths.ts';
import { readYamlFile } from '../../../lib/yaml.ts';
import { expectedErrorsInChinese, phasesInChinese } from './catalogue-zh.ts';
import { certificateTextsInChinese } from './certificate-words-zh.ts';
import { chinese } from './chinese.ts';
import { english } from './english.ts';
import { failureLines } from './failure-lines.ts';
import { clockTime, countdown, duration, hexDump } from './format.ts';
import { labTextsInChinese } from './lab-words-zh.ts';
import { panelTextsInChinese } from './panel-words-zh.ts';
import { statesInChinese } from './states-zh.ts';
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

/** With sample values where a text has values. */
const samplesOf = (texts: object): readonly string[] =>
	Object.values(texts).flatMap((text): readonly string[] =>
		typeof text === 'object' && text !== null
			? samplesOf(text)
			: [typeof text === 'function' ? String(text('7 秒', '8 秒', '9 秒')) : String(text)],
	);

/** Of docs/trust.zh.md, as the page receives them. */
const trustTextsInChinese = (): readonly string[] =>
	Object.values(
		JSON.parse(readFileSync(projectPath('services', 'observer', 'page', 'trust-zh.json'), 'utf8')) as Readonly<
			Record<string, readonly { readonly label: string; readonly text: string }[]>
		>,
	).flatMap((items) => items.flatMap(({ label, text }) => [label, text]));

/** Every Chinese text of the page, with sample values where it has values. */
function chineseTexts(): readonly string[] {
	// `doneOf` has no words.
	const { doneOf: _, needs, ...labTexts } = labTextsInChinese;
	const { catalogue, guideTexts, fields, requestTexts, phaseSentences, messages: own } = chinese;
	return [
		...Object.values(catalogue),
		...Object.values(certificateTextsInChinese),
		...samplesOf(labTexts),
		needs(100),
		...Object.values(panelTextsInChinese),
		...trustTextsInChinese(),
		...Object.values(guideTexts),
		...Object.values(fields).flatMap(({ name, meaning = '' }) => [name, meaning]),
		...Object.values(requestTexts),
		...Object.values(phaseSentences).flatMap(({ short, sentence, failed }) => [short, sentence, failed]),
		...Object.values(phasesInChinese).flatMap(({ name, trust }) => [name, trust]),
		...Object.values(expectedErrorsInChinese),
		...Object.values(meanings),
		...Object.values(sentences).map((text) => text.replaceAll(/\{\w+\}/g, 'x')),
		...Object.values(statesInChinese),
		...Object.values(experimentTexts).flatMap(({ title, description, lesson }) => [title, description, lesson]),
		...Object.values(stepTexts).map((text) => text.replaceAll(/\{\w+\}/g, 'x')),
		own.ago('12 秒'),
		own.expiresIn('5 分钟'),
		own.left('0:04:59'),
		own.next('preflight'),
		own.meaning,
		own.runsNow,
		own.report,
		own.predicted('保持'),
		own.tier('A'),
		own.moreItems(7),
		own.repeated(40, '12.3 s'),
		own.difference({ node: 'a', step: 'preflight' }, { node: 'b', step: undefined }),
		own.arrow('a', 'b', '双向 TLS'),
		own.calls(7, 3),
		own.callsPerMinute(7, 0),
		own.nodeCount(3),
		own.lifeLeft('3 天'),
		own.renewsSoon('剩余 3 天'),
		own.clockOffset('6 分钟', true),
		own.phaseOf(8, 10),
		own.knowsToken('system:bootstrap:abcdef'),
		own.tokenBytes(0),
		own.nodeCount(1_000, 10_000),
		own.fieldSummary(1_000, '0.2 秒', '1.3 秒'),
		own.issuedBy('集群 CA'),
		own.validFromTo('2026-01-01', '2027-01-01'),
		own.validUntil('2027-01-01'),
		own.rowsOf(1, 50, 120),
		own.sanCount(3),
		own.joinCount(2),
		own.disconnected('12 秒'),
		own.about('12 秒'),
		own.stepOf(3, 25),
		own.faultOf('ca-service', '已终止'),
		own.availableAgain('ca-service'),
		own.connectionsRefused(2),
		own.causedBy('证书服务停机'),
		own.refusedConnection('ca-service', '127.0.0.1:1'),
		own.listensOn('192.0.2.1'),
		own.endedOf(1, 2),
		own.issuerIs('CN=kubernetes'),
		own.serialIs('0a1b'),
		own.handshakeFailed('CERT_HAS_EXPIRED'),
	].filter((text) => text !== '');
}

describe('the texts of the page', () => {
	it('exist in both languages, and none is empty', () => {
		for (const key of ['catalogue', 'messages', 'fields'] as const)
			assert.deepEqual(Object.keys(chinese[key]).toSorted(), Object.keys(english[key]).toSorted());
		for (const { catalogue, fields } of [english, chinese]) {
			for (const [word, text] of Object.entries(catalogue)) assert.notEqual(text.trim(), '', word);
			for (const [key, { name }] of Object.entries(fields)) assert.notEqual(name, '', key);
		}
		for (const [key, { meaning }] of Object.entries(english.fields))
			assert.equal(meaning === undefined, chinese.fields[key as keyof typeof chinese.fields].meaning === undefined);
	});

	it('in Chinese are Chinese, except for names', () => {
		const names = ['cluster-info', 'kubejoin', 'kubeconfig', 'P99'];
		for (const text of chineseTexts()) assert.ok(names.includes(text) || /\p{Script=Han}/u.test(text), text);
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
		for (const code of Object.keys(expectedErrorsInChinese)) assert.ok(Object.hasOwn(errorTable, code), code);
	});

	it('in Chinese have every experiment and every step of one, and no other', () => {
		assert.deepEqual(Object.keys(experimentTexts).toSorted(), [...experiments.keys()].toSorted());
		const names = new Set([...experiments.values()].flatMap(stepNames));
		const translate = translator(stepTexts);
		assert.deepEqual(
			[...names].filter((name) => translate(name) === undefined),
			[],
			'add them to lib/chinese/experiment-steps.ts',
		);
		const isUsed = (template: string) => {
			const fits = translator({ [template]: 'x' });
			return [...names].some((name) => fits(name) !== undefined);
		};
		assert.deepEqual(
			Object.keys(stepTexts).filter((name) => !isUsed(name)),
			[],
			'remove them from lib/chinese/experiment-steps.ts',
		);
	});

	it('in Chinese have sentences of at most forty characters', () => {
		const long = chineseTexts()
			.flatMap((text) => text.replaceAll(/`[^`]*`|[\w./:-]+/g, '码').split(/[。：；\n]/u))
			.filter((sentence) => sentence.length > 40);
		assert.deepEqual(long, []);
	});

	it('in Chinese have the values of the English text', () => {
		for (const [english, chinese] of Object.entries(stepTexts))
			assert.deepEqual(valueNames(chinese).toSorted(), valueNames(english).toSorted(), english);
	});
});

describe('words of a language', () => {
	const check = { label: 'discovery/pin-ca', trust: 'the node trusts the cluster CA' };

	it('say which side trusts the other, and nothing after a failed check', () => {
		assert.equal(wordsOf(english).trust(check), 'the node trusts the cluster CA');
		assert.equal(wordsOf(chinese).trust(check), '节点信任集群 CA');
		for (const language of [english, chinese]) assert.equal(wordsOf(language).trust({ label: check.label }), '');
		assert.equal(wordsOf(chinese).trust({ label: 'a/new-phase', trust: 'something new' }), 'something new');
	});

	it('keep the message of upstream in Chinese, with its meaning, causes and remedy', () => {
		const { message, mostLikely, alsoPossible, remedy } = new KubejoinError('CA_HASH_MISMATCH', {
			presented: ['sha256:1'],
			pinned: [],
		});
		const failure = { code: 'CA_HASH_MISMATCH', sentence: message, mostLikely: mostLikely ?? '', alsoPossible, remedy };
		assert.equal(wordsOf(chinese).message(failure), undefined);
		const lines = failureLines(failure, chinese);
		assert.deepEqual(
			lines.map(({ label }) => label),
			['含义', '最可能', '也可能', '也可能', '处理'],
		);
		assert.ok(lines.every(({ text, isEnglish }) => !isEnglish && /\p{Script=Han}/u.test(text)));
		assert.deepEqual(
			failureLines(failure, english).map(({ label, text }) => `${label}: ${text}`.slice(0, 26)),
			[
				'Most likely cause: the pin',
				'Also possible: an attacker',
				'Also possible: the pin is ',
				'Do this: Get the hash on t',
			],
		);
	});

	it('have a message of kubejoin in Chinese, without its meaning', () => {
		const failure = { code: 'NODE_STOPPED', sentence: 'the node was stopped during the join', remedy: '' };
		assert.equal(wordsOf(chinese).message(failure), '节点在加入过程中停止');
		assert.deepEqual(failureLines(failure, chinese), []);
	});

	it('are English where the code has no translation', () => {
		const failure = { code: 'SOMETHING_NEW', sentence: 's', mostLikely: 'm', alsoPossible: ['a', 'b'], remedy: 'r' };
		assert.deepEqual(
			failureLines(failure, chinese).map(({ label, text, isEnglish }) => [label, text, isEnglish]),
			[
				['最可能', 'm', true],
				['也可能', 'a', true],
				['也可能', 'b', true],
				['处理', 'r', true],
			],
		);
	});

	it('have experiments and states in Chinese, and none in English', () => {
		assert.equal(chinese.experiment('wrong-pin')?.title, '公钥哈希不匹配时，节点不出示令牌');
		assert.equal(chinese.state('Approved,Issued'), '已签发');
		assert.equal(english.experiment('wrong-pin') ?? english.state('Ready'), undefined);
		for (const name of ['an-own-experiment', 'constructor', '__proto__'])
			assert.equal(chinese.experiment(name) ?? chinese.state(name) ?? chinese.meaning(name), undefined);
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
		const texts = [english, chinese].map(({ language, messages }) => [
			messages.ago(duration(12_000, language)),
			messages.expiresIn(duration(300_000, language)),
			messages.left('0:04:59'),
		]);
		assert.deepEqual(texts, [
			['12 s ago', 'Expires in 5 min', 'in 0:04:59'],
			['12 秒前', '5 分钟后过期', '剩余 0:04:59'],
		]);
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
