/** `npm run test:attacks`: every attack of the catalogue on a mesh of its own, which must be unharmed after each. */
import { nodeHealthPort } from '../../scripts/mesh/services.ts';
import { startTestMesh, type TestMesh } from '../mesh/mesh.ts';
import type { Attack, Rest } from './attack.ts';
import { attackGroups } from './catalogue.ts';
import { type Target, targetOf } from './target.ts';

describe('attacks', () => {
	let mesh: TestMesh;
	let target: Target;
	const begun = new Map<Attack, Rest>();
	before(async () => {
		mesh = await startTestMesh({ observer: { story: 'joins' } });
		await mesh.startNode('node-1', 0, mesh.joinConfig({ token: await mesh.createToken(), discovery: '20s' }));
		target = targetOf(mesh, nodeHealthPort(mesh.port, 0));
		for (const attack of attackGroups.flatMap(({ attacks }) => attacks))
			if ('begin' in attack.run) begun.set(attack, await attack.run.begin(target));
	});
	after(() => mesh?.stopAndRemove());

	for (const { name, attacks } of attackGroups) {
		describe(name, () => {
			for (const attack of attacks) {
				it(attack.title, async () => {
					const { run } = attack;
					await ('begin' in run ? begun.get(attack)?.() : run(target));
					await target.requireUnharmed();
				});
			}
		});
	}
});
