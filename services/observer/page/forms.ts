/** How the lines of the map and the messages of a join are protected, from the TLS of their connections. */
import type { Tls } from '../api.ts';
import type { Word } from './catalogue.ts';

/** Also the class of the element. `clear` is a connection without TLS, `none` is TLS without a verified server. */
export type Form = 'clear' | 'none' | 'one-way' | 'mutual' | 'broken' | 'attacker' | 'planned' | 'file';

/** `planned`: a program that calls another, of whose calls none is known. `file`: a store on the disk of its owner. */
export type Protection = Tls | Exclude<Form, 'clear'>;

export const formOf: Readonly<Record<Protection, Form>> = {
	none: 'clear',
	unverified: 'none',
	'one-way': 'one-way',
	mutual: 'mutual',
	broken: 'broken',
	attacker: 'attacker',
	planned: 'planned',
	file: 'file',
};

export const protectionWords = {
	none: 'lineClear',
	unverified: 'lineNone',
	'one-way': 'lineOneWay',
	mutual: 'lineMutual',
	broken: 'lineBroken',
	attacker: 'lineAttacker',
	planned: 'linePlanned',
	file: 'lineFile',
} as const satisfies Record<Protection, Word>;

export const protectionExplanations = {
	none: 'explainClear',
	unverified: 'explainNone',
	'one-way': 'explainOneWay',
	mutual: 'explainMutual',
	broken: 'explainBroken',
	attacker: 'explainAttacker',
	planned: 'explainPlanned',
	file: 'explainFile',
} as const satisfies Record<Protection, Word>;

export type End = 'client' | 'server';

/**
 * Which ends of a line have proved themselves; undefined: the line has no seal there.
 *
 * @param refusedBy  the end that refused; its seal is hollow
 */
export const sealsOf = (
	form: Form,
	refusedBy: End = 'client',
): readonly [client: boolean | undefined, server: boolean | undefined] =>
	form === 'mutual'
		? [true, true]
		: form === 'one-way'
			? [false, true]
			: form === 'none'
				? [undefined, false]
				: form === 'broken'
					? refusedBy === 'client'
						? [false, undefined]
						: [undefined, false]
					: [undefined, undefined];
