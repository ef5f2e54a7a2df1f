/** A man in the middle: a server of another CA that serves cluster-info and records everything that it receives. */

import { createLog } from '../../lib/log.ts';
import { buildCaCertificate, buildCertificate, createIssuer, parseCertificates } from '../../lib/pki/certificate.ts';
import { generateKeyPair, spkiOf, writePrivateKey } from '../../lib/pki/keys.ts';
import { hostNames } from '../../lib/pki/names.ts';
import { contractOf } from '../../lib/rpc/contracts.ts';
import { listen, newConnections } from '../../lib/rpc/listener.ts';
import { createGrpcServer } from '../../lib/rpc/server.ts';

export interface FalseServer {
	readonly endpoint: string;
	/** Its CA certificate, in PEM. */
	readonly ca: string;
	/** Changes the data of the cluster-info that it serves. */
	readonly answer: (data: Record<string, string>) => void;
	/** Everything that it received, as text. */
	readonly heard: () => string;
	readonly calls: () => number;
	readonly close: () => Promise<void>;
}

const DAY_MS = 86_400_000;

/** A CA of its own and a server certificate from it, in PEM. */
export async function issueElsewhere(
	commonName: string,
	organizations: readonly string[],
	usage: 'client auth' | 'server auth',
	notAfter = Date.now() + DAY_MS,
) {
	const caPair = await generateKeyPair('ECDSA-P256');
	const notBefore = Date.now() - 2 * DAY_MS;
	const ca = buildCaCertificate(
		{ commonName: 'kubernetes', dnsNames: ['kubernetes'], notBefore, notAfter: Date.now() + DAY_MS },
		caPair,
	);
	const pair = await generateKeyPair('ECDSA-P256');
	const template = {
		subject: { commonName, organizations },
		spki: spkiOf(pair.publicKey),
		notBefore,
		notAfter,
		usages: ['digital signature', usage] as const,
	};
	const issuer = createIssuer(parseCertificates(ca)[0], caPair.privateKey);
	return {
		ca,
		cert: buildCertificate({ ...template, names: hostNames(['localhost', '127.0.0.1']) }, issuer),
		key: writePrivateKey(pair.privateKey),
	};
}

export async function startFalseServer(): Promise<FalseServer> {
	let data: Record<string, string> = {};
	const heard: string[] = [];
	const log = createLog({ service: 'false-server', level: 'error', format: 'json' });
	const refuse = () => {
		throw new Error('not offered');
	};
	const methods = Object.keys(contractOf('ConfigMaps'));
	const connections = newConnections();
	const grpc = createGrpcServer(
		[
			{
				name: 'ConfigMaps',
				unary: {
					...Object.fromEntries(methods.filter((name) => name !== 'Watch').map((name) => [name, refuse])),
					Get: (request, call) => {
						heard.push(JSON.stringify(request), call.metadata('authorization') ?? '');
						return { metadata: { name: 'cluster-info', namespace: 'kube-public' }, data };
					},
				},
				streams: { Watch: refuse },
				callers: Object.fromEntries(methods.map((method) => [method, 'authorizes-itself' as const])),
			},
		],
		connections,
		log,
	);
	const { ca, cert, key } = await issueElsewhere('kube-apiserver', [], 'server auth');
	const tls = { cert, key, clientCa: ca };
	const listener = await listen(
		{ service: 'false-server', address: '127.0.0.1', port: 0, tls, clientCertificate: 'optional', grpc, log },
		connections,
	);
	return {
		endpoint: `127.0.0.1:${listener.port}`,
		ca,
		answer: (next) => {
			data = next;
		},
		heard: () => heard.join('\n'),
		calls: () => heard.length,
		close: () => listener.close(0),
	};
}
