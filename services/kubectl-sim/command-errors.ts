/** Failures of the command line itself, and of commands that go on after a failure and report at the end. */

import { KubejoinError } from '../../lib/errors.ts';
import { quoteInput } from '../../lib/text.ts';

/** @param problem upstream's text @param command whose help page says more */
export const invalidCommand = (problem: string, command: string): KubejoinError =>
	new KubejoinError('COMMAND_INVALID', { problem, remedy: `See: kubectl-sim ${command} --help` });

/** @differs what the server has but kubectl-sim does not show is refused in the same words */
export const unknownType = (type: string, command: string): KubejoinError =>
	invalidCommand(`the server doesn't have a resource type ${quoteInput(type)}`, command);

/** Throw what went wrong on the way: nothing, the one failure, or all of them. */
export function throwAll(errors: readonly unknown[]): void {
	if (errors.length === 1) throw errors[0];
	if (errors.length > 1) throw new AggregateError(errors);
}
