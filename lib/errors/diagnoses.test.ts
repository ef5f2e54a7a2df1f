import assert from 'node:assert/strict';
import fc from 'fast-check';
import { type ErrorCode, errorTable, KubejoinError } from '../errors.ts';
import { alsoPossible, causesOf, mostLikely } from './diagnoses/index.ts';

const codes = Object.keys(errorTable) as ErrorCode[];
const unreachable = (cause: string | undefined, problem = 'p') =>
	new KubejoinError('CLUSTER_INFO_UNREACHABLE', { endpoint: 'h:1', problem, waitedSeconds: 1, cause });

describe('the diagnosis of an error', () => {
	it('exists for every error that ends a join', () => {
		const problems = ['FileAvailable--x]: y'];
		const errors = [
			new KubejoinError('PIN_INVALID', { problem: 'invalid hash "x", expected a 32 byte SHA-256 hash, found 1 bytes' }),
			new KubejoinError('CLUSTER_INFO_UNSIGNED', { tokenId: 'abcdef', waitedSeconds: 1 }),
			new KubejoinError('CLUSTER_INFO_SIGNATURE_INVALID', { tokenId: 'abcdef' }),
			new KubejoinError('CLUSTER_INFO_INVALID', { problem: 'p' }),
			new KubejoinError('CLUSTER_INFO_CHANGED', {}),
			new KubejoinError('CA_HASH_MISMATCH', { presented: [], pinned: [] }),
			new KubejoinError('PREFLIGHT_FAILED', { problems }),
			new KubejoinError('NODE_NAME_TAKEN', { node: 'n' }),
			new KubejoinError('CSR_DENIED', { name: 'n', reason: 'KubectlDeny', message: 'm' }),
			new KubejoinError('CSR_FAILED', { name: 'n', reason: 'SignerValidationFailure', message: 'm' }),
			new KubejoinError('CSR_TIMEOUT', { name: 'n', waitedSeconds: 1 }),
			new KubejoinError('CERTIFICATE_UNUSABLE', { problem: 'p' }),
			new KubejoinError('NODE_LOCKED_OUT', { node: 'n', root: '/', notAfter: 't', because: 'b' }),
			new KubejoinError('API_UNAUTHORIZED', {}),
			new KubejoinError('API_FORBIDDEN', { resource: 'r', group: '', name: 'n', because: 'b' }),
			new KubejoinError('CALLER_DENIED', { caller: 'c', method: 'm', allowed: [] }),
			new KubejoinError('CLIENT_CERTIFICATE_REFUSED', { target: 't', problem: 'p' }),
			new KubejoinError('DEADLINE_EXCEEDED', { target: 't', method: 'm', deadlineMs: 1 }),
			new KubejoinError('STORE_UNAVAILABLE', { store: 's', problem: 'p' }),
			...[undefined, ...causesOf('CLUSTER_INFO_UNREACHABLE')].map((cause) => unreachable(cause)),
			...causesOf('PEER_REFUSED').map(
				(cause) => new KubejoinError('PEER_REFUSED', { target: 't', problem: 'p', cause }),
			),
		];
		for (const error of errors) {
			assert.ok(error.mostLikely, `${error.code} ${error.details.cause}`);
			for (const text of [error.mostLikely, ...error.alsoPossible])
				assert.doesNotMatch(text, /\n|\.$|undefined/, error.code);
			assert.ok(error.alsoPossible.length <= 3, error.code);
		}
	});

	it('depends on the cause, and so does the remedy', () => {
		assert.match(unreachable('unknown-authority').mostLikely ?? '', /replays cluster-info/);
		assert.match(unreachable('unknown-authority').remedy, /^Do not join/);
		assert.match(unreachable('refused').mostLikely ?? '', /^no process listens on h:1/);
		assert.equal(unreachable('of tomorrow').mostLikely, 'the network has no route from this machine to h:1');
		assert.match(unreachable('of tomorrow').remedy, /^Check that an API server listens/);
	});

	it('gives both times for a certificate outside its validity period', () => {
		const at = (relation: string) =>
			unreachable('time-validity', `x: current time 2026-01-01T00:00:00Z is ${relation} 2026-01-02T00:00:00Z`)
				.mostLikely ?? '';
		assert.equal(
			at('before'),
			'the clock of this machine is behind: it shows 2026-01-01T00:00:00Z, ' +
				'and the certificate is valid from 2026-01-02T00:00:00Z',
		);
		assert.equal(
			at('after'),
			'the certificate expired at 2026-01-02T00:00:00Z and was not renewed; ' +
				'the clock of this machine shows 2026-01-01T00:00:00Z',
		);
	});

	it('distinguishes a missing credential from an invalid one', () => {
		const forbidden = (because: string) =>
			new KubejoinError('API_FORBIDDEN', { resource: 'nodes', group: '', name: '', because }).mostLikely ?? '';
		assert.match(
			forbidden('User "system:anonymous" cannot list resource "nodes"'),
			/^the client presented no credential/,
		);
		assert.match(forbidden('User "system:bootstrap:abcdef" cannot list resource "nodes"'), /^a bootstrap token can/);
		assert.match(forbidden('node "a" is not allowed to modify node "b"'), /^a node can/);
		assert.match(forbidden('User "jane" cannot list resource "nodes"'), /^no role/);
		assert.match(new KubejoinError('API_UNAUTHORIZED', {}).mostLikely ?? '', /^the credential is invalid/);
		const atCsr = new KubejoinError('API_UNAUTHORIZED', {});
		atCsr.phase = 'tls-bootstrap/request-certificate';
		assert.match(atCsr.mostLikely ?? '', /^the token lacks the usage authentication/);
	});

	it('explains a hash of no data, a truncated pin and a truncated token', () => {
		const of = (problem: string) =>
			new KubejoinError('JOIN_ARGUMENTS_INVALID', { problems: ['nodeRegistration.name: x', problem] }).mostLikely;
		const hash = 'discovery.bootstrapToken.caCertHashes: invalid discovery token CA certificate hash: ';
		assert.match(of(`${hash}invalid hash "x", this is the SHA-256 of nothing: …`) ?? '', /^the CA key is not RSA/);
		assert.equal(
			of(`${hash}invalid hash "x", expected a 32 byte SHA-256 hash, found 8 bytes`),
			'the pin was not copied completely',
		);
		assert.equal(
			of(`${hash}invalid hash, expected "format:hex-value". Known format(s) are: sha256`),
			'the pin does not start with sha256:',
		);
		assert.equal(of(`${hash}unknown hash format "md5". Known format(s) are: sha256`), 'the hash is not SHA-256');
		const found = ['the token: it has a quote in it', 'the hash: it begins with a blank'];
		const error = new KubejoinError('JOIN_ARGUMENTS_INVALID', { problems: [`${hash}invalid hash, x`], found });
		assert.equal(error.mostLikely, found.join('; '));
		assert.equal(of('something else'), undefined);
	});

	it('does not throw for any details from the wire', () => {
		fc.assert(
			fc.property(
				fc.constantFrom(...codes),
				fc.dictionary(fc.constantFrom('problem', 'because', 'problems', 'cause', 'reason', 'target'), fc.anything()),
				(code, details) => {
					mostLikely(code, details as never);
					alsoPossible(code, details as never);
				},
			),
		);
	});
});
