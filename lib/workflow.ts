/**
 * A join is a list of phases. A phase declares its inputs and outputs, and compiles only after the phases that produce
 * its inputs. Only the runner times the phases, reports them and sets the phase of an error.
 */
import type { Clock } from './clock.ts';
import { asKubejoinError } from './errors.ts';
import { type Attributes, inSpan } from './trace.ts';

export interface Phase<Needs extends object, Gives extends object> {
	/** As kubeadm's phases: kebab-case, with a slash for a part. Shown in help, logs and errors. */
	readonly name: string;
	/** Who trusts whom once it is done; one short sentence. */
	readonly trust: string;
	/** Set on the two phases that a join is about. */
	readonly moment?: 'node-trusts-cluster' | 'cluster-trusts-node';
	readonly run: (inputs: Readonly<Needs>) => Promise<Gives> | Gives;
	/** The outputs of a run without this phase. Absent: the phase cannot be skipped. */
	readonly skip?: (inputs: Readonly<Needs>) => Promise<Gives> | Gives;
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
	readonly #skipped: ReadonlySet<string>;

	private constructor(
		name: string,
		phases: readonly Phase<never, object>[],
		skipped: ReadonlySet<string> = new Set<string>(),
	) {
		this.#name = name;
		this.#phases = phases;
		this.#skipped = skipped;
	}

	/** A workflow with no phases yet, that starts from these inputs. @param name  of its trace */
	static from<Inputs extends object>(name: string): Workflow<Inputs, Inputs> {
		return new Workflow(name, []);
	}

	/** Add a phase; it compiles only when every need of the phase is given by the inputs or by a phase before it. */
	followedBy<Gives extends object>(phase: Phase<State, Gives>): Workflow<Start, State & Gives> {
		return new Workflow(this.#name, [...this.#phases, phase as Phase<never, object>], this.#skipped);
	}

	/**
	 * The phases up to this one. Its trace has another name: it is not a whole run.
	 *
	 * @returns undefined if there is no phase of this name
	 */
	until(name: string): Workflow<Start, Start & Partial<State>> | undefined {
		const index = this.#phases.findIndex((phase) => phase.name === name);
		if (index === -1) return undefined;
		return new Workflow(`${this.#name}-until`, this.#phases.slice(0, index + 1), this.#skipped);
	}

	/** @param names  of phases that can be skipped; they are not reported */
	without(names: ReadonlySet<string>): Workflow<Start, State> {
		return new Workflow(this.#name, this.#phases, names);
	}

	/** Names and trust sentences in order, for help and documents. */
	get phases(): readonly { name: string; trust: string; canBeSkipped: boolean }[] {
		return this.#phases.map(({ name, trust, skip }) => ({ name, trust, canBeSkipped: skip !== undefined }));
	}

	/**
	 * Run every phase in order: one trace, with a span for each phase.
	 *
	 * @param attributes  of every span that is made here
	 * @throws the error of a phase, as a KubejoinError with `phase` set
	 */
	run(inputs: Start, report: (event: PhaseEvent) => void, clock: Clock, attributes: Attributes = {}): Promise<State> {
		const common = { ...attributes, 'kubejoin.workflow': this.#name };
		return inSpan(this.#name, { attributes: common, parent: {} }, () => this.#runPhases(inputs, report, clock, common));
	}

	async #runPhases(
		inputs: Start,
		report: (event: PhaseEvent) => void,
		clock: Clock,
		common: Attributes,
	): Promise<State> {
		let state: object = inputs;
		const phases = this.#phases as readonly Phase<object, object>[];
		for (const [index, { name, trust, moment, run, skip }] of phases.entries()) {
			if (skip !== undefined && this.#skipped.has(name)) {
				state = { ...state, ...(await skip(state)) };
				continue;
			}
			const attributes = {
				...common,
				'kubejoin.trust': trust,
				'kubejoin.phase.index': index,
				'kubejoin.phase.next': phases.slice(index + 1).find((next) => !this.#skipped.has(next.name))?.name ?? '',
				'kubejoin.moment': moment,
			};
			const startedMs = clock();
			try {
				const now = state;
				const given = await inSpan(name, { attributes }, () => run(now));
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
