/** Nothing that is printed, kept or sent on holds a secret: neither one of the document nor anything that looks like a bootstrap token. */
import { maskTokens } from '../../lib/log.ts';
import { isList, isMap, type Json, mapTexts } from './json.ts';
import type { Values } from './substitute.ts';

const MASK = '****';
/** What is shorter would hide half of every text. */
const MIN_SECRET = 4;

export type Mask = <T>(value: T) => T;

const textsOf = (value: Json): string[] => {
	if (typeof value === 'string') return [value];
	if (isList(value)) return value.flatMap(textsOf);
	return isMap(value) ? Object.values(value).flatMap(textsOf) : [];
};

export function createMask({ secrets }: Pick<Values, 'secrets'>): Mask {
	const hidden = Object.values(secrets)
		.flatMap(textsOf)
		.filter((secret) => secret.length >= MIN_SECRET)
		.sort((one, other) => other.length - one.length);
	const maskText = (text: string): string =>
		maskTokens(hidden.reduce((masked, secret) => masked.replaceAll(secret, MASK), text));
	return (value) => mapTexts(value, maskText);
}
