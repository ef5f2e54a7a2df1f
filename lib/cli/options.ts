/** Values of a command line: options parsed with the parsers of settings, and words that are printed to be pasted. */
import { InvalidArgumentError } from 'commander';
import type { Parse } from '../config.ts';
import { causeText } from '../errors.ts';

/** A parser of `lib/config.ts` for commander; its error reads `It must be …`. */
export const parsedBy =
	<T>(parseValue: Parse<T>) =>
	(value: string): T => {
		try {
			return parseValue(value);
		} catch (error) {
			throw new InvalidArgumentError(`It must be ${causeText(error)}.`);
		}
	};
