/**
 * The policy for errors that no code handles: log the error under an id, count it, and keep the process running. No
 * request, stream, socket event or timer can end a process. See docs/decisions/18-unforeseen-errors.md.
 */
import { randomUUID } from 'node:crypto';
import { causeText } from '../errors.ts';
import type { Log } from '../log.ts';

/**
 * `request`: thrown by the handler of an HTTP request. The others are Node's names for errors that reached the top of
 * the process.
 */
export type UnforeseenOrigin = 'request' | 'unhandledRejection' | 'uncaughtException';

/** Reports an error that no code handles. @returns the id under which it is reported */
export type ReportUnforeseen = (origin: UnforeseenOrigin, error: unknown) => string;

export function reportUnforeseen(log: Log, count: (origin: UnforeseenOrigin) => void): ReportUnforeseen {
	return (origin, error) => {
		const id = randomUUID();
		count(origin);
		const stack = error instanceof Error ? error.stack : undefined;
		log.error({ id, origin, error: causeText(error), stack }, 'unforeseen error; the process continues');
		return id;
	};
}

/** For a program without a log: one line for each error. */
export const sayUnforeseen =
	(say: (sentence: string) => void): ReportUnforeseen =>
	(origin, error) => {
		const id = randomUUID();
		say(`unforeseen error (${origin}, id ${id}): ${causeText(error)}; the process continues`);
		return id;
	};

/**
 * Keep this process running when an error reaches the top of it. For processes that serve: install it once they are
 * ready, so that an error during start-up still ends the process.
 *
 * @returns restores Node's default, which ends the process
 */
export function surviveUnforeseen(report: ReportUnforeseen): () => void {
	const onRejection = (reason: unknown): void => void report('unhandledRejection', reason);
	const onException = (error: unknown): void => void report('uncaughtException', error);
	// A report to a closed pipe is itself such an error, and would be reported to the same pipe.
	const ignore = (): void => undefined;
	for (const output of [process.stdout, process.stderr]) output.on('error', ignore);
	process.on('unhandledRejection', onRejection);
	process.on('uncaughtException', onException);
	return () => {
		process.off('unhandledRejection', onRejection);
		process.off('uncaughtException', onException);
		for (const output of [process.stdout, process.stderr]) output.off('error', ignore);
	};
}
