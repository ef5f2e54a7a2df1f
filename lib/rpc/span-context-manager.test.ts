import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mock } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { createContextKey, ROOT_CONTEXT } from '@opentelemetry/api';
import { SpanContextManager } from './span-context-manager.ts';

const name = createContextKey('the name of a span');
const contextOf = (span: string) => ROOT_CONTEXT.setValue(name, span);

class Counted extends SpanContextManager {
	timesDisabled = 0;

	override disable(): this {
		this.timesDisabled++;
		return super.disable();
	}

	get span(): unknown {
		return this.active().getValue(name);
	}
}

async function afterTurn(manager: Counted): Promise<unknown> {
	await turn();
	return manager.span;
}

describe('the context of spans', () => {
	afterEach(() => mock.timers.reset());

	it('is that of the work across its waits, and none around it', async () => {
		const manager = new Counted();
		const work = async (span: string) => {
			await turn();
			const [within, seen] = await Promise.all([manager.with(contextOf('b'), async () => manager.span), manager.span]);
			return [span, within, seen];
		};
		const both = ['a', 'c'].map((span) => manager.with(contextOf(span), work, undefined, span));
		assert.equal(manager.span, undefined);
		assert.deepEqual(await Promise.all(both), [
			['a', 'b', 'a'],
			['c', 'b', 'c'],
		]);
		assert.equal(manager.span, undefined);
		manager.disable();
	});

	it('is left by work that belongs to no span', async () => {
		const manager = new Counted();
		const work = () => manager.with(ROOT_CONTEXT, () => afterTurn(manager));
		assert.equal(await manager.with(contextOf('a'), work), undefined);
		assert.equal(await work(), undefined);
		manager.disable();
	});

	it('is kept for no work a second after the last span, and for the next span again', async () => {
		mock.timers.enable({ apis: ['setTimeout'] });
		const manager = new Counted();
		const stopping = new AbortController();
		const long = manager.with(contextOf('a'), () => once(stopping.signal, 'abort'));
		const spanOf = (span: string) => manager.with(contextOf(span), () => manager.span);
		assert.equal(spanOf('b'), 'b');
		await assert.rejects(manager.with(contextOf('c'), () => Promise.reject(new Error('no'))));
		mock.timers.tick(60_000);
		assert.equal(manager.timesDisabled, 0);
		stopping.abort();
		await long;
		await turn();
		mock.timers.tick(999);
		assert.equal(manager.timesDisabled, 0);
		assert.throws(() =>
			manager.with(contextOf('d'), () => {
				throw new Error('no');
			}),
		);
		mock.timers.tick(999);
		const next = manager.with(contextOf('e'), () => afterTurn(manager));
		mock.timers.tick(1_000);
		assert.equal(manager.timesDisabled, 0);
		assert.equal(await next, 'e');
		await turn();
		mock.timers.tick(1_000);
		assert.equal(manager.timesDisabled, 1);
		assert.equal(spanOf('f'), 'f');
	});
});
