import assert from 'node:assert/strict';
import { AcceptHeaders, conversions, negotiate } from './negotiate.ts';

describe('Accept headers', () => {
	const route = { isOfMany: false, conversions: conversions.all };
	const table = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json';

	it('are read once', () => {
		const accepts = new AcceptHeaders();
		assert.equal(accepts.of(table), accepts.of(table));
		assert.notEqual(accepts.of(table), new AcceptHeaders().of(table));
	});

	it('are the same when they are read again, for each wish beside them', () => {
		const accepts = new AcceptHeaders();
		const form = (pretty: string | null) =>
			negotiate({ accept: accepts.of(table), pretty, userAgent: 'kubectl' }, route).pretty;
		assert.deepEqual(
			['1', null, '1'].map((pretty) => form(pretty)),
			[true, false, true],
		);
	});

	it('are forgotten when they are long, or when others came later', () => {
		const accepts = new AcceptHeaders();
		const long = `${'a/b,'.repeat(200)}*/*`;
		assert.notEqual(accepts.of(long), accepts.of(long));
		const first = accepts.of('a/0');
		for (let index = 1; index <= 100; index++) accepts.of(`a/${index}`);
		assert.notEqual(accepts.of('a/0'), first);
	});
});
