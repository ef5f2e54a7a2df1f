/** The forms of protection. Pure. */
import type { Tls } from '../api.ts';

/** Also the class of the element, and the token of its color. `none` is TLS without a verified server. */
export type Form = 'none' | 'one-way' | 'mutual' | 'broken' | 'attacker' | 'planned' | 'file';

export const formOf = { unverified: 'none', 'one-way': 'one-way', mutual: 'mutual' } as const satisfies Record<
	Tls,
	Form
>;

/** Which ends of a line have proved themselves; undefined: the line has no seal there. */
export const sealsOf = (form: Form): readonly [client: boolean | undefined, server: boolean | undefined] =>
	form === 'mutual'
		? [true, true]
		: form === 'one-way'
			? [false, true]
			: form === 'none'
				? [undefined, false]
				: form === 'broken'
					? [false, undefined]
					: [undefined, undefined];
