import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Limit, limits } from '../../lib/limits.ts';
import { projectPath } from '../../lib/paths.ts';
import { limitsPage, valueText } from './limits-page.ts';

const sources = (folder: string): string[] =>
	readdirSync(projectPath(folder), { recursive: true, encoding: 'utf8' })
		.filter((path) => path.endsWith('.ts') && !path.endsWith('.test.ts') && path !== 'limits.ts')
		.map((path) => readFileSync(projectPath(join(folder, path)), 'utf8'));

describe('the page of limits', () => {
	const code = ['chaos', 'lib', 'services', 'scripts', 'infra'].flatMap(sources).join('\n');

	for (const [name, { test, value }] of Object.entries<Limit>(limits)) {
		it(`lists ${name}, which code enforces and a test exceeds`, () => {
			assert.ok(new RegExp(`\\b${name}\\b`).test(code), `no code names ${name}`);
			assert.ok(existsSync(projectPath(test)), `${test} does not exist`);
			assert.ok(Number.isFinite(value) && value > 0);
		});
	}

	it('lists every limit', () => {
		const page = limitsPage();
		for (const name of Object.keys(limits)) assert.ok(page.includes(`| \`${name}\``), name);
	});

	it('prints values with readable units', () => {
		const texts = [
			[3 * 1024 * 1024, 'bytes'],
			[1536 * 1024, 'bytes'],
			[1_000_000, 'bytes'],
			[10_000, 'ms'],
			[150, 'ms'],
			[2_000, 'items'],
			[200, 'per second'],
		] as const;
		assert.deepEqual(
			texts.map(([value, unit]) => valueText({ value, unit })),
			['3 MiB', '1.5 MiB', '1,000,000 bytes', '10 s', '150 ms', '2,000', '200 per second'],
		);
	});
});
