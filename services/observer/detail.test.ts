import assert from 'node:assert/strict';
import { sectionsOf } from './detail.ts';
import { refusedSpans, traceId } from './spans.fixture.ts';
import { stepsOf } from './steps.ts';

describe('the details of a step', () => {
	it('a failure has its code, its sentence, what it comes from and what to do, and they are told once', () => {
		const step = stepsOf(traceId, refusedSpans).find(({ failure }) => failure !== undefined) ?? assert.fail();
		const span = refusedSpans.find(({ spanId }) => spanId === step.id) ?? assert.fail();
		const sections = sectionsOf(step, span, undefined);
		assert.deepEqual(sections[0]?.fields, [
			{ key: 'failure.code', value: 'CA_HASH_MISMATCH' },
			{ key: 'failure.sentence', value: 'not pinned' },
			{ key: 'failure.mostLikely', value: 'another cluster' },
			{ key: 'failure.alsoPossible', value: 'a forged answer\na wrong hash' },
			{ key: 'failure.remedy', value: 'do not join' },
		]);
		const attributes = sections.find(({ kind }) => kind === 'attributes')?.fields ?? [];
		assert.deepEqual(
			attributes.filter(({ key }) => key.includes('likely') || key.includes('possible') || key.includes('remedy')),
			[],
		);
	});
});
