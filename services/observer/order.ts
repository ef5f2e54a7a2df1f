/** The order of the steps of a join in the page and in the terminal: a cause comes before its effect. */
import type { Step } from './api.ts';

type Ordered = Pick<
	Step,
	'id' | 'kind' | 'from' | 'phaseIndex' | 'atMs' | 'depth' | 'sequence' | 'startMs' | 'durationMs'
>;

/** Several steps can begin in the same millisecond, and ids are random. */
export const compareSteps = (a: Ordered, b: Ordered): number =>
	a.atMs - b.atMs ||
	phaseOf(a) - phaseOf(b) ||
	Number(a.kind === 'check') - Number(b.kind === 'check') ||
	a.depth - b.depth ||
	compareText(a.from, b.from) ||
	(a.sequence ?? 0) - (b.sequence ?? 0) ||
	endOf(a) - endOf(b) ||
	compareText(a.id, b.id);

export const inOrder = <S extends Ordered>(steps: Iterable<S>): readonly S[] => [...steps].sort(compareSteps);

/** A step whose phase is unknown belongs to the phase that has not ended. */
const phaseOf = ({ phaseIndex = Number.MAX_SAFE_INTEGER }: Ordered): number => phaseIndex;
const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
const endOf = ({ startMs, durationMs }: Ordered): number => startMs + durationMs;
