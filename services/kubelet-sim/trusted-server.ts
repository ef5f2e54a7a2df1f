/** The API server that a node trusts, from the address in a kubeconfig and the CA that a phase has verified. */
import { splitHostPort } from '../../lib/address.ts';
import { KubejoinError } from '../../lib/errors.ts';
import type { ClusterAccess } from '../../lib/kube/kubeconfig-access.ts';
import type { TrustedCa, TrustedServer } from './trust.ts';

/** @throws CLUSTER_INFO_INVALID  the address that cluster-info names cannot be dialled */
export function trustedServer(
	{ server: url, tlsServerName }: Pick<ClusterAccess, 'server' | 'tlsServerName'>,
	ca: TrustedCa,
): TrustedServer {
	const { hostname, port } = new URL(url);
	const target = `${hostname}:${port || '443'}`;
	if (splitHostPort(target) === undefined)
		throw new KubejoinError('CLUSTER_INFO_INVALID', {
			problem: `cluster-info names a server that cannot be dialled: ${url}`,
		});
	return { url, target, ca, ...(tlsServerName === undefined ? {} : { tlsServerName }) };
}
