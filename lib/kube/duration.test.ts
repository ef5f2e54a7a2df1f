import { deepEqual, equal, throws } from 'node:assert/strict';
import { assert as check, integer, property, string, tuple } from 'fast-check';
import { durationAdvice, humanDuration, parseGoDuration, shortHumanDuration } from './duration.ts';

const s = 1000;
const m = 60 * s;
const h = 60 * m;
const d = 24 * h;
const y = 365 * d;

describe('parseGoDuration', () => {
	it('reads what Go reads', () => {
		const expected = {
			'0': 0,
			'+0': 0,
			'24h0m0s': 24 * h,
			'1h30m': 90 * m,
			'1.5s': 1500,
			'.5m': 30 * s,
			'5.s': 5 * s,
			'-2m': -2 * m,
			'15ms': 15,
			'3h3h': 6 * h,
		};
		for (const [text, ms] of Object.entries(expected)) equal(parseGoDuration(text), ms, text);
		for (const text of ['1500us', '1500\u00b5s', '1500\u03bcs', '1500000ns'])
			equal(Math.round(parseGoDuration(text) * 1e6), 1_500_000, text);
	});

	it("refuses the rest with Go's text", () => {
		const refused = {
			'': 'time: invalid duration ""',
			'-': 'time: invalid duration "-"',
			x: 'time: invalid duration "x"',
			'.s': 'time: invalid duration ".s"',
			'1h x': 'time: unknown unit "h x" in duration "1h x"',
			'5': 'time: missing unit in duration "5"',
			'1h5': 'time: missing unit in duration "1h5"',
			'5d': 'time: unknown unit "d" in duration "5d"',
			'3000000h': 'time: invalid duration "3000000h"',
			'1"': 'time: unknown unit "\\"" in duration "1\\""',
			'1\u00e9': 'time: unknown unit "\\xc3\\xa9" in duration "1\\xc3\\xa9"',
			'1constructor': 'time: unknown unit "constructor" in duration "1constructor"',
		};
		for (const [text, message] of Object.entries(refused)) throws(() => parseGoDuration(text), { message });
	});

	it('reads back every duration as Go prints it', () => {
		const parts = tuple(
			integer({ min: 0, max: 2_000_000 }),
			integer({ min: 0, max: 59 }),
			integer({ min: 0, max: 59 }),
		);
		check(
			property(
				parts,
				([hours, minutes, seconds]) =>
					parseGoDuration(`${hours}h${minutes}m${seconds}s`) === hours * h + minutes * m + seconds * s,
			),
		);
	});

	it('answers any text with a number or a text of Go', () => {
		check(
			property(string({ unit: 'binary' }), (text) => {
				try {
					return Number.isFinite(parseGoDuration(text));
				} catch (error) {
					return (
						error instanceof Error && /^time: (invalid|missing unit in|unknown unit ".*" in) /s.test(error.message)
					);
				}
			}),
		);
	});
});

describe('durationAdvice', () => {
	it('is a Go duration for what people write', () => {
		for (const [text, advice] of [
			['24', '24h'],
			['1d', '24h'],
			['2 days', '48h'],
			['1w', '168h'],
			['24H', '24h'],
			['90 min', '90m'],
			['30sec', '30s'],
		] as const) {
			equal(durationAdvice(text), advice, text);
			equal(typeof parseGoDuration(advice), 'number');
		}
		for (const text of ['', 'forever', '1y', '1d12h', '-1', '99999999']) equal(durationAdvice(text), undefined, text);
	});
});

describe('humanDuration', () => {
	it("is upstream's table", () => {
		const table: [number, string][] = [
			[-2 * s, '<invalid>'],
			[-1.5 * s, '0s'],
			[0, '0s'],
			[119.9 * s, '119s'],
			[2 * m, '2m'],
			[9 * m + 59 * s, '9m59s'],
			[10 * m + 59 * s, '10m'],
			[179 * m, '179m'],
			[3 * h, '3h'],
			[7 * h + 59 * m, '7h59m'],
			[8 * h + 59 * m, '8h'],
			[47 * h, '47h'],
			[2 * d, '2d'],
			[7 * d + 23 * h, '7d23h'],
			[8 * d + 23 * h, '8d'],
			[2 * y - h, '729d'],
			[2 * y, '2y'],
			[7 * y + 364 * d, '7y364d'],
			[8 * y + 364 * d, '8y'],
		];
		deepEqual(
			table.map(([ms]) => humanDuration(ms)),
			table.map(([, text]) => text),
		);
	});
});

describe('shortHumanDuration', () => {
	it("is upstream's table", () => {
		const table: [number, string][] = [
			[-2 * s, '<invalid>'],
			[-s, '0s'],
			[59.9 * s, '59s'],
			[m, '1m'],
			[59.9 * m, '59m'],
			[23.99 * h, '23h'],
			[d, '1d'],
			[y - s, '364d'],
			[2 * y, '2y'],
		];
		deepEqual(
			table.map(([ms]) => shortHumanDuration(ms)),
			table.map(([, text]) => text),
		);
	});
});
