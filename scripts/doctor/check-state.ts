/**
 * Finds damaged files in a state directory, also while the mesh runs. It only reads: the owner decides what to give up.
 */
import { accessSync, constants, lstatSync, readdirSync, realpathSync, type Stats, statSync } from 'node:fs';
import { basename, dirname, join, relative, sep } from 'node:path';
import { fileRemedy, newClusterRemedy } from '../../lib/causes.ts';
import { danglingLinkOf, danglingLinkText } from '../../lib/dangling-link.ts';
import { causeText } from '../../lib/errors.ts';
import { isDiskFull, readText } from '../../lib/files.ts';
import { parseKubeconfig } from '../../lib/kube/kubeconfig.ts';
import { currentCluster } from '../../lib/kube/kubeconfig-access.ts';
import { limits } from '../../lib/limits.ts';
import { parseCertificates } from '../../lib/pki/certificate.ts';
import { shellWord } from '../../lib/text.ts';
import { serviceNames } from '../mesh/services.ts';
import { hasCluster } from '../mesh/state-files.ts';
import { stateHolder } from '../mesh/state-lock.ts';
import type { Finding } from './finding.ts';
import { type Kind, kinds, problemOf, type StateFile } from './kinds.ts';

export interface Examination {
	/** Process of the mesh that uses the directory. */
	readonly holder: number | undefined;
	/** Number of files that were examined. */
	readonly files: number;
	readonly findings: readonly Finding[];
}

/** @param directory  absolute path */
export function checkState(directory: string): Examination {
	const link = danglingLinkOf(directory);
	const problem = link === undefined ? problemOfDirectory(directory) : danglingLinkText(link);
	if (problem !== undefined) {
		const otherwise = 'Name the directory of the mesh, by default .kubejoin: npx kubejoin doctor --state DIR';
		const remedy = link === undefined ? otherwise : fileRemedy(directory, problem);
		const finding = { path: directory, problem, meaning: 'It holds no mesh', remedy };
		return { holder: undefined, files: 0, findings: [finding] };
	}
	const holder = stateHolder(directory);
	const findings = diskFindings(directory);
	const paths: string[] = [];
	walk(directory, directory, paths, findings);
	for (const path of paths) findings.push(...fileFindings(directory, path, holder !== undefined));
	findings.push(...foreignNodeFindings(directory, paths));
	return { holder, files: paths.length, findings };
}

function problemOfDirectory(directory: string): string | undefined {
	const stats = statSync(directory, { throwIfNoEntry: false });
	if (stats === undefined) return 'the directory does not exist';
	if (!stats.isDirectory()) return 'it is not a directory';
	if (problemOfAccess(directory, constants.R_OK | constants.X_OK) !== undefined || hasCluster(directory))
		return undefined;
	return 'it has none of the files that kubejoin creates';
}

function diskFindings(directory: string): Finding[] {
	if (isDiskFull(directory))
		return [
			{
				path: directory,
				problem: 'its disk is full',
				meaning: 'No file can be written, so no node can join',
				remedy: `Free space on its disk, which this command shows: df -h ${shellWord(directory)}`,
			},
		];
	const problem = problemOfAccess(directory, constants.R_OK | constants.W_OK | constants.X_OK);
	return problem === undefined
		? []
		: [
				{
					path: directory,
					problem,
					meaning: 'No mesh can start with it',
					remedy: 'Mount its disk for writing, or start as the owner of the directory',
				},
			];
}

function problemOfAccess(path: string, mode: number): string | undefined {
	try {
		accessSync(path, mode);
		return undefined;
	} catch (error) {
		return causeText(error);
	}
}

/** Collects the files below a directory, and findings about directories. */
function walk(top: string, directory: string, files: string[], findings: Finding[]): void {
	const stats = lstatSync(directory);
	if (isOpenToOthers(stats))
		findings.push(modeFinding(directory, stats, `Make it private: chmod 700 ${shellWord(directory)}`));
	const unreadable = problemOfAccess(directory, constants.R_OK | constants.X_OK);
	if (unreadable !== undefined) {
		findings.push(ownerFinding(directory, unreadable));
		return;
	}
	for (const entry of readdirSync(directory, { withFileTypes: true })) {
		const path = join(directory, entry.name);
		const kind = entry.isDirectory() ? kindOf(top, path) : undefined;
		if (kind !== undefined) findings.push(notAFile(path, kind));
		else if (entry.isDirectory()) walk(top, path, files, findings);
		else files.push(path);
	}
	const names = directory === top ? ['logs', 'pki', 'nodes', 'lab', ...serviceNames, 'observer'] : [];
	for (const name of names.filter((one) => files.includes(join(directory, one)))) {
		const path = join(directory, name);
		files.splice(files.indexOf(path), 1);
		findings.push({
			path,
			problem: 'it is a file and not a directory',
			meaning: name === 'logs' ? 'No logs are written' : 'npm start does not start',
			remedy: renamed(path),
		});
	}
}

const renamed = (path: string): string => `Rename it: mv ${shellWord(path)} ${shellWord(`${path}.damaged`)}`;
const kindOf = (top: string, path: string): Kind | undefined => kinds.find((one) => one.path.test(relative(top, path)));
const notAFile = (path: string, { meaning }: Kind): Finding => ({
	...{ path, problem: 'it is not a file', meaning, remedy: renamed(path) },
});

function fileFindings(top: string, path: string, isInUse: boolean): readonly Finding[] {
	const kind = kindOf(top, path);
	if (kind === undefined) return [];
	const target = targetOf(path);
	if (target === undefined)
		return [
			{ path, problem: 'it is a link to a file that does not exist', meaning: kind.meaning, remedy: kind.remedy(path) },
		];
	const stats = statSync(target);
	if (!stats.isFile()) return [notAFile(path, kind)];
	// The target of a link is examined as a file of its own.
	if (target !== realpathSync(dirname(path)) + sep + basename(path)) return [];
	const unreadable = problemOfAccess(path, constants.R_OK);
	if (unreadable !== undefined) return [ownerFinding(path, unreadable)];
	const file: StateFile = {
		path,
		isInUse,
		read: () => readText(path),
		readSibling: (extension) => readIfThere(path.replace(/\.\w+$/, extension)),
	};
	const problem = problemOf(kind, file);
	return [
		...(problem === undefined ? [] : [{ path, problem, meaning: kind.meaning, remedy: kind.remedy(path) }]),
		...(!path.endsWith('.crt') && isOpenToOthers(stats)
			? [modeFinding(path, stats, `Make it private: chmod 600 ${shellWord(path)}`)]
			: []),
	];
}

/**
 * Nodes that trust another CA than that of the directory. When no node trusts it, the CA was replaced; otherwise these
 * nodes are from another cluster. An unreadable file is a finding of its own.
 */
function foreignNodeFindings(top: string, paths: readonly string[]): readonly Finding[] {
	const caPath = join(top, 'pki/ca-service/ca.crt');
	const known = certificatesIn(() => readText(caPath));
	const nodes = paths
		.filter((path) => NODE_KUBECONFIG.test(relative(top, path)))
		.map((path) => ({ path, trusted: certificatesIn(() => clusterCaOf(readText(path), path)) }))
		.filter(({ trusted }) => trusted.length > 0);
	const foreign = nodes.filter(({ trusted }) => !trusted.some((one) => known.includes(one)));
	if (known.length === 0 || foreign.length === 0) return [];
	if (foreign.length === nodes.length)
		return [
			{
				path: caPath,
				problem: 'it is not the CA of the nodes, whose kubelet.conf has another one',
				meaning: 'No node can reach the API server',
				remedy: newClusterRemedy(caPath),
			},
		];
	return foreign.map(({ path }) => ({
		path,
		problem: 'its CA is not that of this cluster',
		meaning: 'The node cannot reach the API server',
		remedy: kindOf(top, path)?.remedy(path) ?? '',
	}));
}

const NODE_KUBECONFIG = /^nodes\/[^/]+\/etc\/kubernetes\/kubelet\.conf$/;

const clusterCaOf = (text: string, path: string): string => currentCluster(parseKubeconfig(text, path), path).ca ?? '';

/** Fingerprints; none of a text that cannot be read. */
function certificatesIn(read: () => string): readonly string[] {
	try {
		return parseCertificates(read(), limits.clusterCas.value).map(({ fingerprint256 }) => fingerprint256);
	} catch {
		return [];
	}
}

function targetOf(path: string): string | undefined {
	try {
		return realpathSync(path);
	} catch {
		return undefined;
	}
}

function readIfThere(path: string): string | undefined {
	try {
		return readText(path);
	} catch {
		return undefined;
	}
}

const isOpenToOthers = ({ mode }: Stats): boolean => (mode & 0o077) !== 0;

const modeFinding = (path: string, { mode }: Stats, remedy: string): Finding => ({
	path,
	problem: `its mode is ${(mode & 0o777).toString(8).padStart(4, '0')}`,
	meaning: 'Other users of this machine can read the secrets in it',
	remedy,
});

const ownerFinding = (path: string, problem: string): Finding => ({
	path,
	problem,
	meaning: 'This user cannot examine it, and no mesh of this user can use it',
	remedy: `Make this user its owner: sudo chown -R "$(id -u)" ${shellWord(path)}`,
});
