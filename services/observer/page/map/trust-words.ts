/** The words of the trust strip and of a request. */
import type { Join, Step } from '../../api.ts';
import type { RequestWord, Word } from '../catalogue.ts';
import type { Form } from '../forms.ts';
import type { JoinState } from '../state-at.ts';
import type { Words } from '../words.ts';

type Title =
	| `nodeTrusts${'Nothing' | 'Ca' | 'Cluster' | 'Anyone'}`
	| 'nodeTrustUnknown'
	| 'nodeRefuses'
	| `clusterTrusts${'Nothing' | 'Node'}`
	| 'clusterNothing';
interface TrustForm {
	readonly form: Form;
	readonly title: Title;
	/** Default: that of the title. */
	readonly reason?: Word;
	readonly short: Word;
}

export const reasonOf = ({ title, reason }: TrustForm): Word => reason ?? `${title}Why`;

export const nodeTrustForm = ({ nodeTrusts }: JoinState): TrustForm => nodeForms[nodeTrusts];
const nodeForms: Readonly<Record<JoinState['nodeTrusts'], TrustForm>> = {
	nothing: { form: 'none', title: 'nodeTrustsNothing', short: 'shortNotYet' },
	ca: { form: 'one-way', title: 'nodeTrustsCa', short: 'shortCa' },
	cluster: { form: 'one-way', title: 'nodeTrustsCluster', short: 'shortTrusted' },
	unpinned: { form: 'broken', title: 'nodeTrustsAnyone', short: 'shortAnyone' },
	unknown: { form: 'planned', title: 'nodeTrustUnknown', short: 'shortUnknown' },
	refused: { form: 'broken', title: 'nodeRefuses', short: 'lineBroken' },
};

export function clusterTrustForm({ clusterTrusts, nodeTrusts }: JoinState, join: Join): TrustForm {
	if (clusterTrusts === 'node') return { form: 'mutual', title: 'clusterTrustsNode', short: 'shortTrusted' };
	const nothing: TrustForm = { form: 'none', title: 'clusterTrustsNothing', short: 'shortNotYet' };
	if (clusterTrusts === 'credential') return { ...nothing, reason: 'clusterTrustsCredential' };
	return nodeTrusts === 'refused' && keptCredential(join) ? { ...nothing, title: 'clusterNothing' } : nothing;
}

/** The node sent neither a token nor, over mutual TLS, the certificate of its discovery file. */
export const keptCredential = ({ tokenBytes, tls }: Join): boolean => tokenBytes === 0 && tls !== 'mutual';

const requests: readonly (readonly [label: RegExp, word: RequestWord])[] = [
	[/^TokenStore\/Verify/, 'verifyToken'],
	[/^CertificateAuthority\/Sign/, 'sign'],
	[/^create certificatesigningrequests/, 'requestCertificate'],
	[/^create subjectaccessreviews/, 'mayHave'],
	[/^update certificatesigningrequests[^ ]*\/approval/, 'approve'],
	[/^update certificatesigningrequests[^ ]*\/status/, 'deliver'],
	[/^(?:get|list|watch) certificatesigningrequests/, 'awaitCertificate'],
	[/^get configmaps kube-system\/kubelet-config/, 'readKubelet'],
	[/^get configmaps kube-system\//, 'readConfig'],
	[/^create nodes/, 'register'],
	[/^get leases/, 'findLease'],
	[/^create leases/, 'createLease'],
];

/** Until the API server reports the request, a message has the name of its gRPC method: `Nodes/Get` is `get nodes`. */
const requestOf = (label: string): string =>
	label.replace(/^(\w+)\/(Create|Get|List|Watch|Update)(\w*)$/, (_method, kind: string, verb: string, part: string) =>
		`${verb} ${kind}${part && `/${part}`}`.toLowerCase(),
	);

type Request = Pick<Step, 'label' | 'tls'> & Partial<Pick<Step, 'phase'>>;

/** The request in words; undefined: only its label is known. */
function requestWordOf({ label, tls, phase }: Request): RequestWord | undefined {
	const request = requestOf(label);
	if (/^get configmaps(?: kube-public\/cluster-info)?$/.test(request))
		return tls === 'unverified' || phase === 'discovery/verify-server' ? 'download' : 'downloadAgain';
	if (request.startsWith('get nodes')) return tls === 'mutual' ? 'findNode' : 'askName';
	const word = requests.find(([pattern]) => pattern.test(request))?.[1];
	// With the certificate of a discovery file, and not with a token.
	return word === 'readConfig' && tls === 'mutual' ? 'readCluster' : word;
}

/** A step of a join in a sentence without a subject. */
export function requestText(
	step: Request & Pick<Step, 'kind'> & { readonly failure?: unknown },
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
