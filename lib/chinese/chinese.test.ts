import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import jsTokens from 'js-tokens';
import { sentencesIn } from '../errors/chinese/sentences-in-code.fixture.ts';
import { translator, valueNames } from '../errors/chinese/template.ts';
import { projectPath } from '../paths.ts';
import { chaosDocumentTexts, documentProblemInChinese } from './chaos-documents.ts';
import { commanderTexts, helpTexts } from './help.ts';
import { labHelpTexts } from './help-lab.ts';
import { helpText, logText, printedText } from './index.ts';
import { composedLabOutput, labOutputInChinese, labOutputTexts } from './lab-output.ts';
import { logTexts } from './log.ts';
import { printedTexts } from './printed.ts';
import { settingsInChinese, settingTexts } from './settings.ts';

const tables = {
	chaosDocumentTexts,
	commanderTexts,
	helpTexts,
	labHelpTexts,
	labOutputTexts,
	composedLabOutput,
	logTexts,
	printedTexts,
	settingTexts,
};
const all = Object.entries(tables).flatMap(([table, texts]) =>
	Object.entries(texts).map(([english, chinese]) => ({ table, english, chinese })),
);

const sources = execFileSync('git', ['ls-files', 'lib', 'services', 'scripts', 'chaos', 'infra'], {
	cwd: projectPath(),
	encoding: 'utf8',
})
	.split('\n')
	.filter((path) => path.endsWith('.ts') && !/\.test\.ts$|^lib\/chinese\/|\/page\//.test(path))
	.map((path) => ({ path, source: readFileSync(projectPath(path), 'utf8') }));

/** Texts that the code puts together, or that commander has. */
const composed: readonly string[] = [
	'a file with certificates in PEM ({problem})',
	'a file with a private key in PEM ({problem})',
	'a file with an RSA private key in PEM ({problem})',
	'display help for command',
	'copy ca-key, mesh-client, signing-client, admin to the attackers; prints the directory',
	'print a verdict now: security or availability',
	'record an expectation that steady judges after the method: security or availability',
	'This process is now {count} nodes. Press Ctrl-C to stop it.',
	'Waiting for the API server to accept the token: {problem}',
	'Waiting for the API server to accept the credential: {problem}',
	'Waiting for the API server to create the request: {problem}',
	'Waiting for the API server to create the Node: {problem}',
	'{node} could not renew its client certificate ({code}): {problem}; it retries in {seconds} s',
	'The client certificate expired at {time}; joining again with the bootstrap token',
	'The client certificate expired at {time} and was not renewed ({reason}); joining again with the bootstrap token',
	'The client certificate expired at {time}; joining again with the credential of the discovery file',
	'The client certificate expired at {time} and was not renewed ({reason}); joining again with the credential of the ' +
		'discovery file',
	'API server: trusted, {url}, verified with this CA',
	'API server: trusted, {url}, verified with an unpinned CA',
];

const isSpace = (type: string): boolean => /WhiteSpace|LineTerminator|Comment/.test(type);
const literalText = (token: string): string =>
	token.replace(/^['"`}]|(?:['"`]|\$\{)$/g, '').replace(/\\(['"`])/g, '$1');

/** The texts of log lines: the last argument of `log.info(` and its siblings, a value for each expression in it. */
function logMessages(source: string): readonly string[] {
	const tokens = [...jsTokens(source)].filter(({ type }) => !isSpace(type));
	return tokens.flatMap(({ value }, index) => {
		const [log, dot] = [tokens[index - 2]?.value ?? '', tokens[index - 1]?.value];
		const isCall = /^(?:info|warn|error|debug)$/.test(value) && /^#?log$/.test(log) && /^\??\.$/.test(dot ?? '');
		return isCall && tokens[index + 1]?.value === '(' ? [lastText(tokens.slice(index + 2))] : [];
	});
}

function lastText(tokens: readonly { readonly type: string; readonly value: string }[]): string {
	let depth = 0;
	let text = '';
	for (const { type, value } of tokens) {
		if (depth === 0 && value === ')') break;
		if (/^[([{]$/.test(value) || type === 'TemplateHead') depth++;
		if (/^[)\]}]$/.test(value) || type === 'TemplateTail') depth--;
		if (depth === 0 && (type === 'StringLiteral' || type === 'NoSubstitutionTemplate')) text = literalText(value);
		if (depth === 1 && type === 'TemplateHead') text = `${literalText(value)}VALUE`;
		if (depth === 1 && type === 'TemplateMiddle') text += `${literalText(value)}VALUE`;
		if (depth === 0 && type === 'TemplateTail') text += literalText(value);
	}
	return text;
}

describe('the Chinese texts of the programs', () => {
	it('have the values of their English texts', () => {
		for (const { english, chinese } of all)
			assert.deepEqual(valueNames(chinese).toSorted(), valueNames(english).toSorted(), english);
	});

	it('are Chinese, with a space beside Latin text and full-width punctuation', () => {
		for (const { english, chinese } of all) {
			if (!/[a-z]{3} [a-z]{2}/.test(english)) continue;
			assert.match(chinese, /\p{Script=Han}/u, english);
			const prose = chinese.replaceAll(/\{\w+\}/g, '值').replaceAll(/`[^`]*`|source <\(.*\)/g, 'x');
			assert.doesNotMatch(prose, /\p{Script=Han}[A-Za-z0-9]|[A-Za-z0-9]\p{Script=Han}/u, chinese);
			assert.doesNotMatch(prose, /\p{Script=Han} ?[,:;!?()]|[,;!?()] ?\p{Script=Han}/u, chinese);
			assert.doesNotMatch(prose, /[，。：；？（）] | [，。：；？（）]/u, chinese);
		}
	});

	it('have every message of a log line', () => {
		const messages = sources.flatMap(({ source }) => logMessages(source)).filter((text) => text !== '');
		assert.ok(messages.length > 55, String(messages.length));
		const known = translator({ ...logTexts, 'VALUE VALUE': 'approved or denied' });
		assert.deepEqual(
			messages.filter((text) => known(text) === undefined),
			[],
			'add them to log.ts',
		);
	});

	it('have the description of every setting, and every problem of its value', () => {
		const texts = sources
			.filter(({ path }) => /(?:^lib|^services\/[\w-]+|^infra\/pki)\/config\.ts$/.test(path))
			.flatMap(({ source }) => sentencesIn(source));
		assert.ok(texts.length > 60, String(texts.length));
		assert.deepEqual(
			texts.filter((text) => settingsInChinese(text) === undefined),
			[],
			'add them to settings.ts',
		);
	});

	it('have every problem of a chaos document', () => {
		const texts = sources
			.filter(({ path }) => /^chaos\/runner\/(?:validate|catalogue)\.ts$/.test(path))
			.flatMap(({ source }) => sentencesIn(source))
			// The problem of a feature is put before its remedy.
			.map((text) => text.replace(/^VALUE; (?:it VALUE$)?/, ''));
		assert.ok(texts.length > 35, String(texts.length));
		assert.deepEqual(
			texts.filter((text) => text !== '' && documentProblemInChinese(text) === undefined),
			[],
			'add them to chaos-documents.ts',
		);
	});

	it('have a feature that the runner does not have, with its remedy', () => {
		const lacks = 'is a feature of Chaos Toolkit that this runner does not have';
		assert.deepEqual(
			[`controls ${lacks}`, `a tolerance of type range ${lacks}; use regex`].map(documentProblemInChinese),
			[
				'controls：Chaos Toolkit 的功能，此运行器不支持',
				'类型为 range 的 tolerance：Chaos Toolkit 的功能，此运行器不支持；请用 `regex`',
			],
		);
	});

	it('are of texts in the code', () => {
		const code = sources.map(({ source }) => source.replaceAll(/' \+\s*[`']|` \+\s*[`']/g, '').replaceAll("\\'", "'"));
		const isInCode = (english: string) =>
			english
				.split(/\{\w+\}|\d+/)
				.map((part) => part.trim())
				.every((part) => code.some((source) => source.includes(part)));
		const unused = all.filter(({ table, english }) => !/^c/.test(table) && !isInCode(english));
		assert.deepEqual(
			unused.map(({ english }) => english).filter((english) => !composed.includes(english)),
			[],
		);
	});
});

describe('the Chinese output of the lab', () => {
	/** Parts of lines, options, and texts that no program prints. */
	const parts = new RegExp(
		[
			...['VALUE[ :]', 'the observer$', 'exit code', 'by a signal', 'no error code', 'ended with', 'half joined'],
			...['refused', 'requests VALUE', '[.] Start', ',', 'and VALUE', 'every node of the mesh is$', '.*shared$'],
			...['spread:', 'serial', 'a careless', 'node with a', 'openssl', 'command -v', '\\[preflight', 'needs approval'],
			...['kubectl-sim ', 'already exists', 'apt-get', 'the hash of', '[(]its', 'Name one of'],
		]
			.map((one) => `^${one}`)
			.join('|'),
	);

	it('has every line that verdicts and faults print', () => {
		const texts = sources
			.filter(({ path }) => /^chaos\/lab\/(?:verdicts|faults)\//.test(path))
			.flatMap(({ source }) => sentencesIn(source));
		assert.ok(texts.length > 80, String(texts.length));
		assert.deepEqual(
			texts.filter((text) => !parts.test(text) && labOutputInChinese(text) === undefined),
			[],
			'add them to lab-output.ts',
		);
	});

	it('translates a verdict, clause by clause, and the reason of a failed step', () => {
		const chinese = (text: string) => labOutputInChinese(text);
		assert.equal(
			chinese('availability: violated: after 45 s a is not in the cluster; b, c are not Ready'),
			'可用性：被破坏：45 秒后：a 不在集群中；b, c 未就绪',
		);
		assert.equal(
			chinese('x received 1 connection and 0 bytes of a token; y has no identity; no other node joined'),
			'x 收到 1 个连接，收到令牌 0 字节；y 没有身份；没有其他节点加入集群',
		);
		assert.equal(
			chinese('probe a: expected exit code 0, got 1 (x00-node: waiting)'),
			'探针 `a`：预期退出码为 0，实际为 1（x00-node：正在等待）',
		);
		assert.equal(
			chinese(
				'probe a: expected exit code 0, got 1 (not steady: security is violated; a probe failed: node a --until b)',
			),
			'探针 `a`：预期退出码为 0，实际为 1（不处于稳态：安全性被破坏；探针未通过：`node a --until b`）',
		);
		assert.equal(chinese('  most likely:   the token was not copied completely'), '  最可能：令牌没有复制完整');
	});

	it('leaves the output of other programs', () => {
		for (const text of ['Error from server (NotFound): nodes "a" not found', 'x; y', `${'a '.repeat(600)}is not Ready`])
			assert.equal(labOutputInChinese(text), undefined);
	});
});

describe('a text of a program', () => {
	it('is Chinese line by line, behind its indent and its prefix; texts of kubeadm stay', () => {
		const text =
			'[kubelet] The API server is available again\n[preflight] Running pre-flight checks\n  token: sent and accepted';
		assert.equal(
			printedText(text, 'zh'),
			'[kubelet] API 服务器恢复可用\n[preflight] Running pre-flight checks\n  令牌：已发送，已接受',
		);
		assert.equal(printedText(text, 'en'), text);
	});

	it('keeps the values of its phase', () =>
		assert.equal(
			printedText('[discovery/pin-ca] the node trusts the cluster CA (1 ms)', 'zh'),
			'[discovery/pin-ca] 节点信任集群 CA（1 ms）',
		));

	it('is English without a translation, and in English', () => {
		assert.equal(helpText('no such text', 'zh'), 'no such text');
		assert.equal(helpText('Options:', 'en'), 'Options:');
		assert.equal(logText('signed node-csr-x', 'zh'), '签发了 node-csr-x');
	});
});
