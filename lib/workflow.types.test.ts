/** Compiled, not run: each marked line must be refused by the compiler, or the build fails. */
import type { Phase } from './workflow.ts';
import { Workflow } from './workflow.ts';

declare const fetchClusterInfo: Phase<{ endpoint: string }, { claimedCa: string }>;
declare const pinCa: Phase<{ claimedCa: string }, { pinnedCa: string }>;
declare const sendToken: Phase<{ pinnedCa: string; token: string }, { certificate: string }>;
type Start = { endpoint: string; token: string };

export const inOrder = () =>
	Workflow.from<Start>('test').followedBy(fetchClusterInfo).followedBy(pinCa).followedBy(sendToken);

export const wrongOrders = () => [
	// @ts-expect-error pinning before fetching
	Workflow.from<Start>('test').followedBy(pinCa),
	// @ts-expect-error the token before the CA is pinned
	Workflow.from<Start>('test').followedBy(fetchClusterInfo).followedBy(sendToken),
	// @ts-expect-error nothing gave the token
	Workflow.from<{ endpoint: string }>('test').followedBy(fetchClusterInfo).followedBy(pinCa).followedBy(sendToken),
];
