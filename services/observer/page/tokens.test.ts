/** The colours of the page: contrast by the formula of WCAG 2, and no colour or size of text beside the tokens. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { projectPath } from '../../../lib/paths.ts';

const folder = projectPath('services', 'observer', 'page', 'css');
const read = (file: string) => readFileSync(`${folder}/${file}`, 'utf8');
const themes = ['light', 'dark'] as const;

/** The colours of each theme by the name of the token. */
const tokens = new Map(
	[...read('tokens.css').matchAll(/--([\w-]+): light-dark\((#\w{6}), (#\w{6})\);/g)].map(
		([, name = '', light = '', dark = '']) => [name, { light, dark }],
	),
);

/** @source https://www.w3.org/TR/WCAG22/#dfn-relative-luminance */
function luminance(color: string): number {
	const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
		const share = Number.parseInt(color.slice(at, at + 2), 16) / 255;
		return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
	});
	return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(one: string, other: string): number {
	const [light = 0, dark = 0] = [luminance(one), luminance(other)].sort((a, b) => b - a);
	return (light + 0.05) / (dark + 0.05);
}

const meanings = ['none', 'one-way', 'mutual', 'broken', 'attacker'];
/** Foreground, background, and the least contrast: 4.5 for text, 3 for lines and icons. */
const pairs: readonly (readonly [string, string, number])[] = [
	...['text', 'text-2', 'accent', ...meanings].flatMap((name) =>
		['surface', 'canvas', 'sunken'].map((back) => [name, back, 4.5] as const),
	),
	...['accent', ...meanings].flatMap((name) => [
		[name, `${name}-back`, 4.5] as const,
		['text', `${name}-back`, 4.5] as const,
		['text-2', `${name}-back`, 4.5] as const,
	]),
	['on-accent', 'accent', 4.5],
	...['surface', 'canvas', 'sunken'].map((back) => ['strong', back, 3] as const),
];

describe('the colours of the page', () => {
	it('have the contrast that their use needs, in both themes', () => {
		const weak = pairs.flatMap(([name, back, least]) =>
			themes.flatMap((theme) => {
				const found = contrast(tokens.get(name)?.[theme] ?? '', tokens.get(back)?.[theme] ?? '');
				return found >= least ? [] : [`${name} on ${back}, ${theme}: ${found.toFixed(2)}, at least ${least}`];
			}),
		);
		assert.deepEqual(weak, []);
	});

	it('are tokens: no other file of the style has a colour or a size of text', () => {
		for (const file of readdirSync(folder).filter((name) => name !== 'tokens.css')) {
			const text = read(file).replaceAll(/\/\*[\s\S]*?\*\//g, '');
			assert.deepEqual(text.match(/#[0-9a-f]{3,8}\b|\brgba?\(|\bhsla?\(/gi) ?? [], [], file);
			assert.deepEqual(text.match(/font-size: (?!var\(--fs-|inherit)[^;]+|\bfont:(?! inherit)[^;]+/g) ?? [], [], file);
		}
	});

	it('are defined: no style uses a token that does not exist', () => {
		const defined = new Set(
			readdirSync(folder).flatMap((file) => [...read(file).matchAll(/(--[\w-]+):/g)].map(([, name]) => name)),
		);
		for (const file of readdirSync(folder))
			for (const [, name] of read(file).matchAll(/var\((--[\w-]+)\)/g))
				assert.ok(defined.has(name), `${file}: ${name}`);
	});
});
