import assert from 'node:assert/strict';
import { judgeVerdicts, readEvidence } from './verdict.ts';

describe('the verdicts', () => {
	it('are violated by any line, held by a line without a violation, and otherwise unknown', () => {
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

	it('ignore "held" from a failed probe without a violation', () => {
		const verdicts = (stdout: string) => judgeVerdicts(readEvidence('p', stdout, false));
		assert.deepEqual(verdicts('security: held\navailability: held'), { security: 'unknown', availability: 'unknown' });
		assert.deepEqual(verdicts('security: violated by one\navailability: held'), {
			security: 'violated',
			availability: 'held',
		});
	});

	it('come with the rest of their line and the other lines', () => {
		assert.deepEqual(readEvidence('p', 'trace 1\n\nsecurity: held  by all \r\ntrace 2\n', true), [
			{ probe: 'p', kind: 'security', verdict: 'held', text: 'by all', lines: ['trace 1', 'trace 2'] },
		]);
		const [{ text = '' } = {}] = readEvidence('p', 'availability: violated: after 45 s a is not Ready', true);
		assert.equal(text, 'after 45 s a is not Ready');
	});
});
