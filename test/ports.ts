/** Blocks of ports for the meshes of tests. Test runs beside each other never use the same block. */
import { randomInt } from 'node:crypto';
import { createServer, type Server } from 'node:net';
import { requireFreePort } from '../lib/ports.ts';

export interface PortBlock {
	/** The first port; the services and up to 29 nodes of a mesh use the next ones. */
	readonly port: number;
	readonly release: () => void;
}

// Below the ports that Linux uses for outgoing connections (32768 and up).
const FIRST_PORT = 20_000;
const BLOCKS = 240;
const SIZE = 50;

/** Claims a block whose ports are free. A listener on its last port shows other test runs that the block is taken. */
export async function claimPorts(first = randomInt(BLOCKS)): Promise<PortBlock> {
	for (let index = 0; index < BLOCKS; index++) {
		const port = FIRST_PORT + SIZE * ((first + index) % BLOCKS);
		const claim = await listen(port + SIZE - 1);
		if (claim === undefined) continue;
		if (await areFree(port)) return { port, release: () => claim.close() };
		claim.close();
	}
	throw new Error(`a program listens in each of the ${BLOCKS} blocks of ports from ${FIRST_PORT}`);
}

const listen = (port: number): Promise<Server | undefined> =>
	new Promise((resolve) => {
		const server = createServer().unref();
		server.once('error', () => resolve(undefined));
		server.listen(port, '127.0.0.1', () => resolve(server));
	});

async function areFree(first: number): Promise<boolean> {
	const ports = Array.from({ length: SIZE - 1 }, (_, index) => first + index);
	try {
		await Promise.all(ports.map((port) => requireFreePort('a test', port)));
		return true;
	} catch {
		return false;
	}
}
