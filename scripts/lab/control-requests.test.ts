import assert from 'node:assert/strict';
import fc from 'fast-check';
import { hasCode } from '../../lib/errors.ts';
import { isLabName, readChange, readPlan, readSignal } from './control-requests.ts';

const plan = { name: 'n', program: 'kubelet-sim', args: ['join'] };
function refused(read: (body: unknown) => unknown, body: unknown, problem: RegExp): void {
	assert.throws(
		() => read(body),
		(error) => hasCode(error, 'LAB_REQUEST_INVALID') && problem.test(error.message),
		JSON.stringify(body),
	);
}

describe('what the lab is asked for', () => {
	it('a plan as the lab writes it is taken', () => {
		for (const body of [plan, { ...plan, clock: '+600s', pauseAfter: '[x]' }]) assert.deepEqual(readPlan(body), body);
	});

	it('a plan with a field that is missing, unknown or of another type is refused; every problem is told', () => {
		refused(
			readPlan,
			{ ...plan, extra: 1 },
			/there is no field "extra"; there are name, program, args, clock, pauseAfter/,
		);
		refused(readPlan, { program: 'x', args: [] }, /name is missing/);
		refused(readPlan, { ...plan, args: 'join' }, /args must be a list of texts/);
		refused(readPlan, { ...plan, args: [1] }, /args must be a list of texts/);
		refused(readPlan, { ...plan, name: 7, clock: 600 }, /name must be .*; clock must be an offset such as \+600s/);
		refused(readPlan, { ...plan, pauseAfter: '' }, /pauseAfter must be a text that is not empty/);
	});

	it('what is no object is refused', () => {
		for (const body of [undefined, null, [], 'x', 7]) refused(readPlan, body, /has no JSON object/);
	});

	it('a name is also that of a file: it leads nowhere else', () => {
		for (const name of ['../x', 'a/b', '.hidden', '-flag', '', 'a\nb', 'x'.repeat(101)])
			assert.equal(isLabName(name), false, name);
		for (const name of ['n', 'x03-upper', 'skew-ca-service-plus-600s', 'A.b_c'])
			assert.equal(isLabName(name), true, name);
	});

	it('a change has settings without a prefix and a clock that is an offset, or neither', () => {
		for (const body of [{}, { settings: { LAB: 'true' } }, { clock: '-240s' }, { clock: '+400d', settings: {} }])
			assert.deepEqual(readChange(body), body);
		refused(readChange, { settings: { LAB: true } }, /settings must be texts/);
		refused(readChange, { settings: ['LAB'] }, /settings must be texts/);
		refused(readChange, { settings: { 'LD PRELOAD': 'x' } }, /settings must be texts/);
		for (const clock of ['600s', '+600s x2', '@2020-01-01', ''])
			refused(readChange, { clock }, /clock must be an offset/);
	});

	it('a signal is one of those that an experiment sends', () => {
		assert.equal(readSignal({ signal: 'SIGSTOP' }), 'SIGSTOP');
		refused(readSignal, { signal: 'SIGSEGV' }, /signal must be one of SIGSTOP, SIGCONT, SIGKILL/);
		refused(readSignal, {}, /signal is missing/);
	});

	it('no body makes it fail otherwise', () => {
		fc.assert(
			fc.property(fc.anything(), (body) => {
				for (const read of [readPlan, readChange, readSignal]) {
					try {
						read(body);
					} catch (error) {
						assert.ok(hasCode(error, 'LAB_REQUEST_INVALID'), String(error));
					}
				}
			}),
		);
	});
});
