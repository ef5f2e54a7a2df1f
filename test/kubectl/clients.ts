/** The kubectl binaries of the suite: `kubectl-1.37` and so on, in the directory TEST_KUBECTL_DIR or on PATH. */
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { environment } from '../../lib/config.ts';

/** The oldest and the newest that the suite knows, and three between. */
export const clientVersions = ['1.20', '1.30', '1.32', '1.35', '1.37'] as const;
export type ClientVersion = (typeof clientVersions)[number];

export interface Client {
	readonly version: ClientVersion;
	readonly path: string;
}

/** The directories are searched in order. */
export function findClients(): Client[] {
	const { TEST_KUBECTL_DIR, PATH = '' } = environment();
	const directories = [...(TEST_KUBECTL_DIR === undefined ? [] : [TEST_KUBECTL_DIR]), ...PATH.split(delimiter)];
	return clientVersions.flatMap((version) => {
		const path = directories.map((directory) => join(directory, `kubectl-${version}`)).find(isExecutable);
		return path === undefined ? [] : [{ version, path }];
	});
}

function isExecutable(path: string): boolean {
	try {
		accessSync(path, constants.X_OK);
		return true;
	} catch {
		return false;
	}
}
