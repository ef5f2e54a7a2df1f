/** The steps and spans of one join, from memory or from its file. The files of the last joins are not read again. */
import type { Step } from './api.ts';
import type { Joins } from './joins.ts';
import type { Span } from './otlp.ts';
import type { SavedJoins } from './saved-joins.ts';
import { stepsOf } from './steps.ts';

export interface OpenJoin {
	readonly steps: readonly Step[];
	readonly spans: readonly Span[];
}

const KEPT = 20;

export class OpenJoins {
	readonly #joins: Joins;
	readonly #saved: Pick<SavedJoins, 'spans'> | undefined;
	readonly #lastUsed = new Map<string, Promise<OpenJoin>>();

	constructor(joins: Joins, saved?: Pick<SavedJoins, 'spans'>) {
		this.#joins = joins;
		this.#saved = saved;
	}

	/** Empty for a join of which one line is left. */
	async open(id: string): Promise<OpenJoin> {
		const spans = this.#joins.spans(id);
		if (spans.length > 0 || this.#saved === undefined) return { steps: this.#joins.steps(id), spans };
		const opened =
			this.#lastUsed.get(id) ?? this.#saved.spans(id).then((read) => ({ steps: stepsOf(id, read), spans: read }));
		this.#lastUsed.delete(id);
		this.#lastUsed.set(id, opened);
		if (this.#lastUsed.size > KEPT) this.#lastUsed.delete(this.#lastUsed.keys().next().value ?? '');
		return opened;
	}
}
