/** Starts and stops an attacker: guard rails first, then the report, then TLS and the front. */
import { networkInterfaces } from 'node:os';
import { joinHostPort, splitHostPort } from '../../lib/address.ts';
import type { Clock } from '../../lib/clock.ts';
import type { PresentedToken } from '../../lib/kube/bootstrap-token.ts';
import { wellKnown } from '../../lib/kube/types.ts';
import { createLog } from '../../lib/log.ts';
import { type Issuer, parseCertificates } from '../../lib/pki/certificate.ts';
import { spkiPin } from '../../lib/pki/pin.ts';
import { listen, newConnections } from '../../lib/rpc/listener.ts';
import { callerName, type Peer } from '../../lib/rpc/peer.ts';
import { type Call, createGrpcServer } from '../../lib/rpc/server.ts';
import type { AttackRequest } from './attack-request.ts';
import { issueIdentity, makeOwnCa, pemOf, signAnything, stolenCa } from './certificates.ts';
import { openApi, resolveHost, withApi } from './clients.ts';
import { forgedClusterInfo } from './documents.ts';
import { FalseCluster } from './false-cluster.ts';
import { openFront, type Route } from './front.ts';
import { requireNearTarget, requireOwnAddress, requireProof } from './guard-rails.ts';
import { rowOf } from './modes.ts';
import { capturedText, connectedText, heardText, listeningText } from './output.ts';
import { overhear, withoutEventName } from './overhear.ts';
import { createRecorder, emptyReport, including, MAX_REQUESTS, type Recorder } from './report.ts';
import { attackerServices } from './server.ts';
import { superAdmin, tokensIn } from './stolen-tokens.ts';

export interface StartOptions {
	readonly say: (line: string) => void;
	readonly clock: Clock;
}
export interface Attacker {
	readonly stop: () => Promise<void>;
}

const service = 'attacker-sim';
/** Addresses that nodes can use for it. */
const names = ['localhost', '127.0.0.1', '::1', 'apiserver-sim', service];

/** @throws ATTACK_NOT_ALLOWED, PORT_IN_USE, FILE_UNUSABLE, CERTIFICATE_MALFORMED, KEY_MALFORMED */
export async function startAttacker(request: AttackRequest, options: StartOptions): Promise<Attacker> {
	const { address, port, target, clusterCa, mode, report } = request;
	const { power, answeredBy } = rowOf(mode);
	requireOwnAddress(address, ownAddresses());
	await requireNearTarget(target, 'apiserver-sim', resolveHost);
	const genuine = async () =>
		(
			await withApi(openApi(target, clusterCa), (api) =>
				api.configMaps.get(wellKnown.clusterInfo, wellKnown.kubePublic),
			)
		).data ?? {};
	await requireProof(target, genuine);

	let route: () => Route = () => 'nowhere';
	let recorder: Recorder | undefined;
	const front = await openFront({
		address,
		port,
		route: () => route(),
		onConnection(peer) {
			recorder?.change(({ connections }) => ({ connections: connections + 1 }));
			options.say(connectedText(peer));
		},
		onBytes: (direction, count) =>
			recorder?.change(({ bytes }) => ({ bytes: { ...bytes, [direction]: bytes[direction] + count } })),
	});
	try {
		const listening = joinHostPort(address, front.port);
		recorder = createRecorder(report, emptyReport(mode, power, listening));
		const toTarget = splitHostPort(target) ?? 'nowhere';
		const inner =
			answeredBy === 'attacker' || answeredBy === 'attacker-once'
				? await startTls({ request, listening, genuine, recorder }, options)
				: undefined;
		route = () => {
			if (answeredBy === 'none') return 'nowhere';
			return inner === undefined || (answeredBy === 'attacker-once' && inner.documentsGiven() > 0)
				? toTarget
				: inner.route;
		};
		await recorder.written();
		options.say(listeningText(mode, listening, target));
		const written = recorder.written;
		return {
			async stop() {
				await front.close();
				await inner?.close();
				await written();
			},
		};
	} catch (error) {
		await front.close();
		throw error;
	}
}

interface TlsOptions {
	readonly request: AttackRequest;
	readonly listening: string;
	readonly genuine: () => Promise<Readonly<Record<string, string>>>;
	readonly recorder: Recorder;
}

/** The attacker's own TLS server, which only its front can reach. */
async function startTls(options: TlsOptions, { say, clock }: StartOptions) {
	const { request, listening, genuine, recorder } = options;
	const { mode, address, clusterCa, caKey, token } = request;
	const isImpersonating = mode === 'impersonate' && caKey !== undefined;
	const issuer = isImpersonating ? stolenCa(clusterCa, caKey) : await makeOwnCa(clock);
	const ownCa = pemOf(issuer);
	if (!isImpersonating) recorder.change(() => ({ ownCaPin: spkiPin(issuer.certificate) }));
	const known = token === undefined ? [] : [token];
	const tokens = isImpersonating ? await tokensByAdmin(request, issuer, clock) : async () => known;
	const serials = new Map<string, string>();
	const stopping = new AbortController();
	let documentsGiven = 0;
	const cluster = new FalseCluster((csrPem, usages) => {
		const certificate = signAnything(issuer, csrPem, usages, clock);
		const [leaf] = parseCertificates(certificate);
		const commonName = leaf.subject.split('\n').find((part) => part.startsWith('CN=')) ?? '';
		serials.set(commonName, leaf.serialNumber.toLowerCase());
		return certificate;
	}, clock);
	async function clusterInfo() {
		const materials = { url: `https://${listening}`, ownCa, clusterCa, genuine, tokens };
		const document = await forgedClusterInfo(mode, materials);
		documentsGiven++;
		return document;
	}
	const services = attackerServices(
		{ cluster, stopping: stopping.signal, clusterInfo, onRegistered: captureRecorder(recorder, serials, say) },
		requestRecorder(recorder, known, { say, clock }),
	);
	const subject = { subject: apiServer, purpose: 'server auth', hosts: including(names, address) } as const;
	const tls = { ...(await issueIdentity(issuer, subject, clock)), clientCa: ownCa };
	const log = createLog({ service, level: 'error', format: 'text' });
	const connections = newConnections();
	const grpc = createGrpcServer(services, connections, log);
	const host = '127.0.0.1';
	const onHandshake = handshakeRecorder(recorder);
	const listener = await listen(
		{ service, address: host, port: 0, tls, clientCertificate: 'optional', grpc, log, onHandshake },
		connections,
	);
	return {
		route: { host, port: listener.port },
		documentsGiven: () => documentsGiven,
		async close() {
			stopping.abort();
			await listener.close(0);
		},
	};
}

/** Reads all bootstrap tokens of the cluster with an admin certificate of the stolen CA. */
async function tokensByAdmin({ target, clusterCa }: AttackRequest, issuer: Issuer, clock: Clock) {
	const admin = await issueIdentity(issuer, { subject: superAdmin, purpose: 'client auth', hosts: [] }, clock);
	return async () => {
		const { items } = await withApi(openApi(target, clusterCa, admin), (api) =>
			api.secrets.list({ namespace: wellKnown.kubeSystem }),
		);
		return tokensIn(items);
	};
}

/** @param serials  serial number of each issued certificate by `CN=NAME` */
const captureRecorder =
	(recorder: Recorder, serials: ReadonlyMap<string, string>, say: StartOptions['say']) =>
	(node: string): void => {
		const serial = serials.get(`CN=${wellKnown.nodeUserPrefix}${node}`);
		// A node without a certificate of this attacker was not captured.
		if (serial === undefined) return;
		recorder.change(({ captured }) => ({
			captured: [...captured.filter((one) => one.node !== node), { node, serial }],
		}));
		say(capturedText(node, serial));
	};

const requestRecorder =
	(recorder: Recorder, known: readonly PresentedToken[], { say, clock }: StartOptions) =>
	(call: Call, message: object): void => {
		const authorization = call.metadata('authorization');
		const { tokenBytes, tokenIds } = overhear(authorization, withoutEventName(call.method, message), known);
		recorder.change(({ requestCount, requests, tokenBytes: earlierBytes, tokensSeen }) => ({
			requestCount: requestCount + 1,
			requests: requests.length < MAX_REQUESTS ? [...requests, { method: call.method, atMs: clock() }] : requests,
			tokenBytes: earlierBytes + tokenBytes,
			tokensSeen: including(tokensSeen, ...tokenIds),
		}));
		say(heardText(call.method, credentialText(call, authorization), tokenBytes));
	};

const handshakeRecorder =
	(recorder: Recorder) =>
	(peer: Peer): void => {
		const shown = shownCertificate(peer);
		recorder.change(({ tlsHandshakes, clientCertificates }) => ({
			tlsHandshakes: tlsHandshakes + 1,
			clientCertificates: shown === undefined ? clientCertificates : including(clientCertificates, shown),
		}));
	};

const apiServer = { organizations: [], commonName: 'kube-apiserver' };

const ownAddresses = (): string[] =>
	Object.values(networkInterfaces()).flatMap((list) => (list ?? []).map(({ address }) => address));

function shownCertificate({ certificate }: Peer): string | undefined {
	if (certificate.state === 'none') return undefined;
	return certificate.state === 'verified' ? certificate.commonName : `not verified: ${certificate.problem}`;
}

function credentialText({ peer }: Call, authorization: string | undefined): string {
	if (peer.certificate.state === 'verified') return `with the certificate of ${callerName(peer)}`;
	if (peer.certificate.state === 'unverified') return 'with a certificate of another CA';
	return authorization === undefined ? 'without a credential' : `with ${authorization}`;
}
