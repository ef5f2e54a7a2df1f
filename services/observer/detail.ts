/**
 * The details of a step: its checks, and its objects (certificate, request, pin, signature, token) taken apart, from
 * the bytes in the spans of its join. Shows the content as it was sent, although it can be false: nothing is verified
 * here, and unreadable bytes are no error.
 */
import type { DetailSection, Step } from './api.ts';
import {
	certificateChecks,
	certificateSections,
	pinSections,
	presentedIn,
	requestSections,
} from './certificate-sections.ts';
import { isOfConnection } from './connection.ts';
import { checksOfPhase, gateChecks, signatureSections, tokenSections } from './credential-sections.ts';
import type { Span } from './otlp.ts';
import { section, Trace } from './sections.ts';
import { isPhase, text } from './span-places.ts';
import { failureOf } from './steps.ts';

/**
 * @param span    of the step
 * @param server  of a message: the span of the service that answered
 * @param spans   of the join
 */
export function sectionsOf(
	step: Step,
	span: Span,
	server: Span | undefined,
	spans: readonly Span[],
): readonly DetailSection[] {
	const trace = new Trace(spans);
	const attributes = { ...span.attributes, ...server?.attributes };
	const kubeconfig = text(attributes, 'kubejoin.kubeconfig');
	const phase = step.kind === 'check' ? checkSection(step, span) : undefined;
	return [
		...failureSection(span),
		...(step.kind === 'message' ? [messageSection(step, span)] : []),
		...(phase?.checks === undefined ? [] : [phase]),
		...decisionSection(server ?? span),
		...tokenSections(attributes, trace),
		...(isAboutClusterInfo(step, attributes) ? signatureSections(trace) : []),
		...pinSections(text(attributes, 'kubejoin.ca.pem'), attributes['kubejoin.ca.pinned']),
		...(isAboutRequest(step, attributes) ? requestSections(trace) : []),
		...certificatesOf(span, attributes, trace),
		...(phase === undefined || phase.checks !== undefined ? [] : [phase]),
		...(kubeconfig === '' ? [] : [section('kubeconfig', 'kubelet.conf', [], { text: kubeconfig })]),
		section(
			'attributes',
			'',
			Object.entries(attributes).filter(([key]) => !isShownAbove(key)),
		),
	].filter(({ fields, text: content, checks }) => fields.length > 0 || content !== undefined || checks !== undefined);
}

const shownAbove: readonly string[] = [
	'kubejoin.cluster_info',
	'kubejoin.kubeconfig',
	'kubejoin.most_likely',
	'kubejoin.also_possible',
	'kubejoin.remedy',
];
const isShownAbove = (key: string): boolean => key.endsWith('.pem') || isOfConnection(key) || shownAbove.includes(key);
const milliseconds = (ms: number): string => `${Math.round(ms * 100) / 100} ms`;

const isAboutClusterInfo = ({ label }: Step, attributes: Span['attributes']): boolean =>
	text(attributes, 'kubejoin.jws.detached') !== '' || /cluster-info$|^ConfigMaps\/Get$/.test(label);

const isAboutRequest = ({ kind, label }: Step, attributes: Span['attributes']): boolean =>
	text(attributes, 'kubejoin.csr.pem') !== '' ||
	(kind === 'seen' && label.startsWith('csr')) ||
	/certificatesigningrequests|^CertificateAuthority\/Sign/.test(label);

function certificatesOf(span: Span, attributes: Span['attributes'], trace: Trace): DetailSection[] {
	const ca = trace.value('kubejoin.ca.pem');
	return certificateSections(text(attributes, 'kubejoin.certificate.pem'), {
		cas: typeof ca === 'string' ? [ca] : [],
		presentedBy: presentedIn(trace.spans),
		...(isPhase(span) ? { checks: certificateChecks(span) } : {}),
	});
}

function failureSection(span: Span): DetailSection[] {
	const failure = failureOf(span);
	if (failure === undefined) return [];
	const { code, sentence, mostLikely, alsoPossible, remedy } = failure;
	return [
		section('failure', '', [
			['failure.code', code],
			['failure.sentence', sentence],
			['failure.mostLikely', mostLikely],
			['failure.alsoPossible', alsoPossible],
			['failure.remedy', remedy],
		]),
	];
}

function checkSection(step: Step, span: Span): DetailSection {
	const checks = checksOfPhase(span);
	return section(
		'check',
		'',
		[
			['check.phase', step.label],
			['check.trust', step.trust],
			['check.duration', milliseconds(step.durationMs)],
		],
		checks === undefined ? {} : { checks },
	);
}

function messageSection(step: Step, span: Span): DetailSection {
	const { attributes } = span;
	return section('message', '', [
		['message.method', `${attributes['rpc.service'] ?? ''}/${attributes['rpc.method'] ?? ''}`],
		['message.from', step.from],
		['message.to', step.to],
		['message.peer', attributes['server.address']],
		['message.tls', step.tls],
		['message.expectedError', step.expectedError],
		['message.sentBytes', step.sentBytes],
		['message.receivedBytes', step.receivedBytes],
		['message.duration', milliseconds(step.durationMs)],
	]);
}

function decisionSection(span: Span): DetailSection[] {
	const of = (key: string): string => text(span.attributes, key);
	const isRequest =
		span.kind === 'server' && (of('kubejoin.user') !== '' || 'kubejoin.unauthorized.why' in span.attributes);
	if (of('kubejoin.decision') === '' && !isRequest) return [];
	return [
		section(
			'decision',
			'',
			[
				['decision.user', of('kubejoin.user')],
				['decision.groups', span.attributes['kubejoin.groups']],
				['decision.verb', of('kubejoin.request.verb')],
				['decision.resource', of('kubejoin.request.what')],
				['decision.decision', of('kubejoin.decision')],
				['decision.reason', of('kubejoin.decision.reason')],
			],
			isRequest ? { checks: gateChecks(span) } : {},
		),
	];
}
