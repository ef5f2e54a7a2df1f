import assert from 'node:assert/strict';
import fc from 'fast-check';
import { type Box, type Content, curveOf, layoutOf, levelOf, pathOf, pointAt, TALL_BELOW } from './layout.ts';

const content = (more: Partial<Content> = {}): Content => ({
	...{ level: 'single', cards: [], tiles: 0, hasPerson: true, hasStorage: true, hasTelemetry: false, hasNote: false },
	...more,
});
const services = ['apiserver-sim', 'token-store', 'controller-manager-sim', 'ca-service'];
const overlap = (a: Box, b: Box): boolean =>
	a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;

describe('the level of the map', () => {
	it('follows from the number of nodes', () => {
		assert.deepEqual(
			[0, 6, 7, 60, 61, 1_000].map((nodes) => levelOf(nodes, undefined)),
			['single', 'single', 'grouped', 'grouped', 'field', 'field'],
		);
	});

	it('changes only when the number crosses a bound by a tenth', () => {
		assert.deepEqual(
			[61, 66, 67].map((nodes) => levelOf(nodes, 'grouped')),
			['grouped', 'grouped', 'field'],
		);
		assert.deepEqual(
			[60, 55, 54].map((nodes) => levelOf(nodes, 'field')),
			['field', 'field', 'grouped'],
		);
		assert.deepEqual([levelOf(1, 'field'), levelOf(1_000, 'single')], ['single', 'field']);
	});
});

describe('the layout of the map', () => {
	const contents = fc.record({
		cards: fc.integer({ min: 0, max: 6 }).map((count) => Array.from({ length: count }, (_, index) => `node-${index}`)),
		hasPerson: fc.boolean(),
	});

	it('places every service and every card inside the sheet, and no two on each other', () => {
		fc.assert(
			fc.property(
				contents,
				fc.integer({ min: 320, max: 2_000 }),
				fc.integer({ min: 420, max: 1_200 }),
				(given, width, height) => {
					const cards = width < TALL_BELOW ? given.cards.slice(0, 2) : given.cards;
					const layout = layoutOf(content({ ...given, cards, hasPerson: width >= TALL_BELOW }), width, height);
					const boxes = [...layout.boxes];
					for (const name of [...services, ...cards]) assert.ok(layout.boxes.has(name), name);
					for (const [name, { x, y, width: w, height: h }] of boxes)
						assert.ok(x >= 0 && y >= 0 && x + w <= width && y + h <= layout.height + 1, `${name} is outside`);
					for (const [one, a] of boxes)
						for (const [other, b] of boxes) assert.ok(one === other || !overlap(a, b), `${one} is on ${other}`);
				},
			),
		);
	});

	it('gives an attack beside a panel the room of the control plane', () => {
		const attack = content({ cards: ['node-1'], victim: 'node-1' });
		const wide = layoutOf(attack, 1_280, 500);
		assert.ok(wide.boxes.has('ca-service'));
		assert.deepEqual(
			wide.headings.map(({ of }) => of),
			['nodes', 'between', 'door', 'control'],
		);
		const narrow = layoutOf(attack, 840, 500);
		assert.ok(!narrow.boxes.has('ca-service'));
		assert.ok(narrow.boxes.has('apiserver-sim'));
	});

	it('keeps the place of a node when another joins', () => {
		const at = (cards: readonly string[]) => layoutOf(content({ cards }), 1_280, 600).boxes.get('node-1');
		assert.deepEqual(at(['node-1', 'node-2', 'node-3']), at(['node-1']));
	});

	it('has room for sixty tiles beside a card, and for a thousand cells', () => {
		const grouped = layoutOf(content({ level: 'grouped', tiles: 59, cards: ['node-60'] }), 1_280, 560);
		const card = grouped.boxes.get('node-60') ?? assert.fail();
		const tiles = grouped.nodes ?? assert.fail();
		assert.ok(!overlap(card, tiles));
		const field = layoutOf(content({ level: 'field', tiles: 1_000, hasPerson: false }), 1_280, 560);
		const cells = field.nodes ?? assert.fail();
		for (const [name, box] of field.boxes) assert.ok(!overlap(cells, box), name);
		assert.ok(cells.y + cells.height <= 560);
	});

	it('has room for the count of a trunk and its seals between the cells and the front door, also beside a panel', () => {
		const COUNT_AND_SEALS = 92;
		for (const width of [1_920, 1_280, 840]) {
			const { nodes, boxes } = layoutOf(content({ level: 'field', tiles: 1_000, hasPerson: false }), width, 560);
			const [cells, door] = [nodes ?? assert.fail(), boxes.get('apiserver-sim') ?? assert.fail()];
			assert.ok(door.x - (cells.x + cells.width) >= COUNT_AND_SEALS, `${width}: ${door.x - cells.x - cells.width}`);
			const controller = boxes.get('controller-manager-sim') ?? assert.fail();
			assert.ok(controller.x - (door.x + door.width) >= 40, String(width));
		}
	});

	it('places the attacker between its victim and the front door', () => {
		const { boxes } = layoutOf(content({ cards: ['node-1', 'node-2'], victim: 'node-2' }), 1_280, 600);
		const attacker = boxes.get('attacker-sim') ?? assert.fail();
		const victim = boxes.get('node-2') ?? assert.fail();
		const door = boxes.get('apiserver-sim') ?? assert.fail();
		assert.ok(victim.x + victim.width < attacker.x && attacker.x + attacker.width < door.x);
	});
});

describe('a curve', () => {
	it('begins and ends at its ports, at a right angle', () => {
		const curve = curveOf({ x: 0, y: 0 }, { x: 100, y: 50 }, false);
		assert.deepEqual(
			[pointAt(curve, 0), pointAt(curve, 0.5), pointAt(curve, 1)],
			[
				{ x: 0, y: 0 },
				{ x: 50, y: 25 },
				{ x: 100, y: 50 },
			],
		);
		assert.equal(pathOf(curve), 'M0 0C50 0 50 50 100 50');
		assert.equal(pathOf(curveOf({ x: 0, y: 0 }, { x: 100, y: 50 }, true)), 'M0 0C0 25 100 25 100 50');
	});
});
