/** What the verbs of the lab have in common: where they run, the values that several of them read, and looking until something is seen. */

import { setTimeout as delay } from 'node:timers/promises';
import { type Command, InvalidArgumentError } from 'commander';
import { parsedBy } from '../../../lib/cli-options.ts';
import { integer } from '../../../lib/config.ts';
import { causeText, KubejoinError } from '../../../lib/errors.ts';
import type { LabContext } from '../context.ts';
import { isLabName, LAB_NAME } from '../control/requests.ts';
import { type Driver, EXIT_MISMATCH, type Result } from '../drivers/driver.ts';

const LOOK_AGAIN_MS = 100;

/** Text, or text with the exit code of another program. */
export type Printed = string | Result;

/** A verb that runs where the nodes are. */
export type OnNodes = <A extends unknown[]>(
	run: (context: LabContext, ...values: A) => Promise<Printed>,
) => (...values: [...A, Command]) => Promise<void>;
/** A verb that runs where the services are kept. */
export type OnServices = <A extends unknown[]>(
	run: (driver: Driver, ...values: A) => Promise<Printed>,
) => (...values: [...A, Command]) => Promise<void>;

export interface Until {
	readonly until?: RegExp;
	/** Seconds. */
	readonly within: number;
}

/** A whole number, as commander reads it. */
export const whole = (min: number, max: number) => parsedBy(integer(min, max));
/** Of an option that may be repeated. */
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
/** What an experiment calls a node, an attacker or a token: also the name of a file. */
export const labName = (value: string): string => {
	if (!isLabName(value)) throw new InvalidArgumentError(`It must be ${LAB_NAME}.`);
	return value;
};
/** @param kind  what the values are, in the singular @throws LAB_NOT_FOUND */
export function oneOf<const T extends string>(kind: string, known: readonly T[], value: string): T {
	const found = known.find((one) => one === value);
	if (found === undefined) throw new KubejoinError('LAB_NOT_FOUND', { kind, name: value, known });
	return found;
}

export const untilOptions = (command: Command): Command =>
	command
		.option('--until <regex>', 'look again until what is seen matches', pattern)
		.option('--within <seconds>', 'for how long at most', whole(0, 600), 30);

/** Look until the pattern is there; exit code 1 when it is not. Without a pattern, look once. */
export async function lookUntil(look: () => Promise<string>, { until, within }: Until): Promise<Result> {
	for (const end = Date.now() + within * 1_000; ; await delay(LOOK_AGAIN_MS)) {
		const seen = await look();
		const isThere = until === undefined || until.test(seen);
		if (isThere || Date.now() > end) return { code: isThere ? 0 : EXIT_MISMATCH, stdout: `${seen}\n`, stderr: '' };
	}
}
