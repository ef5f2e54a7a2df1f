import { deepEqual, equal, match } from 'node:assert/strict';
import { KubejoinError } from '../../lib/errors.ts';
import { fakeOutput } from './fakes.test.ts';
import { noServer } from './no-server.ts';
import { type ErrorStyle, printError } from './print-error.ts';

function printed(error: unknown, style?: ErrorStyle): [string | undefined, string | undefined, number] {
	const { output, written } = fakeOutput();
	const exitCode = printError(error, output, style);
	const [text, remedy] = written.err.split(/\n?do this: /);
	return [text, remedy, exitCode];
}
const csr = { resource: 'certificatesigningrequests', group: 'certificates.k8s.io', name: 'x' };
const dead = (problem: string) => new KubejoinError('CONNECTION_REFUSED', { target: 'h:6443', problem });

describe('printError', () => {
	it('what the server refuses', () => {
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
			'Error from server (InternalError): Internal error occurred: something unforeseen (id 7)',
		);
	});

	it('an object that is invalid, one problem or several', () => {
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

	it('a server that does not answer, or is another one', () => {
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

	it('what upstream has no text for is explained', () => {
		const { output, written } = fakeOutput();
		printError(new KubejoinError('CLIENT_CERTIFICATE_REFUSED', { target: 'h:1', problem: 'no' }), output);
		match(
			written.err,
			/^Unable to connect to the server: h:1 refused .*\n {2}most likely: {3}\S.*\n( {2}also possible: \S.*\n){1,3} {2}do this: {7}\S.*\n$/,
		);
	});

	it('the command itself', () => {
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

	it('kubeadm says it without a prefix, with its exit code', () => {
		deepEqual(printed(new KubejoinError('TOKEN_INVALID', { problems: ['usages: no'] }), 'kubeadm').toSpliced(1, 1), [
			'usages: no',
			3,
		]);
		equal(
			printed(dead('connect ECONNREFUSED'), 'kubeadm')[0],
			'The connection to the server h:6443 was refused - did you specify the right host or port?',
		);
	});

	it('several failures, a line each; the remedy of one only', () => {
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

	it('no server is named: the sentence and nothing after it', () => {
		deepEqual(printed(noServer()), [
			'The connection to the server localhost:8080 was refused - did you specify the right host or port?\n',
			undefined,
			1,
		]);
	});
});
