/**
 * The attacker's TCP port. It drops each connection or forwards it unchanged, and counts the bytes without storing
 * them.
 */
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { KubejoinError } from '../../lib/errors.ts';

export type Route = 'nowhere' | { readonly host: string; readonly port: number };
export interface FrontOptions {
	readonly address: string;
	/** With 0, the system chooses a port. */
	readonly port: number;
	/** Called for each connection. */
	readonly route: () => Route;
	readonly onConnection: (peer: string) => void;
	readonly onBytes: (direction: 'received' | 'sent', count: number) => void;
}
export interface Front {
	readonly port: number;
	/** Close every connection and the port. */
	readonly close: () => Promise<void>;
}

/** @throws PORT_IN_USE, SERVICE_FAILED */
export async function openFront({ address, port, route, onConnection, onBytes }: FrontOptions): Promise<Front> {
	const open = new Set<Socket>();
	const keep = (socket: Socket): void => {
		open.add(socket);
		socket.once('close', () => open.delete(socket));
	};
	const server = createServer((near) => {
		keep(near);
		onConnection(`${near.remoteAddress}:${near.remotePort}`);
		near.on('data', (chunk) => onBytes('received', chunk.length));
		near.on('error', () => near.destroy());
		const way = route();
		if (way === 'nowhere') return;
		const far = connect(way);
		keep(far);
		far.on('data', (chunk) => onBytes('sent', chunk.length));
		far.on('error', () => near.destroy());
		near.once('close', () => far.destroy());
		far.once('close', () => near.destroySoon());
		near.pipe(far).pipe(near);
	});
	await new Promise<void>((resolve, reject) => {
		server.once('error', (error: NodeJS.ErrnoException) => {
			const isTaken = error.code === 'EADDRINUSE';
			const problem = `cannot listen on ${address}:${port}: ${error.message}`;
			reject(
				isTaken
					? new KubejoinError('PORT_IN_USE', { service: 'attacker-sim', address, port })
					: new KubejoinError('SERVICE_FAILED', { service: 'attacker-sim', problem }),
			);
		});
		server.listen(port, address, resolve);
	});
	return {
		port: (server.address() as AddressInfo).port,
		close: () =>
			new Promise((resolve) => {
				server.close(() => resolve());
				for (const socket of open) socket.destroy();
			}),
	};
}
