/** The cluster-info that the attacker serves, made only with its power. Pure except for invented keys. */

import { randomBytes } from 'node:crypto';
import type { PresentedToken } from '../../lib/kube/bootstrap-token.ts';
import { clusterOnlyKubeconfig, writeKubeconfig } from '../../lib/kube/kubeconfig.ts';
import { signDetached } from '../../lib/pki/jws.ts';
import type { Pem } from '../../lib/pki/pem.ts';
import type { Mode } from './modes.ts';

export interface Materials {
	/** `https://host:port` of the attacker. */
	readonly url: string;
	readonly ownCa: Pem;
	readonly clusterCa: Pem;
	/** The data of the genuine cluster-info, which is public. */
	readonly genuine: () => Promise<Readonly<Record<string, string>>>;
	/** Stolen tokens, which can sign cluster-info. */
	readonly tokens: () => Promise<readonly PresentedToken[]>;
}

const JWS_PREFIX = 'jws-kubeconfig-';

/** The data of the cluster-info that a mode serves. */
export async function forgedClusterInfo(
	mode: Mode,
	{ url, ownCa, clusterCa, genuine, tokens }: Materials,
): Promise<Readonly<Record<string, string>>> {
	const naming = (ca: string): string => writeKubeconfig(clusterOnlyKubeconfig(url, ca));
	const signed = async (kubeconfig: string) => document(kubeconfig, await tokens());
	switch (mode) {
		case 'forge-unsigned':
			return { kubeconfig: naming(ownCa) };
		case 'forge-invented-jws': {
			// The attacker does not know which token the node has; the IDs of all valid tokens are public.
			const ids = Object.keys(await genuine()).flatMap((key) =>
				key.startsWith(JWS_PREFIX) ? [key.slice(JWS_PREFIX.length)] : [],
			);
			const invented = ids.map((id) => ({ id, secret: randomBytes(16).toString('hex') }));
			return document(naming(ownCa), invented);
		}
		case 'forge-signed':
			return signed(naming(ownCa));
		case 'append-ca':
			return signed(naming(`${clusterCa.trimEnd()}\n${ownCa}`));
		case 'alter-second':
		case 'impersonate':
			return signed(naming(clusterCa));
		default:
			return genuine();
	}
}

const document = (kubeconfig: string, tokens: readonly PresentedToken[]): Record<string, string> => ({
	kubeconfig,
	...Object.fromEntries(tokens.map(({ id, secret }) => [`${JWS_PREFIX}${id}`, signDetached(kubeconfig, id, secret)])),
});
