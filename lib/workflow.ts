/**
 * A join is a list of phases that can be read aloud. A phase declares what it needs and what it gives; a phase whose needs nobody before it
 * gives does not compile. The runner alone times the phases, reports them and stamps the phase on an error.
 */
import type { Clock } from './clock.ts';
import { asKubejoinError } from './errors.ts';
import { type Attributes, inSpan } from './trace.ts';

export interface Phase<Needs extends object, Gives extends object> {
	/** As kubeadm's phases: kebab-case, with a slash for a part. Shown in help, logs and errors. */
	readonly name: string;
	/** Who trusts whom once it is done; one short sentence. */
	readonly trust: string;
	readonly run: (inputs: Readonly<Needs>) => Promise<Gives> | Gives;
}

export interface PhaseEvent {
	readonly phase: string;
	readonly trust: string;
	readonly outcome: 'done' | 'failed';
	readonly durationMs: number;
	readonly error?: unknown;
}

export class Workflow<Start extends object, State extends object> {
	readonly #name: string;
	readonly #phases: readonly Phase<never, object>[];

	private constructor(name: string, phases: readonly Phase<never, object>[]) {
		this.#name = name;
		this.#phases = phases;
	}

	/** A workflow with no phases yet, that starts from these inputs. @param name  of its trace */
	static from<Inputs extends object>(name: string): Workflow<Inputs, Inputs> {
		return new Workflow(name, []);
	}

	/** Add a phase; it compiles only when every need of the phase is given by the inputs or by a phase before it. */
	followedBy<Gives extends object>(phase: Phase<State, Gives>): Workflow<Start, State & Gives> {
		return new Workflow(this.#name, [...this.#phases, phase as Phase<never, object>]);
	}

	/** Names and trust sentences in order, for help and documents. */
	get phases(): readonly { name: string; trust: string }[] {
		return this.#phases.map(({ name, trust }) => ({ name, trust }));
	}

	/**
	 * Run every phase in order: one trace, with a span for each phase.
	 *
	 * @param attributes  of the trace's first span
	 * @throws whatever a phase throws, as a KubejoinError with `phase` set
	 */
	run(inputs: Start, report: (event: PhaseEvent) => void, clock: Clock, attributes: Attributes = {}): Promise<State> {
		return inSpan(this.#name, { attributes, parent: {} }, () => this.#runPhases(inputs, report, clock));
	}

	async #runPhases(inputs: Start, report: (event: PhaseEvent) => void, clock: Clock): Promise<State> {
		let state: object = inputs;
		for (const { name, trust, run } of this.#phases as readonly Phase<object, object>[]) {
			const startedMs = clock();
			try {
				const now = state;
				const given = await inSpan(name, { attributes: { 'kubejoin.trust': trust } }, () => run(now));
				state = { ...state, ...given };
			} catch (cause) {
				const error = asKubejoinError(cause);
				error.phase ??= name;
				report({ phase: name, trust, outcome: 'failed', durationMs: clock() - startedMs, error });
				throw error;
			}
			report({ phase: name, trust, outcome: 'done', durationMs: clock() - startedMs });
		}
		return state as State;
	}
}
