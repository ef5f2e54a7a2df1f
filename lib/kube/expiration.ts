/**
 * The expiration of a bootstrap token, from the text in its Secret. An invalid text counts as expired, so it never
 * extends a token.
 */

const form = /^(\d{4}-\d{2}-\d{2})T([01]\d|2[0-3]):\d{2}:\d{2}(?:\.\d+)?(?:Z|[+-]\d{2}:\d{2})$/;

/**
 * How long a token still lives.
 *
 * @param expiration  RFC 3339; empty for a token that never expires
 * @param now         milliseconds since the epoch
 * @returns milliseconds; 0 or less when it has expired or the text cannot be read, Infinity when it never will
 * @source  cluster-bootstrap util/secrets GetExpiration; Go time.Parse(time.RFC3339), which knows no 30th of February
 */
export function millisecondsLeft(expiration: string, now: number): number {
	if (expiration === '') return Number.POSITIVE_INFINITY;
	const [, day] = form.exec(expiration) ?? [];
	const ms = day === undefined || !isCalendarDay(day) ? Number.NaN : Date.parse(expiration);
	return Number.isNaN(ms) ? 0 : ms - now;
}

function isCalendarDay(day: string): boolean {
	const midnight = new Date(`${day}T00:00:00Z`);
	return !Number.isNaN(midnight.getTime()) && midnight.toISOString().startsWith(day);
}
