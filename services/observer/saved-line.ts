/** The line of a join in its file. */
import { printableJson } from '../../lib/text.ts';
import type { Failure, Join, JoinOutage, RefusedConnection } from './api.ts';

type Fields = Readonly<Record<string, unknown>>;
type TypeName = 'string' | 'number' | 'boolean';
const required: Readonly<Record<string, TypeName>> = {
	node: 'string',
	startedMs: 'number',
	durationMs: 'number',
	phase: 'string',
	nextPhase: 'string',
	steps: 'number',
	isForgotten: 'boolean',
} satisfies { readonly [key in keyof Join]?: TypeName };
const optional: Readonly<Record<string, TypeName>> = {
	tls: 'string',
	peer: 'string',
	tokenBytes: 'number',
	seenBy: 'string',
} satisfies { readonly [key in keyof Join]?: TypeName };

/** @throws Error  the text is not the line of this ended join */
export function readLine(json: string, id: string): Join {
	const value: unknown = JSON.parse(printableJson(json));
	if (!isLine(value) || value.id !== id) throw new Error('its first line is not the line of this join');
	return value;
}

function isLine(value: unknown): value is Join {
	if (!isObject(value)) return false;
	const { id, state, failure, outages, refusedConnections } = value;
	return (
		typeof id === 'string' &&
		(state === 'joined' || state === 'refused') &&
		Object.entries(required).every(([key, type]) => typeof value[key] === type) &&
		Object.entries(optional).every(([key, type]) => value[key] === undefined || typeof value[key] === type) &&
		(failure === undefined || isFailure(failure)) &&
		(outages === undefined || (Array.isArray(outages) && outages.every(isOutage))) &&
		(refusedConnections === undefined || (Array.isArray(refusedConnections) && refusedConnections.every(isRefused)))
	);
}

function isFailure(value: unknown): value is Failure {
	if (!isObject(value)) return false;
	const { code, sentence, mostLikely = '', alsoPossible = [], remedy } = value;
	return (
		[code, sentence, mostLikely, remedy].every(isText) && Array.isArray(alsoPossible) && alsoPossible.every(isText)
	);
}

function isOutage(value: unknown): value is JoinOutage {
	if (!isObject(value)) return false;
	const { party, why, startMs, endMs = 0, experiment = '' } = value;
	return [party, why, experiment].every(isText) && [startMs, endMs].every((time) => typeof time === 'number');
}

function isRefused(value: unknown): value is RefusedConnection {
	if (!isObject(value)) return false;
	const { id, party, peer, reason, atMs } = value;
	return [id, party, peer, reason].every(isText) && typeof atMs === 'number';
}

const isObject = (value: unknown): value is Fields => typeof value === 'object' && value !== null;
const isText = (value: unknown): value is string => typeof value === 'string';
