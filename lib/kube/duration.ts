/** Lengths of time as Go and Kubernetes write and read them. Pure; all in milliseconds. */

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** Of a Go duration; the two micro signs are different characters. */
const unitMs: Readonly<Record<string, number>> = {
	ns: 1e-6,
	us: 1e-3,
	'\u00b5s': 1e-3,
	'\u03bcs': 1e-3,
	ms: 1,
	s: SECOND,
	m: MINUTE,
	h: HOUR,
};
/** The range of an int64 of nanoseconds. */
const LONGEST_MS = 2 ** 63 / 1e6;

/**
 * Read a Go duration: `24h0m0s`, `1h30m`, `-1.5s`, `0`.
 *
 * @throws Error with Go's text: `time: invalid duration "x"`, `time: missing unit in duration "5"`
 * or `time: unknown unit "d" in duration "5d"`
 * @source Go time.ParseDuration
 */
export function parseGoDuration(text: string): number {
	const quoted = goQuote(text);
	const invalid = () => new Error(`time: invalid duration ${quoted}`);
	const [, sign = '', rest = ''] = /^([-+]?)(.*)$/s.exec(text) ?? [];
	if (rest === '') throw invalid();
	if (rest === '0') return 0;
	const term = /(\d*)(?:\.(\d*))?([^\d.]*)/y;
	let ms = 0;
	while (term.lastIndex < rest.length) {
		const [, whole = '', fraction = '', unit = ''] = term.exec(rest) ?? [];
		if (whole === '' && fraction === '') throw invalid();
		if (unit === '') throw new Error(`time: missing unit in duration ${quoted}`);
		const factor = Object.hasOwn(unitMs, unit) ? unitMs[unit] : undefined;
		if (factor === undefined) throw new Error(`time: unknown unit ${goQuote(unit)} in duration ${quoted}`);
		ms += Number(`${whole || '0'}.${fraction || '0'}`) * factor;
		if (ms >= LONGEST_MS) throw invalid();
	}
	return sign === '-' ? -ms : ms;
}

const spelledUnits: readonly (readonly [names: readonly string[], ms: number])[] = [
	[['s', 'sec', 'second', 'seconds'], SECOND],
	[['m', 'min', 'minute', 'minutes'], MINUTE],
	[['', 'h', 'hr', 'hour', 'hours'], HOUR],
	[['d', 'day', 'days'], 24 * HOUR],
	[['w', 'week', 'weeks'], 7 * 24 * HOUR],
];

/** The Go duration closest to an invalid text: `24h` for `24`, `1d` and `1 day`; undefined if there is none. */
export function durationAdvice(text: string): string | undefined {
	const [, number = '', unit = ''] = /^\s*(\d{1,6})\s*([a-z]*)\s*$/i.exec(text) ?? [];
	const ms = spelledUnits.find(([names]) => names.includes(unit.toLowerCase()))?.[1];
	if (number === '' || ms === undefined) return undefined;
	if (ms >= HOUR) return `${(Number(number) * ms) / HOUR}h`;
	return `${Number(number)}${ms === MINUTE ? 'm' : 's'}`;
}

/** @source Go package time, quote: not strconv.Quote */
const goQuote = (text: string): string => {
	const hex = (characters: string) =>
		[...Buffer.from(characters)].map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('');
	// biome-ignore lint/suspicious/noControlCharactersInRegex: it matches the control characters to escape.
	return `"${text.replace(/["\\]/g, '\\$&').replace(/[\u0000-\u001f\u0080-\uffff]+/g, hex)}"`;
};

const isInvalid = (ms: number): boolean => Math.trunc(ms / SECOND) < -1;
const whole = (ms: number, unit: number): number => Math.max(0, Math.trunc(ms / unit));
/** `1h5m`, and `1h` when there are no minutes. */
const twoUnits = (large: number, largeUnit: string, small: number, smallUnit: string): string =>
	`${large}${largeUnit}${small === 0 ? '' : `${small}${smallUnit}`}`;

/** An age as `kubectl get` prints it, with two or three digits. @source apimachinery util/duration HumanDuration */
export function humanDuration(ms: number): string {
	if (isInvalid(ms)) return '<invalid>';
	const seconds = whole(ms, SECOND);
	if (seconds < 120) return `${seconds}s`;
	const minutes = whole(ms, MINUTE);
	if (minutes < 10) return twoUnits(minutes, 'm', seconds % 60, 's');
	if (minutes < 180) return `${minutes}m`;
	const hours = whole(ms, HOUR);
	if (hours < 8) return twoUnits(hours, 'h', minutes % 60, 'm');
	if (hours < 48) return `${hours}h`;
	const days = Math.trunc(hours / 24);
	if (days < 8) return twoUnits(days, 'd', hours % 24, 'h');
	if (days < 2 * 365) return `${days}d`;
	const years = Math.trunc(days / 365);
	return years < 8 ? twoUnits(years, 'y', days % 365, 'd') : `${years}y`;
}

/**
 * One unit only, as `kubeadm token list` prints the remaining time.
 *
 * @source apimachinery util/duration ShortHumanDuration
 */
export function shortHumanDuration(ms: number): string {
	if (isInvalid(ms)) return '<invalid>';
	if (ms < MINUTE) return `${whole(ms, SECOND)}s`;
	if (ms < HOUR) return `${whole(ms, MINUTE)}m`;
	const hours = whole(ms, HOUR);
	if (hours < 24) return `${hours}h`;
	return hours < 24 * 365 ? `${Math.trunc(hours / 24)}d` : `${Math.trunc(hours / 24 / 365)}y`;
}
