/** Runs commands of attacker-sim with stolen credentials, and records the outcome of each. */
import { KubejoinError } from '../../../lib/errors.ts';
import type { LabContext } from '../context.ts';
import { certificateOf, kubeconfigOf } from '../nodes.ts';
import type { Result } from '../result.ts';
import { tokenFile } from './attackers.ts';

/** The value of each placeholder. `name` is the text after the colon, or ''. */
export type Placeholders = Readonly<Record<string, (name: string) => Promise<string> | string>>;

/** Replace `{key}` and `{key:name}`; values are not searched for placeholders. @throws LAB_NOT_FOUND */
export async function fillIn(text: string, values: Placeholders): Promise<string> {
	let filled = '';
	let end = 0;
	for (const { index, 0: whole, 1: key = '', 2: name = '' } of text.matchAll(/\{([a-z-]+)(?::([^{}]+))?\}/g)) {
		const value = Object.hasOwn(values, key) ? values[key] : undefined;
		if (value === undefined) throw unknown('placeholder', key, Object.keys(values));
		filled += text.slice(end, index) + (await value(name));
		end = index + whole.length;
	}
	return filled + text.slice(end);
}

/**
 * Run a command of attacker-sim. The arguments can contain `{target}`, `{cluster-ca}`, `{address:SERVICE}`,
 * `{token:NAME}` (a file that contains it), `{kubeconfig:NODE}`, `{certificate:NODE}` and `{stolen}`.
 *
 * @param stolen  the directory that `steal` printed
 * @throws LAB_NOT_FOUND  a placeholder or its name
 */
export async function tryStolen(
	context: LabContext,
	args: readonly string[],
	stolen: string | undefined,
): Promise<Result> {
	const values = placeholdersOf(context, stolen);
	const filled = await Promise.all(args.map((argument) => fillIn(argument, values)));
	const result = await context.run('attacker-sim', filled);
	const attempts = (await context.read<readonly Attempt[]>(ATTEMPTS)) ?? [];
	await context.write(ATTEMPTS, [
		...attempts,
		{ command: args.slice(0, 3).join(' '), outcome: result.stdout.split('\n')[0] ?? '' },
	]);
	return result;
}

const placeholdersOf = (context: LabContext, stolen: string | undefined): Placeholders => ({
	target: () => context.info.endpoint,
	'cluster-ca': () => context.info.clusterCa,
	address(name) {
		const { addresses } = context.info;
		const address = Object.hasOwn(addresses, name) ? addresses[name] : undefined;
		if (address === undefined) throw unknown('service', name, Object.keys(addresses));
		return address;
	},
	token: (name) => tokenFile(context, name),
	kubeconfig: (name) => kubeconfigOf(context, name),
	certificate: (name) => certificateOf(context, name),
	...(stolen === undefined ? {} : { stolen: () => stolen }),
});

/** A request with a stolen credential. */
export interface Attempt {
	readonly command: string;
	/** `outcome: refused CODE …`, the first line that attacker-sim prints. */
	readonly outcome: string;
}
export const ATTEMPTS = 'attempts.json';

const unknown = (kind: string, name: string, known: readonly string[]) =>
	new KubejoinError('LAB_NOT_FOUND', { kind, name, known });
