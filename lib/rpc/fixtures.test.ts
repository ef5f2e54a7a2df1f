/** Certificates, and a small service behind a real listener, for the tests of this folder. */
import type { Server as HttpServer } from 'node:http';
import { createLog } from '../log.ts';
import { buildCaCertificate, buildCertificate, createIssuer, parseCertificates } from '../pki/certificate.ts';
import { generateKeyPair, type KeyAlgorithm, spkiOf, writePrivateKey } from '../pki/keys.ts';
import { hostNames } from '../pki/names.ts';
import type { Pem } from '../pki/pem.ts';
import type { Usage } from '../pki/usages.ts';
import { type Connections, type ListenBounds, listen, newConnections } from './listener.ts';
import type { RefusedConnection } from './refused-connections.ts';
import { createGrpcServer, type Observe, type Service } from './server.ts';

const hourMs = 60 * 60 * 1000;

export interface Identity {
	readonly cert: string;
	readonly key: string;
}
export interface LeafOptions {
	readonly hosts?: readonly string[];
	readonly organizations?: readonly string[];
	/** From now; default an hour. */
	readonly lifeMs?: number;
	/** Of its key; default ECDSA. */
	readonly algorithm?: KeyAlgorithm;
}
export interface TestCa {
	readonly pem: string;
	/** For tests in which the key of the CA is stolen. */
	readonly key: Pem;
	readonly server: (commonName: string, options?: LeafOptions) => Promise<Identity>;
	readonly client: (commonName: string, options?: LeafOptions) => Promise<Identity>;
}

/**
 * Certificates begin two hours ago, so that they can have expired an hour ago. TLS reads the real clock, and so does
 * this.
 */
export async function createCa(commonName: string): Promise<TestCa> {
	const keys = await generateKeyPair('ECDSA-P256');
	const notBefore = Date.now() - 2 * hourMs;
	const pem = buildCaCertificate({ commonName, dnsNames: [], notBefore, notAfter: Date.now() + hourMs }, keys);
	const issuer = createIssuer(parseCertificates(pem)[0], keys.privateKey);
	const issue =
		(...usages: Usage[]) =>
		async (name: string, options: LeafOptions = {}): Promise<Identity> => {
			const { hosts = [], organizations = [], lifeMs = hourMs, algorithm = 'ECDSA-P256' } = options;
			const { publicKey, privateKey } = await generateKeyPair(algorithm);
			const template = {
				subject: { commonName: name, organizations },
				spki: spkiOf(publicKey),
				usages,
				names: hostNames(hosts),
			};
			return {
				cert: buildCertificate({ ...template, notBefore, notAfter: Date.now() + lifeMs }, issuer),
				key: writePrivateKey(privateKey),
			};
		};
	return {
		pem,
		key: writePrivateKey(keys.privateKey),
		server: issue('digital signature', 'server auth'),
		client: issue('digital signature', 'client auth'),
	};
}

export interface Door {
	/** `localhost:PORT` */
	readonly target: string;
	readonly port: number;
	readonly connections: Connections;
	readonly lines: readonly string[];
	/** TLS handshakes that succeeded. */
	readonly handshakes: () => number;
	/** Limits that a caller exceeded. */
	readonly refused: readonly string[];
	readonly refusedConnections: readonly RefusedConnection[];
	readonly close: (graceMs?: number) => Promise<void>;
}
export interface DoorOptions {
	readonly identity: Identity;
	readonly clientCa: TestCa;
	readonly clientCertificate?: 'required' | 'optional';
	/** Empty: the door has no gRPC server. */
	readonly services: readonly Service[];
	readonly http?: HttpServer;
	readonly port?: number;
	readonly observers?: readonly Observe[];
	readonly bounds?: Partial<ListenBounds>;
}

export async function openDoor({
	identity,
	clientCa,
	clientCertificate = 'required',
	services,
	http,
	port = 0,
	observers = [],
	bounds = {},
}: DoorOptions): Promise<Door> {
	const lines: string[] = [];
	const log = createLog({ service: 'door', level: 'debug', format: 'json', write: (line) => lines.push(line) });
	const connections = newConnections();
	const tls = { ...identity, clientCa: clientCa.pem };
	const optional = http === undefined ? {} : { http };
	const refused: string[] = [];
	const count = (limit: string): void => void refused.push(limit);
	const grpc = services.length === 0 ? {} : { grpc: createGrpcServer(services, connections, log, observers, count) };
	let handshakes = 0;
	const onHandshake = (): void => {
		handshakes += 1;
	};
	const refusedConnections: RefusedConnection[] = [];
	const onRefused = (one: RefusedConnection): void => void refusedConnections.push(one);
	const options = { service: 'door', address: '127.0.0.1', port, tls, clientCertificate, log, count, bounds };
	const listener = await listen({ ...options, ...grpc, ...optional, onHandshake, onRefused }, connections);
	return {
		target: `localhost:${listener.port}`,
		port: listener.port,
		connections,
		lines,
		refused,
		refusedConnections,
		handshakes: () => handshakes,
		close: (graceMs = 0) => listener.close(graceMs),
	};
}

/** Answers who is called, through the one method of SelfSubjectReviews. */
export const whoAmI: Service = {
	name: 'SelfSubjectReviews',
	unary: {
		Create: (_request, { peer: { certificate } }) => ({
			status: { userInfo: certificate.state === 'verified' ? { username: certificate.commonName } : {} },
		}),
	},
	callers: { Create: 'authorizes-itself' },
};
