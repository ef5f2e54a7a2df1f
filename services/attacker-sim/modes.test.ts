import assert from 'node:assert/strict';
import { hasCode } from '../../lib/errors.ts';
import { isMode, modeNames, modes, type Power, requirePower, rowOf } from './modes.ts';

describe('the modes', () => {
	for (const mode of modeNames) {
		const { power } = rowOf(mode);
		it(`${mode} requires ${power}`, () => {
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

	it('have known names', () => {
		assert.ok(modeNames.every(isMode));
		for (const text of ['', 'forge', 'toString', 'RELAY']) assert.equal(isMode(text), false);
	});

	it('do not sign with the network alone', () => {
		const signing = ['forge-signed', 'append-ca', 'alter-second', 'impersonate'] as const;
		assert.deepEqual(
			signing.map((mode) => modes[mode].power),
			['P1', 'P1', 'P1', 'P3'],
		);
	});

	it('name the option of the missing power', () => {
		for (const [mode, option] of [
			['forge-signed', '--token-file FILE'],
			['impersonate', '--ca-key-file FILE'],
		] as const)
			assert.throws(
				() => requirePower(mode, []),
				(error) => hasCode(error, 'ATTACK_POWER_MISSING') && JSON.stringify(error.details).includes(option),
			);
	});

	it('differ in their descriptions', () =>
		assert.equal(new Set(modeNames.map((mode) => modes[mode].does)).size, modeNames.length));

	it('leave an answer to the API server only in relay and, after the first, in alter-second', () => {
		const answered = (by: string) => modeNames.filter((mode) => rowOf(mode).answeredBy === by);
		assert.deepEqual(
			[answered('target'), answered('attacker-once'), answered('none')],
			[['relay'], ['alter-second'], ['sink']],
		);
	});
});
