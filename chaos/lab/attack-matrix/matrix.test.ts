import assert from 'node:assert/strict';
import { expectedCells, isAsWritten, matrixText, type Observed, type Row, whatWasSaid } from './matrix.ts';

const prefix = "error execution phase preflight: couldn't validate the identity of the API Server: ";

describe('the error of a node', () => {
	it('is read from both forms of a failure, without the prefixes of kubeadm', () => {
		for (const code of [
			'  code:   CA_HASH_MISMATCH (discovery/pin-ca)',
			'  code:          CA_HASH_MISMATCH (discovery/pin-ca)',
		])
			assert.deepEqual(whatWasSaid(`[preflight] x\n${prefix}none are pinned\n${code}\n  remedy: y`), {
				code: 'CA_HASH_MISMATCH',
				said: 'none are pinned',
			});
	});
	it('can have several lines', () => {
		assert.equal(
			whatWasSaid(
				'error execution phase preflight: [preflight] Some fatal errors occurred:\n\t[ERROR X\n  code:   PREFLIGHT_FAILED',
			).said.split('\n').length,
			2,
		);
	});
	it('is NO_CODE with the last line when there is no code', () =>
		assert.deepEqual(whatWasSaid('a\nb\n'), { code: 'NO_CODE', said: 'b' }));
});

describe('a cell matches its expectation', () => {
	const expected = { code: 'CA_HASH_MISMATCH', text: 'none of the public keys', isTokenSent: false };
	const observed: Observed = {
		code: 'CA_HASH_MISMATCH',
		said: 'invalid: none of the public keys "sha256:00" are pinned',
		tokenBytes: 0,
		isCaptured: false,
	};

	it('with the same code, text, token bytes and capture', () => {
		assert.equal(isAsWritten(expected, observed), true);
		assert.equal(
			isAsWritten({ code: 'BELIEVED', isTokenSent: true }, { ...observed, code: 'BELIEVED', tokenBytes: 16 }),
			true,
		);
	});

	for (const [what, change] of Object.entries({
		'another code': { code: 'CLUSTER_INFO_UNSIGNED' },
		'another text': { said: 'the node gave up' },
		'a byte of the token': { tokenBytes: 1 },
		'a capture': { isCaptured: true },
	}))
		it(`and not with ${what}`, () => assert.equal(isAsWritten(expected, { ...observed, ...change }), false));

	it('only with a text for each refusal, to notice another refusal with the same code', () => {
		for (const { document, expected: cell } of expectedCells)
			if (!['CAPTURED', 'JOINED', 'BELIEVED'].includes(cell.code)) assert.ok(cell.text, document);
	});
});

it('the matrix is printed in at most 80 columns', () => {
	const row: Row = {
		power: 'P1',
		document: 'altered, then genuine',
		isPinned: true,
		code: 'CLUSTER_INFO_SIGNATURE_INVALID',
		said: `${'word '.repeat(40)}sha256:${'0'.repeat(64)} ${'z'.repeat(200)}`,
		tokenBytes: 12_345,
		isCaptured: false,
		verdict: 'violated',
		expected: { code: 'CLUSTER_INFO_SIGNATURE_INVALID', isTokenSent: false },
		isAsExpected: false,
	};
	const lines = matrixText([row]).split('\n');
	assert.deepEqual(
		lines.filter((line) => line.length > 80),
		[],
	);
	assert.ok(lines.join(' ').includes('sha256:00000000…'), 'the number is not cut');
	assert.equal(lines.join('').match(/z/g)?.length, 200, 'a part of the sentence is lost');
});
