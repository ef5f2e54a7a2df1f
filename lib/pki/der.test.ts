import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
	bitString,
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
} from './der.ts';

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex');
const bytes = fc.uint8Array({ maxLength: 300 });
const { tree } = fc.letrec<{ tree: DerNode }>((tie) => ({
	tree: fc.oneof(
		{ maxDepth: 4 },
		bytes.map((value) => octetString(value)),
		bytes.map((value) => bitString(value)),
		bytes.map((value) => unsignedInteger(value)),
		fc.tuple(fc.nat(30), bytes).map(([number, value]) => taggedBytes(number, value)),
		fc.constant(nullValue),
		fc.array(tie('tree'), { maxLength: 4 }).map((items) => sequence(...items)),
		tie('tree').map(setOf),
		fc.tuple(fc.nat(30), tie('tree')).map(([number, item]) => tagged(number, item)),
	),
}));

/** The encoding of a node out of its parts, with lengths in the shortest form. */
function encodedAgain({ identifier, der, contentsAt, items }: DerNode): Buffer {
	const contents = items === undefined ? der.subarray(contentsAt) : Buffer.concat(items.map(encodedAgain));
	const length = contents.length.toString(16);
	const digits = length.padStart(length.length + (length.length % 2), '0');
	const lengthHex = contents.length < 0x80 ? digits : `${(0x80 + digits.length / 2).toString(16)}${digits}`;
	return Buffer.concat([Buffer.from([identifier]), hex(lengthHex.padStart(2, '0')), contents]);
}

describe('DER', () => {
	it('reads each structure that it writes as the same nodes', () => {
		fc.assert(fc.property(tree, (node) => assert.deepEqual(readDer(node.der), node)));
	});

	it('reads no bytes that are another encoding of the same value', () => {
		const changed = fc
			.tuple(tree, fc.nat(), fc.nat(255))
			.map(([{ der }, at, octet]) => Buffer.from(der).fill(octet, at % der.length, (at % der.length) + 1));
		const isOnlyEncoding = (input: Uint8Array) => {
			let node: DerNode;
			try {
				node = readDer(input);
			} catch (error) {
				assert.match(String(error), /not encoded as DER|truncated|after its end|too deeply/);
				return;
			}
			assert.deepEqual(encodedAgain(node), Buffer.from(input));
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
		'a length of five octets': '04 85 01 00 00 00 00',
		'a length without its octets': '04 82 01',
		'a type with a number of two octets': '1f 01 00',
		'an integer without contents': '02 00',
		'an integer with a leading zero': '02 02 00 7f',
		'a negative integer with leading ones': '02 02 ff 80',
		'a boolean of another value than 00 and ff': '01 01 01',
		'a boolean of two octets': '01 02 ff ff',
		'structures in more than 32 levels': nested(34),
	};
	for (const [what, input] of Object.entries(refused))
		it(`refuses ${what}`, () => assert.throws(() => readDer(hex(input)), /not encoded|truncated|after its end|deeply/));

	it('reads integers in their only form', () => {
		for (const shortest of ['00', '7f', '0080', 'ff', '80', 'ff7f'])
			assert.deepEqual(integerBytes(readDer(hex(`02 0${shortest.length / 2} ${shortest}`))), hex(shortest));
	});

	it('reads object identifiers in their only form', () => {
		for (const [text, der] of [
			['0.0', '060100'],
			['1.2.840.113549.1.1.11', '06092a864886f70d01010b'],
			['2.5.29.15', '0603551d0f'],
			['2.999.1', '0603883701'],
			['1.39.9007199254740991', '06094f8fffffffffffff7f'],
		] as const) {
			assert.equal(oid(text).der.toString('hex'), der);
			assert.equal(oidText(readDer(hex(der))), text);
		}
		for (const der of ['0600', '06025580', '060355801d', '06025581', '06094f9080808080808000'])
			assert.throws(() => oidText(readDer(hex(der))), /not encoded as DER|too large|after its end/);
		const arcs = fc.array(fc.nat(Number.MAX_SAFE_INTEGER), { maxLength: 5 });
		fc.assert(
			fc.property(fc.nat(2), fc.nat(39), arcs, (first, second, rest) => {
				const text = [first, second, ...rest].join('.');
				assert.equal(oidText(oid(text)), text);
			}),
		);
	});

	it('writes times until 2049 with two digits of the year, and later ones with four', () => {
		const last = Date.UTC(2049, 11, 31, 23, 59, 59, 999);
		assert.equal(time(last).der.toString('latin1'), '\x17\x0d491231235959Z');
		assert.equal(time(last + 1).der.toString('latin1'), '\x18\x0f20500101000000Z');
	});

	it('takes no other type for the expected one', () => {
		for (const read of [itemsOfSequence, octets, oidText, integerBytes]) {
			assert.throws(() => read(undefined), /is missing/);
			assert.throws(() => read(nullValue), /is missing/);
		}
	});

	it('refuses texts that are not of their string type, and control characters', () => {
		assert.equal(checkedText(Buffer.from('Größe'), 'utf8'), 'Größe');
		for (const [text, type] of [
			[Buffer.from('Größe'), 'printable'],
			[Buffer.from([0xc3]), 'utf8'],
			[Buffer.from('a\nb'), 'ia5'],
		] as const)
			assert.throws(() => checkedText(text, type), /^Error: a name /);
	});
});

/** Sequences in each other, the innermost empty. */
function nested(levels: number): string {
	let node = sequence();
	for (let level = 1; level < levels; level++) node = sequence(node);
	return node.der.toString('hex');
}
