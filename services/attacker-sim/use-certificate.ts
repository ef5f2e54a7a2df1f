/** Checks whether a stolen node certificate is accepted, and as which user, and reads its Node. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Clock } from '../../lib/clock.ts';
import { asKubejoinError, type KubejoinError } from '../../lib/errors.ts';
import type { ApiClient } from '../../lib/kube/client.ts';
import { isReady } from '../../lib/kube/node-conditions.ts';
import { wellKnown } from '../../lib/kube/types.ts';
import { parseCertificates } from '../../lib/pki/certificate.ts';
import { openApi, resolveHost, withApi } from './clients.ts';
import { requireNearTarget } from './guard-rails.ts';
import { refusedText } from './output.ts';
import { readNamed, readStolenIdentity } from './stolen-files.ts';

export interface UseFlags {
	readonly target: string;
	readonly clusterCa: string;
	readonly kubeconfig: string;
	/** Repeat the request on the same connection after the certificate has expired. */
	readonly pastExpiry?: true;
}

/** @returns lines; the first is the outcome @throws ATTACK_NOT_ALLOWED, ATTACK_ARGUMENTS_INVALID, KUBECONFIG_INVALID */
export async function useCertificate(
	{ target, clusterCa, kubeconfig, pastExpiry }: UseFlags,
	now: Clock,
): Promise<readonly string[]> {
	await requireNearTarget(target, 'apiserver-sim', resolveHost);
	const [ca, identity] = await Promise.all([readNamed('--cluster-ca', clusterCa), readStolenIdentity(kubeconfig)]);
	try {
		return await withApi(openApi(target, ca, identity), (api) =>
			pastExpiry === true ? acrossExpiry(api, identity.cert, { now, wait: delay }) : asWhom(api),
		);
	} catch (error) {
		const text = refusedText(known(error));
		return [pastExpiry === true ? text.replace('outcome: refused', 'outcome: refused before its expiry:') : text];
	}
}

type AsksWho = Pick<ApiClient, 'nodes' | 'selfSubjectReviews'>;
const PAST_EXPIRY_MS = 1_500;

/** Sends a request before and after the expiry of the certificate, on the same connection. @param cert  PEM */
export async function acrossExpiry(
	api: AsksWho,
	cert: string,
	{ now, wait }: { readonly now: Clock; readonly wait: (ms: number) => Promise<unknown> },
): Promise<readonly string[]> {
	const [before = ''] = await asWhom(api);
	const [{ validTo }] = parseCertificates(cert);
	await wait(Date.parse(validTo) + PAST_EXPIRY_MS - now());
	const after = await asWhom(api).catch((error: unknown) => [refusedText(known(error))]);
	return [...after, `before its expiry: ${before}`];
}

async function asWhom(api: AsksWho): Promise<readonly string[]> {
	const { username = '', groups = [] } = (await api.selfSubjectReviews.create({ metadata: {} })).status?.userInfo ?? {};
	const accepted = `outcome: accepted as ${username}, groups ${groups.join(', ')}`;
	if (!username.startsWith(wellKnown.nodeUserPrefix)) return [accepted];
	const name = username.slice(wellKnown.nodeUserPrefix.length);
	const own = await api.nodes.get(name).then(
		(node) => (isReady(node) ? 'Ready' : 'NotReady'),
		(error: unknown) => `${known(error).code}: ${known(error).message}`,
	);
	return [accepted, `own node ${name}: ${own}`];
}

/** @throws an error that is not a refusal */
function known(error: unknown): KubejoinError {
	const found = asKubejoinError(error);
	if (found.code === 'INTERNAL') throw found;
	return found;
}
