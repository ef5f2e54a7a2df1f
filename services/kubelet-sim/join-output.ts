/** What a join tells the person who watches: each phase with who now trusts whom, and a failure in kubeadm's words with what to do. */
import type { KubejoinError } from '../../lib/errors.ts';
import { diagnosisText } from '../../lib/log.ts';
import { printable, printableLines } from '../../lib/text.ts';
import type { PhaseEvent } from '../../lib/workflow.ts';

/** `[discovery/pin-ca] the node trusts the cluster CA (1 ms)`; a failed phase is told by `failureText`. */
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
 * @source kubeadm cmd/phases/workflow: `error execution phase NAME: …`
 * @differs kubeadm's phase `preflight` contains discovery and its `kubelet-start` the TLS bootstrap; its names are used, ours follow in the code
 */
export function failureText(error: KubejoinError): string {
	const { phase = '', code, message } = error;
	return `${upstreamPrefix(error)}${readable(error, message)}\n${diagnosisText(error, phase === '' ? code : `${code} (${phase})`)}`;
}

/** Characters of a sentence that may hold text of a server. */
const MAX_SENTENCE = 4_096;

/** One line, as what it repeats may come from a server that is not verified. */
export const sentenceText = (text: string): string => printable(text, { maxLength: MAX_SENTENCE });

/** Only this program's own sentences have several lines. */
const readable = ({ phase = '' }: KubejoinError, message: string): string =>
	phase === '' || phase === 'preflight' ? printableLines(message) : sentenceText(message);

function upstreamPrefix({ phase = '', code }: KubejoinError): string {
	if (code === 'JOIN_ARGUMENTS_INVALID' || phase === '') return '';
	if (phase.startsWith('discovery/'))
		return "error execution phase preflight: couldn't validate the identity of the API Server: ";
	return phase === 'preflight' ? 'error execution phase preflight: ' : 'error execution phase kubelet-start: ';
}
