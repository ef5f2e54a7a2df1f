import assert from 'node:assert/strict';
import { once } from 'node:events';
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

	it('is kept for no work a while after the last span, and for the next span again', async () => {
		const manager = new Counted(0);
		const ended = async () => {
			const before = manager.timesDisabled;
			while (manager.timesDisabled === before) await turn();
		};
		const stopping = new AbortController();
		const long = manager.with(contextOf('a'), () => once(stopping.signal, 'abort'));
		assert.equal(
			manager.with(contextOf('b'), () => manager.span),
			'b',
		);
		await assert.rejects(manager.with(contextOf('c'), () => Promise.reject(new Error('no'))));
		for (let turns = 0; turns < 5; turns++) await turn();
		assert.equal(manager.timesDisabled, 0);
		stopping.abort();
		await long;
		await ended();
		assert.throws(() =>
			manager.with(contextOf('d'), () => {
				throw new Error('no');
			}),
		);
		await ended();
		assert.equal(await manager.with(contextOf('e'), () => afterTurn(manager)), 'e');
		await ended();
	});
});
