/** Errors of the command line itself. */
import { similarWords } from '../../lib/cli/similar-words.ts';
import { KubejoinError } from '../../lib/errors.ts';
import { quoteInput } from '../../lib/text.ts';
import { shortNamesOf, typesOf } from './resource-types.ts';

/**
 * @param problem  upstream's text
 * @param command  its help is the remedy
 */
export const invalidCommand = (problem: string, command: string): KubejoinError =>
	new KubejoinError('COMMAND_INVALID', { problem, remedy: `See: kubectl-sim ${command} --help` });

const typeList = (command: string): string =>
	typesOf(command)
		.map((type) => {
			const [short] = shortNamesOf(type);
			return short === undefined ? type : `${type} (${short})`;
		})
		.join(', ');

/** @differs kubectl refers to its api-resources; kubectl-sim prints the types */
export const missingType = (command: string): KubejoinError =>
	new KubejoinError('COMMAND_INVALID', {
		problem: `You must specify the type of resource to ${command}`,
		remedy: `Name one of these types: ${typeList(command)}`,
	});

/** @differs a type that the server has and kubectl-sim cannot show is refused with the same text */
export function unknownType(type: string, command: string): KubejoinError {
	const types = typesOf(command);
	const known = types.flatMap((one) => [one, ...shortNamesOf(one)]);
	const [near] = similarWords(type.toLowerCase(), known);
	return new KubejoinError('COMMAND_INVALID', {
		problem: `the server doesn't have a resource type ${quoteInput(type)}`,
		remedy:
			near === undefined
				? `Name one of these types: ${typeList(command)}`
				: `Did you mean ${near}? Run: kubectl-sim ${command} ${near}`,
	});
}

/** Throws the only error, or all of them as one AggregateError; returns when there is none. */
export function throwAll(errors: readonly unknown[]): void {
	if (errors.length === 1) throw errors[0];
	if (errors.length > 1) throw new AggregateError(errors);
}
