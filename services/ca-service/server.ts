/** Who may do what with the cluster CA: only the controllers have anything signed. */
import type { Service } from '../../lib/rpc/server.ts';
import { type HandlerOptions, unaryHandlers } from './handlers.ts';

const controllers = ['system:kube-controller-manager'];
const controlPlane = [...controllers, 'apiserver-sim'];

export const caService = (options: HandlerOptions): Service => ({
	name: 'CertificateAuthority',
	unary: unaryHandlers(options),
	callers: { Sign: controllers, TrustBundle: controlPlane, Ledger: controlPlane },
});
