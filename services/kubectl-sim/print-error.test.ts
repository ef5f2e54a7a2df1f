import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { fromWireError, KubejoinError } from '../../lib/errors.ts';
import { noServer } from './no-server.ts';
import { type ErrorStyle, reportError } from './print-error.ts';

function printed(error: unknown, style?: ErrorStyle): [string | undefined, string | undefined, number] {
	const report = reportError(error, style);
	const [text, remedy] = report.text.split(/\n?do this: /);
	return [text, remedy, report.exitCode];
}
const csr = { resource: 'certificatesigningrequests', group: 'certificates.k8s.io', name: 'x' };
const dead = (problem: string) => new KubejoinError('CONNECTION_REFUSED', { target: 'h:6443', problem });

describe('reportError', () => {
	it('prints a refusal of the server as kubectl does', () => {
		equal(
			printed(new KubejoinError('API_NOT_FOUND', csr))[0],
			'Error from server (NotFound): certificatesigningrequests.certificates.k8s.io "x" not found',
		);
		equal(
			printed(new KubejoinError('API_UNAUTHORIZED', {}))[0],
			'error: You must be logged in to the server (Unauthorized)',
		);
		equal(
			printed(new KubejoinError('TOKEN_REJECTED', {}))[0],
			'error: You must be logged in to the server (Unauthorized)',
		);
		equal(
			printed(new KubejoinError('INTERNAL', { id: '7' }))[0],
			'Error from server (InternalError): Internal error occurred: unexpected error (id 7)',
		);
	});

	it('lists the problems of an invalid object', () => {
		const invalid = (...fields: string[]) =>
			new KubejoinError('API_INVALID', {
				kind: 'CertificateSigningRequest',
				group: 'certificates.k8s.io',
				name: 'x',
				causes: fields.map((field) => ({ field, reason: 'FieldValueRequired', message: 'Required value' })),
			});
		equal(
			printed(invalid('spec.usages'))[0],
			'The CertificateSigningRequest "x" is invalid: spec.usages: Required value',
		);
		equal(
			printed(invalid('a', 'b', 'a'))[0],
			'The CertificateSigningRequest "x" is invalid: \n* a: Required value\n* b: Required value',
		);
	});

	it('prints a failed connection as kubectl does', () => {
		equal(
			printed(dead('connect ECONNREFUSED 127.0.0.1:6443'))[0],
			'The connection to the server h:6443 was refused - did you specify the right host or port?',
		);
		equal(
			printed(dead('Name resolution failed for target dns:h:6443'))[0],
			'Unable to connect to the server: dial tcp: lookup h: no such host',
		);
		equal(printed(dead('read ECONNRESET'))[0], 'Unable to connect to the server: read ECONNRESET');
		equal(
			printed(
				new KubejoinError('PEER_REFUSED', { target: 'h:6443', problem: 'certificate signed by unknown authority' }),
			)[0],
			'Unable to connect to the server: tls: failed to verify certificate: x509: certificate signed by unknown authority',
		);
	});

	it('prints a failed connection of the server as an answer of the server', () => {
		const details = { target: 'token-store:6445', problem: 'getaddrinfo ENOTFOUND token-store' };
		const answer = fromWireError({ code: 'CONNECTION_REFUSED', details });
		ok(answer);
		equal(
			printed(answer)[0],
			'Error from server (ServiceUnavailable): cannot connect to token-store:6445: getaddrinfo ENOTFOUND token-store',
		);
	});

	it('prints the whole diagnosis where upstream has no text', () => {
		match(
			reportError(new KubejoinError('CLIENT_CERTIFICATE_REFUSED', { target: 'h:1', problem: 'no' })).text,
			/^Unable to connect to the server: h:1 refused .*\n {2}most likely: {3}\S.*\n( {2}also possible: \S.*\n){1,3} {2}do this: {7}\S.*\n$/,
		);
	});

	it('prints an error of the command itself', () => {
		const problem = (text: string) =>
			printed(new KubejoinError('COMMAND_INVALID', { problem: text, remedy: 'Do this' }));
		deepEqual(problem('current-context is not set'), ['error: current-context is not set', 'Do this\n', 1]);
		equal(
			problem('Error in configuration: context was not found for specified context: x')[0],
			'Error in configuration: context was not found for specified context: x',
		);
		equal(
			printed(new KubejoinError('KUBECONFIG_INVALID', { path: 'f', problem: 'p', remedy: 'Do this' }))[0],
			'error: error loading config file "f": p',
		);
		deepEqual(printed(new Error('what?')), ['error: what?\n', undefined, 1]);
	});

	it('prints no prefix in the style of kubeadm, and keeps the exit code', () => {
		deepEqual(printed(new KubejoinError('TOKEN_INVALID', { problems: ['usages: no'] }), 'kubeadm').toSpliced(1, 1), [
			'usages: no',
			3,
		]);
		equal(
			printed(dead('connect ECONNREFUSED'), 'kubeadm')[0],
			'The connection to the server h:6443 was refused - did you specify the right host or port?',
		);
	});

	it('prints one line for each of several failures, without remedies', () => {
		const errors = ['a', 'b'].map((name) => new KubejoinError('API_NOT_FOUND', { resource: 'nodes', group: '', name }));
		deepEqual(
			printed(new AggregateError([...errors, new KubejoinError('COMMAND_INVALID', { problem: 'p', remedy: 'r' })])),
			[
				'Error from server (NotFound): nodes "a" not found\nError from server (NotFound): nodes "b" not found\np\n',
				undefined,
				1,
			],
		);
	});

	it('prints only the line of upstream where no kubeconfig names a server', () => {
		deepEqual(printed(noServer()), [`${noServerLine}\n`, undefined, 1]);
	});

	it('names the kubeconfig of the mesh that was started here', () => {
		const { text } = reportError(noServer(), 'kubeadm', () => '.kubejoin/pki/admin/admin.conf');
		const remedy = 'Use the kubeconfig of this mesh: export KUBECONFIG=.kubejoin/pki/admin/admin.conf';
		equal(text, `${noServerLine}\ndo this: ${remedy}\n`);
	});
});

const noServerLine =
	'The connection to the server localhost:8080 was refused - did you specify the right host or port?';
