/** The output of a process with one node, and of a process with many. */
import { printedText } from '../../lib/chinese/index.ts';
import type { JoinProgress } from '../../lib/cli/join-progress.ts';
import { rfc3339 } from '../../lib/clock.ts';
import { asKubejoinError } from '../../lib/errors.ts';
import { terminalText } from '../../lib/text.ts';
import type { PhaseEvent } from '../../lib/workflow.ts';
import type { NodeIdentity } from './identity.ts';
import { continuesText, failureText, joinedText, phaseText, stayingText } from './join-output.ts';
import type { NodePlan } from './nodes.ts';

export interface NodeOutput {
	/** A sentence about the whole process. */
	readonly say: (sentence: string) => void;
	/** A sentence about a node. `repeated`: other nodes say the same. */
	readonly sayOf: (plan: NodePlan, sentence: string, repeated?: 'repeated') => void;
	readonly phaseEnded: (plan: NodePlan, event: PhaseEvent) => void;
	readonly joined: (plan: NodePlan, identity: NodeIdentity, how: 'joined' | 'resumed') => void;
	readonly failed: (plan: NodePlan, error: unknown) => void;
	readonly end: () => void;
}

export interface OutputOptions {
	readonly write: (text: string) => void;
	readonly writeError: (text: string) => void;
	/** The kubeconfig for the command that lists the nodes. */
	readonly adminConf?: string | undefined;
	/** Whether a person started the process, and not another program. */
	readonly isInteractive: boolean;
	/** Whether to leave the join out, where an observer prints it. */
	readonly isQuiet?: boolean;
}

/** kubeadm's progress. Retries are no part of it. */
const isOfJoin = /^\[(preflight|kubelet-start)\] (?!Waiting for the API server)/;

export function oneNodeOutput({ write, adminConf, isInteractive, isQuiet }: OutputOptions): NodeOutput {
	const say = (sentence: string): void => write(terminalText(`${printedText(sentence)}\n`));
	return {
		say,
		sayOf(_plan, sentence) {
			if (!isQuiet || !isOfJoin.test(sentence)) say(sentence);
		},
		phaseEnded(_plan, event) {
			if (event.outcome === 'done' && !isQuiet) say(phaseText(event));
		},
		joined(_plan, { nodeName, notAfter }, how) {
			if (isQuiet) return;
			say(how === 'joined' ? joinedText() : continuesText(nodeName, rfc3339(notAfter)));
			if (isInteractive) say(stayingText(`This process is now the node ${nodeName}`, adminConf));
		},
		// The command line reports it.
		failed(_plan, error) {
			throw error;
		},
		end: () => undefined,
	};
}

export class ManyNodesOutput implements NodeOutput {
	readonly #total: number;
	readonly #progress: JoinProgress;
	readonly #options: OutputOptions;
	readonly #durationsMs = new Map<string, number>();
	/** By sentence, the nodes that have said it since it was printed. */
	readonly #repeated = new Map<string, Set<string>>();
	readonly #codes = new Set<string>();
	#joined = 0;
	#failed = 0;

	constructor(total: number, progress: JoinProgress, options: OutputOptions) {
		this.#total = total;
		this.#progress = progress;
		this.#options = options;
	}

	say(sentence: string): void {
		this.#progress.print(terminalText(`${printedText(sentence)}\n`));
	}

	sayOf({ line, request: { nodeName } }: NodePlan, sentence: string, repeated?: 'repeated'): void {
		// The progress line replaces it.
		if (isOfJoin.test(sentence)) return;
		if (repeated === undefined || this.#isNews(nodeName, sentence)) this.say(line(printedText(sentence)));
	}

	/** Of a sentence that many nodes say, the first is news, and the first after a node says it for the second time. */
	#isNews(nodeName: string, sentence: string): boolean {
		const nodes = this.#repeated.get(sentence);
		if (nodes !== undefined && !nodes.has(nodeName)) {
			nodes.add(nodeName);
			return false;
		}
		this.#repeated.set(sentence, new Set([nodeName]));
		return true;
	}

	phaseEnded({ request: { nodeName } }: NodePlan, { durationMs }: PhaseEvent): void {
		this.#durationsMs.set(nodeName, (this.#durationsMs.get(nodeName) ?? 0) + durationMs);
	}

	joined({ request: { nodeName } }: NodePlan, _identity: NodeIdentity, how: 'joined' | 'resumed'): void {
		// A node whose certificate expired joins again.
		if (this.#joined + this.#failed >= this.#total) return;
		this.#joined++;
		this.#progress.joined(how === 'joined' ? this.#durationsMs.get(nodeName) : undefined);
		this.#endWhenComplete();
	}

	/** Prints the first failure of each kind in full. */
	failed({ line }: NodePlan, thrown: unknown): void {
		const error = asKubejoinError(thrown);
		const text = terminalText(line(failureText(error)));
		if (!this.#codes.has(error.code)) this.#progress.print(text, this.#options.writeError);
		this.#codes.add(error.code);
		if (this.#joined + this.#failed >= this.#total) return;
		this.#failed++;
		this.#progress.refused(error.code);
		this.#endWhenComplete();
	}

	end(): void {
		this.#progress.end();
	}

	#endWhenComplete(): void {
		if (this.#joined + this.#failed < this.#total) return;
		this.#progress.end();
		const { isInteractive, adminConf } = this.#options;
		if (isInteractive && this.#joined > 0)
			this.say(stayingText(`This process is now ${this.#joined} nodes`, adminConf));
	}
}
