/** Numbers, times and bytes as text. */
export type Language = 'en' | 'zh';

const units = {
	en: { s: 's', min: 'min', h: 'h', d: 'd' },
	zh: { s: '秒', min: '分钟', h: '小时', d: '天' },
} as const satisfies Record<Language, object>;

/** `0.7 ms`, `52 ms`, `1.3 s`, `5 min`; `1.3 秒`, `5 分钟`. */
export function duration(ms: number, language: Language): string {
	const { s, min, h, d } = units[language];
	if (ms < 10) return `${Math.round(ms * 10) / 10} ms`;
	if (ms < 999.5) return `${Math.round(ms)} ms`;
	if (ms < 59_950) return `${Math.round(ms / 100) / 10} ${s}`;
	if (ms < 3_570_000) return `${Math.round(ms / 60_000)} ${min}`;
	if (ms < 86_400_000 - 180_000) return `${Math.round(ms / 360_000) / 10} ${h}`;
	return `${grouped(Math.round(ms / 86_400_000))} ${d}`;
}

const groups = new Intl.NumberFormat('en');
/** `1,000`; the same in both languages. */
export const grouped = (number: number): string => groups.format(number);

/** An expected duration is not known to a tenth of a second. */
export const wholeSeconds = (ms: number): number => Math.ceil(ms / 1_000) * 1_000;

/** `0:04:59` */
export function countdown(ms: number): string {
	const seconds = Math.floor(ms / 1_000);
	const two = (number: number) => String(number).padStart(2, '0');
	return `${Math.floor(seconds / 3_600)}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
}

const clock = { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' } as const;
/** `toLocaleTimeString` makes one for each call, which takes longer than the rest of a row. */
const clocks = { en: new Intl.DateTimeFormat('en', clock), zh: new Intl.DateTimeFormat('zh', clock) };

/** `14:03:22`, in the time zone of the reader. */
export const clockTime = (ms: number, language: Language): string => clocks[language].format(ms);

/** `2027-11-25`, in the time zone of the reader. */
export const calendarDate = (ms: number): string => new Date(ms).toLocaleDateString('sv-SE');

export const bytesOf = (base64: string): Uint8Array =>
	Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));

/** Sixteen bytes a line: offset, hexadecimal, printable characters. */
export function hexDump(base64: string): string {
	const bytes = bytesOf(base64);
	const lines: string[] = [];
	for (let offset = 0; offset < bytes.length; offset += 16) {
		const row = [...bytes.subarray(offset, offset + 16)];
		const hex = row.map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
		const text = row.map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.')).join('');
		lines.push(`${offset.toString(16).padStart(4, '0')}  ${hex.padEnd(47)}  ${text}`);
	}
	return lines.join('\n');
}
