/** The values of a command line, read by the same readers as settings are. */
import { InvalidArgumentError } from 'commander';
import type { Parse } from './config.ts';
import { causeText } from './errors.ts';

/** A reader of settings as commander wants it: what it refuses is told as `It must be …`. */
export const parsedBy =
	<T>(parseValue: Parse<T>) =>
	(value: string): T => {
		try {
			return parseValue(value);
		} catch (error) {
			throw new InvalidArgumentError(`It must be ${causeText(error)}.`);
		}
	};
