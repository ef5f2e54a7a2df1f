/** The kinds of files in a state directory: how to check one, and the meaning and remedy of damage. */
import { createPublicKey, X509Certificate } from 'node:crypto';
import { readlinkSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { newClusterRemedy, rejoinRemedy } from '../../lib/causes.ts';
import { causeText } from '../../lib/errors.ts';
import { isTornObject, linesOf } from '../../lib/files.ts';
import { parseKubeconfig } from '../../lib/kube/kubeconfig.ts';
import { currentCluster, currentUser } from '../../lib/kube/kubeconfig-access.ts';
import { limits } from '../../lib/limits.ts';
import { parseCertificates } from '../../lib/pki/certificate.ts';
import { readPrivateKey, spkiOf } from '../../lib/pki/keys.ts';
import { lmdbProblem } from '../../lib/store/lmdb-check.ts';
import { printable, shellWord } from '../../lib/text.ts';
import { readYamlFile } from '../../lib/yaml.ts';

export interface Kind {
	/** Matches paths below the state directory. */
	readonly path: RegExp;
	/** The damage, or undefined. May throw the error of a parser. */
	readonly problem: (file: StateFile) => string | undefined;
	readonly meaning: string;
	readonly remedy: (path: string) => string;
}
export interface StateFile {
	readonly path: string;
	readonly read: () => string;
	/** A file of the same name with another extension. */
	readonly readSibling: (extension: string) => string | undefined;
	/** A running mesh may be writing to it. */
	readonly isInUse: boolean;
}

const madeAgain = (path: string) => `Remove it, and npm start creates it again: rm ${shellWord(path)}`;
const setAside = (path: string) =>
	`Restore it from a backup, or start without it: mv ${shellWord(path)} ${shellWord(`${path}.damaged`)}`;

/** Files that the mesh does not need. */
const unchecked: Pick<Kind, 'problem' | 'meaning' | 'remedy'> = {
	problem: () => undefined,
	meaning: 'It cannot be read',
	remedy: madeAgain,
};

export const kinds: readonly Kind[] = [
	{ ...unchecked, path: /^logs\/|\.mdb-lock$|^lock|\.damaged$/ },
	{
		path: /\.mdb$/,
		problem: storeProblem,
		meaning: 'Its service does not start, or has lost objects',
		remedy: setAside,
	},
	{
		path: /ledger\.jsonl$/,
		problem: ledgerProblem,
		meaning: 'ca-service does not start, because it could sign a request twice',
		remedy: setAside,
	},
	{
		path: /^pki\/(ca-service\/ca|mesh-ca\/mesh-ca)\.(crt|key)$/,
		problem: (file) => (file.path.endsWith('.key') ? keyProblem(file) : caProblem(file)),
		meaning: 'No certificate can be issued, and npm start does not start',
		remedy: newClusterRemedy,
	},
	{
		path: /^nodes\/[^/]+\/.*(kubelet\.conf|\.pem|\.crt)$/,
		problem: (file) => (file.path.endsWith('.conf') ? kubeconfigProblem(file) : certificateProblem(file)),
		meaning: 'The node cannot use its identity',
		remedy: (path) => rejoinRemedy(`rm -r ${shellWord(path.replace(/(\/nodes\/[^/]+)\/.*$/, '$1'))}`, path),
	},
	{ path: /\.crt$/, problem: certificateProblem, meaning: 'Its service does not start', remedy: madeAgain },
	{ path: /\.key(\.tmp)?$/, problem: keyProblem, meaning: 'Its owner does not start', remedy: madeAgain },
	{ path: /\.conf$/, problem: kubeconfigProblem, meaning: 'Its user cannot reach the API server', remedy: madeAgain },
	{
		path: /^join\.yaml$/,
		problem: joinConfigProblem,
		meaning: 'No node can join with it',
		remedy: madeAgain,
	},
];

function storeProblem({ path, isInUse }: StateFile): string | undefined {
	const own = basename(path, '.mdb');
	let [unreadable, keyspace] = [0, own];
	const check = () =>
		lmdbProblem(path, (bytes) => {
			try {
				// Each other value is an object or a number.
				const value: unknown = JSON.parse(bytes.toString());
				if (typeof value === 'string') keyspace = printable(value);
			} catch {
				unreadable++;
			}
		});
	// A transaction that commits during the check can reuse the pages that the check reads.
	const attempts = isInUse ? 5 : 1;
	let problem: string | undefined;
	for (let attempt = 0; attempt < attempts; attempt++) {
		[unreadable, keyspace] = [0, own];
		problem = statSync(path).size === 0 ? 'it is empty' : check();
		if (problem === undefined && unreadable === 0 && keyspace === own) return undefined;
	}
	return (
		problem ?? (keyspace === own ? `${unreadable} of its values cannot be read` : `it is the store of ${keyspace}`)
	);
}

/** An incomplete last line is valid: its request was not answered, and ca-service removes it when it starts. */
function ledgerProblem({ path }: StateFile): string | undefined {
	let [count, broken] = [0, 0];
	const lines = linesOf(path, limits.ledgerLineBytes.value);
	let next = lines.next();
	for (; next.done !== true; next = lines.next()) {
		count++;
		if (broken === 0 && !isLedgerEntry(next.value)) broken = count;
	}
	if (broken === 0 && !isTornObject(next.value)) broken = ++count;
	return broken === 0 ? undefined : `line ${broken} of ${count} is not an entry of a ledger`;
}

function isLedgerEntry(line: string): boolean {
	try {
		const { requestId, certificate } = JSON.parse(line) as Partial<Record<string, unknown>>;
		return (
			typeof requestId === 'string' && typeof certificate === 'string' && new X509Certificate(certificate) !== undefined
		);
	} catch {
		return false;
	}
}

/** An older certificate of a node, which stays on the disk: `kubelet-client-current.pem` names another file. */
function isReplaced(path: string): boolean {
	const [, prefix] = /^(kubelet-(?:client|server))-[\d-]+\.pem$/.exec(basename(path)) ?? [];
	if (prefix === undefined) return false;
	try {
		const current = join(dirname(path), `${prefix}-current.pem`);
		return basename(readlinkSync(current)) !== basename(path) && statSync(current).isFile();
	} catch {
		return false;
	}
}

function certificateProblem({ path, read, readSibling }: StateFile): string | undefined {
	if (isReplaced(path)) return undefined;
	const pem = read();
	const [certificate] = parseCertificates(
		pem.replace(/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?-----END [A-Z ]*PRIVATE KEY-----/g, ''),
	);
	const key = path.endsWith('.pem') ? pem.slice(pem.indexOf('-----BEGIN EC')) : readSibling('.key');
	// An unreadable key file is a separate finding.
	if (key === undefined || (!path.endsWith('.pem') && !isPrivateKey(key))) return undefined;
	const pair = createPublicKey(readPrivateKey(key));
	return spkiOf(certificate.publicKey).equals(spkiOf(pair))
		? undefined
		: 'its private key belongs to another certificate';
}

const caProblem = (file: StateFile): string | undefined =>
	file.readSibling('.key') === undefined ? 'its private key is missing' : certificateProblem(file);

function isPrivateKey(pem: string): boolean {
	try {
		return readPrivateKey(pem) !== undefined;
	} catch {
		return false;
	}
}

function keyProblem({ read }: StateFile): undefined {
	readPrivateKey(read());
}

function kubeconfigProblem({ path, read }: StateFile): undefined {
	const config = parseKubeconfig(read(), path);
	currentCluster(config, path);
	currentUser(config, path);
}

/** As far as it is looked at. */
interface JoinDocument {
	readonly discovery: {
		readonly bootstrapToken: { apiServerEndpoint?: unknown; token?: unknown; caCertHashes?: readonly unknown[] };
	};
}

function joinConfigProblem({ path, read }: StateFile): string | undefined {
	try {
		const { apiServerEndpoint, token, caCertHashes } = (readYamlFile(path, read()) as JoinDocument).discovery
			.bootstrapToken;
		const isWhole = [apiServerEndpoint, token, caCertHashes?.[0]].every((value) => typeof value === 'string');
		return isWhole ? undefined : 'it names no API server, token or pin';
	} catch {
		// The parser's message would repeat the token in the text.
		return 'it is not a JoinConfiguration';
	}
}

/** The damage of a file, or undefined. */
export function problemOf(kind: Kind, file: StateFile): string | undefined {
	try {
		return kind.problem(file);
	} catch (error) {
		return causeText(error);
	}
}
