/** Counts the bytes of bootstrap token secrets in a request, without storing them. */
import { type PresentedToken, parseToken } from '../../lib/kube/bootstrap-token.ts';

export interface Overheard {
	/** Number of bytes of the secrets. */
	readonly tokenBytes: number;
	/** Token IDs, which are public. */
	readonly tokenIds: readonly string[];
}

const tokenForm = /(?<![A-Za-z0-9])[a-z0-9]{6}\.[a-z0-9]{16}(?![A-Za-z0-9])/g;

/**
 * The message without the name of an Event, which can have the form of a token: `caught.18a2b3c4d5e6f708` is the name
 * of the object and a time.
 *
 * @param method  `/PACKAGE.SERVICE/METHOD`
 */
export function withoutEventName(method: string, message: object): object {
	if (!method.includes('.Events/')) return message;
	const { name: _requested, metadata = {}, ...others } = message as { name?: string; metadata?: { name?: string } };
	const { name: _own, ...kept } = metadata;
	return { ...others, metadata: kept };
}

/**
 * @param metadata  value of `authorization`, or undefined
 * @param message   the decoded message; bytes in it are base64
 * @param stolen    known tokens, whose secrets are found without their IDs, too
 */
export function overhear(
	metadata: string | undefined,
	message: unknown,
	stolen: readonly PresentedToken[] = [],
): Overheard {
	const said = [...(metadata === undefined ? [] : [metadata]), ...textsOf(message)];
	const found = said.flatMap((text) => (text.match(tokenForm) ?? []).flatMap((token) => parseToken(token) ?? []));
	const alone = said.flatMap((text) => stolen.filter(({ secret }) => text.replace(tokenForm, '').includes(secret)));
	const tokens = [...found, ...alone];
	return {
		tokenBytes: tokens.reduce((sum, { secret }) => sum + secret.length, 0),
		tokenIds: [...new Set(tokens.map(({ id }) => id))],
	};
}

/** Every text in a message, also decoded if it is base64. */
function textsOf(message: unknown): string[] {
	if (typeof message === 'string') return [message, ...inBase64(message)];
	if (typeof message !== 'object' || message === null) return [];
	return Object.entries(message).flatMap(([name, value]) => [...textsOf(name), ...textsOf(value)]);
}

function inBase64(text: string): string[] {
	const bytes = Buffer.from(text, 'base64');
	return bytes.length > 0 && bytes.toString('base64') === text ? [bytes.toString('latin1')] : [];
}
