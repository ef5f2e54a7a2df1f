import assert from 'node:assert/strict';
import type { HandlerOptions } from './handlers.ts';
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
});
