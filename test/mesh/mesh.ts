/** A mesh for one test file: real processes, real TLS and gRPC, with its own ports and directory. */
import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { rfc3339 } from '../../lib/clock.ts';
import { type ErrorCode, hasCode } from '../../lib/errors.ts';
import { type ApiClient, apiClient } from '../../lib/kube/client.ts';
import { parseCertificates } from '../../lib/pki/certificate.ts';
import { spkiPin } from '../../lib/pki/pin.ts';
import {
	type Child,
	type ChildEvents,
	type ChildPlan,
	type ProgramResult,
	runProgram,
} from '../../lib/process-supervisor.ts';
import { type Channel, openChannel, type VerifiedTls } from '../../lib/rpc/channel.ts';
import { type LocalMesh, startLocalMesh } from '../../scripts/mesh/local-mesh.ts';
import { type MeshOptions, nodePlan, type ObserverOptions } from '../../scripts/mesh/services.ts';
import { claimPorts, type PortBlock } from '../ports.ts';

export interface TestMeshOptions extends Partial<Omit<MeshOptions, 'observer'>> {
	/** Its page has a port of the mesh: `TestMesh.page`. */
	readonly observer?: Omit<ObserverOptions, 'pagePort'>;
}

export interface TestMesh extends LocalMesh {
	readonly options: MeshOptions;
	readonly state: string;
	readonly port: number;
	readonly pagePort: number;
	/** `http://127.0.0.1:PORT` */
	readonly page: string;
	/** A client with the admin's credentials. */
	readonly api: ApiClient;
	/** The cluster CA in PEM, and its pin. */
	readonly ca: string;
	readonly pin: string;
	/** Reads a file in the PKI directory. */
	readonly pki: (path: string) => string;
	/** All output of the programs. */
	readonly lines: readonly { readonly name: string; readonly line: string }[];
	/** A client of the API server with these credentials. It closes with the mesh. */
	readonly client: (tls: VerifiedTls) => ApiClient;
	/** A channel that closes with the mesh. */
	readonly channel: (target: string, tls: VerifiedTls) => Channel<'verified'>;
	/** @returns `id.secret` */
	readonly createToken: (options?: TokenOptions) => Promise<string>;
	/** Runs kubelet-sim, which must exit by itself, with a short time limit for discovery. */
	readonly joinAndFail: (options: JoinOptions) => Promise<ProgramResult>;
	/** Writes a JoinConfiguration. @returns its path */
	readonly joinConfig: (options: JoinOptions) => string;
	readonly stopAndRemove: () => Promise<void>;
}
export interface TokenOptions {
	readonly expiresInMs?: number;
	readonly usages?: readonly string[];
}
export interface JoinOptions {
	readonly token: string;
	readonly pins?: readonly string[];
	readonly endpoint?: string;
	readonly nodeName?: string;
	readonly discovery?: string;
}

/** From the port of the API server. No other program of the mesh uses it. */
const PAGE_OFFSET = 4;
/** Longer than every time limit of a failing join. */
const MUST_END_MS = 120_000;

/**
 * The ports are free ones unless `options` has the port of an earlier mesh.
 *
 * @param onLine  called with every line of output, in addition to `lines`
 */
export async function startTestMesh(
	{ observer, ...options }: TestMeshOptions = {},
	onLine: (name: string, line: string) => void = () => undefined,
): Promise<TestMesh> {
	const state = options.state ?? mkdtempSync(join(tmpdir(), 'kubejoin-'));
	const lines: { name: string; line: string }[] = [];
	const keepLine = (name: string, line: string): void => {
		lines.push({ name, line });
		onLine(name, line);
	};
	const events = { onLine: keepLine, onCrash: () => undefined, onGiveUp: () => undefined };
	const block = options.port === undefined ? await claimPorts() : { port: options.port, release: () => undefined };
	const { port } = block;
	const page = observer === undefined ? {} : { observer: { ...observer, pagePort: port + PAGE_OFFSET } };
	const all: MeshOptions = { store: 'lmdb', ...options, ...page, state, port };
	try {
		return testMesh(await startLocalMesh(all, events), all, lines, block);
	} catch (error) {
		block.release();
		throw error;
	}
}

function testMesh(mesh: LocalMesh, options: MeshOptions, lines: TestMesh['lines'], block: PortBlock): TestMesh {
	const { state, port } = options;
	const pagePort = port + PAGE_OFFSET;
	const channels: Channel[] = [];
	const pki = (path: string) => readFileSync(join(state, 'pki', path), 'utf8');
	const ca = pki('admin/ca.crt');
	const pin = spkiPin(parseCertificates(ca)[0]);
	const channel = (target: string, tls: VerifiedTls) => {
		const opened = openChannel(target, tls);
		channels.push(opened);
		return opened;
	};
	const client = (tls: VerifiedTls) => apiClient(channel(mesh.endpoint, tls));
	const api = client({ ca, ...credentialsOf(pki('admin/admin.conf')) });
	let files = 0;
	const joinConfig = ({ token, pins = [pin], endpoint = mesh.endpoint, discovery = '1s' }: JoinOptions) => {
		const path = join(state, `join-${files++}.json`);
		const bootstrapToken = { apiServerEndpoint: endpoint, token, caCertHashes: pins };
		const timeouts = { discovery, tlsBootstrap: '20s' };
		writeFileSync(
			path,
			JSON.stringify({
				apiVersion: 'kubeadm.k8s.io/v1beta4',
				kind: 'JoinConfiguration',
				discovery: { bootstrapToken },
				timeouts,
			}),
			{
				mode: 0o600,
			},
		);
		return path;
	};
	return {
		...mesh,
		options,
		state,
		port,
		pagePort,
		page: `http://127.0.0.1:${pagePort}`,
		api,
		ca,
		pin,
		pki,
		lines,
		client,
		channel,
		joinConfig,
		async createToken({ expiresInMs = 3_600_000, usages = ['authentication', 'signing'] } = {}) {
			const id = randomText(6);
			const secret = randomText(16);
			const data = {
				'token-id': id,
				'token-secret': secret,
				expiration: rfc3339(Date.now() + expiresInMs),
				'auth-extra-groups': 'system:bootstrappers:kubeadm:default-node-token',
				...Object.fromEntries(usages.map((usage) => [`usage-bootstrap-${usage}`, 'true'])),
			};
			const inBase64 = Object.fromEntries(
				Object.entries(data).map(([key, value]) => [key, Buffer.from(value).toString('base64')]),
			);
			await api.secrets.create({
				metadata: { name: `bootstrap-token-${id}`, namespace: 'kube-system' },
				...{ type: 'bootstrap.kubernetes.io/token', data: inBase64 },
			});
			return `${id}.${secret}`;
		},
		joinAndFail(joinOptions) {
			return runToEnd(nodePlan(joinOptions.nodeName ?? 'refused', 'none', joinConfig(joinOptions), options));
		},
		async stopAndRemove() {
			for (const opened of channels) opened.close();
			await mesh.stop();
			block.release();
			rmSync(state, { recursive: true, force: true });
		},
	};
}

const alphabet = 'abcdefghijklmnopqrstuvwxyz0123456789';
const randomText = (length: number): string =>
	Array.from({ length }, () => alphabet[randomInt(alphabet.length)]).join('');

/** The certificate and key in a kubeconfig. */
export function credentialsOf(kubeconfig: string): { cert: string; key: string } {
	const data = (field: string) =>
		Buffer.from(new RegExp(`${field}: (\\S+)`).exec(kubeconfig)?.[1] ?? '', 'base64').toString();
	return { cert: data('client-certificate-data'), key: data('client-key-data') };
}

/** Runs a program that must exit by itself. After the time limit, for example of a node that joined, it is killed and
 * the test fails. */
export async function runToEnd(plan: ChildPlan): Promise<ProgramResult> {
	try {
		return await runProgram(plan, AbortSignal.timeout(MUST_END_MS));
	} catch (error) {
		if (!(error instanceof Error) || error.name !== 'TimeoutError') throw error;
		throw new Error(`${plan.name} still ran after ${MUST_END_MS / 1_000} s; it was to be refused`);
	}
}

/** Asserts that the call fails with this code. */
export async function refusedWith(code: ErrorCode, call: Promise<unknown>): Promise<void> {
	await assert.rejects(call, (error: unknown) => {
		assert.ok(
			hasCode(error, code),
			`refused with ${error instanceof Error ? `${error.name}: ${error.message}` : String(error)} and not ${code}`,
		);
		return true;
	});
}

/** For programs of a test that must not crash. */
export const collectLines = (lines: string[] = []): ChildEvents => ({
	onLine: (_name, line) => void lines.push(line),
	onCrash: () => undefined,
	onGiveUp: () => undefined,
});

/** A busy machine needs many times the usual duration, and no test asserts by a duration. */
const MIN_WAIT_SECONDS = 100;

/** Texts with the form of a token; the name of an event, `node-caught.18a2b3c4d5e6f708`, has it after a hyphen. */
export const tokensIn = (text: string): readonly string[] =>
	text.match(/(?<![a-z0-9]-)\b[a-z0-9]{6}\.[a-z0-9]{16}\b/g) ?? [];

/**
 * Retries until the function does not throw. Give an `assert.ok` in it a message: to generate one, Node parses the
 * source file, which takes seconds.
 */
export async function eventually<T>(seconds: number, ask: () => Promise<T> | T): Promise<T> {
	const waitMs = Math.max(seconds, MIN_WAIT_SECONDS) * 1_000;
	for (const end = performance.now() + waitMs; ; await new Promise((resolve) => setTimeout(resolve, 25))) {
		try {
			return await ask();
		} catch (error) {
			if (performance.now() > end) throw error;
		}
	}
}

/** Kills the process with SIGKILL and waits until its successor is ready. */
export async function crash(child: Child): Promise<void> {
	const before = child.pid();
	child.kill('SIGKILL');
	await eventually(10, () => assert.notEqual(child.pid(), before));
	await child.started();
}
