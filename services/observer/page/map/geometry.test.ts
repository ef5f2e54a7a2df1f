import assert from 'node:assert/strict';
import { drawnLines } from './geometry.ts';
import { layoutOf } from './layout.ts';
import type { Scene } from './scene.ts';

describe('the line of all nodes', () => {
	const line = { id: 'n', from: 'nodes', to: 'apiserver-sim', protection: 'mutual', count: 1_000 };
	const scene = { level: 'field', lines: [line] } as unknown as Scene;
	const content = { level: 'field', cards: [], tiles: 1_000, hasPerson: false } as const;
	const hidden = { hasStorage: false, hasTelemetry: false, hasNote: false } as const;

	for (const width of [360, 1_280])
		it(`begins outside the field, whose cells its seal would cover, at ${width} pixels`, () => {
			const layout = layoutOf({ ...content, ...hidden }, width, 560);
			const [drawn] = drawnLines(scene, layout);
			const { nodes: field = assert.fail() } = layout;
			const { x, y } = drawn?.curve.from ?? assert.fail();
			const outside = layout.isTall ? y - field.y - field.height : x - field.x - field.width;
			assert.ok(outside >= 6, `${outside} pixels`);
		});
});
