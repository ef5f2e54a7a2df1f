/** The certificates and users of a Redis for a mesh, made before the mesh starts. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { runProgram } from '../../lib/process-supervisor.ts';
import { pkiPlan } from '../../scripts/mesh/services.ts';
import type { RedisServerOptions } from '../redis-server.ts';

/** @param port  the first one of the mesh @returns the options of a Redis with TLS in the state directory */
export async function makeRedisFiles(state: string, port: number): Promise<RedisServerOptions> {
	await runProgram(pkiPlan({ state, port, store: 'lmdb' }));
	const file = (name: string) => join(state, 'pki', 'redis', name);
	const dir = join(state, 'redis');
	mkdirSync(dir);
	return {
		dir,
		tls: { ca: file('mesh-ca.crt'), cert: file('server.crt'), key: file('server.key') },
		aclFile: file('users.acl'),
	};
}
