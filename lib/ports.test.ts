import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { hasCode } from './errors.ts';
import { findFreePort, requireFreePort } from './ports.ts';

describe('ports', () => {
	it('finds a port that a server can listen on', async () => {
		const server = createServer().listen(await findFreePort(), '127.0.0.1');
		await once(server, 'listening');
		server.close();
	});

	it('accepts a free port and refuses one that is in use', async () => {
		const server = createServer().listen(await findFreePort(), '127.0.0.1');
		await once(server, 'listening');
		const address = server.address();
		const port = typeof address === 'object' && address !== null ? address.port : 0;
		await assert.rejects(requireFreePort('ca-service', port), (error) => hasCode(error, 'PORT_IN_USE'));
		server.close();
		await once(server, 'close');
		await requireFreePort('ca-service', port);
	});

	it('names another problem than a port in use', async () => {
		await assert.rejects(requireFreePort('ca-service', 70_000), (error) => {
			assert.ok(hasCode(error, 'SERVICE_FAILED'));
			assert.match(error.remedy, / a port that this user can open: npm start -- --port PORT$/);
			return true;
		});
	});
});
