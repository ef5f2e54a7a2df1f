/**
 * The current span of asynchronous work. With Node 20 and 22, a program with an AsyncLocalStorage in use has hooks for
 * each promise. Most work has no span, so the storage is in use only while a span runs.
 */
import { type Context, ROOT_CONTEXT } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';

/** A pause between the spans of a join changes nothing. */
const REST_MS = 1_000;

export class SpanContextManager extends AsyncLocalStorageContextManager {
	#running = 0;
	#rest: NodeJS.Timeout | undefined;

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
		this.#rest = setTimeout(() => this.disable(), REST_MS).unref();
	};
}
