/**
 * The stamp of a build: the state of every file that a build reads, and the names of the files that it wrote. Every
 * program below dist depends on it, so it is not compiled itself.
 */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';

const folders = ['chaos', 'infra', 'lib', 'scripts', 'services', 'test'];
/** npm writes the last one when it installs. */
const files = ['package.json', 'tsconfig.json', 'node_modules/.package-lock.json'];
const STAMP = '.build-stamp';

const stampPath = (root) => join(root, 'dist', STAMP);

function filesUnder(root, folder) {
	const path = join(root, folder);
	// The build of the image has no tests.
	if (!existsSync(path)) return [];
	return readdirSync(path, { recursive: true, withFileTypes: true })
		.filter((entry) => !entry.isDirectory())
		.map((entry) => join(entry.parentPath, entry.name))
		.sort();
}

/**
 * The time of the last change of a file (ctime) cannot be set, so a changed file with its old size and mtime counts. A
 * checkout that was moved, or is mounted elsewhere, is unchanged.
 */
function stateOf(root, path) {
	const { size, mtimeNs, ctimeNs, ino } = statSync(path, { bigint: true, throwIfNoEntry: false }) ?? {};
	return `${relative(root, path)} ${size} ${mtimeNs} ${ctimeNs} ${ino}\n`;
}

const digestOf = (lines) => {
	const hash = createHash('sha256');
	for (const line of lines) hash.update(line);
	return hash.digest('hex');
};

/** The state of the sources. Take it before the build: a file that changes during the build then counts as changed. */
export const sourcesDigest = (root) =>
	digestOf(
		[...folders.flatMap((folder) => filesUnder(root, folder)), ...files.map((file) => join(root, file))].map((path) =>
			stateOf(root, path),
		),
	);

const outputsDigest = (root) =>
	digestOf(
		filesUnder(root, 'dist')
			.filter((path) => path !== stampPath(root))
			.map((path) => `${relative(root, path)}\n`),
	);

export const writeStamp = (root, sources) => writeFileSync(stampPath(root), `${sources} ${outputsDigest(root)}`);

export const removeStamp = (root) => rmSync(stampPath(root), { force: true });

/** Whether dist is the build of the sources as they are now. */
export function isBuilt(root) {
	try {
		return readFileSync(stampPath(root), 'utf8') === `${sourcesDigest(root)} ${outputsDigest(root)}`;
	} catch {
		// There is no build.
		return false;
	}
}
