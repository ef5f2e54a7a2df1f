/** The attack matrix on a real mesh: the code of every cell, and the bytes of the token that reached the attacker. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { expectedCells, matrixText, type Row, runMatrix } from '../../chaos/lab/attack-matrix/matrix.ts';
import { startProgram } from '../../chaos/lab/attack-matrix/start-program.ts';
import { startTestMesh, type TestMesh } from './mesh.ts';

const SECRET_BYTES = 16;

describe('the attack matrix', () => {
	let mesh: TestMesh;
	let rows: readonly Row[];
	before(async () => {
		mesh = await startTestMesh();
		rows = await runMatrix({
			endpoint: mesh.endpoint,
			clusterCa: join(mesh.state, 'pki/admin/ca.crt'),
			caKey: join(mesh.state, 'pki/ca-service/ca.key'),
			pin: mesh.pin,
			createToken: () => mesh.createToken(),
			start: startProgram,
			deleteNode: (name) => mesh.api.nodes.delete(name),
		});
	});
	after(() => mesh?.stopAndRemove());

	const held = (code: string) => ({ code, verdict: 'held', isTokenSent: false, isCaptured: false });
	const captured = { code: 'CAPTURED', verdict: 'violated', isTokenSent: true, isCaptured: true };
	const leaked = (code: string) => ({ code, verdict: 'violated', isTokenSent: true, isCaptured: false });

	// Independent of the expectations in the matrix itself, which can share its mistakes.
	for (const [document, isPinned, wanted] of [
		['own CA, no JWS', true, held('CLUSTER_INFO_UNSIGNED')],
		['own CA, no JWS', false, held('CLUSTER_INFO_UNSIGNED')],
		['own CA, invented JWS', true, held('CLUSTER_INFO_SIGNATURE_INVALID')],
		['own CA, invented JWS', false, held('CLUSTER_INFO_SIGNATURE_INVALID')],
		['genuine, replayed', true, held('CLUSTER_INFO_UNREACHABLE')],
		['genuine, replayed', false, held('JOINED')],
		['own CA, valid JWS', true, held('CA_HASH_MISMATCH')],
		['own CA, valid JWS', false, captured],
		['altered, then genuine', true, held('CLUSTER_INFO_CHANGED')],
		['genuine CA + own', true, held('CA_HASH_MISMATCH')],
		['genuine CA + own', false, captured],
		['any; token first', true, leaked('CA_HASH_MISMATCH')],
		['any; token first', false, leaked('BELIEVED')],
		['as the genuine', true, captured],
		['as the genuine', false, captured],
	] as const) {
		it(`${document}, ${isPinned ? 'with a pin' : 'without a pin'}: ${wanted.code}, security ${wanted.verdict}`, () => {
			const row = rows.find((one) => one.document === document && one.isPinned === isPinned);
			assert.ok(row, 'the matrix lacks this cell');
			const { code, verdict, tokenBytes, isCaptured } = row;
			assert.deepEqual({ code, verdict, isTokenSent: tokenBytes > 0, isCaptured }, wanted, row.said);
			assert.equal(tokenBytes % SECRET_BYTES, 0);
			assert.ok(row.isAsExpected, `the matrix expects another outcome: ${row.said}`);
		});
	}

	it('has exactly these cells, and fits into 80 columns', () => {
		assert.deepEqual([rows.length, expectedCells.length], [15, 15]);
		const text = matrixText(rows);
		assert.deepEqual(
			text.split('\n').filter((line) => line.length > 80),
			[],
		);
		assert.match(text, /All 15 cells are as expected\./);
	});

	it('leaves no node in the genuine cluster', async () => {
		assert.deepEqual((await mesh.api.nodes.list()).items, []);
	});

	it('marks an unexpected outcome and prints the expected one', () => {
		const [row] = rows;
		assert.ok(row, 'there is no cell');
		const text = matrixText([{ ...row, code: 'JOINED', isAsExpected: false }]);
		assert.match(text, /^✘ P0 own CA, no JWS .*JOINED/m);
		assert.match(text, /expected: CLUSTER_INFO_UNSIGNED, no byte of the token sent/);
		assert.match(text, /1 of 1 cells are not as expected/);
	});
});
