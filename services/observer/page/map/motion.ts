/**
 * The messages that move on the lines, on one canvas. The frame loop runs only while a message moves; each frame
 * clears and draws the rectangles of the messages only.
 */
import { pixelsOf } from './colors.ts';
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

interface Colors {
	readonly dot: string;
	readonly failed: string;
	readonly text: string;
	readonly font: string;
}

const MAX_MOVING = 24;
const MAX_ON_LINE = 6;
export const LEAST_MS = 250;
export const MOST_MS = 1_200;
const FRAME_MS = 33;
/** With reduced motion, a message appears at the middle of its line for this time. */
const STILL_MS = 600;
const RADIUS = 4;
const PILL_HEIGHT = 26;

interface Item extends Moving {
	readonly startMs: number;
	readonly width: number;
}
interface Rectangle {
	readonly x: number;
	readonly y: number;
	readonly width: number;
	readonly height: number;
}

export class Motion {
	readonly #canvas: HTMLCanvasElement;
	readonly #colors: () => Colors;
	#items: Item[] = [];
	#drawn: Rectangle[] = [];
	#frame: number | undefined;
	#lastMs = 0;
	#isReduced: boolean;

	constructor(canvas: HTMLCanvasElement, colors: () => Colors, isReduced: boolean) {
		this.#canvas = canvas;
		this.#colors = colors;
		this.#isReduced = isReduced;
	}

	/** Sets the size in CSS pixels; messages that move end. */
	resize(width: number, height: number): void {
		const scale = pixelsOf(this.#canvas);
		this.#canvas.width = Math.round(width * scale);
		this.#canvas.height = Math.round(height * scale);
		this.#canvas.getContext('2d')?.scale(scale, scale);
		this.#items = [];
		this.#drawn = [];
	}

	/** A message above the limits is not drawn: the line has its number. */
	add(moving: Moving): void {
		if (document.hidden || this.#items.length >= MAX_MOVING) return;
		if (this.#items.filter(({ line }) => line === moving.line).length >= MAX_ON_LINE) return;
		// Two pills on each other cannot be read: the second is a dot.
		const { words: wanted, ...plain } = moving;
		const words = this.#items.some((item) => item.words !== undefined) ? undefined : wanted;
		this.#items.push({
			...plain,
			...(words === undefined ? {} : { words }),
			durationMs: this.#isReduced ? STILL_MS : moving.durationMs,
			startMs: performance.now() + moving.delayMs,
			width: words === undefined ? 2 * RADIUS : this.#measure(words),
		});
		this.#frame ??= requestAnimationFrame((nowMs) => this.#draw(nowMs));
	}

	stop(): void {
		if (this.#frame !== undefined) cancelAnimationFrame(this.#frame);
		this.#frame = undefined;
		this.#items = [];
		this.#clear();
	}

	#measure(words: string): number {
		const context = this.#canvas.getContext('2d');
		if (context === null) return 0;
		context.font = this.#colors().font;
		return context.measureText(words).width + 24;
	}

	#clear(): void {
		const context = this.#canvas.getContext('2d');
		for (const { x, y, width, height } of this.#drawn) context?.clearRect(x, y, width, height);
		this.#drawn = [];
	}

	#draw(nowMs: number): void {
		this.#frame = undefined;
		if (document.hidden) {
			this.stop();
			return;
		}
		if (nowMs - this.#lastMs >= FRAME_MS) {
			this.#lastMs = nowMs;
			this.#clear();
			this.#items = this.#items.filter(({ startMs, durationMs }) => nowMs < startMs + durationMs);
			const colors = this.#colors();
			for (const item of this.#items) if (nowMs >= item.startMs) this.#drawItem(item, nowMs, colors);
		}
		if (this.#items.length > 0) this.#frame = requestAnimationFrame((next) => this.#draw(next));
	}

	#drawItem(item: Item, nowMs: number, colors: Colors): void {
		const context = this.#canvas.getContext('2d');
		if (context === null) return;
		const share = this.#isReduced ? 0.5 : (nowMs - item.startMs) / item.durationMs;
		const { x, y } = pointAt(item.curve, item.isReversed ? 1 - share : share);
		const { width } = item;
		const height = item.words === undefined ? 2 * RADIUS : PILL_HEIGHT;
		context.fillStyle = item.isFailed ? colors.failed : colors.dot;
		context.beginPath();
		if (item.words === undefined) context.arc(x, y, RADIUS, 0, 2 * Math.PI);
		else context.roundRect(x - width / 2, y - height / 2, width, height, height / 2);
		context.fill();
		if (item.words !== undefined) {
			context.fillStyle = colors.text;
			context.font = colors.font;
			context.textAlign = 'center';
			context.textBaseline = 'middle';
			context.fillText(item.words, x, y + 0.5);
		}
		this.#drawn.push({ x: x - width / 2 - 2, y: y - height / 2 - 2, width: width + 4, height: height + 4 });
	}
}
