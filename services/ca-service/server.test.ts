import assert from 'node:assert/strict';
import { limits } from '../../lib/limits.ts';
import { type HandlerOptions, unaryHandlers } from './handlers.ts';
import { caService } from './server.ts';

describe('ca-service', () => {
	it('lets only the controllers have anything signed', () => {
		const controllers = ['system:kube-controller-manager'];
		const controlPlane = [...controllers, 'apiserver-sim'];
		assert.deepEqual(caService({} as HandlerOptions).callers, {
			Sign: controllers,
			TrustBundle: controlPlane,
			Ledger: controlPlane,
		});
	});

	it('returns at most a page of the ledger for any requested limit', async () => {
		const asked: (readonly [number, number])[] = [];
		const list = async (from: number, count: number) => {
			asked.push([from, count]);
			return [];
		};
		const { Ledger } = unaryHandlers({ ledger: { list } } as unknown as HandlerOptions);
		for (const request of [{}, { from: -1, limit: -5 }, { from: 3, limit: 2 }, { limit: 2 ** 31 - 1 }])
			await Ledger(request);
		const most = limits.ledgerPageEntries.value;
		assert.deepEqual(asked, [
			[0, most],
			[0, most],
			[3, 2],
			[0, most],
		]);
	});
});
