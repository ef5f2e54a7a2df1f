/** The connections that services refused: newest last, bounded. A service reports each with its peer and reason. */
import type { RefusedConnection } from './api.ts';
import type { Span } from './otlp.ts';
import { text } from './span-places.ts';

const KEPT = 100;
const MAX_OF_JOIN = 20;

export const isRefusal = ({ kind, attributes }: Span): boolean =>
	kind === 'server' && text(attributes, 'kubejoin.refused') !== '';

export class Refusals {
	readonly #onChange: (fromMs: number) => void;
	#list: readonly RefusedConnection[] = [];

	/** @param onChange  called with the time of the first new one */
	constructor(onChange: (fromMs: number) => void) {
		this.#onChange = onChange;
	}

	add(spans: readonly Span[]): void {
		const added = spans.filter(isRefusal).map(({ service, spanId, startMs, attributes }) => ({
			...{ id: spanId, party: service, atMs: startMs },
			...{ peer: text(attributes, 'network.peer.address'), reason: text(attributes, 'kubejoin.refused') },
		}));
		if (added.length === 0) return;
		this.#list = [...this.#list, ...added].slice(-KEPT);
		this.#onChange(Math.min(...added.map(({ atMs }) => atMs)));
	}

	list(): readonly RefusedConnection[] {
		return this.#list;
	}

	during(fromMs: number, toMs: number): readonly RefusedConnection[] {
		return this.#list.filter(({ atMs }) => atMs >= fromMs && atMs <= toMs).slice(0, MAX_OF_JOIN);
	}
}
