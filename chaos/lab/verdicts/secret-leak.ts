/** Plants the secret of a token in the journals, where the search for secrets must find it. */
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makePrivateDirectory } from '../../../lib/files.ts';
import type { Driver } from '../drivers/driver.ts';
import { journalsIn } from './secret-scan.ts';

const canaryPath = (state: string): string => join(journalsIn(state), 'canary.txt');

export async function plantSecret(driver: Driver, state: string): Promise<string> {
	const [secret = ''] = await driver.lab.tokenSecrets();
	await makePrivateDirectory(journalsIn(state));
	await writeFile(canaryPath(state), `a careless line: ${secret}\n`, { mode: 0o600 });
	return `planted in ${canaryPath(state)}`;
}

export async function removePlantedSecret(state: string): Promise<string> {
	await rm(canaryPath(state), { force: true });
	return 'removed';
}
