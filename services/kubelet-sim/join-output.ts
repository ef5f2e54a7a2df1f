/**
 * The texts of a join: each phase with the trust that it established, and a failure as kubeadm prints it, with a
 * remedy.
 */
import { diagnosisText } from '../../lib/cli/error-text.ts';
import type { KubejoinError } from '../../lib/errors.ts';
import { printable, printableLines } from '../../lib/text.ts';
import type { PhaseEvent } from '../../lib/workflow.ts';

/** `[discovery/pin-ca] the node trusts the cluster CA (1 ms)`; `failureText` is for a failed phase. */
export const phaseText = ({ phase, trust, durationMs }: PhaseEvent): string =>
	`[${phase}] ${trust} (${Math.round(durationMs)} ms)`;

/** @source kubeadm cmd/phases/join/kubelet.go, the text after a successful join */
export const joinedText = (): string =>
	[
		'',
		'This node has joined the cluster:',
		'* Certificate signing request was sent to apiserver and a response was received.',
		'* The Kubelet was informed of the new secure connection details.',
		'',
		"Run 'kubectl get nodes' on the control-plane to see this node join the cluster.",
		'',
	].join('\n');

/**
 * @source kubeadm cmd/phases/workflow: `error: error execution phase NAME: …`, release 1.37
 * @differs kubeadm's phase `preflight` contains discovery, and its `kubelet-start` the TLS bootstrap; an error has
 *   kubeadm's name in its first line and the name of our phase behind the code
 */
export function failureText(error: KubejoinError): string {
	const { phase = '', code, message } = error;
	const where = phase === '' ? code : `${code} (${phase})`;
	return `${upstreamPrefix(error)}${readable(error, message)}\n${diagnosisText(error, where)}`;
}

/** @param validUntil  RFC 3339 */
export const continuesText = (nodeName: string, validUntil: string): string =>
	`[kubelet] Node ${nodeName} continues with its certificate, valid until ${validUntil}`;

/**
 * Upstream's text sends people to the control plane, and kubeadm ends after a join; here the process stays.
 *
 * @param adminConf  the kubeconfig of the mesh on this machine
 */
export const stayingText = (subject: string, adminConf: string | undefined): string =>
	[
		`[kubelet] ${subject}. Press Ctrl-C to stop it.`,
		...(adminConf === undefined
			? []
			: [`[kubelet] List the nodes in another terminal: npx kubectl-sim get nodes --kubeconfig ${adminConf}`]),
	].join('\n');

/** Characters of a sentence that can contain text of a server. */
const MAX_SENTENCE = 4_096;

/** One line, because the text can come from a server that is not verified. */
export const sentenceText = (text: string): string => printable(text, { maxLength: MAX_SENTENCE });

/** Only sentences of this program have several lines. */
const readable = ({ phase = '' }: KubejoinError, message: string): string =>
	phase === '' || phase === 'preflight' ? printableLines(message) : sentenceText(message);

function upstreamPrefix({ phase = '', code }: KubejoinError): string {
	if (code === 'JOIN_ARGUMENTS_INVALID' || phase === '') return 'error: ';
	const preflight = 'error: error execution phase preflight: ';
	if (phase === 'preflight' || code === 'DISCOVERY_CREDENTIAL_MISSING') return preflight;
	if (phase.startsWith('discovery/')) return `${preflight}couldn't validate the identity of the API Server: `;
	if (phase !== 'tls-bootstrap/read-config') return 'error: error execution phase kubelet-start: ';
	const isContent = code === 'CLUSTER_CONFIGURATION_INVALID';
	return `${preflight}unable to fetch the kubeadm-config ConfigMap: ${isContent ? '' : 'failed to get config map: '}`;
}
