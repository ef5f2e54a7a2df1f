import assert from 'node:assert/strict';
import fc from 'fast-check';
import { compareQuantities, parseQuantity, QuantityError } from './quantity.ts';

describe('parseQuantity', () => {
	it('prints the canonical form of upstream', () => {
		const cases: [string, string][] = [
			['0', '0'],
			['00', '0'],
			['0Mi', '0'],
			['+5', '+5'],
			['-5', '-5'],
			['1', '1'],
			['1000', '1k'],
			['1500', '1500'],
			['1500m', '1500m'],
			['1.5', '1500m'],
			['0.5', '500m'],
			['1.500', '1.500'],
			['0.001', '1m'],
			['0.0001', '100u'],
			['1Ki', '1Ki'],
			['1024', '1024'],
			['1024Ki', '1Mi'],
			['1023Ki', '1023Ki'],
			['1.5Gi', '1536Mi'],
			['0.5Gi', '512Mi'],
			['0.5Ki', '512'],
			['1.1Mi', '1153433600m'],
			['100m', '100m'],
			['1000m', '1'],
			['1e3', '1e3'],
			['1E3', '1E3'],
			['12e6', '12e6'],
			['1e-3', '1e-3'],
			['1e4', '10e3'],
			['1n', '1n'],
			['0.1n', '1n'],
			['1.0000000001', '1000000001n'],
			['1k', '1k'],
			['1000k', '1M'],
			['1M', '1M'],
			['1E', '1E'],
			['1Ei', '1Ei'],
			['9Ei', '9223372036854775807'],
			['16Ei', '9223372036854775807'],
			['9223372036854775807', '9223372036854775807'],
			['9223372036854775808', '9223372036854775808'],
			['100000000000000000000', '100E'],
			['1.5E', '1500P'],
			['2048Ki', '2Mi'],
			['7Ki', '7Ki'],
			['8Ki', '8Ki'],
			['-2Mi', '-2Mi'],
			['-0.5', '-500m'],
			['-1Ki', '-1Ki'],
			['123456789Ki', '123456789Ki'],
			['007', '007'],
			['1.G', '1.G'],
			['.5', '500m'],
			['5.', '5.'],
			['1e18', '1e18'],
			['1e21', '1e21'],
			['100e999', '100e999'],
			['3e0', '3e0'],
			['0.000000001', '1n'],
			['1000000u', '1'],
			['4Gi', '4Gi'],
			['8010Mi', '8010Mi'],
			['3920m', '3920m'],
			['110', '110'],
			['16273892Ki', '16273892Ki'],
			['1.25Ki', '1280'],
			['0.25Ki', '256'],
			['+1Gi', '+1Gi'],
			['-1.5Gi', '-1536Mi'],
		];
		for (const [text, canonical] of cases) assert.equal(parseQuantity(text).canonical, canonical, text);
	});

	it('refuses a text that is no quantity', () => {
		const form = /quantities must match the regular expression/;
		for (const text of ['', ' ', 'many', '1.2.3', '1 Gi', 'NaN', '1'.repeat(65)])
			assert.throws(() => parseQuantity(text), form, text);
		for (const text of ['--1', '1GGi', '1e', '1Kim', '1e1000', '1000e999', '230169000e+999'])
			assert.throws(() => parseQuantity(text), /unable to parse quantity's suffix/, text);
	});

	it('keeps the amount in the canonical form, which changes once more at most', () => {
		// As upstream.
		assert.equal(parseQuantity('84287406.25Ki').canonical, '86310304000');
		assert.equal(parseQuantity('86310304000').canonical, '86310304k');
		const amount = fc.tuple(
			fc.constantFrom('', '-', '+'),
			fc.nat().map(String),
			fc.constantFrom('', '.5', '.25', '.000000001', '.0000000001', '.'),
			fc.constantFrom(
				'',
				'n',
				'u',
				'm',
				'k',
				'M',
				'G',
				'T',
				'P',
				'E',
				'Ki',
				'Mi',
				'Gi',
				'Ti',
				'Pi',
				'Ei',
				'e3',
				'E-6',
				'e+900',
			),
		);
		fc.assert(
			fc.property(amount, (parts) => {
				const first = parseQuantity(parts.join(''));
				const second = parseQuantity(first.canonical);
				assert.equal(compareQuantities(first, second), 0);
				assert.equal(parseQuantity(second.canonical).canonical, second.canonical);
			}),
		);
	});

	it('answers any text with a quantity or a QuantityError', () => {
		fc.assert(
			fc.property(
				fc.string({ unit: fc.constantFrom(...'0123456789.+-eEinumkKMGTP'.split('')), maxLength: 12 }),
				(text) => {
					try {
						parseQuantity(text);
					} catch (error) {
						assert.ok(error instanceof QuantityError);
					}
				},
			),
		);
	});
});
