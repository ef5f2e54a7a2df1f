/**
 * The messages that move on the lines. Each is an element of a few pixels that the compositor of the browser moves: a
 * frame costs no script, and repaints the area of the messages only. A canvas would repaint the whole map.
 */
import { type Curve, pointAt } from './layout.ts';

interface Moving {
	readonly line: string;
	readonly curve: Curve;
	/** True for an answer, or a caller at the end of the curve. */
	readonly isReversed: boolean;
	readonly durationMs: number;
	readonly delayMs: number;
	/** With words, a message is a pill; without, a dot. */
	readonly words?: string;
	readonly isFailed: boolean;
}

const MAX_MOVING = 24;
const MAX_ON_LINE = 6;
export const LEAST_MS = 250;
export const MOST_MS = 1_200;
/** A message moves this often: half of the usual frames cost half of the processor time. */
const FRAME_MS = 33;
/** With reduced motion, a message appears at the middle of its line for this time. */
const STILL_MS = 600;
/** Of a curve, each at the same distance in time. */
const POINTS = 12;

export class Motion {
	readonly #room: HTMLElement;
	readonly #isReduced = matchMedia('(prefers-reduced-motion: reduce)').matches;

	constructor(room: HTMLElement) {
		this.#room = room;
	}

	/** A message above the limits is not drawn: the line has its number. */
	add({ line, curve, isReversed, durationMs, delayMs, words, isFailed }: Moving): void {
		const others = [...this.#room.children] as HTMLElement[];
		if (document.hidden || others.length >= MAX_MOVING) return;
		if (others.filter(({ dataset }) => dataset.line === line).length >= MAX_ON_LINE) return;
		const item = document.createElement('span');
		item.dataset.line = line;
		if (isFailed) item.className = 'failed';
		// Two pills on each other cannot be read: the second is a dot.
		if (words !== undefined && others.every(({ textContent }) => textContent === '')) item.textContent = words;
		this.#room.append(item);
		const duration = this.#isReduced ? STILL_MS : durationMs;
		const keyframes = Array.from({ length: POINTS + 1 }, (_, index) => {
			const share = this.#isReduced ? 0.5 : index / POINTS;
			const { x, y } = pointAt(curve, isReversed ? 1 - share : share);
			return { opacity: 1, transform: `translate(${x}px, ${y}px) translate(-50%, -50%)` };
		});
		const easing = `steps(${Math.ceil(duration / FRAME_MS)})`;
		item.animate(keyframes, { duration, delay: delayMs, easing }).onfinish = () => item.remove();
	}

	stop(): void {
		this.#room.replaceChildren();
	}
}
