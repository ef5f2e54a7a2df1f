import assert from 'node:assert/strict';
import { createStopping } from './stopping.ts';

describe('the signal that stops a program', () => {
	it('takes any number of listeners without a warning', async () => {
		const warnings: Error[] = [];
		const onWarning = (warning: Error) => void warnings.push(warning);
		process.on('warning', onWarning);
		const { signal } = createStopping();
		for (let index = 0; index < 100; index++) signal.addEventListener('abort', () => undefined);
		// Node emits a warning in a later turn.
		await new Promise((resolve) => setImmediate(resolve));
		process.off('warning', onWarning);
		assert.deepEqual(warnings, []);
	});
});
