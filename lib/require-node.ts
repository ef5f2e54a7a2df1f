/**
 * Ends the program on a Node that is older than package.json says. Every program imports it first, and it imports
 * nothing that an old Node lacks, so that the message comes before the failure that the old Node would cause.
 */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** `needs Node 20.19 or later; this is v18.20.8`; undefined for a Node that is new enough. */
export function nodeProblem(version: string, wanted: string): string | undefined {
	const numbers = (text: string) => (text.match(/\d+/g) ?? []).map(Number);
	const [major = 0, minor = 0] = numbers(version);
	const [wantedMajor = 0, wantedMinor = 0] = numbers(wanted);
	const isOld = major < wantedMajor || (major === wantedMajor && minor < wantedMinor);
	return isOld ? `kubejoin needs Node ${wantedMajor}.${wantedMinor} or later; this is ${version}` : undefined;
}

/** `engines.node` of package.json, which is above the sources, the compiled modules and the bundles. */
function wantedNode(directory: string): string {
	try {
		const { engines } = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8')) as {
			engines?: { node?: string };
		};
		if (engines?.node !== undefined) return engines.node;
	} catch {
		// It is not in this directory.
	}
	const parent = dirname(directory);
	return parent === directory ? '' : wantedNode(parent);
}

const problem = nodeProblem(process.version, wantedNode(dirname(fileURLToPath(import.meta.url))));
if (problem !== undefined) {
	process.stderr.write(`${problem}\n`);
	process.exit(1);
}
