/** Objects of every kind, made from the tables: as a client could send them, in the form in which they are read. */
import fc from 'fast-check';
import { rfc3339 } from '../../clock.ts';
import { type Field, type Message, messageOf, type ValueType } from '../../codec/schema.ts';

const text = fc.string({ unit: 'grapheme', maxLength: 6 });
const filledText = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 6 });
const key = fc.string({ minLength: 1, maxLength: 4, unit: fc.constantFrom('a', 'b', '-', '.', '/', '1', 'ü') });
const int32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
const filledInt32 = int32.filter((value) => value !== 0);
const seconds = fc.integer({ min: -62_135_596_799, max: 253_402_300_799 });
const time = seconds.map((value) => rfc3339(value * 1000));
const microTime = fc
	.tuple(time, fc.integer({ min: 0, max: 999_999 }))
	.map(([t, micros]) => t.replace('Z', `.${String(micros).padStart(6, '0')}Z`));
const bytes = fc.uint8Array({ minLength: 1, maxLength: 9 }).map((array) => Buffer.from(array).toString('base64'));
const rawJson = fc.dictionary(key, fc.oneof(text, int32, fc.boolean(), fc.constant(null), fc.array(text)), {
	maxKeys: 3,
	noNullPrototype: true,
});
const quantity = fc
	.tuple(fc.integer({ min: 1, max: 999 }), fc.constantFrom('', 'm', 'k', 'M', 'Ki', 'Mi', 'Gi'))
	.map(([amount, suffix]) => `${amount % 8 === 0 ? amount + 1 : amount}${suffix}`)
	.filter((one) => !/^[0-9]{1,3}Ki$/.test(one) || one.length > 3);

/** A value that a field of the type can have, if it has one. */
function arbitraryOf(type: ValueType, isZeroKept: boolean, depth: number): fc.Arbitrary<unknown> {
	switch (type.form) {
		case 'bool':
			return isZeroKept ? fc.boolean() : fc.constant(true);
		case 'int32':
			return isZeroKept ? int32 : filledInt32;
		case 'int64':
			return isZeroKept ? fc.maxSafeInteger() : fc.maxSafeInteger().filter((value) => value !== 0);
		case 'string':
			return isZeroKept ? text : filledText;
		case 'bytes':
			return bytes;
		case 'time':
			return time;
		case 'microTime':
			return microTime;
		case 'quantity':
			return quantity;
		case 'intOrString':
			return isZeroKept ? fc.oneof(int32, text) : fc.oneof(filledInt32, filledText);
		case 'strings':
			return fc.array(text, { minLength: 1, maxLength: 3 });
		case 'list':
			return fc.array(arbitraryOf(type.item, true, depth), { minLength: 1, maxLength: 2 });
		case 'map':
			return fc.dictionary(key, arbitraryOf(type.item, true, depth), { minKeys: 1, maxKeys: 2, noNullPrototype: true });
		case 'message':
			return messageArbitrary(type.message, depth + 1);
		default:
			return rawJson;
	}
}

const isIn = ({ field }: { field: Field }, depth: number): boolean =>
	field.number !== 0 && (depth < 6 || !['message', 'list', 'map'].includes(field.type.form));

function messageArbitrary(message: Message, depth: number): fc.Arbitrary<Record<string, unknown>> {
	const fields = [...message.jsonFields].filter(([, field]) => isIn(field, depth));
	const few = fc.subarray(fields, { maxLength: depth === 0 ? fields.length : Math.min(3, fields.length) });
	return few.chain((chosen) =>
		fc.record(
			Object.fromEntries(
				chosen.map(([name, { field }]) => [name, arbitraryOf(field.type, field.isPointer || !field.omitEmpty, depth)]),
			),
			{ noNullPrototype: true },
		),
	);
}

export function objectArbitrary(type: { apiVersion: string; kind: string }): fc.Arbitrary<Record<string, unknown>> {
	const message = messageOf(type);
	if (message === undefined) throw new TypeError(`no kind ${type.kind}`);
	return messageArbitrary(message, 0).map((object) => ({ ...type, ...object }));
}
