/**
 * Times of the API: RFC 3339 in JSON, seconds and nanoseconds on the wire.
 * @source apimachinery/pkg/apis/meta/v1 time.go, time_proto.go, micro_time.go, micro_time_proto.go; Go time.Parse
 */
import { rfc3339, withMicros } from '../clock.ts';

export interface WireTime {
	readonly seconds: number;
	readonly nanos: number;
}
export class TimeError extends Error {}

/** The years 1 to 9999, which RFC 3339 can write. */
const MIN_SECONDS = -62_135_596_800;
const MAX_SECONDS = 253_402_300_799;

const timeForm = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:[.,](\d+))?(Z|[+-](\d\d):(\d\d))$/;
const layouts = { time: '2006-01-02T15:04:05Z07:00', microTime: '2006-01-02T15:04:05.000000Z07:00' } as const;
const MAX_QUOTED = 256;
const quoted = (text: string): string =>
	JSON.stringify(text.length <= MAX_QUOTED ? text : `${text.slice(0, MAX_QUOTED)}…`);

/** The last day of February in a leap year is unusual. */
const usualDay = '(?:0[1-9]|1[0-2])-(?:0[1-9]|1\\d|2[0-8])|(?:0[13-9]|1[0-2])-(?:29|30)|(?:0[13578]|1[02])-31';
const usualTime = `(?!0000)\\d{4}-(?:${usualDay})T(?:[01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d`;
/** Times that are valid, in their canonical text. */
export const usualTimes = {
	time: new RegExp(`^${usualTime}Z$`),
	microTime: new RegExp(`^${usualTime}\\.\\d{6}Z$`),
} as const;

/** @throws TimeError */
export function parseTime(text: string, form: keyof typeof layouts): WireTime {
	if (!usualTimes[form].test(text)) return parseUnusual(text, form);
	const seconds = Date.parse(`${text.slice(0, SECONDS_LENGTH)}Z`) / 1000;
	return { seconds, nanos: form === 'time' ? 0 : Number(text.slice(SECONDS_LENGTH + 1, -1)) * 1000 };
}
const SECONDS_LENGTH = '2006-01-02T15:04:05'.length;

/** @throws TimeError */
function parseUnusual(text: string, form: keyof typeof layouts): WireTime {
	const refuse = (problem: string): never => {
		throw new TimeError(`parsing time ${quoted(text)}${problem}`);
	};
	const parts = timeForm.exec(text);
	if (parts === null) return refuse(unparsed(text, layouts[form]));
	const [, , , , , , , fraction = '', zone = '', zoneHours = '0', zoneMinutes = '0'] = parts;
	if (form === 'microTime' && fraction.length !== 6)
		return refuse(` as "${layouts.microTime}": cannot parse ${unparsedMicros(text, fraction)}`);
	const [year, month, day] = [Number(parts[1]), Number(parts[2]), Number(parts[3])];
	const [hour, minute, second] = [Number(parts[4]), Number(parts[5]), Number(parts[6])];
	if (month < 1 || month > 12) return refuse(': month out of range');
	if (day < 1 || (day > 28 && day > daysOf(year, month))) return refuse(': day out of range');
	if (hour > 23) return refuse(': hour out of range');
	if (minute > 59) return refuse(': minute out of range');
	if (second > 59) return refuse(': second out of range');
	if (Number(zoneHours) > 24 || Number(zoneMinutes) > 60) return refuse(': time zone offset out of range');
	const midnight = new Date(0).setUTCFullYear(year, month - 1, day) / 1000;
	const offset = (zone.startsWith('-') ? -1 : 1) * (Number(zoneHours) * 3600 + Number(zoneMinutes) * 60);
	const seconds = midnight + hour * 3600 + minute * 60 + second - offset;
	if (!canWrite({ seconds, nanos: 0 })) return refuse(': year out of range');
	const nanos = form === 'time' ? 0 : Number(fraction.slice(0, 9).padEnd(9, '0'));
	return { seconds, nanos };
}

const daysOf = (year: number, month: number): number => new Date(Date.UTC(2000 + (year % 400), month, 0)).getUTCDate();

const unparsedMicros = (text: string, fraction: string): string =>
	fraction.length < 6 ? `${quoted(text.slice(19))} as ".000000"` : `${quoted(text.slice(26))} as "Z07:00"`;

/** The problem at the element of the layout where Go's parser stops. */
function unparsed(text: string, layout: string): string {
	const steps: [RegExp, string][] = [
		[/^\d{4}/, '2006'],
		[/^-/, '-'],
		[/^\d\d/, '01'],
		[/^-/, '-'],
		[/^\d\d/, '02'],
		[/^T/, 'T'],
		[/^\d\d/, '15'],
		[/^:/, ':'],
		[/^\d\d/, '04'],
		[/^:/, ':'],
		[/^\d\d(?:[.,]\d+)?/, '05'],
	];
	let rest = text;
	for (const [form, element] of steps) {
		const [found] = form.exec(rest) ?? [];
		if (found === undefined) return ` as "${layout}": cannot parse ${quoted(rest)} as "${element}"`;
		rest = rest.slice(found.length);
	}
	const [zone] = /^(?:Z|[+-]\d\d:\d\d)/.exec(rest) ?? [];
	if (zone === undefined) return ` as "${layout}": cannot parse ${quoted(rest)} as "Z07:00"`;
	return `: extra text: ${quoted(rest.slice(zone.length))}`;
}

export const canWrite = ({ seconds, nanos }: WireTime): boolean =>
	seconds >= MIN_SECONDS && seconds <= MAX_SECONDS && nanos >= 0 && nanos <= 999_999_999;

/** Go's zero time, which is null in JSON and an empty message on the wire. */
export const isZeroTime = ({ seconds, nanos }: WireTime): boolean => seconds === MIN_SECONDS && nanos === 0;

/** The text of a time that `parseTime` has read. */
export function canonicalTime(text: string, time: WireTime, form: keyof typeof layouts): string {
	const isCanonical = text.length === canonicalLengths[form] && text.endsWith('Z') && !text.includes(',');
	return isCanonical ? text : formatTime(time, form);
}
const canonicalLengths = { time: '2006-01-02T15:04:05Z'.length, microTime: '2006-01-02T15:04:05.000000Z'.length };

export function formatTime({ seconds, nanos }: WireTime, form: keyof typeof layouts): string {
	const text = rfc3339(seconds * 1000);
	return form === 'time' ? text : withMicros(text, Math.floor(nanos / 1000));
}
