import assert from 'node:assert/strict';
import { judgeVerdicts, readEvidence } from './verdict.ts';

describe('a verdict', () => {
	it('is violated when any line says so, held when one does and none else, and otherwise unknown', () => {
		const verdicts = (stdout: string) => judgeVerdicts(readEvidence('p', stdout, true));
		assert.deepEqual(verdicts('security: held\nsecurity: violated by one\navailability: held in 3 s'), {
			security: 'violated',
			availability: 'held',
		});
		assert.deepEqual(verdicts(''), { security: 'unknown', availability: 'unknown' });
		assert.deepEqual(
			verdicts('security: held-up\n security: held\nSecurity: held\nsecurity held\navailability: held?\r'),
			{
				security: 'unknown',
				availability: 'held',
			},
		);
	});

	it('held is not believed of a probe that failed, unless it names a violation as the reason', () => {
		const verdicts = (stdout: string) => judgeVerdicts(readEvidence('p', stdout, false));
		assert.deepEqual(verdicts('security: held\navailability: held'), { security: 'unknown', availability: 'unknown' });
		assert.deepEqual(verdicts('security: violated by one\navailability: held'), {
			security: 'violated',
			availability: 'held',
		});
	});

	it('carries what was said and what else was printed', () => {
		assert.deepEqual(readEvidence('p', 'trace 1\n\nsecurity: held  nobody \r\ntrace 2\n', true), [
			{ probe: 'p', kind: 'security', verdict: 'held', text: 'nobody', lines: ['trace 1', 'trace 2'] },
		]);
	});
});
