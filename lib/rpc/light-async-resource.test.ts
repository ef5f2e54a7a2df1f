import assert from 'node:assert/strict';
import { AsyncLocalStorage, AsyncResource, executionAsyncId } from 'node:async_hooks';
import { bindWithoutDeprecatedProperty } from './light-async-resource.ts';

describe('a function that is bound to an AsyncResource', () => {
	before(() => bindWithoutDeprecatedProperty());

	it('runs in the scope of the resource, with its own arguments and `this`, and has no deprecated property', () => {
		const storage = new AsyncLocalStorage<string>();
		const resource = storage.run('of the resource', () => new AsyncResource('test'));
		const seen = function (this: unknown, ...args: unknown[]) {
			return [this, args, storage.getStore(), executionAsyncId()];
		};
		const object = { bound: resource.bind(seen) };
		const expected = ['of the resource', resource.asyncId()];
		storage.run('of the caller', () => {
			assert.deepEqual((object.bound as unknown as typeof seen)(1, 2), [object, [1, 2], ...expected]);
			const bindTo = resource.bind as unknown as (listener: typeof seen, thisArg: unknown) => typeof seen;
			const withThis = bindTo.call(resource, seen, 'given');
			assert.deepEqual(withThis(3), ['given', [3], ...expected]);
			assert.deepEqual(bindTo.call(resource, seen, null)(), [null, [], ...expected]);
		});
		assert.ok(!('asyncResource' in object.bound), 'the property costs most of the time');
	});

	it('passes on an error', () => {
		const bound = new AsyncResource('test').bind(() => assert.fail('reason'));
		assert.throws(() => bound(), /reason/);
	});
});
