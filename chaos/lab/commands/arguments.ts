/** Shared by the commands: where they run, how they parse values, and how they wait for a result. */
import { type Command, InvalidArgumentError } from 'commander';
import { parsedBy } from '../../../lib/cli/options.ts';
import { integer } from '../../../lib/config.ts';
import { causeText, KubejoinError } from '../../../lib/errors.ts';
import { pollUntil } from '../../../lib/poll.ts';
import type { LabContext } from '../context.ts';
import { isLabName, LAB_NAME } from '../control/requests.ts';
import type { Driver } from '../drivers/driver.ts';
import { EXIT_MISMATCH, type Result } from '../result.ts';

const RETRY_MS = 100;
/** As in pace.ts, which multiplies it on a slow machine. */
const DEFAULT_WITHIN_SECONDS = 30;

/** Standard output, or also standard error and the exit code of another program. */
export type Printed = string | Result;

/** Wraps the action of a command that runs where the nodes are. */
export type OnNodes = <A extends unknown[]>(
	run: (context: LabContext, ...values: A) => Promise<Printed>,
) => (...values: [...A, Command]) => Promise<void>;
/** Wraps the action of a command that controls services. */
export type OnServices = <A extends unknown[]>(
	run: (driver: Driver, ...values: A) => Promise<Printed>,
) => (...values: [...A, Command]) => Promise<void>;

export interface CommandContext {
	readonly onNodes: OnNodes;
	readonly onServices: OnServices;
	/** The state directory of the mesh on this machine. */
	readonly state: string;
	readonly signal: AbortSignal | undefined;
	/** Called with a line of progress of a long command. */
	readonly onProgress: (line: string) => void;
}

export interface Until {
	readonly until?: RegExp;
	readonly within: number;
}

/** A parser of integers for commander. */
export const whole = (min: number, max: number) => parsedBy(integer(min, max));
/** A parser of an option that can be repeated. */
export const collect = (value: string, before: readonly string[] | boolean = []): readonly string[] => [
	...(typeof before === 'boolean' ? [] : before),
	value,
];
export const pattern = (value: string): RegExp => {
	try {
		return new RegExp(value, 'm');
	} catch (error) {
		throw new InvalidArgumentError(causeText(error));
	}
};
/** The name of a node, an attacker or a token of an experiment; also the name of a file. */
export const labName = (value: string): string => {
	if (!isLabName(value)) throw new InvalidArgumentError(`It must be ${LAB_NAME}.`);
	return value;
};
/** @param kind  of the values, in the singular @throws LAB_NOT_FOUND */
export function oneOf<const T extends string>(kind: string, known: readonly T[], value: string): T {
	const found = known.find((one) => one === value);
	if (found === undefined) throw new KubejoinError('LAB_NOT_FOUND', { kind, name: value, known });
	return found;
}

export const untilOptions = (command: Command): Command =>
	command
		.option('--until <regex>', 'repeat until the output matches', pattern)
		.option('--within <seconds>', 'how long to repeat', whole(0, 600), DEFAULT_WITHIN_SECONDS);

/** Look until the pattern matches; exit code 1 when it does not in time. Without a pattern, look once. */
export async function lookUntil(
	look: () => Promise<string>,
	{ until, within }: Until,
	signal?: AbortSignal,
): Promise<Result> {
	const isMatch = (text: string): boolean => until === undefined || until.test(text);
	const seen = await pollUntil(look, isMatch, { retryMs: RETRY_MS, timeoutMs: within * 1_000, signal });
	return { code: isMatch(seen) ? 0 : EXIT_MISMATCH, stdout: `${seen}\n`, stderr: '' };
}
