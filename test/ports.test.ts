import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { claimPorts } from './ports.ts';

describe('blocks of ports', () => {
	it('differ, until one is released', async () => {
		const one = await claimPorts();
		const index = (one.port - 20_000) / 50;
		const other = await claimPorts(index);
		assert.notEqual(other.port, one.port);
		one.release();
		other.release();
		const again = await claimPorts(index);
		assert.equal(again.port, one.port);
		again.release();
	});

	it('contain no port of another program', async () => {
		const block = await claimPorts();
		block.release();
		const program = createServer().listen(block.port + 3, '127.0.0.1');
		await once(program, 'listening');
		const other = await claimPorts((block.port - 20_000) / 50);
		assert.notEqual(other.port, block.port);
		other.release();
		program.close();
	});
});
