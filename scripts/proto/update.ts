/**
 * Renews the project's copy of upstream's messages: the .proto files under proto/k8s.io without their comments, the
 * table proto/kubernetes.txt, and the objects of the codec's tests. Needs Go. Run by hand:
 * `npx tsx scripts/proto/update.ts v0.37.2`.
 */
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { projectPath } from '../../lib/paths.ts';
import { withoutComments } from './comments.ts';

const version = process.argv[2] ?? 'v0.37.2';
const goModule = mkdtempSync(join(tmpdir(), 'kubernetes-messages-'));
const go = (...args: string[]): string =>
	execFileSync('go', args, {
		cwd: goModule,
		encoding: 'utf8',
		maxBuffer: 16 * 1024 * 1024,
		stdio: ['ignore', 'pipe', 'inherit'],
	});

writeFileSync(join(goModule, 'go.mod'), 'module kubernetes-messages\n');
copyFileSync(projectPath('scripts/proto/kubernetes-messages.go'), join(goModule, 'main.go'));
go('get', `k8s.io/api@${version}`, `k8s.io/apimachinery@${version}`);
const table = go('run', '-mod=mod', '.');
const sources = {
	'k8s.io/api/': go('list', '-m', '-f', '{{.Dir}}', 'k8s.io/api').trim(),
	'k8s.io/apimachinery/': go('list', '-m', '-f', '{{.Dir}}', 'k8s.io/apimachinery').trim(),
};

/** The object of each kind with which upstream tests its own codecs: a line of JSON text and of protobuf in base64. */
function upstreamObjects(): string {
	const directory = join(sources['k8s.io/api/'], 'testdata/HEAD');
	const versions = [...table.matchAll(/^\t(\S+\d) \S+\/v\w+$/gm)].map(([, apiVersion]) => apiVersion);
	const lines = readdirSync(directory).flatMap((file) => {
		if (!file.endsWith('.json')) return [];
		const json = readFileSync(join(directory, file), 'utf8');
		const { apiVersion } = JSON.parse(json) as { apiVersion: string };
		if (!versions.includes(apiVersion)) return [];
		const protobuf = readFileSync(join(directory, file.replace(/json$/, 'pb')), 'base64');
		return [JSON.stringify({ json: JSON.parse(json), protobuf })];
	});
	return `${lines.join('\n')}\n`;
}

/** Copies the files and their imports. */
function copy(paths: readonly string[], copied = new Set<string>()): void {
	for (const path of paths) {
		if (copied.has(path)) continue;
		copied.add(path);
		const [prefix, directory] = Object.entries(sources).find(([start]) => path.startsWith(start)) ?? [];
		if (prefix === undefined || directory === undefined) throw new TypeError(`${path} is in no known module`);
		const source = readFileSync(join(directory, path.slice(prefix.length)), 'utf8');
		mkdirSync(dirname(projectPath('proto', path)), { recursive: true });
		writeFileSync(projectPath('proto', path), withoutComments(source));
		copy(
			[...source.matchAll(/^import "(.*)";$/gm)].map(([, imported = '']) => imported),
			copied,
		);
	}
}
rmSync(projectPath('proto/k8s.io'), { recursive: true, force: true });
const packages = [...table.matchAll(/^\t\S+\d (\S+\/v\w+)$/gm)].map(([, directory]) => directory);
copy(packages.map((directory) => `k8s.io/api/${directory}/generated.proto`));
writeFileSync(projectPath('proto/kubernetes.txt'), table);
writeFileSync(projectPath('lib/kube/codec/upstream-objects.jsonl.gz'), gzipSync(upstreamObjects(), { level: 9 }));
rmSync(goModule, { recursive: true });
