/** Compiled, not run: each marked line must be refused by the compiler, or the build fails. */
import { Workflow } from '../../../lib/workflow.ts';
import type { ClaimedClusterInfo, PinnedCa, SignedKubeconfig, UnpinnedCa } from '../trust.ts';
import { confirm } from './confirm.ts';
import { createKey } from './create-key.ts';
import { fetchClusterInfo } from './fetch-cluster-info.ts';
import type { JoinContext } from './join-context.ts';
import type { JoinStart } from './join-request.ts';
import { pinCa } from './pin-ca.ts';
import { preflight } from './preflight.ts';
import { requestCertificate } from './request-certificate.ts';
import { trustWithoutPin } from './trust-without-pin.ts';
import { verifySignature } from './verify-signature.ts';

declare const tools: JoinContext;
declare const claimed: ClaimedClusterInfo;
declare const signed: SignedKubeconfig;
declare const unpinned: UnpinnedCa;

const fetched = () => Workflow.from<JoinStart>('test').followedBy(preflight(tools)).followedBy(fetchClusterInfo(tools));

export const inOrder = () =>
	fetched()
		.followedBy(verifySignature)
		.followedBy(pinCa(tools))
		.followedBy(confirm(tools))
		.followedBy(createKey(tools))
		.followedBy(requestCertificate(tools));

export const inOrderWithoutPin = () =>
	fetched()
		.followedBy(verifySignature)
		.followedBy(trustWithoutPin(tools))
		.followedBy(createKey(tools))
		.followedBy(requestCertificate(tools));

const pinned = () => fetched().followedBy(verifySignature).followedBy(pinCa(tools));

export const wrongOrders = () => [
	// @ts-expect-error without a pin, the document must be signed
	fetched().followedBy(trustWithoutPin(tools)),
	// @ts-expect-error pinning the CA of an unsigned document
	fetched().followedBy(pinCa(tools)),
	// @ts-expect-error confirming with an unpinned CA
	fetched().followedBy(verifySignature).followedBy(confirm(tools)),
	// @ts-expect-error sending the token to an unconfirmed server
	pinned().followedBy(createKey(tools)).followedBy(requestCertificate(tools)),
];

export const wrongTrust = () => [
	// @ts-expect-error sending a token to an address
	tools.dial.withCredential('127.0.0.1:6443', { token: 'token' }),
	// @ts-expect-error a claimed CA is not a pinned CA
	tools.dial.verified('127.0.0.1:6443', claimed.kubeconfig),
	// @ts-expect-error a signed text is not a CA
	((ca: PinnedCa) => ca)(signed),
	// @ts-expect-error a CA of a signed text is not a pinned CA
	((ca: PinnedCa) => ca)(unpinned),
];
