/** A child process for crash tests. It writes to a store continuously and prints each acknowledged write. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { openStore } from '../lib/store/open.ts';
import type { StoreOptions } from '../lib/store/store.ts';

export interface AcknowledgedWrite {
	readonly key: string;
	readonly revision: number;
}

/** `acknowledged` resolves after this many writes; `kill9` resolves with all acknowledged writes. */
export function startStoreWriter(options: StoreOptions) {
	const child = spawn(process.execPath, ['--import=tsx', fileURLToPath(import.meta.url), JSON.stringify(options)], {
		stdio: ['ignore', 'pipe', 'inherit'],
	});
	const writes: AcknowledgedWrite[] = [];
	const lines = createInterface({ input: child.stdout });
	lines.on('line', (line) => writes.push(JSON.parse(line)));
	const closed = once(lines, 'close');
	return {
		acknowledged: async (count: number): Promise<void> => {
			while (writes.length < count && child.exitCode === null) await Promise.race([once(lines, 'line'), closed]);
		},
		kill9: async (): Promise<readonly AcknowledgedWrite[]> => {
			child.kill('SIGKILL');
			await closed;
			return writes;
		},
	};
}

async function writeForever(options: StoreOptions): Promise<never> {
	const store = await openStore(options);
	for (let round = 0; ; round++) {
		await Promise.all(
			Array.from({ length: 10 }, async (_, i) => {
				const { key, revision } = await store.create(`${round}-${i}`, { round });
				process.stdout.write(`${JSON.stringify({ key, revision })}\n`);
			}),
		);
	}
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await writeForever(JSON.parse(process.argv[2] ?? '{}'));
