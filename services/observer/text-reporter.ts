/**
 * Prints joins to a terminal, from the same stream as the page: the checks of a node and the two moments of trust,
 * or every message, or one line for each join; and for a refused join its code, message, likely cause and remedy.
 */
import pc from 'picocolors';
import { endWords } from '../../lib/join-words.ts';
import type { Language } from '../../lib/language.ts';
import type { Join, Step } from './api.ts';
import { compareSteps } from './order.ts';
import { createStoryLayout, hanging, noBreakDuration, type StoryLine } from './story-layout.ts';
import {
	failureTexts,
	progressWords,
	shortPhase,
	withCode,
	wordsOfMessage,
	wordsOfMoment,
	wordsOfPhase,
	wordsOfSeen,
} from './story-words.ts';

/**
 * `checks`: each check and moment of trust. `steps`: each message too. `joins`: one line for each ended join, and the
 * failure of a refused one. `brief`: one line for each, with the code of a failure.
 */
export type StoryDetail = 'checks' | 'steps' | 'joins' | 'brief';

export interface TextReporterOptions {
	readonly columns: number;
	readonly color: boolean;
	readonly detail: StoryDetail;
	readonly language?: Language;
	readonly write: (text: string) => void;
}
export interface TextReporter {
	readonly join: (join: Join, nowMs: number) => void;
	readonly step: (step: Step, nowMs: number) => void;
	/** Print the steps that no earlier step can precede any more. Call it a few times a second. */
	readonly settle: (nowMs: number) => void;
}

/** Programs send their spans every 100 ms, busy ones later. Messages wait, because they are printed in order. */
const SETTLE_MS = 500;
/** Checks come from one program, the node, in order. The observer sends the end of a join before its last checks. */
const CHECKS_SETTLE_MS = 50;
/** A message of a phase that has not ended is printed after so long, as when a node waits. */
const WAIT_MS = 2_000;
/** A phase that has not ended is named after so long. */
const IN_PROGRESS_MS = 3_000;
/** With more joins at once, further ones are printed as one line each. */
const MAX_JOINS_IN_DETAIL = 5;
/** Ended joins whose ids are kept, so that none is printed twice. */
const MAX_ENDED = 20_000;

type Paint = (text: string) => string;
const plain: Paint = (text) => text;

interface Story {
	join?: Join;
	/** Fixed when its first line is printed. */
	detail?: StoryDetail;
	readonly waiting: Map<string, { step: Step; readonly sinceMs: number }>;
	readonly printed: Set<string>;
	/** When its last line was printed, or its first span arrived. */
	activeMs: number;
	/** The phase that was named because it takes long. */
	inProgress: string;
	endedMs?: number;
}

export const createTextReporter = (options: TextReporterOptions): TextReporter => new Reporter(options);

class Reporter implements TextReporter {
	readonly #options: TextReporterOptions;
	readonly #language: Language;
	readonly #colors: ReturnType<typeof pc.createColors>;
	readonly #layout: ReturnType<typeof createStoryLayout>;
	readonly #settleMs: number;
	readonly #stories = new Map<string, Story>();
	readonly #ended = new Set<string>();

	constructor(options: TextReporterOptions) {
		this.#options = options;
		this.#language = options.language ?? 'en';
		this.#colors = pc.createColors(options.color);
		this.#layout = createStoryLayout(options.columns);
		this.#settleMs = options.detail === 'steps' ? SETTLE_MS : CHECKS_SETTLE_MS;
	}

	join(join: Join, nowMs: number): void {
		if (this.#ended.has(join.id)) return;
		if (join.isForgotten && join.state === 'joining') {
			this.#stories.delete(join.id);
			return;
		}
		const story = this.#storyOf(join.id, nowMs);
		story.join = join;
		if (join.state !== 'joining') story.endedMs ??= nowMs;
	}

	step(step: Step, nowMs: number): void {
		if (this.#ended.has(step.join)) return;
		const { waiting, printed } = this.#storyOf(step.join, nowMs);
		if (!printed.has(step.id)) waiting.set(step.id, { step, sinceMs: waiting.get(step.id)?.sinceMs ?? nowMs });
	}

	settle(nowMs: number): void {
		for (const [id, story] of this.#stories)
			if (story.join !== undefined) this.#settleStory(id, story, story.join, nowMs);
	}

	#storyOf(id: string, nowMs: number): Story {
		const story = this.#stories.get(id) ?? {
			waiting: new Map(),
			printed: new Set(),
			activeMs: nowMs,
			inProgress: '',
		};
		this.#stories.set(id, story);
		return story;
	}

	#settleStory(id: string, story: Story, join: Join, nowMs: number): void {
		const hasEnded = story.endedMs !== undefined && nowMs - story.endedMs >= this.#settleMs;
		const ready = settledSteps(story, hasEnded ? Number.POSITIVE_INFINITY : this.#settledUntil(story, nowMs), nowMs);
		if (ready.length > 0) story.detail ??= this.#detailOf();
		for (const step of ready) {
			story.waiting.delete(step.id);
			story.printed.add(step.id);
			if (story.detail === 'joins' || !this.#isShown(step, story)) continue;
			this.#printStep(join, step);
			story.activeMs = nowMs;
		}
		if (hasEnded) {
			this.#printEnd(join);
			this.#stories.delete(id);
			this.#ended.add(id);
			if (this.#ended.size > MAX_ENDED) this.#ended.delete(this.#ended.keys().next().value ?? '');
		} else this.#printProgress(story, join, nowMs);
	}

	/** The time of the last check that no earlier step can precede any more. */
	#settledUntil({ waiting }: Story, nowMs: number): number {
		const settled = [...waiting.values()].filter(
			({ step, sinceMs }) => step.kind === 'check' && nowMs - sinceMs >= this.#settleMs,
		);
		return Math.max(-1, ...settled.map(({ step }) => step.atMs));
	}

	/** Joins that are printed at once are few enough to be read. */
	#detailOf(): StoryDetail {
		const { detail } = this.#options;
		const isMany = detail === 'checks' && this.#stories.size > MAX_JOINS_IN_DETAIL;
		return isMany || detail === 'brief' ? 'joins' : detail;
	}

	#isShown({ kind }: Step, { detail }: Story): boolean {
		return kind === 'check' || (detail === 'steps' && kind !== 'store');
	}

	#print(line: StoryLine, paint: Paint = plain): void {
		this.#write(this.#layout.lines(line), paint);
	}

	#write(lines: readonly string[], paint: Paint = plain): void {
		this.#options.write(`${lines.map(paint).join('\n')}\n`);
	}

	#printStep(join: Join, step: Step): void {
		if (step.kind === 'check') this.#printCheck(join, step);
		else this.#printMessage(join, step);
	}

	#printCheck({ node }: Join, step: Step): void {
		const { bold, green, red, inverse } = this.#colors;
		const { failure, moment, durationMs: tookMs } = step;
		const phase = this.#layout.isWide ? step.label : shortPhase(step.label);
		const line = { node, atMs: step.atMs, phase, tookMs };
		if (failure === undefined)
			this.#print({ ...line, mark: '✔', words: wordsOfPhase(this.#language, step.label, step.trust) }, green);
		else this.#print({ ...line, mark: '✘', words: failure.code }, red);
		if (moment !== undefined)
			this.#print({ node, mark: ' ', words: wordsOfMoment(this.#language, step.label, moment) }, (text) =>
				bold(inverse(text)),
			);
	}

	#printMessage({ node }: Join, step: Step): void {
		const { dim, yellow } = this.#colors;
		const line = { node, atMs: step.atMs };
		if (step.kind === 'seen') {
			this.#print({ ...line, words: wordsOfSeen(this.#language, step, node) }, dim);
			return;
		}
		const isTrouble = step.failure !== undefined;
		const words = `${wordsOfMessage(this.#language, step, node)} (${noBreakDuration(step.durationMs)})`;
		this.#print({ ...line, words }, isTrouble ? yellow : plain);
	}

	/** A join that stops making progress, as one that waits for an approval, says in which phase it is. */
	#printProgress(story: Story, { node, nextPhase }: Join, nowMs: number): void {
		if (story.detail === undefined || story.detail === 'joins' || nextPhase === '') return;
		if (story.inProgress === nextPhase || nowMs - story.activeMs < IN_PROGRESS_MS) return;
		story.inProgress = nextPhase;
		const phase = this.#layout.isWide ? nextPhase : shortPhase(nextPhase);
		this.#print({ node, mark: '…', phase, words: progressWords[this.#language] }, this.#colors.dim);
	}

	#printEnd({ node, state, durationMs, failure }: Join): void {
		const { bold, red } = this.#colors;
		const took = noBreakDuration(durationMs);
		const { columns, detail } = this.#options;
		if (state === 'joined') {
			this.#write(hanging(endWords.joined[this.#language](node, took), columns), bold);
			return;
		}
		const isBrief = detail === 'brief';
		const refused = endWords.refused[this.#language](node, took);
		const words = isBrief && failure !== undefined ? withCode[this.#language](refused, failure.code) : refused;
		this.#write(hanging(words, columns), (text) => bold(red(text)));
		for (const text of isBrief || failure === undefined ? [] : failureTexts(this.#language, failure))
			this.#write(hanging(text, columns));
	}
}

/** The steps that no earlier one can precede any more, in order. */
function settledSteps({ waiting }: Story, untilMs: number, nowMs: number): readonly Step[] {
	return [...waiting.values()]
		.filter(({ step, sinceMs }) => step.atMs <= untilMs || nowMs - sinceMs >= WAIT_MS)
		.map(({ step }) => step)
		.sort(compareSteps);
}
