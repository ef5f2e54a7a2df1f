/** The words of the trust strip and of a request. */
import type { Join, Step } from '../../api.ts';
import type { RequestWord, Word } from '../catalogue.ts';
import type { Form } from '../forms.ts';
import type { JoinState } from '../state-at.ts';
import type { Words } from '../words.ts';

interface TrustForm {
	readonly form: Form;
	readonly title: Word;
	readonly reason: Word;
	readonly short: Word;
}

export const nodeTrustForm = ({ nodeTrusts }: JoinState): TrustForm => nodeForms[nodeTrusts];
const nodeForms: Readonly<Record<JoinState['nodeTrusts'], TrustForm>> = {
	nothing: { form: 'none', title: 'nodeTrustsNothing', reason: 'nodeTrustsNothingWhy', short: 'shortNotYet' },
	ca: { form: 'one-way', title: 'nodeTrustsCa', reason: 'nodeTrustsCaWhy', short: 'shortCa' },
	cluster: { form: 'one-way', title: 'nodeTrustsCluster', reason: 'nodeTrustsClusterWhy', short: 'shortTrusted' },
	unpinned: { form: 'broken', title: 'nodeTrustsAnyone', reason: 'nodeTrustsAnyoneWhy', short: 'shortAnyone' },
	unknown: { form: 'planned', title: 'nodeTrustUnknown', reason: 'nodeTrustUnknownWhy', short: 'shortUnknown' },
	refused: { form: 'broken', title: 'nodeRefuses', reason: 'nodeRefusesWhy', short: 'lineBroken' },
};

export function clusterTrustForm({ clusterTrusts, nodeTrusts }: JoinState, { tokenBytes }: Join): TrustForm {
	if (clusterTrusts === 'node')
		return { form: 'mutual', title: 'clusterTrustsNode', reason: 'clusterTrustsNodeWhy', short: 'shortTrusted' };
	if (clusterTrusts === 'token')
		return { form: 'none', title: 'clusterTrustsNothing', reason: 'clusterTrustsTokenWhy', short: 'shortNotYet' };
	if (nodeTrusts === 'refused' && tokenBytes === 0)
		return { form: 'none', title: 'clusterNothing', reason: 'clusterNothingWhy', short: 'shortNotYet' };
	return { form: 'none', title: 'clusterTrustsNothing', reason: 'clusterTrustsNothingWhy', short: 'shortNotYet' };
}

/** Until the API server reports the request, a message has the name of its gRPC method. */
const requests: readonly (readonly [label: RegExp, word: RequestWord])[] = [
	[/^TokenStore\/Verify/, 'verifyToken'],
	[/^CertificateAuthority\/Sign/, 'sign'],
	[/^create certificatesigningrequests|^CertificateSigningRequests\/Create$/, 'requestCertificate'],
	[/^create subjectaccessreviews|^SubjectAccessReviews\/Create$/, 'mayHave'],
	[/^update certificatesigningrequests[^ ]*\/approval|^CertificateSigningRequests\/UpdateApproval$/, 'approve'],
	[/^update certificatesigningrequests[^ ]*\/status|^CertificateSigningRequests\/UpdateStatus$/, 'deliver'],
	[
		/^(?:get|list|watch) certificatesigningrequests|^CertificateSigningRequests\/(?:Get|List|Watch)$/,
		'awaitCertificate',
	],
	[/^get configmaps kube-system\/kubelet-config/, 'readKubelet'],
	[/^get configmaps kube-system\//, 'readConfig'],
	[/^create nodes|^Nodes\/Create$/, 'register'],
	[/^get leases|^Leases\/Get$/, 'findLease'],
	[/^create leases|^Leases\/Create$/, 'createLease'],
];

/** The request in words; undefined: only its label is known. */
function requestWordOf({ label, tls }: Pick<Step, 'label' | 'tls'>): RequestWord | undefined {
	if (label === 'get configmaps kube-public/cluster-info' || label === 'ConfigMaps/Get')
		return tls === 'unverified' ? 'download' : 'downloadAgain';
	if (label.startsWith('get nodes ') || label === 'Nodes/Get') return tls === 'mutual' ? 'findNode' : 'askName';
	return requests.find(([pattern]) => pattern.test(label))?.[1];
}

/** A step of a join in a sentence without a subject. */
export function requestText(
	step: Pick<Step, 'label' | 'tls' | 'kind'> & { readonly failure?: unknown },
	{ requestTexts, phaseTexts }: Words,
): string {
	if (step.kind === 'check') return phaseTexts.sentence(step.label, step.failure !== undefined) ?? step.label;
	const word = step.kind === 'seen' ? seenWordOf(step.label) : requestWordOf(step);
	return word === undefined ? step.label : requestTexts[word];
}

/** Of the controller that approves or signs, and of the node that waits for its certificate. */
function seenWordOf(label: string): RequestWord | undefined {
	if (label === 'csr-approving') return 'seeRequest';
	if (label === 'csr-signing') return 'seeApproval';
	if (!label.startsWith('csr ')) return undefined;
	return label.includes('Issued') ? 'receiveCertificate' : label.includes('Approved') ? 'seeApproval' : 'seeRequest';
}
