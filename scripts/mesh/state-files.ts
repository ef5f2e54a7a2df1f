/** Which files of a state directory kubejoin writes: a reset deletes no others, and a start adds no cluster to them. */
import { lstatSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { filesOfPlan, planPki } from '../../infra/pki/plan.ts';
import { KubejoinError } from '../../lib/errors.ts';
import { nodeFiles } from '../../lib/node-paths.ts';
import { serviceNames } from './services.ts';

const services = [...new Set([...serviceNames, 'observer'])].join('|');
const pki = anyOf(filesOfPlan(planPki([])));
const node = anyOf(nodeFiles()).replaceAll('-current', '-(current|[\\d-]{19,22})');
const labRecords = anyOf([
	...['control', 'started-at', 'expectations', 'attempts', 'skew-results', 'half-joined'],
	...['flushed', 'known-tokens', 'replaced-node'],
]);
/** The files by their path in the state directory. A repair can leave `.damaged`, and a crash `.tmp`. */
const ownFiles: readonly RegExp[] = [
	/^lock(\.\d+)?$/,
	/^(join\.yaml|observer\.json)$/,
	new RegExp(`^logs/(${services}|pki|nodes|node-\\d+)\\.log$`),
	new RegExp(`^pki/${pki}$`),
	/^(apiserver-sim\/registry|token-store\/tokens)\.mdb(-lock)?$/,
	/^ca-service\/ledger\.jsonl$/,
	/^observer\/([0-9a-f]{32}\.json(\.gz)?|experiments\.json)$/,
	new RegExp(`^nodes/[^/]+/(join\\.yaml|traces-key|${node})$`),
	new RegExp(`^lab/${labRecords}\\.json$`),
	// One process of several nodes has a directory for each.
	new RegExp(`^lab/nodes/[^/]+(\\.json|\\.yaml|/([^/]+/)?${node})$`),
	/^lab\/(workers\/[^/]+\.log|tokens\/[^/]+\.yaml|attackers\/[^/]+\.(token|report\.json)|bindings\/[^/]+\.json)$/,
	/^lab\/home\/\.kube\/config$/,
	new RegExp(`^lab/kubejoin-matrix-\\w+/(token|matrix-\\d+(-join)?\\.json|matrix-\\d+/${node})$`),
	new RegExp(`^lab/other-cluster-[\\w-]+/${pki}$`),
	/^chaos\/canary\.txt$/,
	/^chaos\/\d{4}-\d{2}-\d{2}T[\d-]{8,32}\/([\w-]+\.json|events\.jsonl|report\.(html|md))$/,
];
/** A start that fails early leaves these without a cluster. */
const earlyFiles = /^(lock|logs\/|pki\/)/;
const ownDirectories: ReadonlySet<string> = new Set([
	...[...serviceNames, 'observer', 'pki', 'nodes', 'logs', 'lab', 'chaos'],
]);
/** Other programs have directories named `logs` or `nodes` too: a state directory has one of these. */
const markers: readonly string[] = [
	...['pki/ca-service', 'pki/observer', 'lab/control.json'],
	...['apiserver-sim/registry.mdb', 'token-store/tokens.mdb', 'ca-service/ledger.jsonl'],
];

export interface StateEntries {
	/** Files and symbolic links that kubejoin writes, by their path in the state directory. */
	readonly files: readonly string[];
	/** Directories that kubejoin makes. A directory is after those in it. */
	readonly directories: readonly string[];
	/** Files of other programs. An unknown directory is one entry. */
	readonly others: readonly string[];
}

/** A pattern of these paths. */
function anyOf(paths: readonly string[]): string {
	return `(${paths.map((path) => path.replaceAll('.', '\\.')).join('|')})`;
}

/** @throws Error  of Node */
export function stateEntries(state: string): StateEntries {
	const files: string[] = [];
	const directories: string[] = [];
	const others: string[] = [];
	const nodes = namesIn(join(state, 'nodes'));
	const walk = (parent: string): void => {
		for (const entry of readdirSync(join(state, parent), { withFileTypes: true })) {
			const path = join(parent, entry.name);
			const isDirectoryPath = parent === '' ? ownDirectories.has(path) : parent === 'nodes';
			if (entry.isDirectory() && (parent !== '' || isDirectoryPath)) {
				walk(path);
				directories.push(path);
			} else if (entry.isDirectory()) others.push(`${path}/`);
			else if (isOwnFile(path, nodes) || (entry.isSymbolicLink() && isDirectoryPath)) files.push(path);
			else others.push(path);
		}
	};
	walk('');
	return { files, directories, others };
}

function isOwnFile(path: string, nodes: readonly string[]): boolean {
	const written = path.replace(/\.(tmp|damaged)$/, '');
	if (ownFiles.some((pattern) => pattern.test(path) || pattern.test(written))) return true;
	return path.startsWith('logs/') && nodes.includes(basename(path, '.log'));
}

function isThere(path: string): boolean {
	try {
		return lstatSync(path) !== undefined;
	} catch {
		return false;
	}
}

/** Whether kubejoin created a cluster in this directory. */
export function hasCluster(state: string): boolean {
	const nodes = namesIn(join(state, 'nodes')).map((name) => join('nodes', name, 'etc', 'kubernetes'));
	return [...markers, ...nodes].some((mark) => isThere(join(state, mark)));
}

export function namesIn(directory: string): readonly string[] {
	try {
		return readdirSync(directory);
	} catch {
		return [];
	}
}

const SHOWN_FILES = 5;

/** The first of these names, and how many are left out. */
export const shortened = (names: readonly string[]): readonly [shown: readonly string[], more: number] => [
	names.slice(0, SHOWN_FILES),
	Math.max(0, names.length - SHOWN_FILES),
];

/**
 * Requires a directory for a cluster: without other files, or with a cluster. A path without a directory is one too.
 *
 * @throws STATE_NOT_EMPTY
 */
export function requireStateDirectory(state: string): void {
	if (namesIn(state).length === 0 || hasCluster(state)) return;
	const { files, others } = stateEntries(state);
	const found = [...others, ...files.filter((path) => !earlyFiles.test(path))];
	if (found.length === 0) return;
	const [names, more] = shortened(found);
	throw new KubejoinError('STATE_NOT_EMPTY', {
		directory: state,
		names: [...names, ...(more === 0 ? [] : ['...'])].join(', '),
	});
}
