/**
 * Joins as a story in a terminal: who speaks to whom and how, what was checked, who now trusts whom, how long it took; a failure with code, sentence,
 * what it comes from, and remedy. The same stream as the page's.
 */
import { Help } from 'commander';
import pc from 'picocolors';
import { printable } from '../../lib/text.ts';
import type { Failure, Join, Step, Tls } from './api.ts';

export interface TextReporterOptions {
	readonly columns: number;
	readonly color: boolean;
	/** `joins`: one line for each join when it has ended. */
	readonly detail: 'steps' | 'joins';
	readonly write: (text: string) => void;
}
export interface TextReporter {
	readonly join: (join: Join, nowMs: number) => void;
	readonly step: (step: Step, nowMs: number) => void;
	/** Tell what has been known long enough for nothing earlier to come; call it every now and then. */
	readonly settle: (nowMs: number) => void;
}

/** Programs send their spans every 100 ms, those that are busy later; what is told may not come out of order. */
const SETTLE_MS = 500;
/** What belongs to a phase that does not end, as when a node waits, is told after so long. */
const WAIT_MS = 2_000;
/** Joins that are known to have been told. */
const MAX_ENDED = 20_000;
const INDENT = '    ';
const wrapper = Object.assign(new Help(), { minWidthToWrap: 20 });

interface Story {
	join?: Join;
	hasBegun: boolean;
	readonly waiting: Map<string, { step: Step; readonly sinceMs: number }>;
	readonly told: Set<string>;
	endedMs?: number;
}

export function createTextReporter({ columns, color, detail, write }: TextReporterOptions): TextReporter {
	const colors = pc.createColors(color);
	const stories = new Map<string, Story>();
	const ended = new Set<string>();
	const storyOf = (id: string): Story => {
		const story = stories.get(id) ?? { hasBegun: false, waiting: new Map(), told: new Set() };
		stories.set(id, story);
		return story;
	};
	const say = (text: string, paint: (text: string) => string = (same) => same) =>
		write(`${wrapped(printable(text), columns).split('\n').map(paint).join('\n')}\n`);

	function settleStory(id: string, story: Story, nowMs: number): void {
		const { join, waiting, told } = story;
		if (join === undefined) return;
		const known = [...waiting.values()];
		const hasEnded = story.endedMs !== undefined && nowMs - story.endedMs >= SETTLE_MS;
		const settled = known
			.filter(({ step, sinceMs }) => step.kind === 'check' && nowMs - sinceMs >= SETTLE_MS)
			.map(({ step }) => momentOf(step));
		const untilMs = hasEnded ? Number.POSITIVE_INFINITY : Math.max(-1, ...settled);
		const ready = known
			.filter(({ step, sinceMs }) => momentOf(step) <= untilMs || nowMs - sinceMs >= WAIT_MS)
			.map(({ step }) => step);
		if (detail === 'steps' && ready.length > 0 && !story.hasBegun) {
			story.hasBegun = true;
			say(`${join.node} begins to join`, colors.bold);
		}
		for (const step of ready.sort((a, b) => momentOf(a) - momentOf(b))) {
			waiting.delete(step.id);
			told.add(step.id);
			if (detail === 'steps' && step.kind !== 'store') tellStep(join, step);
		}
		if (!hasEnded) return;
		tellEnd(join);
		stories.delete(id);
		ended.add(id);
		if (ended.size > MAX_ENDED) ended.delete(ended.keys().next().value ?? '');
	}
	function tellStep({ node }: Join, step: Step): void {
		const at = `${node} +${Math.round(momentOf(step))} ms`;
		const took = `(${milliseconds(step.durationMs)})`;
		if (step.kind === 'check') {
			if (step.failure === undefined)
				say(
					`${at}  ✔ ${step.label}: ${step.trust ?? ''} ${took}`,
					step.moment === undefined ? colors.green : (text) => colors.bold(colors.green(text)),
				);
			else say(`${at}  ✘ ${step.label} ${took}`, colors.red);
			if (step.moment !== undefined)
				say(`${node} ${moments[step.moment]}`, (text) => colors.bold(colors.inverse(text)));
			return;
		}
		const from = step.from === node ? '' : `${step.from} `;
		if (step.kind === 'seen') {
			say(`${at}  ${step.to === node ? '' : `${step.to} `}← ${step.from}, by watch: ${step.label}`, colors.dim);
			return;
		}
		const how = step.tls === undefined ? '' : `, ${tlsWords[step.tls]}`;
		const code = step.failure?.code ?? '';
		const outcome = step.failure === undefined ? '' : code === 'API_NOT_FOUND' ? ': there is none' : `: ${code}`;
		say(
			`${at}  ${from}→ ${step.to}${how}: ${step.label}${outcome} ${took}`,
			outcome !== '' && code !== 'API_NOT_FOUND' ? colors.yellow : undefined,
		);
	}
	function tellEnd({ node, state, durationMs, failure }: Join): void {
		if (state === 'joined') say(`${node} joined in ${milliseconds(durationMs)}`, colors.bold);
		else say(`${node} was refused after ${milliseconds(durationMs)}`, (text) => colors.bold(colors.red(text)));
		if (failure !== undefined) for (const line of failureLines(failure)) say(line);
	}
	return {
		join(join, nowMs) {
			if (ended.has(join.id)) return;
			if (join.isForgotten && join.state === 'joining') {
				stories.delete(join.id);
				return;
			}
			const story = storyOf(join.id);
			story.join = join;
			if (join.state !== 'joining') story.endedMs ??= nowMs;
		},
		step(step, nowMs) {
			if (ended.has(step.join)) return;
			const { waiting, told } = storyOf(step.join);
			if (!told.has(step.id)) waiting.set(step.id, { step, sinceMs: waiting.get(step.id)?.sinceMs ?? nowMs });
		},
		settle(nowMs) {
			for (const [id, story] of stories) settleStory(id, story, nowMs);
		},
	};
}

/** A check is told when it has ended, anything else when it began. */
const momentOf = ({ kind, startMs, durationMs }: Step): number => (kind === 'check' ? startMs + durationMs : startMs);

const moments = {
	'node-trusts-cluster': 'NOW THE NODE TRUSTS THE CLUSTER: it may show its token',
	'cluster-trusts-node': 'NOW THE CLUSTER TRUSTS THE NODE: it has a certificate',
} as const;

const tlsWords: Readonly<Record<Tls, string>> = {
	unverified: 'TLS not verified',
	'one-way': 'server verified',
	mutual: 'mutual TLS',
};

const failureLines = ({ code, sentence, mostLikely, alsoPossible = [], remedy }: Failure): readonly string[] => [
	`${INDENT}${code}${sentence === '' ? '' : `: ${sentence}`}`,
	...(mostLikely === undefined ? [] : [`${INDENT}most likely: ${mostLikely}`]),
	...alsoPossible.map((text) => `${INDENT}also possible: ${text}`),
	...(remedy === '' ? [] : [`${INDENT}do this: ${remedy}`]),
];

const milliseconds = (ms: number): string =>
	ms < 10 ? `${Math.round(ms * 10) / 10} ms` : ms < 10_000 ? `${Math.round(ms)} ms` : `${Math.round(ms / 100) / 10} s`;

/** What does not fit goes on below, indented. */
function wrapped(text: string, columns: number): string {
	const lead = text.length - text.trimStart().length;
	const [first = '', ...rest] = wrapper.boxWrap(text.trimStart(), columns - lead).split('\n');
	const indent = ' '.repeat(lead + INDENT.length);
	const more = rest.length === 0 ? [] : wrapper.boxWrap(rest.join(' '), columns - indent.length).split('\n');
	return [`${' '.repeat(lead)}${first}`, ...more.map((line) => `${indent}${line}`)].join('\n');
}
