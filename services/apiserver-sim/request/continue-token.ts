/**
 * The start of the next page of a list, as the caller returns it. A caller can forge it, but it only selects a position
 * within the objects that the caller may list.
 * @source apiserver/pkg/storage/continue.go
 */

import { KubejoinError } from '../../../lib/errors.ts';
import { limits } from '../../../lib/limits.ts';
import { quotedInput } from '../authorize/go-text.ts';

export interface Position {
	/** The last key of the page before, without the prefix of the list. */
	readonly after: string;
	/** Of the first page; undefined to continue with the latest version. */
	readonly revision: number | undefined;
}

const VERSION = 'meta.k8s.io/v1';
/** As upstream: the token of a list that continues inconsistently. */
const LATEST = -1;

export const encodeContinue = ({ after, revision }: Position): string =>
	Buffer.from(JSON.stringify({ v: VERSION, rv: revision ?? LATEST, start: `/${after}\0` })).toString('base64url');

/** @throws API_BAD_REQUEST */
export function decodeContinue(token: string): Position {
	const refuse = (problem: string) =>
		new KubejoinError('API_BAD_REQUEST', { problem: `invalid continue token: continue key is not valid${problem}` });
	const { v, rv, start } = parsed(token, refuse);
	if (v !== VERSION)
		throw refuse(`: server does not recognize this encoded version ${quotedInput(String(v ?? '')).slice(1, -1)}`);
	if (typeof rv !== 'number' || rv === 0 || !Number.isSafeInteger(rv))
		throw refuse(': incorrect encoded start resourceVersion (version meta.k8s.io/v1)');
	if (typeof start !== 'string' || start === '') throw refuse(': encoded start key empty (version meta.k8s.io/v1)');
	if (!start.endsWith('\0') || /\p{Cs}/u.test(start)) throw refuse(`: ${quotedInput(start).slice(1, -1)}`);
	return { after: start.replace(/^\//, '').slice(0, -1), revision: rv === LATEST ? undefined : rv };
}

/** A token that was given has at most three times the bytes of the longest key. */
const MAX_TOKEN = limits.continueTokenCharacters.value;

function parsed(token: string, refuse: (problem: string) => KubejoinError): Record<string, unknown> {
	if (token.length > MAX_TOKEN) throw refuse(`: it is longer than ${MAX_TOKEN} characters`);
	const illegal = token.search(/[^A-Za-z0-9_-]/);
	if (illegal !== -1 || token.length % 4 === 1)
		throw refuse(`: illegal base64 data at input byte ${illegal === -1 ? token.length - 1 : illegal}`);
	const bytes = Buffer.from(token, 'base64url');
	try {
		const value: unknown = JSON.parse(bytes.toString());
		if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
	} catch {}
	const [first = ''] = bytes.toString('latin1').trimStart();
	throw refuse(`: invalid character '${quotedInput(first).slice(1, -1)}' looking for beginning of value`);
}
