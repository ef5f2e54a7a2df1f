/** Replaces the parts of an answer that differ between two runs of the same command. */

type Rule = readonly [pattern: RegExp, replacement: string];

const ANSI = new RegExp(`${String.fromCharCode(27)}\\[[\\d;]*m`, 'g');
const AGE = /(?<![\w./:=[-])(?:<invalid>|\d+(?:d|h|m|s)(?:\d+(?:h|m|s))?)(?![\w./:-])/g;

const rules: readonly Rule[] = [
	// kubectl 1.30 colors the output of cluster-info.
	[ANSI, ''],
	// The address of node-1 in setup/node-1-status.yaml: a connection to it is refused on every machine.
	[/\b127\.0\.0\.2\b/g, '10.99.0.2'],
	[/https:\/\/[\w.]+:\d+/g, 'https://<server>'],
	[/\b(?:127\.0\.0\.1|10\.99\.0\.2):(?:6443|7443|\d{5})\b/g, '<server>'],
	[/^[WE]\d{4} [\d:.]+ +\d+ ([\w.]+):\d+\]/gm, '<log> $1]'],
	[/eyJ[\w-]+\.[\w-]*\.[\w-]+/g, '<jwt>'],
	[/\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z| [+-]\d{4})/g, '<time>'],
	[/(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d \w{3} \d{4} \d\d:\d\d:\d\d [+-]\d{4}/g, '<time>'],
	[/[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}/g, '<uid>'],
	[/(resourceVersion\\*"?: ?\\*")\d+/g, '$1<version>'],
	[/(Resource Version: +)\d+/g, '$1<version>'],
	[/X509SHA256=[\da-f]{64}/g, 'X509SHA256=<digest>'],
	[/hash=[\dA-F]{16,}/g, 'hash=<digest>'],
	[/\bcsr-[a-z\d]{5}\b/g, 'csr-<random>'],
	[/\b(kube-api-access|kube-proxy)-[a-z\d]{5}\b/g, '$1-<random>'],
	[/\b(apiserver)-[a-z\d]{26}(?![a-z\d])/g, '$1-<random>'],
	[/\/tmp\/(LIVE|MERGED)-\d+/g, '/tmp/$1-<random>'],
	[/("?(?:kid|n)"?: ?")[\w-]{40,}/g, '$1<key>'],
	[/(?<![\w+/=])[\w+/]{120,}={0,2}/g, '<base64>'],
	[/("?gitCommit"?:"? ?")[\da-f]{40}/g, '$1<commit>'],
	// One entry of a list in JSON a line.
	[/(?<=[[,])(?=\{"(?:name|manager)":)|(?<=,)(?="apis?\/)/g, '\n'],
	[AGE, '<age>'],
	// The width of a column depends on its longest cell.
	[/(?<=\S)(?: {2,}|\t+)/g, '  '],
	[/-{3,}/g, '---'],
	[/[ \t]+$/gm, ''],
	// Managed fields have seconds, so that their times differ only if the command crosses into the next one.
	[/@@[^\n]*@@\n(?: [^\n]*\n)*-( +)time: "<time>"\n\+\1time: "<time>"\n(?: [^\n]*(?:\n|$))*/g, ''],
];

export const normalize = (text: string): string =>
	rules.reduce((result, [pattern, replacement]) => result.replace(pattern, replacement), text);
