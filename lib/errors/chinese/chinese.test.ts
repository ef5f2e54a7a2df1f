import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { errorForPeople } from '../../cli/error-text.ts';
import { type Details, type ErrorCode, errorTable, KubejoinError } from '../../errors.ts';
import { tokenFinding } from '../../kube/join-input.ts';
import { projectPath } from '../../paths.ts';
import { causesOf } from '../diagnoses/index.ts';
import { meaningInChinese, sentenceInChinese } from './index.ts';
import { meanings } from './meanings.ts';
import { composedSentences, sentences } from './sentences.ts';
import { sentencesIn, VALUE } from './sentences-in-code.fixture.ts';
import { translator, valueNames } from './template.ts';

/** Every fact is a word, or a list of one word; `cause` selects one of the causes of an error. */
const details = (cause?: string, remedy?: string): Details =>
	new Proxy(
		{},
		{
			get: (_target, name) => {
				if (name === 'cause') return cause;
				if (name === 'causes') return [{ field: VALUE, reason: VALUE, message: VALUE }];
				if (name === 'remedy') return remedy;
				if (name === 'lines' || name === 'omitted') return undefined;
				return /^(problems|presented|pinned|allowed|known|begun|near|found)$/.test(String(name)) ? [VALUE] : VALUE;
			},
		},
	);

const codes = Object.keys(errorTable) as ErrorCode[];
const advice = codes.flatMap((code) =>
	[undefined, ...causesOf(code)].flatMap((cause) => {
		const { mostLikely = '', alsoPossible, remedy } = new KubejoinError(code, details(cause) as never);
		return [mostLikely, ...alsoPossible, remedy ?? ''];
	}),
);

const isComparison = (before: readonly string[]): boolean =>
	before.at(-1) === '===' || (before.at(-1) === '(' && /^(includes|startsWith|test)$/.test(before.at(-2) ?? ''));

/** The names of the properties in which a token of an error table is: the code, then `message` or `remedy`. */
const isInRemedy = (before: readonly string[]): boolean => before.lastIndexOf('remedy') > before.lastIndexOf('message');

/** In `remedy: TEXT` and `remedy: condition ? TEXT : TEXT`. */
const isValueOfRemedy = (before: readonly string[]): boolean => {
	const at = before.lastIndexOf('remedy');
	const between = before.slice(at + 1);
	return at !== -1 && between[0] === ':' && !between.some((token) => /^[,;}\]]$/.test(token)) && !isComparison(before);
};

/** Files with functions whose last argument is a remedy, and with pairs of a problem and a remedy. */
const hasPositionalRemedies = /^lib\/(?:yaml|kube\/kubeconfig|kube\/kubeconfig-access|pki\/key-pair)\.ts$/;
const isLast = (before: readonly string[], [next = '', second = '']: readonly string[]): boolean =>
	(before.at(-1) === ',' && /^[)\]]$/.test(next === ',' ? second : next)) ||
	(before.at(-1) === '=' && before.at(-3) === 'const' && /^(?:give|quoteIt|otherKey)$/.test(before.at(-2) ?? ''));

const files = (...path: string[]) =>
	readdirSync(projectPath(...path))
		.filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
		.map((name) => readFileSync(projectPath(...path, name), 'utf8'));

const untranslated = (texts: readonly string[]): readonly string[] =>
	[...new Set(texts)].filter((text) => text !== '' && text !== VALUE && sentenceInChinese(text) === undefined);

describe('the Chinese sentences', () => {
	it('have the meaning or the message of every error', () => {
		const missing = codes.filter((code) => {
			const { message } = new KubejoinError(code, details() as never);
			return meaningInChinese(code) === undefined && sentenceInChinese(message) === undefined;
		});
		assert.deepEqual(missing, [], 'add a meaning to meanings.ts, or the message to sentences.ts');
	});

	it('have a meaning only for errors that exist', () =>
		assert.deepEqual(
			Object.keys(meanings).filter((code) => !Object.hasOwn(errorTable, code)),
			[],
		));

	it('have every cause and remedy of every error', () => assert.deepEqual(untranslated(advice), []));

	it('have every cause and remedy in the code, also of branches that need certain details', () => {
		const causes = files('lib', 'errors', 'diagnoses').flatMap((source) =>
			sentencesIn(source, (before) => !isComparison(before)),
		);
		const remedies = files('lib', 'errors', 'table').flatMap((source) =>
			sentencesIn(source, (before) => isInRemedy(before) && !isComparison(before)),
		);
		assert.ok(causes.length > 80 && remedies.length > 80, `${causes.length} ${remedies.length}`);
		const isPart = (text: string) => advice.some((remedy) => remedy.includes('\n') && remedy.includes(text));
		assert.deepEqual(
			untranslated([...causes, ...remedies]).filter((text) => !isPart(text)),
			[],
		);
	});

	it('have every remedy that the code of a program has', () => {
		const sources = execFileSync('git', ['ls-files', 'lib', 'services', 'scripts', 'chaos', 'infra'], {
			cwd: projectPath(),
			encoding: 'utf8',
		})
			.split('\n')
			// The other tests have the tables of errors, the verdicts and the doctor. The page has texts of its own.
			.filter((path) => path.endsWith('.ts') && !/\.(?:test|fixture)\.ts$|\/(?:page|chinese|docs|doctor)\//.test(path))
			.filter((path) => !/^lib\/(?:errors\/|cli\/error-text)|^chaos\/lab\/verdicts\/|\/story-words\./.test(path))
			.map((path) => ({ path, source: readFileSync(projectPath(path), 'utf8') }));
		const remedies = sources.flatMap(({ path, source }) =>
			sentencesIn(
				source,
				(before, after) => isValueOfRemedy(before) || (hasPositionalRemedies.test(path) && isLast(before, after)),
			),
		);
		assert.ok(remedies.length > 120, String(remedies.length));
		assert.deepEqual(
			untranslated(remedies).filter((text) => !/^In VALUE: VALUE$|^docker compose /.test(text)),
			[],
			'add them to command-remedies.ts',
		);
	});

	it('have every remedy of a file with its place', () => {
		const source = readFileSync(projectPath('lib', 'yaml.ts'), 'utf8');
		const all = sentencesIn(source, (before, after) => isValueOfRemedy(before) || isLast(before, after));
		const places = ['At line 1, column 5, ', 'At line 1, column 5 of a/b.yaml, ', 'In a/b.yaml: At line 1, column 5, '];
		for (const remedy of all) {
			const isWhole = /^[A-Z]/.test(remedy);
			for (const place of isWhole ? ['In a/b.yaml: '] : places) {
				if (remedy.startsWith('At line')) continue;
				const chinese = sentenceInChinese(`${place}${remedy}`) ?? '';
				assert.ok(chinese.endsWith(sentenceInChinese(remedy) ?? assert.fail(remedy)), `${place}${remedy}: ${chinese}`);
				assert.equal(chinese.includes('a/b.yaml'), place.includes('a/b.yaml'), chinese);
			}
		}
	});

	it('have every finding about the arguments of a join', () => {
		const source = readFileSync(projectPath('lib', 'kube', 'join-input.ts'), 'utf8');
		// A function makes a part of the others.
		const whole = sentencesIn(source).filter((text) => !/VALUE,|a VALUE$|VALUE VALUE/.test(text));
		const made = ['abc.x', 'abcdef.x', 'abc.abcdef', 'abcdef.ab', 'abcdef,', 'abcdef;', 'a.b.c'].map(tokenFinding);
		assert.deepEqual(untranslated([...whole, ...made.map((text) => text ?? assert.fail())]), []);
	});

	it('leave no English sentence of an error on a terminal, except for messages that stay', () => {
		const english = codes.flatMap((code) =>
			[undefined, ...causesOf(code)].flatMap((cause) => {
				const error = new KubejoinError(code, details(cause, VALUE) as never);
				const [message = '', ...lines] = errorForPeople(error, 'zh').split('\n');
				const mayStay = meaningInChinese(code) !== undefined && message.startsWith('error: ');
				return [...(mayStay ? [] : [message]), ...lines.filter((line) => !error.message.includes(line))];
			}),
		);
		assert.deepEqual(
			[...new Set(english)].filter((line) => /^\S+ \S+ \S+/.test(line) && !/\p{Script=Han}/u.test(line)),
			[],
		);
	});

	it('have the values of their English texts', () => {
		for (const [english, zh] of Object.entries(sentences))
			assert.deepEqual(valueNames(zh).toSorted(), valueNames(english).toSorted(), english);
	});

	it('are all in use, except for those that code composes', () => {
		const all = ['lib/errors/diagnoses', 'lib/errors/table', 'lib', 'lib/kube', 'services/observer', 'chaos/runner']
			.concat('services/kubelet-sim/join', 'services/kubectl-sim', 'services/kubelet-sim', 'scripts')
			.concat('lib/pki', 'chaos/lab/faults', 'chaos/lab/drivers/compose', 'chaos/lab/drivers/local')
			.flatMap((path) => files(...path.split('/')))
			.flatMap((source) => sentencesIn(source));
		const texts = [...all, ...advice];
		const unused = Object.keys(sentences).filter((english) => {
			const fits = translator({ [english]: 'x' });
			return !Object.hasOwn(composedSentences, english) && !texts.some((text) => fits(text) !== undefined);
		});
		assert.deepEqual(unused, []);
	});
});

describe('a translated sentence', () => {
	it('keeps its values and marks its commands', () => {
		const error = new KubejoinError('CSR_TIMEOUT', { name: 'node-csr-x', waitedSeconds: 300 });
		assert.equal(sentenceInChinese(error.message), '证书签名请求 node-csr-x 在 300 秒内既未签发，也未被拒绝');
		assert.match(sentenceInChinese(error.remedy) ?? '', /^批准请求：`kubectl-sim certificate approve node-csr-x`。/);
	});

	it('can list several mistakes', () => {
		assert.equal(
			sentenceInChinese('the token: it has a blank in it; the hash: it does not begin with sha256:'),
			'令牌：含有空格；公钥哈希：缺少前缀 `sha256:`',
		);
	});
});
