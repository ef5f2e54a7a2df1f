/**
 * The attack matrix: the gains of an attacker by its credentials and its document, against a node with a pin and one
 * without. Each cell runs a real attacker and a real node. The attacker counts the bytes that it receives. A cell with
 * another result than the expected one is a finding.
 */
import { randomInt } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { asKubejoinError, KubejoinError } from '../../../lib/errors.ts';
import { readText } from '../../../lib/files.ts';
import { apiClient } from '../../../lib/kube/client.ts';
import { wellKnown } from '../../../lib/kube/types.ts';
import { poll } from '../../../lib/poll.ts';
import { openChannel } from '../../../lib/rpc/channel.ts';
import type { Running } from './start-program.ts';
import { joinTokenFirst } from './token-first-client.ts';

/** A running mesh, and functions to start programs for it. */
export interface MatrixTools {
	/** HOST:PORT of the API server. */
	readonly endpoint: string;
	/** Path of the certificate of the cluster's CA. */
	readonly clusterCa: string;
	/** Path of its key, which an attacker of power P3 has stolen. */
	readonly caKey: string;
	/** `sha256:…` of the cluster's CA. */
	readonly pin: string;
	/** @returns `id.secret`, good for several nodes */
	readonly createToken: () => Promise<string>;
	/** As `startProgram`. */
	readonly start: (program: string, args: readonly string[]) => Promise<Running>;
	/** Take a node that has joined the genuine cluster out of it again. */
	readonly deleteNode: (name: string) => Promise<void>;
	/** For the files of attackers and nodes; default: the temporary directory of this machine. */
	readonly directory?: string;
	readonly say?: (line: string) => void;
}

export interface Expectation {
	/** An error code, `JOINED` (the genuine cluster), `CAPTURED`, or `BELIEVED` (by the insecure client). */
	readonly code: string;
	readonly isTokenSent: boolean;
	/** A part of kubeadm's error text. */
	readonly text?: string;
}

export interface Row {
	readonly power: 'P0' | 'P1' | 'P3';
	/** The cluster-info document that the attacker serves. */
	readonly document: string;
	readonly isPinned: boolean;
	readonly code: string;
	/** The error of the node, without the prefixes of kubeadm. */
	readonly said: string;
	/** Bytes of the token's secret that reached the attacker. */
	readonly tokenBytes: number;
	readonly isCaptured: boolean;
	/** Violated: the token was sent to the attacker, or the node takes it for its cluster. */
	readonly verdict: 'held' | 'violated';
	readonly expected: Expectation;
	readonly isAsExpected: boolean;
}

interface Plan {
	readonly power: Row['power'];
	readonly document: string;
	readonly mode: string;
	readonly client: 'node' | 'token-first';
	readonly pinned: Expectation;
	/** Absent: another cell shows the same. */
	readonly unpinned?: Expectation;
}

const refused = (code: string, text: string): Expectation => ({ code, text, isTokenSent: false });
const captured: Expectation = { code: 'CAPTURED', isTokenSent: true };
const notPinned = refused(
	'CA_HASH_MISMATCH',
	'cluster CA found in cluster-info ConfigMap is invalid: none of the public keys "sha256:',
);
const unsigned = refused(
	'CLUSTER_INFO_UNSIGNED',
	'could not find a JWS signature in the cluster-info ConfigMap for token ID "',
);
const badlySigned = refused(
	'CLUSTER_INFO_SIGNATURE_INVALID',
	"failed to verify JWS signature of received cluster info object, can't trust this API Server",
);

const plans: readonly Plan[] = [
	{
		power: 'P0',
		document: 'own CA, no JWS',
		mode: 'forge-unsigned',
		client: 'node',
		pinned: unsigned,
		unpinned: unsigned,
	},
	{
		power: 'P0',
		document: 'own CA, invented JWS',
		mode: 'forge-invented-jws',
		client: 'node',
		pinned: badlySigned,
		unpinned: badlySigned,
	},
	{
		power: 'P0',
		document: 'genuine, replayed',
		mode: 'replay',
		client: 'node',
		pinned: refused('CLUSTER_INFO_UNREACHABLE', 'x509: certificate signed by unknown authority'),
		// The genuine document names the genuine server, and the CA to verify it with: the node continues there.
		unpinned: { code: 'JOINED', isTokenSent: false },
	},
	{
		power: 'P1',
		document: 'own CA, valid JWS',
		mode: 'forge-signed',
		client: 'node',
		pinned: notPinned,
		unpinned: captured,
	},
	{
		power: 'P1',
		document: 'altered, then genuine',
		mode: 'alter-second',
		client: 'node',
		pinned: refused(
			'CLUSTER_INFO_CHANGED',
			'the second kubeconfig from the cluster-info ConfigMap (using validated TLS) was different from the first',
		),
	},
	{
		power: 'P1',
		document: 'genuine CA + own',
		mode: 'append-ca',
		client: 'node',
		pinned: notPinned,
		unpinned: captured,
	},
	{
		// P0 is enough: this client sends the token that an attacker of power P1 has to steal.
		power: 'P0',
		document: 'any; token first',
		mode: 'forge-unsigned',
		client: 'token-first',
		pinned: { ...notPinned, isTokenSent: true },
		unpinned: { code: 'BELIEVED', isTokenSent: true },
	},
	{
		power: 'P3',
		document: 'as the genuine',
		mode: 'impersonate',
		client: 'node',
		pinned: captured,
		unpinned: captured,
	},
];

/** The expected result of every cell, in the order of the run. */
export const expectedCells = plans.flatMap(({ power, document, pinned, unpinned }) => [
	{ power, document, isPinned: true, expected: pinned },
	...(unpinned === undefined ? [] : [{ power, document, isPinned: false, expected: unpinned }]),
]);

const SIGNED_MS = 120_000;
/** Timeout of the nodes; a node of a failing cell takes this long. */
const DISCOVERY = '5s';

/**
 * Run every cell, one after the other.
 *
 * @throws ATTACK_NOT_ALLOWED, SERVICE_FAILED  an attacker cannot start
 */
export async function runMatrix(tools: MatrixTools): Promise<Row[]> {
	const directory = await mkdtemp(join(tools.directory ?? tmpdir(), 'kubejoin-matrix-'));
	try {
		const token = await tools.createToken();
		await waitUntilSigned(tools, token);
		const tokenFile = join(directory, 'token');
		await writeFile(tokenFile, `${token}\n`, { mode: 0o600 });
		const rows: Row[] = [];
		for (const plan of plans) {
			for (const isPinned of [true, false]) {
				const expected = isPinned ? plan.pinned : plan.unpinned;
				if (expected === undefined) continue;
				tools.say?.(`${plan.power} ${plan.document}, ${isPinned ? 'with a pin' : 'without a pin'}`);
				const cell = new Cell(tools, plan, {
					directory,
					token,
					tokenFile,
					isPinned,
					name: `matrix-${rows.length + 1}`,
				});
				rows.push(judge(plan, isPinned, expected, await cell.run()));
			}
		}
		return rows;
	} finally {
		await rm(directory, { recursive: true, force: true });
	}
}

export interface Observed {
	readonly code: string;
	readonly said: string;
	readonly tokenBytes: number;
	readonly isCaptured: boolean;
}

/** Code, text, bytes of the token and capture must all match. */
export const isAsWritten = (expected: Expectation, { code, said, tokenBytes, isCaptured }: Observed): boolean =>
	code === expected.code &&
	tokenBytes > 0 === expected.isTokenSent &&
	isCaptured === (expected.code === 'CAPTURED') &&
	said.includes(expected.text ?? '');

function judge({ power, document }: Plan, isPinned: boolean, expected: Expectation, observed: Observed): Row {
	const { tokenBytes, isCaptured } = observed;
	return {
		power,
		document,
		isPinned,
		...observed,
		verdict: tokenBytes > 0 || isCaptured ? 'violated' : 'held',
		expected,
		isAsExpected: isAsWritten(expected, observed),
	};
}

interface CellOptions {
	readonly directory: string;
	readonly token: string;
	readonly tokenFile: string;
	readonly isPinned: boolean;
	readonly name: string;
}

interface AttackReport {
	readonly listening: string;
	readonly tokenBytes: number;
	readonly captured: readonly { readonly node: string }[];
}

/** One attacker and one client. Their output is read after their end. */
class Cell {
	readonly #tools: MatrixTools;
	readonly #plan: Plan;
	readonly #options: CellOptions;
	readonly #reportFile: string;

	constructor(tools: MatrixTools, plan: Plan, options: CellOptions) {
		this.#tools = tools;
		this.#plan = plan;
		this.#options = options;
		this.#reportFile = join(options.directory, `${options.name}.json`);
	}

	async run(): Promise<Observed> {
		const attacker = await this.#startAttacker();
		let met: { readonly code: string; readonly said: string };
		try {
			const { listening } = await this.#readReport();
			met = this.#plan.client === 'node' ? await this.#meetNode(listening) : await this.#meetTokenFirst(listening);
		} finally {
			await attacker.stop();
		}
		const { tokenBytes, captured: nodes } = await this.#readReport();
		const isCaptured = nodes.some(({ node }) => node === this.#options.name);
		if (met.code === 'JOINED' && isCaptured)
			return { code: 'CAPTURED', said: 'joined, and takes the attacker for its cluster', tokenBytes, isCaptured };
		if (met.code === 'JOINED') await this.#tools.deleteNode(this.#options.name);
		return { ...met, tokenBytes, isCaptured };
	}

	async #startAttacker(): Promise<Running> {
		const { endpoint, clusterCa, caKey } = this.#tools;
		const { power, mode } = this.#plan;
		const stolen = { P0: [], P1: ['--token-file', this.#options.tokenFile], P3: ['--ca-key-file', caKey] }[power];
		const where = ['--address', '127.0.0.1', '--port', '0', '--target', endpoint, '--cluster-ca', clusterCa];
		const attacker = await this.#tools.start('services/attacker-sim/main.js', [
			'listen',
			...where,
			'--mode',
			mode,
			'--report',
			this.#reportFile,
			...stolen,
		]);
		if (attacker.hasEnded)
			throw new KubejoinError('SERVICE_FAILED', {
				service: 'attacker-sim',
				problem: `ended at once: ${attacker.output().trim()}`,
			});
		return attacker;
	}

	readonly #readReport = async (): Promise<AttackReport> => JSON.parse(readText(this.#reportFile)) as AttackReport;

	async #meetNode(endpoint: string): Promise<{ readonly code: string; readonly said: string }> {
		const { directory, name, token, isPinned } = this.#options;
		const trust = isPinned ? { caCertHashes: [this.#tools.pin] } : { unsafeSkipCAVerification: true };
		const config = join(directory, `${name}-join.json`);
		const document = {
			apiVersion: 'kubeadm.k8s.io/v1beta4',
			kind: 'JoinConfiguration',
			discovery: { bootstrapToken: { apiServerEndpoint: endpoint, token, ...trust } },
			timeouts: { discovery: DISCOVERY, tlsBootstrap: '20s' },
		};
		await writeFile(config, JSON.stringify(document), { mode: 0o600 });
		const root = join(directory, name);
		const healthzPort = String(await findFreePort());
		const args = ['join', '--config', config, '--node-name', name, '--root', root, '--healthz-port', healthzPort];
		const node = await this.#tools.start('services/kubelet-sim/main.js', args);
		await node.stop();
		return node.hasEnded ? whatWasSaid(node.output()) : { code: 'JOINED', said: 'joined the genuine cluster' };
	}

	async #meetTokenFirst(endpoint: string): Promise<{ readonly code: string; readonly said: string }> {
		try {
			await joinTokenFirst(endpoint, this.#options.token, this.#options.isPinned ? this.#tools.pin : undefined);
			return { code: 'BELIEVED', said: 'believed, and shown the token' };
		} catch (error) {
			const { code, message } = asKubejoinError(error);
			return { code, said: message };
		}
	}
}

/** Parses the error code and message in the output of a node that ended. */
export function whatWasSaid(output: string): { readonly code: string; readonly said: string } {
	const code = /^ +code: +([A-Z_]+)/m.exec(output)?.[1] ?? 'NO_CODE';
	const sentence =
		/^(?:error: )?error execution phase [^\n]*(?:\n(?! +code:)[^\n]*)*/m.exec(output)?.[0] ??
		output.trim().split('\n').at(-1) ??
		'';
	const said = sentence
		.replace(/^(?:error: )?error execution phase \S+: /, '')
		.replace(/^couldn't validate the identity of the API Server: /, '');
	return { code, said };
}

/** Otherwise a node would wait for the controllers, and the matrix would measure their speed. */
async function waitUntilSigned({ endpoint, clusterCa }: MatrixTools, token: string): Promise<void> {
	const channel = openChannel(endpoint, { ca: readText(clusterCa) });
	const tokenId = token.slice(0, token.indexOf('.'));
	try {
		await poll(
			async () => {
				const { data = {} } = await apiClient(channel).configMaps.get(wellKnown.clusterInfo, wellKnown.kubePublic);
				if (!data[`jws-kubeconfig-${tokenId}`])
					throw new KubejoinError('CLUSTER_INFO_UNSIGNED', { tokenId, waitedSeconds: SIGNED_MS / 1000 });
			},
			{ retryMs: 100, timeoutMs: SIGNED_MS, say: () => undefined },
		);
	} finally {
		channel.close();
	}
}

/** Below the ports that Linux uses for outgoing connections. */
async function findFreePort(): Promise<number> {
	for (;;) {
		const port = 20_000 + randomInt(10_000);
		const server = createServer();
		const isFree = await new Promise<boolean>((resolve) => {
			server.once('error', () => resolve(false));
			server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
		});
		if (isFree) return port;
	}
}

/** Lines of 76 characters, with shortened hashes. */
const wrapped = (text: string): string[] =>
	text
		.replace(/\s+/g, ' ')
		.replace(/sha256:([0-9a-f]{8})[0-9a-f]{56}/g, 'sha256:$1…')
		.match(/\S.{0,74}\S(?=\s|$)|\S{1,76}/g) ?? [];

/** For a terminal of 80 columns: a line for each cell, the error of its node, and a summary. */
export function matrixText(rows: readonly Row[]): string {
	const line = (...[mark, power, document, pin, code, bytes, verdict]: readonly string[]): string =>
		[mark, power?.padEnd(2), document?.padEnd(21), pin?.padEnd(3), code?.padEnd(30), bytes?.padStart(5), verdict]
			.join(' ')
			.trimEnd();
	const cells = rows.flatMap((row) => {
		const { power, document, isPinned, code, said, tokenBytes, verdict, expected, isAsExpected } = row;
		const wanted = isAsExpected
			? []
			: [`    expected: ${expected.code}, ${expected.isTokenSent ? 'the token sent' : 'no byte of the token sent'}`];
		return [
			line(isAsExpected ? '✔' : '✘', power, document, isPinned ? 'yes' : 'no', code, String(tokenBytes), verdict),
			...wrapped(said).map((part) => `    ${part}`),
			...wanted,
		];
	});
	const wrong = rows.filter(({ isAsExpected }) => !isAsExpected).length;
	const sum =
		wrong === 0 ? `All ${rows.length} cells are as expected.` : `${wrong} of ${rows.length} cells are not as expected.`;
	return [line(' ', '', 'attacker serves', 'pin', 'the node said', 'token', 'security'), ...cells, '', sum, ''].join(
		'\n',
	);
}
