/**
 * Bundles the programs below dist/bundle, a step of the build. Node reads a bundle in half of the time that the modules
 * of a program and of its libraries take. Programs that start others start the bundles.
 */
import '../lib/require-node.ts';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { type BuildOptions, build } from 'esbuild';
import { projectPath } from '../lib/paths.ts';

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
	'services/observer/watch.ts',
];

const nodeCheck = 'lib/require-node.ts';
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
const bundle = (entryPoints: { in: string; out: string }[], options: Pick<BuildOptions, 'splitting' | 'chunkNames'>) =>
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
		// Of a library's ES modules, esbuild leaves out what is not used.
		mainFields: ['module', 'main'],
		// It loads a native module by its own path.
		external: ['lmdb'],
		sourcemap: true,
		sourcesContent: false,
		// CommonJS libraries in an ES module load the modules of Node with `require`.
		banner: {
			js: [
				"import { createRequire as createBundleRequire } from 'node:module';",
				'const require = createBundleRequire(import.meta.url);',
			].join('\n'),
		},
		metafile: true,
		logLevel: 'warning',
		...options,
	});
// A command is one file: with shared chunks it would read 50, and Node needs longer for that than to parse functions
// that are not called. A service does not keep code in memory that it does not use.
const bundles = await Promise.all([
	bundle(services.map(entryOf), { splitting: true, chunkNames: 'chunks/[name]-[hash]' }),
	bundle([entryOf(start)], { splitting: true, chunkNames: 'chunks/start/[name]-[hash]' }),
	bundle([...commands.map(entryOf), { in: nodeCheck, out: 'require-node' }], {}),
]);

// An old Node cannot link the modules of a program, so a module before them checks its version.
// Node uses the cache only for modules that it loads after the cache is enabled, so a file of its own enables it.
// Node 20 has no such cache. Only the owner of the build fills it: `npm ci` and a build could not delete files of root.
for (const file of [...services, start, ...commands]) {
	const started = join(outdir, `${withoutExtension(file)}.js`);
	mkdirSync(dirname(started), { recursive: true });
	const cache = JSON.stringify(relative(dirname(started), compileCache));
	writeFileSync(
		started,
		[
			'#!/usr/bin/env node',
			"import { statSync } from 'node:fs';",
			"import module from 'node:module';",
			"import { join } from 'node:path';",
			`await import('${relative(dirname(started), join(outdir, 'require-node.js'))}');`,
			'const { uid } = statSync(new URL(import.meta.url));',
			'const isOwner = (process.getuid?.() ?? uid) === uid;',
			`if (isOwner) module.enableCompileCache?.(join(import.meta.dirname, ${cache}));`,
			`await import('./${loadedName(file).split('/').at(-1)}.js');`,
			'',
		].join('\n'),
	);
}

// `import()` of a CommonJS module has named exports in Node, and only `default` in a bundle.
for (const { inputs } of bundles.map(({ metafile }) => metafile))
	for (const [file, { imports }] of Object.entries(inputs).filter(([name]) => !name.includes('node_modules/')))
		for (const { kind, path } of imports)
			if (kind === 'dynamic-import' && inputs[path]?.format === 'cjs')
				throw new Error(`${file} must import a module that exports the needed names of ${path}`);
