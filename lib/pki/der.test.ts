import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
	bitString,
	booleanValue,
	checkedText,
	type DerNode,
	integerBytes,
	itemsOfSequence,
	nullValue,
	octetString,
	octets,
	oid,
	oidText,
	readDer,
	sequence,
	setOf,
	tagged,
	taggedBytes,
	time,
	unsignedInteger,
	writeDer,
} from './der.ts';

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex');
const hexOf = (node: DerNode) => writeDer(node).toString('hex');
const bytes = fc.uint8Array({ maxLength: 300 });
const { tree } = fc.letrec<{ tree: DerNode }>((tie) => ({
	tree: fc.oneof(
		{ maxDepth: 4 },
		bytes.map((value) => octetString(value)),
		bytes.map((value) => bitString(value)),
		bytes.map((value) => unsignedInteger(value)),
		fc.tuple(fc.nat(30), bytes).map(([number, value]) => taggedBytes(number, value)),
		fc.constant(nullValue()),
		fc.array(tie('tree'), { maxLength: 4 }).map((items) => sequence(...items)),
		tie('tree').map(setOf),
		fc.tuple(fc.nat(30), tie('tree')).map(([number, item]) => tagged(number, item)),
	),
}));

describe('DER', () => {
	it('reads the bytes that it writes', () => {
		fc.assert(fc.property(tree, (node) => assert.equal(hexOf(readDer(writeDer(node))), hexOf(node))));
	});

	it('reads no bytes that it would not write again', () => {
		const changed = fc.tuple(tree, fc.nat(), fc.nat(255)).map(([node, at, octet]) => {
			const der = writeDer(node);
			return der.fill(octet, at % der.length, (at % der.length) + 1);
		});
		const isOnlyEncoding = (input: Uint8Array) => {
			let node: DerNode;
			try {
				node = readDer(input);
			} catch {
				return;
			}
			assert.equal(hexOf(node), Buffer.from(input).toString('hex'));
		};
		fc.assert(fc.property(changed, isOnlyEncoding), { numRuns: 1000 });
		fc.assert(fc.property(fc.uint8Array(), isOnlyEncoding));
	});

	const refused: Readonly<Record<string, string>> = {
		nothing: '',
		'a type without a length': '04',
		'contents that end early': '04 02 00',
		'an item that ends after its sequence': '30 02 04 01',
		'bytes after the end': '05 00 00',
		'an indefinite length': '30 80 00 00',
		'a long length that fits into the short form': '04 81 01 00',
		'a length with a leading zero': `04 82 00 80 ${'00'.repeat(128)}`,
		'a length without its octets': '04 82 01',
		'structures in more than 32 levels': nested(34),
	};
	for (const [what, input] of Object.entries(refused))
		it(`refuses ${what}`, () => assert.throws(() => readDer(hex(input))));

	it('reads integers in their only form', () => {
		for (const shortest of ['00', '7f', '0080', 'ff', '80', 'ff7f'])
			assert.deepEqual(integerBytes(readDer(hex(`02 0${shortest.length / 2} ${shortest}`))), hex(shortest));
		for (const other of ['02 00', '02 02 00 7f', '02 02 ff 80'])
			assert.throws(() => integerBytes(readDer(hex(other))), /not encoded as DER/, other);
	});

	it('reads booleans in their only form', () => {
		assert.equal(booleanValue(readDer(hex('01 01 ff'))), true);
		assert.equal(booleanValue(readDer(hex('01 01 00'))), false);
		for (const other of ['01 01 01', '01 00', '01 02 ff ff'])
			assert.throws(() => booleanValue(readDer(hex(other))), /not encoded as DER/, other);
	});

	it('reads object identifiers in their only form', () => {
		for (const [text, der] of [
			['0.0', '060100'],
			['1.2.840.113549.1.1.11', '06092a864886f70d01010b'],
			['2.5.29.15', '0603551d0f'],
		] as const) {
			assert.equal(hexOf(oid(text)), der);
			assert.equal(oidText(readDer(hex(der))), text);
		}
		for (const der of ['0600', '06025580', '060355801d', '06025581'])
			assert.throws(() => oidText(readDer(hex(der))), /not encoded as DER/, der);
	});

	it('writes times until 2049 with two digits of the year, and later ones with four', () => {
		const last = Date.UTC(2049, 11, 31, 23, 59, 59);
		assert.equal(writeDer(time(last)).toString('latin1'), '\x17\x0d491231235959Z');
		assert.equal(writeDer(time(last + 1_000)).toString('latin1'), '\x18\x0f20500101000000Z');
	});

	it('takes no other type for the expected one', () => {
		for (const read of [itemsOfSequence, octets, oidText, integerBytes]) {
			assert.throws(() => read(undefined), /is missing/);
			assert.throws(() => read(nullValue()), /is missing/);
		}
	});

	it('refuses texts that are not of their string type, and control characters', () => {
		assert.equal(checkedText(Buffer.from('Größe'), 'utf8'), 'Größe');
		for (const [text, type] of [
			[Buffer.from('Größe'), 'printable'],
			[Buffer.from([0xc3]), 'utf8'],
			[Buffer.from('a\nb'), 'ia5'],
		] as const)
			assert.throws(() => checkedText(text, type));
	});
});

/** Sequences in each other, the innermost empty. */
function nested(levels: number): string {
	let node = sequence();
	for (let level = 1; level < levels; level++) node = sequence(node);
	return hexOf(node);
}
