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

	it('a failed check does not say which side trusts the other; one that passed does', () => {
		const trustOf = (label: string) => {
			const step = stepsOf(traceId, refusedSpans).find((one) => one.label === label) ?? assert.fail();
			const span = refusedSpans.find(({ spanId }) => spanId === step.id) ?? assert.fail();
			const check = sectionsOf(step, span, undefined).find(({ kind }) => kind === 'check');
			return check?.fields.find(({ key }) => key === 'check.trust')?.value;
		};
		assert.deepEqual([trustOf('preflight'), trustOf('discovery/pin-ca')], ['after preflight', undefined]);
	});
});
