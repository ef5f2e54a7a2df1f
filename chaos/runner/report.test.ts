import assert from 'node:assert/strict';
import type { Language } from '../../lib/language.ts';
import { sequenceMermaid, sequenceSvg } from './diagram.ts';
import { chaosToolkit, fixtureText, planOf } from './fixtures/fixtures.ts';
import type { Journal } from './journal.ts';
import type { SeenJoin } from './observer.ts';
import type { RunReport } from './report.ts';
import { reportHtml } from './report-html.ts';
import { reportMarkdown } from './report-markdown.ts';
import { mergeResults, recordedSeconds, resultOf } from './results.ts';

const EVIL = '<script>alert("1")</script> & [a](b) `c` | end';
const step = {
	id: '1',
	kind: 'message',
	from: 'node-1',
	to: 'apiserver-sim',
	label: 'get x',
	startMs: 1,
	durationMs: 2,
} as const;
const join: SeenJoin = {
	id: 'a',
	node: 'node-1',
	startedMs: 0,
	durationMs: 30,
	state: 'refused',
	failure: { code: 'CA_HASH_MISMATCH', sentence: EVIL },
	steps: [
		{ ...step, tls: 'unverified' },
		{ ...step, id: '2', label: EVIL, tls: 'mutual', failure: { code: 'API_FORBIDDEN', sentence: '' } },
		{
			...step,
			id: '3',
			kind: 'check',
			to: 'node-1',
			label: 'discovery/pin-ca',
			failure: { code: 'CA_HASH_MISMATCH', sentence: '' },
		},
		{ ...step, id: '4', kind: 'check', to: 'node-1', label: 'discovery/confirm', moment: 'node-trusts-cluster' },
	],
};

const journalWith = (more: Partial<Journal['kubejoin']>): Journal =>
	({
		...(chaosToolkit().journal as unknown as Journal),
		kubejoin: {
			name: 'two-verdicts',
			verdicts: { security: 'violated', availability: 'held' },
			expected: planOf(fixtureText('two-verdicts.yaml')).expected,
			passed: true,
			problems: [],
			evidence: [{ probe: 'door-is-open', kind: 'security', verdict: 'violated', text: EVIL, lines: [EVIL] }],
			seed: 1,
			pace: 1,
			joins: [join],
			moreJoins: 3,
			...more,
		},
	}) satisfies Journal;
const reportOf = (journal: Journal, language: Language = 'en'): RunReport => ({
	journals: [journal],
	notRun: ['later'],
	seed: 1,
	start: '2026-01-31T12:00:00.000Z',
	seconds: 3,
	mesh: 'local',
	version: '0.1.0',
	language,
});

describe('the report', () => {
	it('makes text from outside printable', () => {
		const evidence = [{ probe: 'p', kind: 'security', verdict: 'held', text: '\u202eevil', lines: [] }] as const;
		for (const text of [
			reportHtml(reportOf(journalWith({ evidence }))),
			reportMarkdown(reportOf(journalWith({ evidence }))),
		]) {
			assert.ok(text.includes('\\u202eevil'));
			assert.ok(!text.includes('\u202e'));
		}
	});

	it('contains lesson, steady state, steps, verdicts, evidence and joins', () => {
		for (const text of [reportHtml(reportOf(journalWith({}))), reportMarkdown(reportOf(journalWith({})))]) {
			for (const part of [
				'An open door admits any caller.',
				'the house is intact',
				'open-door',
				'violated, as predicted',
				'held, as predicted',
				'CA_HASH_MISMATCH',
				'And 3 more joins',
				'later',
				'mesh local',
			])
				assert.ok(text.replaceAll('\\', '').includes(part), part);
		}
	});

	it('counts an experiment that was interrupted apart from the failed ones', () => {
		const journal = { ...journalWith({ passed: false }), status: 'interrupted' } as const;
		assert.match(reportMarkdown(reportOf(journal)), /# Experiments: 0 passed, 0 failed, 1 interrupted, 1 not run/);
		assert.match(reportMarkdown(reportOf(journal, 'zh')), /# 实验：0 个通过，0 个失败，1 个已中止，1 个未运行/);
	});

	it('makes no request, runs no script, and escapes text for HTML and Markdown', () => {
		const html = reportHtml(reportOf(journalWith({})));
		assert.equal(/<script|https?:\/\/|<img|<link|@import|url\(/.test(html), false);
		const markdown = reportMarkdown(reportOf(journalWith({})));
		assert.equal(/(?<!\\)<script/.test(markdown.replace(/```[\s\S]*?```/g, '')), false);
	});

	it('says why it shows no joins', () => {
		const away = journalWith({ joins: [], moreJoins: 0, observerProblem: 'http://127.0.0.1:1 cannot be reached: no' });
		assert.match(reportHtml(reportOf(away)), /are not shown: the observer at .* cannot be reached/);
		assert.match(
			reportMarkdown(reportOf(journalWith({ joins: [], moreJoins: 0 }))),
			/No join began during the experiment/,
		);
	});
});

describe('the report in Chinese', () => {
	/** Of a run that failed: a verdict that is not the predicted one, a failed step, and an error with its cause. */
	const output = [
		'not steady: availability is violated',
		'availability: violated: after 45 s x02-node is not in the cluster',
		'error: cannot connect to 127.0.0.1:6443: connection refused',
		'  code:          LAB_UNREACHABLE',
		'  most likely:   the token was not copied completely',
		'  do this:       Correct the request',
	].join('\n');
	const run = {
		...{ activity: { name: 'mesh-is-steady-and-verdicts-match', type: 'probe' }, start: '', end: '', duration: 45 },
		...{ status: 'succeeded', tolerance_met: false, output: { status: 1, stdout: output, stderr: '' } },
	} as const;
	const failed = journalWith({
		name: 'wrong-pin',
		passed: false,
		verdicts: { security: 'held', availability: 'violated' },
		expected: { security: 'held', availability: 'held' },
		problems: ['probe x: expected exit code 0, got 1 (not steady: availability is violated)'],
		evidence: [
			{
				...{ probe: 'mesh-is-steady-and-verdicts-match', kind: 'availability', verdict: 'violated' },
				...{ text: 'after 45 s x02-node is not in the cluster', lines: ['not steady: availability is violated'] },
			},
		],
		joins: [{ ...join, failure: { code: 'CSR_TIMEOUT', sentence: 'there is no key x' }, steps: [] }],
	});
	const journal = {
		...failed,
		steady_states: { ...failed.steady_states, before: null, after: { steady_state_met: false, probes: [run] } },
	} as Journal;

	it('has no English sentence', () => {
		const latin = /[A-Za-z][a-z'-]+ [A-Za-z][a-z'-]+/;
		const html = reportHtml(reportOf({ ...journal, run: [], rollbacks: [] }, 'zh'));
		assert.match(html, /<html lang="zh-CN">/);
		const texts = html
			.replace(/<style>[\s\S]*?<\/style>/, '')
			.split(/<[^>]*>/)
			.flatMap((text) => text.split('\n'));
		const attributes = [...html.matchAll(/(?:data-label|aria-label|title)="([^"]*)"/g)].map(([, text = '']) => text);
		const english = [...texts, ...attributes].filter((text) => latin.test(text));
		// The fixture has a hypothesis of its own, and the text of a system error is that of Go.
		assert.deepEqual(english, ['the house is intact', '错误：无法连接 127.0.0.1:6443：connection refused']);
		const markdown = reportMarkdown(reportOf({ ...journal, run: [], rollbacks: [] }, 'zh'));
		assert.doesNotMatch(markdown.replaceAll(/the house is intact|connection refused|participant L0 as/g, ''), latin);
		assert.match(markdown, /可用性：\*\*被破坏，不符合预期：预期保持\*\*/);
	});
});

describe('a failed experiment in the report', () => {
	it('joins verdicts as predicted with the failure', () => {
		const journal = journalWith({ passed: false, problems: ['a step failed'] });
		for (const text of [reportHtml(reportOf(journal)), reportMarkdown(reportOf(journal))]) {
			assert.match(text, /The verdicts are as predicted but do not count, because one check failed\./);
			assert.match(text, /a step failed/);
		}
		assert.doesNotMatch(reportHtml(reportOf(journalWith({}))), /do not count/);
	});
});

describe('a diagram', () => {
	it('draws refusals in red with their code, and the protection of each message', () => {
		for (const form of ['wide', 'narrow'] as const) {
			const svg = sequenceSvg(join, form, 'en');
			assert.match(svg, /class="arrow bad"/);
			assert.match(svg, /class="arrow unverified"/);
			assert.match(svg, /class="mark bad"/);
			assert.match(svg, /CA_HASH_MISMATCH: /);
			assert.match(svg, /the node trusts the cluster/);
			assert.equal(svg.includes('<script'), false);
		}
		const mermaid = sequenceMermaid(join, 'en');
		assert.match(mermaid, /^sequenceDiagram\n {2}participant L0 as node-1\n {2}participant L1 as apiserver-sim\n/);
		assert.match(mermaid, /L0--xL1: API_FORBIDDEN script/);
		assert.match(mermaid, /Note over L0: CA_HASH_MISMATCH ✘ discovery\/pin-ca/);
		assert.match(mermaid, /L0->>L1: get x \(TLS not verified\)/);
	});
});

describe('the recorded results', () => {
	it('keep those of other meshes and experiments, by name, without interrupted experiments', () => {
		const measured = journalWith({});
		const before = { zebra: { local: resultOf(measured) }, 'two-verdicts': { compose: resultOf(measured) } };
		const merged = mergeResults(before, 'local', [
			measured,
			{ ...measured, status: 'interrupted', kubejoin: { ...measured.kubejoin, name: 'other' } },
		]);
		assert.deepEqual(Object.keys(merged), ['two-verdicts', 'zebra']);
		assert.deepEqual(Object.keys(merged['two-verdicts'] ?? {}), ['compose', 'local']);
		assert.equal(merged['two-verdicts']?.local?.passed, true);
	});
});

describe('recordedSeconds', () => {
	const result = { security: 'held', availability: 'held', date: '2026-01-31', passed: true } as const;
	const results = {
		both: { local: { ...result, seconds: 1 }, compose: { ...result, seconds: 2 } },
		one: { compose: { ...result, seconds: 3 } },
	};

	it('is that of the mesh, or else of the other', () => {
		assert.deepEqual(
			(['local', 'compose', undefined] as const).map((mesh) => recordedSeconds(results, 'both', mesh)),
			[1, 2, 1],
		);
		assert.equal(recordedSeconds(results, 'one', 'local'), 3);
		assert.equal(recordedSeconds(results, 'none', 'local'), undefined);
	});
});
