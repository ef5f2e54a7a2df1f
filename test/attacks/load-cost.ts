/**
 * `npm run test:load -- cost [KIND...]`: the processor time that one action of each attacker costs the services, each
 * attack alone. Unlike the time of a join, it means something on a busy machine too.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { serviceNames } from '../../scripts/mesh/services.ts';
import { Attackers } from './attackers.ts';
import { type LoadKind, loadAttacks } from './load-kinds.ts';
import type { Target } from './target.ts';

const WARM_UP_MS = 6_000;
const MEASURE_MS = 10_000;

export async function measureCosts(
	target: Target,
	kinds: readonly LoadKind[],
	print: (line: string) => void,
): Promise<void> {
	for (const kind of kinds) {
		const attackers = new Attackers(target, [kind], { isYielding: false });
		try {
			await delay(WARM_UP_MS);
			await attackers.begin();
			await delay(MEASURE_MS);
			const count = attackers.count(kind);
			const each = ([...serviceNames, 'observer'] as const)
				.map((name) => ({ name, ms: attackers.cpuMs(name) }))
				.filter(({ ms }) => ms >= MEASURE_MS / 100)
				.map(({ name, ms }) => `${name} ${(ms / count).toFixed(2)} ms`);
			print(`${loadAttacks[kind].title}: ${Math.round((1_000 * count) / MEASURE_MS)} a second; ${each.join(', ')}`);
			print(attackers.costText());
		} finally {
			attackers.stop();
		}
	}
}
