/**
 * Bundles the programs below dist/bundle, a step of the build. Node reads a bundle in half of the time that the modules
 * of a program and of its libraries take. Programs that start others start the bundles.
 */
import '../lib/require-node.ts';
import { rmSync } from 'node:fs';
import { build } from 'esbuild';
import { projectPath } from '../lib/paths.ts';

/** Paths of the sources, relative to the root of the repository. */
const programs = [
	'chaos/lab/main.ts',
	'chaos/runner/experiment-server.ts',
	'infra/pki/main.ts',
	'scripts/chaos.ts',
	'scripts/kubejoin.ts',
	'scripts/up.ts',
	'services/apiserver-sim/main.ts',
	'services/attacker-sim/main.ts',
	'services/ca-service/main.ts',
	'services/controller-manager-sim/main.ts',
	'services/kubectl-sim/main.ts',
	'services/kubelet-sim/main.ts',
	'services/observer/main.ts',
	'services/observer/watch.ts',
	'services/token-store/main.ts',
];

const outdir = projectPath('dist', 'bundle');
// The names of chunks have hashes, so those of the last build would remain.
rmSync(outdir, { recursive: true, force: true });
const { metafile } = await build({
	absWorkingDir: projectPath(),
	entryPoints: programs,
	outdir,
	outbase: projectPath(),
	bundle: true,
	splitting: true,
	chunkNames: 'chunks/[name]-[hash]',
	format: 'esm',
	platform: 'node',
	target: 'node20.19',
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
});

const ownModules = Object.entries(metafile.inputs).filter(([file]) => !file.includes('node_modules/'));
// `import()` of a CommonJS module has named exports in Node, and only `default` in a bundle.
for (const [file, { imports }] of ownModules)
	for (const { kind, path } of imports)
		if (kind === 'dynamic-import' && metafile.inputs[path]?.format === 'cjs')
			throw new Error(`${file} must import a module that exports the needed names of ${path}`);
