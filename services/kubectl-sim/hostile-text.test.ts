/**
 * Texts of a server are escaped for the terminal, as in kubectl since CVE-2021-25743; formats for programs keep the
 * value.
 */
import { deepEqual, doesNotMatch, equal, match } from 'node:assert/strict';
import fc from 'fast-check';
import { parse } from 'yaml';
import { fromWireError, KubejoinError } from '../../lib/errors.ts';
import { resources } from '../../lib/kube/resources.ts';
import { transportError } from '../../lib/rpc/transport-errors.ts';
import { openssl } from '../../test/openssl.ts';
import { localCredentialProblem } from './credential-problem.ts';
import { describe as describeObjects } from './describe.ts';
import { base64, clock, csr, fakeOutput, fakeResource, signal, worker } from './fakes.test.ts';
import { get } from './get.ts';
import { terminalOutput } from './output.ts';
import { reportError } from './print-error.ts';
import { printKubeObject } from './print-object.ts';

const hostile = 'evil\x1b]0;x\x07\r\nfake-row\u202e\u009b';
const controls = /(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;
const request = (format?: 'wide' | 'json' | 'yaml' | 'name') => ({
	type: 'csr',
	names: [],
	namespace: 'default',
	format,
	noHeaders: true,
	watch: false,
});
const evilCsr = () => {
	const { metadata, spec, ...rest } = csr('csr-1');
	const labels = { [`l${hostile}`]: hostile };
	return {
		...rest,
		metadata: { ...metadata, name: hostile, labels },
		spec: { ...spec, username: hostile, signerName: hostile },
	};
};

describe('text of a server on the terminal', () => {
	const apiOf = (item: ReturnType<typeof evilCsr>) =>
		({
			certificateSigningRequests: fakeResource(resources.certificateSigningRequests, [item]),
			nodes: fakeResource(resources.nodes, [
				{ ...worker('n'), metadata: { ...worker('n').metadata, annotations: { a: hostile } } },
			]),
			leases: fakeResource(resources.leases, []),
			events: fakeResource(resources.events, [
				{ apiVersion: 'v1', kind: 'Event', metadata: {}, reason: hostile, message: hostile },
			]),
		}) as never;

	it('ends a cell at the first line break, so that no value can forge a row', async () => {
		for (const format of [undefined, 'wide', 'name'] as const) {
			const { output, written } = fakeOutput();
			await get(request(format), { api: apiOf(evilCsr()), output, clock, signal });
			equal(written.out.split('\n').length, 2, written.out);
			doesNotMatch(written.out, controls);
			match(written.out, /evil\^\[\]0;x\\x07/);
		}
	});

	it('prints no extra line for a line break in a described value', async () => {
		for (const type of ['csr', 'nodes']) {
			const { output, written } = fakeOutput();
			const item = evilCsr();
			const pem = openssl(['req', '-new', '-key', 'k', '-subj', '/CN=a'], { k: openssl(['genrsa', '2048']) });
			const api = apiOf({ ...item, spec: { ...item.spec, request: base64(pem) } });
			await describeObjects(type, [], { api, output, clock });
			doesNotMatch(written.out, controls);
			doesNotMatch(written.out, /^fake-row/m);
		}
	});

	it('prints JSON and YAML without control characters and with the same value', async () => {
		const object = { a: hostile, [hostile]: ['\x7f', 'x\u2028', '\u{e0041}'] };
		for (const format of ['json', 'yaml'] as const) {
			const text = await printKubeObject(object, format);
			doesNotMatch(text, controls);
			deepEqual(parse(text), object);
		}
		await fc.assert(
			fc.asyncProperty(fc.dictionary(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' })), async (value) => {
				for (const format of ['json', 'yaml'] as const) {
					const text = await printKubeObject(value, format);
					doesNotMatch(text, controls);
					deepEqual(parse(text), { ...value });
				}
			}),
			{ numRuns: 50 },
		);
	});

	it('escapes messages of an unverified server in trailer and grpc-message', () => {
		const call = { target: 't', method: 'm', deadlineMs: 1 };
		const errors = [2, 3, 8, 13, 14].map((code) =>
			transportError({ code, details: hostile.repeat(500), dial: 'failed' }, call),
		);
		const wire = fromWireError({ code: 'CLUSTER_INFO_INVALID', details: { problem: hostile, list: [hostile] } });
		for (const error of [...errors, wire ?? new KubejoinError('TOKEN_REJECTED', {})]) {
			doesNotMatch(error.message, /[\p{Cc}\p{Cf}]/u);
			equal(error.message.length < 12_000, true);
		}
	});

	it('escapes all output, and masks secrets on standard error only', () => {
		let out = '';
		let err = '';
		const output = terminalOutput(
			(text) => {
				out += text;
			},
			(text) => {
				err += text;
			},
		);
		output.out(`${hostile} abcdef.0123456789abcdef\n`);
		output.err(reportError(new Error(`${hostile} Bearer abcdef.0123456789abcdef`)).text);
		doesNotMatch(`${out}${err}`, controls);
		match(out, /abcdef\.0123456789abcdef/);
		doesNotMatch(err, /0123456789/);
	});
});

describe('a refused credential', () => {
	const jwt = (claims: object) => `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.c2ln`;
	it('is explained only when it has expired or is not yet valid', () => {
		const now = Date.parse('2026-01-31T12:00:00Z');
		const seconds = now / 1000;
		match(
			localCredentialProblem({ token: jwt({ exp: seconds - 1 }) }, now) ?? '',
			/^your token expired at 2026-01-31T11:59:59Z/,
		);
		match(
			localCredentialProblem({ token: jwt({ exp: seconds + 9, nbf: seconds + 1 }) }, now) ?? '',
			/^your token is not valid before/,
		);
		for (const token of [jwt({ exp: seconds + 1 }), jwt({ exp: 'x' }), 'abcdef.0123456789abcdef', '', 'a.b.c'])
			equal(localCredentialProblem({ token }, now), undefined);
		equal(localCredentialProblem({}, now), undefined);
		equal(localCredentialProblem({ certificate: 'x' }, now), undefined);
	});
});
