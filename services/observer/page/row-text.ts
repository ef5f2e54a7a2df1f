/** Texts and places of a row of the diagram, and the pauses of its player. */
import type { Step } from '../api.ts';
import type { Word } from './catalogue.ts';
import { type Form, protectionWords } from './forms.ts';
import type { Words } from './words.ts';

/** The answer to a message that its caller expects, or nothing. The last row has the error of a join. */
export const outcomeOf = ({ expectedError }: Step, { answer }: Pick<Words, 'answer'>): string =>
	expectedError === undefined ? '' : answer(expectedError);

/** The trust after each check that changes it, by the ID of its step. @param steps  in order */
export function trustChanges(steps: readonly Step[]): ReadonlyMap<string, Word> {
	const changes = new Map<string, Word>();
	let last: Word | undefined;
	for (const step of steps) {
		const word = trustWordOf(step);
		if (word === undefined || word === last) continue;
		changes.set(step.id, word);
		last = word;
	}
	return changes;
}

/** Which side trusts the other after a check. */
export function trustWordOf({ kind, label, failure }: Step): Word | undefined {
	return kind === 'check' && failure === undefined ? trustWords.get(label) : undefined;
}
const trustWords: ReadonlyMap<string, Word> = new Map([
	['preflight', 'trustNone'],
	['discovery/pin-ca', 'trustCa'],
	['discovery/read-file', 'trustCa'],
	['discovery/trust-without-pin', 'trustUnpinned'],
	['tls-bootstrap/read-config', 'trustCredential'],
	['tls-bootstrap/check-node-name', 'trustCredential'],
	['tls-bootstrap/verify-certificate', 'trustBoth'],
]);
export const trustForms: { readonly [word in Word]?: Form } = {
	trustNone: 'none',
	trustCredential: 'none',
	trustCa: 'one-way',
	trustBoth: 'mutual',
	trustUnpinned: 'broken',
};

/** The first letter as at the beginning of a sentence. */
export const capitalized = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** The arrow and its protection as text, for screen readers. */
export function placeOf({ from, to, tls }: Step, { say, messages }: Pick<Words, 'say' | 'messages'>): string {
	return from === to ? messages.withLabel(from) : messages.arrow(from, to, tls && say(protectionWords[tls]));
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
