import assert from 'node:assert/strict';
import { betweenSteps } from './large-object.ts';

describe('a step of a write', () => {
	it('is followed by other work if the object is large, and by the next step otherwise', async () => {
		let hasRun = false;
		setImmediate(() => {
			hasRun = true;
		});
		await betweenSteps({ data: { a: 'b' } });
		assert.equal(hasRun, false);
		await betweenSteps({ data: Array.from({ length: 3_000 }, String) });
		assert.equal(hasRun, true);
	});
});
