import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The state directory of the mesh that `npm start` runs in the current directory. */
const STATE = '.kubejoin';

/**
 * The kubeconfig of a mesh on this machine, if it exists.
 *
 * @param joinConfig  the mesh wrote this file into its state directory; absent: the mesh of the current directory
 */
export function findAdminConf(joinConfig?: string): string | undefined {
	const path = join(joinConfig === undefined ? STATE : dirname(joinConfig), 'pki', 'admin', 'admin.conf');
	return existsSync(path) ? path : undefined;
}
