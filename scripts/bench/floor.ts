/**
 * Floor B: the processor time that the TLS stack of Node needs for the handshakes of one join, on both ends (two
 * one-way, and one mutual with a new client context), and that one issuance needs. Rates of a shared machine drift, so
 * each benchmark measures the floor beside its own figures.
 */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { connect, createSecureContext, createServer, type SecureContext, type Server, type TlsOptions } from 'node:tls';
import { systemClock } from '../../lib/clock.ts';
import { buildCaCertificate, buildCertificate, createIssuer, parseCertificates } from '../../lib/pki/certificate.ts';
import { generateKeyPair, spkiOf, writePrivateKey } from '../../lib/pki/keys.ts';
import { hostNames } from '../../lib/pki/names.ts';
import { type Summary, summarize } from './statistics.ts';

/** Measured once with prototypes; small beside the handshakes. */
const ISSUANCE_MS = 0.24;
const VALID_MS = 86_400_000;

export interface Floor {
	readonly cpuMs: Summary;
}

interface Handshakes {
	readonly join: () => Promise<void>;
	readonly close: () => void;
}

export interface FloorOptions {
	readonly warmUp: number;
	readonly joins: number;
	readonly rounds: number;
}

export async function measureFloor({ warmUp, joins, rounds }: FloorOptions): Promise<Floor> {
	const { join, close } = await prepareHandshakes();
	try {
		for (let count = 0; count < warmUp; count++) await join();
		const values: number[] = [];
		for (let round = 0; round < rounds; round++) {
			const before = process.cpuUsage();
			for (let count = 0; count < joins; count++) await join();
			const { user, system } = process.cpuUsage(before);
			values.push((user + system) / 1000 / joins + ISSUANCE_MS);
		}
		return { cpuMs: summarize(values) };
	} finally {
		close();
	}
}

async function prepareHandshakes(): Promise<Handshakes> {
	const now = systemClock();
	const validity = { notBefore: now - 60_000, notAfter: now + VALID_MS };
	const caKeys = await generateKeyPair('ECDSA-P256');
	const ca = buildCaCertificate({ commonName: 'floor', dnsNames: [], ...validity }, caKeys);
	const issuer = createIssuer(parseCertificates(ca)[0], caKeys.privateKey);
	const leaf = async (usage: 'server auth' | 'client auth') => {
		const { publicKey, privateKey } = await generateKeyPair('ECDSA-P256');
		const cert = buildCertificate(
			{
				subject: { organizations: [], commonName: 'localhost' },
				spki: spkiOf(publicKey),
				usages: ['digital signature', usage],
				...(usage === 'server auth' ? { names: hostNames(['localhost']) } : {}),
				...validity,
			},
			issuer,
		);
		return { cert, key: writePrivateKey(privateKey) };
	};
	const [serverPair, clientPair] = [await leaf('server auth'), await leaf('client auth')];
	const oneWay = await listen(serverPair);
	const mutual = await listen({ ...serverPair, ca, requestCert: true });
	const context = createSecureContext({ ca });
	return {
		async join() {
			await handshake(oneWay, context);
			await handshake(oneWay, context);
			await handshake(mutual, createSecureContext({ ca, ...clientPair }));
		},
		close() {
			oneWay.close();
			mutual.close();
		},
	};
}

async function listen(options: TlsOptions): Promise<Server> {
	const server = createServer(options, (socket) => {
		socket.on('error', () => socket.destroy());
		socket.resume().end('.');
	});
	await once(server.listen(0, '127.0.0.1'), 'listening');
	return server;
}

async function handshake(server: Server, secureContext: SecureContext): Promise<void> {
	const { port } = server.address() as AddressInfo;
	const socket = connect({ port, host: '127.0.0.1', servername: 'localhost', secureContext });
	await once(socket.resume(), 'end');
	socket.destroy();
}
