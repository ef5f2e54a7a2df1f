/**
 * The folders that each folder may import, and the check of every import against them. Type imports count: a type that
 * is in the wrong folder makes two folders one. `npm run lint` runs the check; biome finds the cycles between files.
 */
import { posix } from 'node:path';
import jsTokens from 'js-tokens';

/** A folder may import itself, the folders listed here, and those that they may import. */
const lib: Readonly<Record<string, readonly string[]>> = {
	lib: [],
	'lib/pki': ['lib'],
	'lib/codec': ['lib'],
	'lib/rpc': ['lib/pki', 'lib/codec'],
	'lib/store': ['lib/rpc'],
	'lib/kube': ['lib/rpc'],
};

/** Top-level folders, with the ones that they may import. Biome's noRestrictedImports refines them for domain code. */
const programs: Readonly<Record<string, readonly string[]>> = {
	services: ['lib'],
	infra: ['lib'],
	chaos: ['lib', 'infra', 'scripts'],
	scripts: ['lib', 'infra', 'chaos', 'services', 'test'],
};

export interface Import {
	readonly from: string;
	readonly to: string;
}

/** The modules that a file imports, re-exports or loads, as paths from the root of the project. */
export function importsOf(path: string, source: string): Import[] {
	const code = [...jsTokens(source, { jsx: path.endsWith('x') })].filter(
		({ type }) => !/WhiteSpace|LineTerminator|Comment/u.test(type),
	);
	return code.flatMap(({ type, value }, index) => {
		const before = code[index - 1]?.value;
		const isImport =
			before === 'from' || before === 'import' || (before === '(' && code[index - 2]?.value === 'import');
		if (type !== 'StringLiteral' || !isImport || !/^.\./u.test(value)) return [];
		return [{ from: path, to: posix.join(posix.dirname(path), value.slice(1, -1)) }];
	});
}

/** @returns one line for each import that goes in a direction that is not allowed */
export function dependencyProblems(imports: readonly Import[]): string[] {
	return [
		...imports.filter((one) => !isAllowed(one)).map(({ from, to }) => `${from} must not import ${to}`),
		...mutualFolders(imports),
	];
}

function isAllowed({ from, to }: Import): boolean {
	const [source, target] = [areaOf(from), areaOf(to)];
	if (source === target) return true;
	if (source in lib) return reaches(source, target);
	const [top, goal] = [topOf(from), topOf(to)];
	if (top === 'services' && goal === 'services') return false;
	return top === goal || (programs[top] ?? []).includes(goal);
}

/** `lib/pki`, `lib` (with lib/errors), `services/ca-service`, or another top-level folder. */
function areaOf(path: string): string {
	const [top = '', second = ''] = path.split('/');
	const folder = `${top}/${second}`;
	if (top === 'lib') return folder in lib ? folder : 'lib';
	return top === 'services' ? folder : top;
}
const topOf = (path: string): string => path.split('/')[0] ?? '';

const reaches = (source: string, target: string): boolean =>
	(lib[source] ?? []).some((folder) => folder === target || reaches(folder, target));

/** Two folders that import each other. A folder and one inside it may: the outer one assembles the inner one. */
function mutualFolders(imports: readonly Import[]): string[] {
	const edges = new Map<string, Import>();
	for (const one of imports) edges.set(`${posix.dirname(one.from)} ${posix.dirname(one.to)}`, one);
	return [...edges].flatMap(([key, there]) => {
		const [a = '', b = ''] = key.split(' ');
		const back = edges.get(`${b} ${a}`);
		if (back === undefined || a >= b || b.startsWith(`${a}/`)) return [];
		return [`${a} and ${b} import each other: ${there.from} imports ${there.to}, and ${back.from} imports ${back.to}`];
	});
}
