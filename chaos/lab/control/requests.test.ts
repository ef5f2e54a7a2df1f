import assert from 'node:assert/strict';
import fc from 'fast-check';
import { hasCode } from '../../../lib/errors.ts';
import { limits } from '../../../lib/limits.ts';
import { isLabName, readChange, readLabCall, readPlan, readSignal } from './requests.ts';

const plan = { name: 'n', program: 'kubelet-sim', args: ['join'] };
function refused(read: (body: unknown) => unknown, body: unknown, problem: RegExp): void {
	assert.throws(
		() => read(body),
		(error) => hasCode(error, 'LAB_REQUEST_INVALID') && problem.test(error.message),
		JSON.stringify(body),
	);
}

describe('requests to the control server', () => {
	it('accepts a valid plan', () => {
		for (const body of [plan, { ...plan, clock: '+600s', pauseAfter: '[x]' }]) assert.deepEqual(readPlan(body), body);
	});

	it('refuses missing, unknown and mistyped fields of a plan, with every problem', () => {
		refused(
			readPlan,
			{ ...plan, extra: 1 },
			/there is no field "extra"; there are name, program, args, clock, pauseAfter/,
		);
		refused(readPlan, { program: 'x', args: [] }, /name is missing/);
		refused(readPlan, { ...plan, args: 'join' }, /args must be a list of at most 100 texts/);
		refused(readPlan, { ...plan, args: [1] }, /args must be a list of at most 100 texts/);
		refused(readPlan, { ...plan, name: 7, clock: 600 }, /name must be .*; clock must be an offset such as \+600s/);
		refused(readPlan, { ...plan, pauseAfter: '' }, /pauseAfter must be a text that is not empty/);
	});

	it('refuses a body that is not an object', () => {
		for (const body of [undefined, null, [], 'x', 7]) refused(readPlan, body, /has no JSON object/);
	});

	it('refuses names that are unsafe as file names', () => {
		for (const name of ['../x', 'a/b', '.hidden', '-flag', '', 'a\nb', 'x'.repeat(101)])
			assert.equal(isLabName(name), false, name);
		for (const name of ['n', 'x03-upper', 'skew-ca-service-plus-600s', 'A.b_c'])
			assert.equal(isLabName(name), true, name);
	});

	it('accepts settings without a prefix and a clock offset', () => {
		for (const body of [{}, { settings: { LAB: 'true' } }, { clock: '-240s' }, { clock: '+400d', settings: {} }])
			assert.deepEqual(readChange(body), body);
		for (const settings of [{ LAB: true }, ['LAB'], { 'LD PRELOAD': 'x' }])
			refused(readChange, { settings }, /settings must be at most 100 texts/);
		for (const clock of ['600s', '+600s x2', '@2020-01-01', ''])
			refused(readChange, { clock }, /clock must be an offset/);
	});

	it('limits every text and list, and does not repeat long ones in messages', () => {
		const long = 'x'.repeat(limits.labTextLength.value + 1);
		const many = Array.from({ length: limits.labListItems.value + 1 }, (_, index) => `A${index}`);
		refused(readPlan, { ...plan, args: [long] }, /args must be/);
		refused(readPlan, { ...plan, args: many }, /args must be/);
		refused(readPlan, { ...plan, pauseAfter: long }, /pauseAfter must be/);
		refused(readPlan, { ...plan, clock: `+${'1'.repeat(1_000)}` }, /clock must be/);
		refused(readChange, { settings: { A: long } }, /settings must be/);
		refused(readChange, { settings: Object.fromEntries(many.map((name) => [name, ''])) }, /settings must be/);
		const strange = Object.fromEntries(Array.from({ length: 1_000 }, (_, index) => [`${long}${index}`, 1]));
		refused(readPlan, { ...plan, ...strange }, /^.{1,5000}$/);
		assert.deepEqual(readPlan({ ...plan, args: [long.slice(1)] }).args, [long.slice(1)]);
	});

	it('accepts only the signals of experiments', () => {
		assert.equal(readSignal({ signal: 'SIGSTOP' }), 'SIGSTOP');
		refused(readSignal, { signal: 'SIGSEGV' }, /signal must be one of SIGSTOP, SIGCONT, SIGKILL/);
		refused(readSignal, {}, /signal is missing/);
	});

	it('accepts the operations of the control API with their arguments only', () => {
		const call = { operation: 'recordVerdict', args: ['security: held'] };
		assert.deepEqual(readLabCall(call), call);
		refused(readLabCall, { operation: 'toString', args: [] }, /operation must be one of runCommand/);
		for (const args of [[], [1], ['a', 'b']])
			refused(readLabCall, { operation: 'recordVerdict', args }, /recordVerdict does not take these arguments/);
		for (const args of [[-1], ['1'], [Number.POSITIVE_INFINITY]])
			refused(readLabCall, { operation: 'judgeExpectations', args }, /does not take these arguments/);
		refused(readLabCall, { operation: 'recordSkew', args: [{ service: 'a' }] }, /does not take these arguments/);
	});

	it('never fails with another error', () => {
		fc.assert(
			fc.property(fc.anything(), (body) => {
				for (const read of [readPlan, readChange, readSignal, readLabCall]) {
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
