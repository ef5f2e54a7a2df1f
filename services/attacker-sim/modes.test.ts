import assert from 'node:assert/strict';
import { hasCode } from '../../lib/errors.ts';
import { isMode, modeNames, modes, type Power, requirePower, rowOf } from './modes.ts';

describe('the modes', () => {
	for (const mode of modeNames) {
		const { power } = rowOf(mode);
		it(`${mode} needs ${power} and no more`, () => {
			requirePower(mode, [power]);
			const others = (['P1', 'P2', 'P3'] satisfies Power[]).filter((one) => one !== power);
			if (power === 'P0') requirePower(mode, []);
			else
				assert.throws(
					() => requirePower(mode, others),
					(error) => hasCode(error, 'ATTACK_POWER_MISSING') && error.message.includes(power),
				);
		});
	}

	it('are known by their names, and nothing else is', () => {
		assert.ok(modeNames.every(isMode));
		for (const text of ['', 'forge', 'toString', 'RELAY']) assert.equal(isMode(text), false);
	});

	it('the network alone is enough for none that signs', () => {
		const signing = ['forge-signed', 'append-ca', 'alter-second', 'impersonate'] as const;
		assert.deepEqual(
			signing.map((mode) => modes[mode].power),
			['P1', 'P1', 'P1', 'P3'],
		);
	});
});
