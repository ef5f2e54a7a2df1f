import assert from 'node:assert/strict';
import fc from 'fast-check';
import { KubejoinError } from '../../lib/errors.ts';
import { type LimitName, limits } from '../../lib/limits.ts';
import { createAdmission } from './admission.ts';

describe('admission', () => {
	let nowMs: number;
	let counted: LimitName[];
	beforeEach(() => {
		nowMs = 1_000;
		counted = [];
	});
	const admission = () =>
		createAdmission(
			{
				perSecond: 'tracesRequestsPerSecond',
				inFlight: 'tracesRequestsInFlight',
				bytesInFlight: 'tracesBytesInFlight',
			},
			() => nowMs,
			(name) => counted.push(name),
		);
	const refused = (admit: () => unknown, limit: LimitName) => {
		assert.throws(admit, (error: unknown) => {
			assert.ok(error instanceof KubejoinError && error.code === 'OBSERVER_BUSY', 'it was admitted');
			assert.equal(error.details.retrySeconds, 1);
			return true;
		});
		assert.equal(counted.at(-1), limit);
	};
	const { value: perSecond } = limits.tracesRequestsPerSecond;

	it('admits as many requests in a second as the limit, and again a second later', () => {
		const admit = admission();
		for (let second = 0; second < 3; second++) {
			for (let number = 0; number < perSecond; number++) admit()();
			refused(admit, 'tracesRequestsPerSecond');
			nowMs += 1_000;
		}
		assert.equal(counted.length, 3);
	});

	it('admits no more after the clock is set back, and refuses no longer', () => {
		const admit = admission();
		for (let number = 0; number < perSecond; number++) admit()();
		nowMs -= 3_600_000;
		refused(admit, 'tracesRequestsPerSecond');
		nowMs += 1_000;
		admit();
	});

	it('admits as many requests at the same time as the limit, and another when one has ended', () => {
		const admit = admission();
		const release = admit();
		for (let number = 1; number < limits.tracesRequestsInFlight.value; number++) admit();
		refused(admit, 'tracesRequestsInFlight');
		release();
		release();
		admit();
		refused(admit, 'tracesRequestsInFlight');
	});

	it('admits as many bytes at the same time as the limit', () => {
		const admit = admission();
		const half = limits.tracesBytesInFlight.value / 2;
		const release = admit(half);
		admit(half);
		refused(() => admit(1), 'tracesBytesInFlight');
		admit(0);
		release();
		admit(half);
	});

	it('a refused request takes no place', () => {
		fc.assert(
			fc.property(fc.array(fc.nat({ max: limits.tracesBytesInFlight.value }), { maxLength: 50 }), (sizes) => {
				const admit = admission();
				const releases = sizes.flatMap((bytes) => {
					try {
						return [admit(bytes)];
					} catch {
						return [];
					}
				});
				for (const release of releases) release();
				admit(limits.tracesBytesInFlight.value)();
			}),
		);
	});
});
