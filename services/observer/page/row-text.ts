/** Texts and places of a row of the diagram, and the pauses of its player. Pure. */
import type { Step } from '../api.ts';
import { tlsWord } from './tls-word.ts';
import type { Words } from './words.ts';

/** The error, the trust that a check establishes, or nothing. */
export function outcomeOf(step: Step, { trust, answer }: Pick<Words, 'trust' | 'answer'>): string {
	if (step.failure !== undefined) return step.failure.code;
	return step.expectedError === undefined ? trust(step) : answer(step.expectedError);
}

/** The arrow and its protection as text, for screen readers. */
export function placeOf({ from, to, tls }: Step, { say, messages }: Pick<Words, 'say' | 'messages'>): string {
	return from === to ? messages.withLabel(from) : messages.arrow(from, to, tls && say(tlsWord[tls]));
}

/** Beside a mark; above an arrow, on the side of the diagram with more room. */
export function labelPlace({ from, to }: Step, fromX: number, toX: number): Record<string, string> {
	const gap = from === to ? 14 : 10;
	const [low, high] = [Math.min(fromX, toX), Math.max(fromX, toX)];
	if (low < 50) return { left: `calc(${low}% + ${gap}px)`, maxWidth: `calc(${100 - low}% - ${gap}px)` };
	return { right: `calc(${100 - high}% + ${gap}px)`, maxWidth: `calc(${high}% - ${gap}px)` };
}

const MIN_PAUSE_MS = 30;
/** A reader does not wait longer for a step that took long. */
const MAX_PAUSE_MS = 3_000;

/** Before the step at the index is shown. @param times  `atMs` of the steps, in order */
export function pauseMs(times: readonly number[], index: number, speed: number): number {
	const gapMs = (times[index] ?? 0) - (times[index - 1] ?? 0);
	return Math.min(Math.max(gapMs / speed, MIN_PAUSE_MS), MAX_PAUSE_MS);
}
