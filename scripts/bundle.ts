/**
 * Bundles the programs below dist/bundle, a step of the build. Node reads a bundle in half of the time that the modules
 * of a program and of its libraries take. Programs that start others start the bundles.
 */
import '../lib/require-node.ts';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { basename, dirname, join, relative } from 'node:path';
import { type BuildOptions, build, type Plugin } from 'esbuild';
import { projectPath } from '../lib/paths.ts';
import { asciiSource } from './ascii-source.ts';

/** Paths of the sources, relative to the root of the repository. */
const services = [
	'chaos/lab/drivers/compose/agent.ts',
	'chaos/runner/experiment-server.ts',
	'services/apiserver-sim/main.ts',
	'services/ca-service/main.ts',
	'services/controller-manager-sim/main.ts',
	'services/observer/main.ts',
	'services/token-store/main.ts',
];
/** Loads most of its code later or, with --once, never: that is in chunks of its own. */
const start = 'scripts/up.ts';
const commands = [
	'chaos/lab/drivers/compose/call-agent.ts',
	'chaos/lab/main.ts',
	'infra/pki/main.ts',
	'scripts/chaos.ts',
	'scripts/kubejoin.ts',
	'services/attacker-sim/main.ts',
	'services/kubectl-sim/main.ts',
	'services/kubelet-sim/main.ts',
	'services/observer/receive-run.ts',
	'services/observer/watch.ts',
];

/** CommonJS libraries in an ES module load the modules of Node with `require`. */
const asModules: Omit<BuildOptions, 'metafile'> = {
	splitting: true,
	banner: {
		js: [
			"import { createRequire as createBundleRequire } from 'node:module';",
			'const require = createBundleRequire(import.meta.url);',
		].join('\n'),
	},
};
const BUILTIN = 'builtin';
/** Loads them as CommonJS does: an import reads every property of a module, and one of `node:http` loads undici. */
const builtinModules: Plugin = {
	name: 'builtin-modules',
	setup({ onResolve, onLoad }) {
		onResolve({ filter: /^[a-z\d:_/]+$/ }, ({ path }) => (isBuiltin(path) ? { path, namespace: BUILTIN } : undefined));
		onLoad({ filter: /./, namespace: BUILTIN }, ({ path }) => ({
			contents: `module.exports = process.getBuiltinModule(${JSON.stringify(path)});`,
		}));
	},
};
/** A command awaits its work at the top, which CommonJS does not allow: its modules are in an asynchronous function. */
const asCommonJs: Omit<BuildOptions, 'metafile'> = {
	plugins: [builtinModules],
	define: { 'import.meta.dirname': '__dirname', 'import.meta.url': 'programUrl' },
	outExtension: { '.js': '.cjs' },
	banner: {
		js: [
			"'use strict';",
			"const programUrl = require('node:url').pathToFileURL(__filename).href;",
			'module.exports = (async () => {',
		].join('\n'),
	},
	footer: { js: '})();' },
};

const nodeCheck = 'lib/require-node.ts';
const programStart = 'scripts/start-program.ts';
const outdir = projectPath('dist', 'bundle');
/** V8's compiled code of the bundles. It is no part of the build, and programs run without it. */
const compileCache = projectPath('node_modules', '.cache', 'kubejoin');
const withoutExtension = (file: string): string => file.replace(/\.ts$/, '');
/** Below dist/bundle, without an extension. */
const loadedName = (file: string): string => `${withoutExtension(file)}.program`;
const entryOf = (file: string) => ({ in: file, out: loadedName(file) });
// The names of chunks have hashes, so those of the last build would remain.
rmSync(outdir, { recursive: true, force: true });
// Each build would add its code to that of the last ones.
rmSync(compileCache, { recursive: true, force: true });
const bundle = (entryPoints: { in: string; out: string }[], options: Omit<BuildOptions, 'metafile'>) =>
	build({
		absWorkingDir: projectPath(),
		entryPoints,
		outdir,
		outbase: projectPath(),
		bundle: true,
		minifyWhitespace: true,
		minifySyntax: true,
		format: 'esm',
		platform: 'node',
		target: 'node20.19',
		// esbuild leaves unused code out of a library's ES modules.
		mainFields: ['module', 'main'],
		// It loads a native module by its own path.
		external: ['lmdb'],
		sourcemap: true,
		sourcesContent: false,
		metafile: true,
		logLevel: 'warning',
		...options,
	});
// A command is one file: with shared chunks it would read 50, and Node needs longer for that than to parse functions
// that are not called. A service does not keep code in memory that it does not use.
const bundles = await Promise.all([
	bundle(services.map(entryOf), { ...asModules, chunkNames: 'chunks/[name]-[hash]' }),
	bundle([entryOf(start)], { ...asModules, chunkNames: 'chunks/start/[name]-[hash]' }),
	bundle(commands.map(entryOf), asCommonJs),
	bundle(
		[nodeCheck, programStart].map((file) => ({ in: file, out: basename(withoutExtension(file)) })),
		{},
	),
]);

// An old Node cannot link the modules of a program, so a module before them checks its version.
// Node uses its cache only for modules that it loads after the cache is enabled, so a file of its own enables it.
// Only the owner of the build fills a cache: `npm ci` and a build could not delete files of root.
function writeStart(file: string, body: (program: string) => readonly string[]): void {
	const started = join(outdir, `${withoutExtension(file)}.js`);
	const toOutput = (path: string) => relative(dirname(started), path);
	mkdirSync(dirname(started), { recursive: true });
	const lines = [
		'#!/usr/bin/env node',
		"import { statSync } from 'node:fs';",
		"import module from 'node:module';",
		"import { join } from 'node:path';",
		`await import('${toOutput(join(outdir, 'require-node.js'))}');`,
		'const { uid } = statSync(new URL(import.meta.url));',
		'const isOwner = (process.getuid?.() ?? uid) === uid;',
		`const cache = isOwner ? join(import.meta.dirname, '${toOutput(compileCache)}') : undefined;`,
		...body(basename(loadedName(file))),
	];
	writeFileSync(started, `${lines.join('\n')}\n`);
}
for (const file of [...services, start])
	writeStart(file, (program) => [
		'if (cache !== undefined) module.enableCompileCache?.(cache);',
		`await import('./${program}.js');`,
	]);
for (const file of commands) {
	const path = join(outdir, `${loadedName(file)}.cjs`);
	const text = asciiSource(readFileSync(path, 'utf8').replace(/^#!/, '//'));
	writeFileSync(path, text, 'latin1');
	const digest = createHash('sha256').update(text, 'latin1').digest('hex');
	const loader = relative(dirname(path), join(outdir, 'start-program.js'));
	writeStart(file, (program) => [
		`const { startProgram } = await import('${loader}');`,
		`const file = join(import.meta.dirname, '${program}.cjs');`,
		`await startProgram(file, '${digest}', process.env.NODE_COMPILE_CACHE ?? cache);`,
	]);
}

// Compiled code has no `import()`, and CommonJS no import.
for (const [file, { imports }] of Object.entries(bundles[2].metafile.outputs))
	for (const { path } of imports) throw new Error(`the command ${file} must not import ${path}, which is not bundled`);

// `import()` of a CommonJS module has named exports in Node, and only `default` in a bundle.
for (const { inputs } of bundles.map(({ metafile }) => metafile))
	for (const [file, { imports }] of Object.entries(inputs).filter(([name]) => !name.includes('node_modules/')))
		for (const { kind, path } of imports)
			if (kind === 'dynamic-import' && inputs[path]?.format === 'cjs' && !path.startsWith(`${BUILTIN}:`))
				throw new Error(`${file} must import a module that exports the needed names of ${path}`);
