/** The kubeconfig of the mesh that `npm start` runs in the current directory. */
import { existsSync } from 'node:fs';

const ADMIN_CONF = '.kubejoin/pki/admin/admin.conf';

export const findAdminConf = (): string | undefined => (existsSync(ADMIN_CONF) ? ADMIN_CONF : undefined);
