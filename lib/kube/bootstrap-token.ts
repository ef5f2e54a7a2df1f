/** The text form of a bootstrap token, and the fields of its Secret. Nothing here decides whether a token is valid. */
import { type Secret, wellKnown } from './types.ts';

/** A token as a client presented it. Only its form has been checked. */
export interface PresentedToken {
	readonly id: string;
	readonly secret: string;
}

/** `<id>.<secret>`; undefined for any other text. @source cluster-bootstrap/token/api BootstrapTokenPattern */
export function parseToken(text: string): PresentedToken | undefined {
	const [, id, secret] = /^([a-z0-9]{6})\.([a-z0-9]{16})$/.exec(text) ?? [];
	return id === undefined || secret === undefined ? undefined : { id, secret };
}

/** Name of the Secret of a token. */
export const secretName = (id: string): string => `${wellKnown.bootstrapSecretPrefix}${id}`;

/**
 * The id in the name of a Secret; undefined if it is not the name of a token's Secret.
 *
 * @source cluster-bootstrap util/tokens ParseBootstrapTokenSecretName
 */
export const idOfName = (name: string): string | undefined => /^bootstrap-token-([a-z0-9]{6})$/.exec(name)?.[1];

/** A value of the Secret as text; empty when there is none. */
export const field = ({ data }: Secret, key: string): string =>
	Buffer.from(data?.[key] ?? '', 'base64').toString('utf8');

export const isForUse = (secret: Secret, usage: 'authentication' | 'signing'): boolean =>
	field(secret, `usage-bootstrap-${usage}`) === 'true';
