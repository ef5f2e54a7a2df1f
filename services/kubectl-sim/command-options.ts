/** Arguments and options that several commands share. */
import { Argument, Option } from 'commander';
import { invalidCommand, missingType } from './command-errors.ts';

export const outputOption = (...formats: string[]): Option =>
	new Option('-o, --output <format>', 'output format').choices(formats);

export const namespaceOption = (): Option => new Option('-n, --namespace <name>', "namespace (default: the context's)");

/** @param types  shown in the help and completed by the shell; other names of these types are accepted, too */
export function typeArgument(types: readonly string[]): Argument {
	const argument = new Argument('[type]', 'resource type');
	argument.argChoices = [...types];
	return argument;
}

export interface TypeAndNames {
	readonly type: string;
	readonly names: readonly string[];
}

/** Parses `nodes n1 n2`, or `node/n1 node/n2`. @throws COMMAND_INVALID */
export function parseTypeAndNames(type: string | undefined, names: readonly string[], command: string): TypeAndNames {
	if (type === undefined) throw missingType(command);
	if (!type.includes('/')) return { type, names };
	const pairs = [type, ...names].map((word) => word.split('/'));
	const [[first = ''] = []] = pairs;
	if (pairs.some(([one, name, ...more]) => one !== first || !name || more.length > 0))
		throw invalidCommand('one type at a time: TYPE NAME..., or TYPE/NAME...', command);
	return { type: first, names: pairs.map(([, name = '']) => name) };
}
