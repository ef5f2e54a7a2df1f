/** TCP ports of this machine's loopback address. */
import { createServer } from 'node:net';
import { KubejoinError } from './errors.ts';

const ADDRESS = '127.0.0.1';

/** A port that no program listens on now. */
export const findFreePort = (): Promise<number> => listenOnce(0);

/** @throws PORT_IN_USE, SERVICE_FAILED */
export async function requireFreePort(service: string, port: number): Promise<void> {
	try {
		await listenOnce(port);
	} catch (error) {
		const { code, message } = error as NodeJS.ErrnoException;
		if (code === 'EADDRINUSE') throw new KubejoinError('PORT_IN_USE', { service, address: ADDRESS, port });
		const problem = `cannot listen on ${ADDRESS}:${port}: ${message}`;
		throw new KubejoinError('SERVICE_FAILED', { service, problem });
	}
}

const listenOnce = (port: number): Promise<number> =>
	new Promise((resolve, reject) => {
		const server = createServer();
		server.once('error', reject);
		server.listen(port, ADDRESS, () => {
			const address = server.address();
			server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : port));
		});
	});
