/**
 * An error as it crosses gRPC. Trailers must fit into the header list that a client accepts; larger ones end the whole
 * HTTP/2 connection. So this module cuts texts that repeat the input of a caller.
 */
import * as grpc from '@grpc/grpc-js';
import type { Details, KubejoinError } from '../errors.ts';
import { limits } from '../limits.ts';
import { ERROR_TRAILER } from './call-failure.ts';

export function toServiceError(error: KubejoinError): grpc.ServerErrorResponse {
	const metadata = new grpc.Metadata();
	const trailer = { code: error.code, details: fitted(error.details) };
	metadata.set(ERROR_TRAILER, Buffer.from(JSON.stringify(trailer)));
	const message = fittedMessage(error.message);
	return { name: error.name, message, code: error.grpc, details: message, metadata };
}

/**
 * Each step keeps less: characters of a text, items of a list. The last always fits, unless there are very many
 * details.
 */
const steps = [
	{ characters: 1_024, items: 64 },
	{ characters: 256, items: 32 },
	{ characters: 64, items: 16 },
	{ characters: 16, items: 4 },
] as const;

function fitted(details: Details): unknown {
	const fits = (value: unknown): boolean =>
		Buffer.byteLength(JSON.stringify(value) ?? '') <= limits.errorDetailsBytes.value;
	if (fits(details)) return details;
	for (const step of steps) {
		const shortened = shorten(details, step);
		if (fits(shortened)) return shortened;
	}
	return {};
}

function shorten(value: unknown, step: (typeof steps)[number]): unknown {
	if (typeof value === 'string') return cut(value, step.characters);
	if (Array.isArray(value)) return value.slice(0, step.items).map((item) => shorten(item, step));
	if (typeof value !== 'object' || value === null) return value;
	return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, shorten(item, step)]));
}

/** grpc-js sends it percent-encoded, and throws on half of a surrogate pair. */
function fittedMessage(message: string): string {
	const fits = (text: string): boolean => encodeURI(text).length <= limits.errorMessageBytes.value;
	const whole = wellFormed(message);
	if (fits(whole)) return whole;
	let characters = limits.errorMessageBytes.value;
	while (!fits(cut(whole, characters))) characters = Math.floor(characters / 2);
	return cut(whole, characters);
}

const wellFormed = (text: string): string => Buffer.from(text).toString();
const cut = (text: string, characters: number): string =>
	text.length <= characters ? wellFormed(text) : `${wellFormed(text.slice(0, characters))}...`;
