import assert from 'node:assert/strict';
import { readConfig, type Settings } from '../../lib/config.ts';
import { hasCode } from '../../lib/errors.ts';
import { requireLabFor, settings } from './config.ts';

describe('the settings of ca-service', () => {
	const { signingDurationSeconds, lab } = settings;
	const read = (env: Record<string, string>) => readConfig({ signingDurationSeconds, lab } satisfies Settings, env);

	it('a year and no lab, where nothing is said', () =>
		assert.deepEqual(read({}), { signingDurationSeconds: 365 * 24 * 3600, lab: false }));

	it('seconds in a lab', () => {
		const config = read({ KUBEJOIN_LAB: 'true', KUBEJOIN_SIGNING_DURATION_SECONDS: '5' });
		assert.deepEqual(config, { signingDurationSeconds: 5, lab: true });
		requireLabFor(config.signingDurationSeconds, config.lab);
		requireLabFor(600, false);
	});

	it('CONFIG_INVALID: less than ten minutes outside a lab, with the setting that allows it', () => {
		assert.throws(
			() => requireLabFor(599, false),
			(error) =>
				hasCode(error, 'CONFIG_INVALID') &&
				/SIGNING_DURATION_SECONDS=599 .* for a lab only, with KUBEJOIN_LAB=true/.test(error.message),
		);
	});

	it('CONFIG_INVALID: less than five seconds, more than ten years, and a LAB that is neither true nor false', () => {
		const invalid: Record<string, string>[] = [
			{ KUBEJOIN_SIGNING_DURATION_SECONDS: '4' },
			{ KUBEJOIN_SIGNING_DURATION_SECONDS: '315360001' },
			{ KUBEJOIN_LAB: 'yes' },
		];
		for (const env of invalid)
			assert.throws(
				() => read({ KUBEJOIN_LAB: 'true', ...env }),
				(error) => hasCode(error, 'CONFIG_INVALID'),
			);
	});
});
