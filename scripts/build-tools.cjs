/** The programs that a build needs, which `npm ci` installs. Written for any Node. */
const { existsSync } = require('node:fs');
const { join } = require('node:path');

const tools = ['typescript', 'esbuild'];

/** A line for the terminal about tools that are not installed; undefined if none is missing. */
exports.missingTools = (root) => {
	const missing = tools.filter((tool) => !existsSync(join(root, 'node_modules', tool)));
	return missing.length === 0
		? undefined
		: `kubejoin is compiled when it is installed and needs the development dependencies (missing: ${missing.join(', ')}): run npm ci --include=dev\n`;
};
