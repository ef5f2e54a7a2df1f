/** Errors as kubectl and kubeadm print them, and the remedy below. */
import { diagnosisText, remedyLine } from '../../lib/cli/error-text.ts';
import type { FailureReport } from '../../lib/cli/run-cli.ts';
import { asKubejoinError, causeText, type FieldProblem, hasCode, KubejoinError } from '../../lib/errors.ts';
import { defaultEndpoint } from './no-server.ts';

/** kubeadm prints only the problem. */
export type ErrorStyle = 'kubectl' | 'kubeadm';

/**
 * @param thrown         an AggregateError for several failures of one command
 * @param findAdminConf  the kubeconfig to name where none was given
 * @source kubectl pkg/cmd/util/helpers.go checkErr
 */
export function reportError(
	thrown: unknown,
	style: ErrorStyle = 'kubectl',
	findAdminConf: () => string | undefined = () => undefined,
): FailureReport {
	if (thrown instanceof AggregateError) {
		const lines = thrown.errors.map((error) => `${standardText(asKubejoinError(error)) ?? causeText(error)}\n`);
		return { text: lines.join(''), exitCode: 1 };
	}
	const known = asKubejoinError(thrown);
	const { exitCode } = known;
	if (!(thrown instanceof KubejoinError)) return { text: `error: ${causeText(thrown)}\n`, exitCode };
	const remedy = known.details.target === defaultEndpoint ? kubeconfigRemedy(findAdminConf()) : remedyText(known);
	return { text: `${textOf(known, style)}\n${remedy}`, exitCode };
}

/** Without a kubeconfig only upstream's lines are printed, unless a mesh was started in this directory. */
const kubeconfigRemedy = (adminConf: string | undefined): string =>
	adminConf === undefined ? '' : remedyLine(`Use the kubeconfig of this mesh: export KUBECONFIG=${adminConf}`);

/** One line after a text of upstream; more after a text that upstream does not have. */
function remedyText(error: KubejoinError): string {
	const isOfUpstream = /^(API_|TOKEN_|COMMAND_|KUBECONFIG_|FILE_|INTERNAL|CONNECTION_REFUSED|PEER_REFUSED)/.test(
		error.code,
	);
	if (!isOfUpstream) return diagnosisText(error);
	const { problem } = error.details;
	const cause = hasCode(error, 'API_UNAUTHORIZED') && typeof problem === 'string' ? `most likely: ${problem}\n` : '';
	return `${cause}${remedyLine(error.remedy)}`;
}

function textOf(error: KubejoinError, style: ErrorStyle): string {
	const invalid = hasCode(error, 'API_INVALID') ? invalidText(error) : undefined;
	if (invalid !== undefined) return invalid;
	if (style === 'kubeadm' && !isTransport(error)) return error.message;
	return (
		standardText(error) ??
		(/^(Error in configuration: |Unable to connect to the server: )/.test(error.message)
			? error.message
			: `error: ${error.message}`)
	);
}

/** The own connection of the command failed. */
const isTransport = (error: KubejoinError): boolean =>
	!error.isAnswer &&
	hasCode(
		error,
		'CONNECTION_REFUSED',
		'PEER_REFUSED',
		'CLIENT_CERTIFICATE_REFUSED',
		'DEADLINE_EXCEEDED',
		'CALL_FAILED',
	);

/** The text of an answer or of a failed connection; undefined for errors of the command itself. */
function standardText(error: KubejoinError): string | undefined {
	const { code, message } = error;
	if (code === 'API_UNAUTHORIZED' || code === 'TOKEN_REJECTED')
		return `error: You must be logged in to the server (${message})`;
	if (isTransport(error)) return transportText(error);
	return isOfCommand(code) ? undefined : `Error from server (${error.http.reason}): ${message}`;
}

const isOfCommand = (code: string): boolean =>
	/^(COMMAND|KUBECONFIG|FILE|CONFIG|CERTIFICATE|KEY|TOKEN_MALFORMED|TOKEN_INVALID|TOKEN_EXISTS)/.test(code);

function transportText({ code, details, message }: KubejoinError): string {
	if (code === 'CONNECTION_REFUSED') return connectionText(String(details.target), String(details.problem));
	const isUntrusted = code === 'PEER_REFUSED';
	const problem = isUntrusted ? `tls: failed to verify certificate: x509: ${details.problem}` : message;
	return `Unable to connect to the server: ${problem}`;
}

function connectionText(target: string, problem: string): string {
	if (problem.includes('ECONNREFUSED'))
		return `The connection to the server ${target} was refused - did you specify the right host or port?`;
	if (/Name resolution failed|ENOTFOUND|EAI_AGAIN/.test(problem))
		return `Unable to connect to the server: dial tcp: lookup ${target.replace(/:\d+$/, '')}: no such host`;
	return `Unable to connect to the server: ${problem}`;
}

function invalidText({ details }: KubejoinError): string {
	const problems = [
		...new Set((details.causes as readonly FieldProblem[]).map(({ field, message }) => `${field}: ${message}`)),
	];
	const text = `The ${details.kind} "${details.name}" is invalid: `;
	return problems.length === 1
		? `${text}${problems[0]}`
		: `${text}\n${problems.map((problem) => `* ${problem}`).join('\n')}`;
}
