/** The replay of a join: the time that is shown, and its advance. Undefined: the present. */
import { type ReadonlySignal, type Signal, signal } from '@preact/signals';
import type { Join, Step } from '../../api.ts';
import type { Navigation } from '../navigation.ts';

export interface Replay {
	readonly t: ReadonlySignal<number | undefined>;
	readonly isPlaying: ReadonlySignal<boolean>;
	/** Milliseconds of the join in one millisecond. */
	readonly speed: Signal<number>;
	readonly toggle: () => void;
	readonly step: (by: 1 | -1) => void;
	readonly seek: (t: number) => void;
	readonly stop: () => void;
	/** The join that the replay shows, and its steps in order. */
	readonly show: (join: Join | undefined, steps: readonly Step[]) => void;
}

const FRAME_MS = 33;
const START_SPEED = 0.1;
/** A wait that takes longer is cut. */
const MOST_WAIT_MS = 1_500;

/** @param onStep  called for each step that begins while the replay plays, with its duration at the chosen speed */
export function createReplay(navigation: Navigation, onStep: (step: Step, durationMs: number) => void): Replay {
	const t = signal(navigation.route.peek().t);
	const isPlaying = signal(false);
	const speed = signal(START_SPEED);
	let join: Join | undefined;
	let steps: readonly Step[] = [];
	let timer: ReturnType<typeof setInterval> | undefined;
	let lastMs = 0;
	const keep = (next: number | undefined) => {
		t.value = next;
		if (next === undefined) navigation.unset('t');
		else navigation.set({ t: next });
	};
	const pause = () => {
		clearInterval(timer);
		timer = undefined;
		isPlaying.value = false;
	};
	const advance = () => {
		const nowMs = performance.now();
		const before = t.peek() ?? 0;
		const next = steps.find(({ atMs }) => atMs > before);
		const wanted = before + (nowMs - lastMs) * speed.peek();
		// Nothing to see until the next step: a reader does not wait longer than a moment.
		const skip = next === undefined ? before : next.atMs - MOST_WAIT_MS * speed.peek();
		const now = Math.max(wanted, skip);
		lastMs = nowMs;
		for (const step of steps) if (step.atMs > before && step.atMs <= now) onStep(step, step.durationMs / speed.peek());
		t.value = now;
		if (join === undefined || now < join.durationMs) return;
		pause();
		keep(undefined);
	};
	const seek = (next: number) => {
		pause();
		keep(join !== undefined && next >= join.durationMs ? undefined : Math.max(0, next));
	};
	return {
		t,
		isPlaying,
		speed,
		seek,
		toggle() {
			if (timer !== undefined) {
				pause();
				keep(t.peek());
				return;
			}
			if (t.peek() === undefined) t.value = 0;
			lastMs = performance.now();
			isPlaying.value = true;
			timer = setInterval(advance, FRAME_MS);
		},
		step(by) {
			const now = t.peek() ?? join?.durationMs ?? 0;
			const at =
				by === 1 ? steps.find(({ atMs }) => atMs > now)?.atMs : (steps.findLast(({ atMs }) => atMs < now)?.atMs ?? 0);
			seek(at ?? join?.durationMs ?? 0);
		},
		stop() {
			pause();
			t.value = undefined;
		},
		show(next, nextSteps) {
			if (join !== undefined && next?.id !== join.id) {
				pause();
				t.value = undefined;
			}
			join = next;
			steps = nextSteps;
		},
	};
}
