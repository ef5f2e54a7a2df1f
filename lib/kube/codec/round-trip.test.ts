import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import protobuf from 'protobufjs/minimal.js';
import { decodeMessage } from '../../codec/decode.ts';
import { encodeMessage } from '../../codec/encode.ts';
import { apiVersions, messageNamed, messageNames, messageOf } from '../../codec/schema.ts';
import { KubejoinError } from '../../errors.ts';
import { limits } from '../../limits.ts';
import { objectArbitrary } from './fixtures.test.ts';
import { decodeJson, encodeJson, encodePrettyJson } from './json.ts';
import { type DecodedObject, readObject, type TypeMeta } from './object.ts';
import { decodeProtobuf, decodeWatchFrames, encodeProtobuf, encodeWatchFrame } from './protobuf.ts';
import { decodeYaml, encodeYaml } from './yaml.ts';

interface UpstreamObject {
	readonly json: TypeMeta & Record<string, unknown>;
	readonly protobuf: string;
}
const fixture = (name: string): Buffer => readFileSync(new URL(name, import.meta.url));
const upstreamObjects = gunzipSync(fixture('upstream-objects.jsonl.gz'))
	.toString()
	.trimEnd()
	.split('\n')
	.map((line) => JSON.parse(line) as UpstreamObject);
const typeOf = ({ apiVersion, kind }: TypeMeta): TypeMeta => ({ apiVersion, kind });
const objectOf = ({ object, strictProblems }: DecodedObject) => {
	assert.deepEqual(strictProblems, []);
	return object;
};

/** The kinds of all tables, with an apiVersion that has them. */
const kinds: TypeMeta[] = [...apiVersions].flatMap(([apiVersion, directory]) =>
	messageNames
		.filter((name) => name.startsWith(`${directory}.`))
		.map((name) => ({ apiVersion, kind: name.slice(name.indexOf('.') + 1) }))
		.filter((type) => messageOf(type)?.jsonFields.has('kind') && messageOf(type)?.wireFields.length !== 0),
);

describe('the codec and upstream', () => {
	for (const { json, protobuf } of upstreamObjects) {
		it(`keeps every field of upstream's ${json.kind} of ${json.apiVersion}, to the byte`, () => {
			const bytes = Buffer.from(protobuf, 'base64');
			const type = typeOf(json);
			const read = objectOf(decodeJson(JSON.stringify(json), type));
			assert.equal(encodeJson(read), `${JSON.stringify(json)}\n`);
			assert.deepEqual(encodeProtobuf(read), bytes);
			assert.equal(encodeJson(objectOf(decodeProtobuf(bytes, type))), encodeJson(read));
			assert.equal(encodeJson(objectOf(decodeYaml(encodeYaml(read), type))), encodeJson(read));
			assert.deepEqual(JSON.parse(encodePrettyJson(read)), json);
		});
	}

	it("encodes recorded objects as a real kube-apiserver's answer", () => {
		const recorded = JSON.parse(fixture('recorded-answers.json').toString()) as {
			bytes: number;
			sha256: string;
			object: TypeMeta & Record<string, unknown>;
		}[];
		for (const { bytes, sha256, object } of recorded) {
			const encoded = encodeProtobuf(objectOf(readObject(object, typeOf(object))));
			assert.ok(encoded);
			assert.equal(encoded.length, bytes, object.kind);
			assert.ok(createHash('sha256').update(encoded).digest('hex').startsWith(sha256), object.kind);
		}
	});
});

describe('any object of any kind', () => {
	it('is the same after JSON, protobuf, the sparse form of gRPC, YAML and a watch', () => {
		for (const type of kinds) {
			const message = messageOf(type);
			assert.ok(message);
			fc.assert(
				fc.property(objectArbitrary(type), (given) => {
					const object = objectOf(decodeJson(JSON.stringify(given), type));
					assert.deepEqual(object, given);
					const answer = encodeJson(object);
					assert.equal(encodeJson(objectOf(decodeJson(answer, type))), answer);
					const bytes = encodeProtobuf(object);
					assert.ok(bytes);
					assert.equal(encodeJson(objectOf(decodeProtobuf(bytes, type))), answer);
					const { object: overGrpc } = decodeMessage(message, encodeMessage(message, object, 'sparse'));
					assert.deepEqual({ ...type, ...overGrpc }, object);
					const frame = encodeWatchFrame('ADDED', object);
					assert.ok(frame);
					assert.equal(encodeJson(decodeWatchFrames(frame)[0]?.object ?? {}), answer);
				}),
				{ numRuns: 20 },
			);
		}
	});
});

describe('the decoder', () => {
	const refuses = (decode: () => unknown) => {
		try {
			decode();
		} catch (error) {
			assert.ok(error instanceof KubejoinError, String(error));
			assert.ok(['API_BAD_REQUEST', 'MESSAGE_TOO_COMPLEX', 'MESSAGE_UNREADABLE'].includes(error.code), error.code);
		}
	};

	it('answers random bytes with an error of the client', () => {
		const type = { apiVersion: 'v1', kind: 'Pod' };
		const envelope = Buffer.from('k8s\0\x0a\x09\x0a\x02v1\x12\x03Pod\x12', 'latin1');
		fc.assert(
			fc.property(fc.uint8Array({ maxLength: 120 }), (random) => {
				refuses(() => decodeProtobuf(random, type));
				refuses(() => decodeProtobuf(Buffer.concat([envelope, Buffer.from([random.length]), random]), type));
				refuses(() => decodeWatchFrames(random));
			}),
			{ numRuns: 500 },
		);
	});

	it('answers mutated bytes with an object or an error of the client', () => {
		const mutation = fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 }));
		for (const { json, protobuf } of upstreamObjects.filter((_, index) => index % 6 === 0)) {
			const bytes = Buffer.from(protobuf, 'base64');
			fc.assert(
				fc.property(fc.array(mutation, { minLength: 1, maxLength: 5 }), (mutations) => {
					const mutated = Buffer.from(bytes);
					for (const [at, value] of mutations) mutated[at % mutated.length] = value;
					refuses(() => decodeProtobuf(mutated, typeOf(json)));
				}),
				{ numRuns: 60 },
			);
		}
	});

	it('MESSAGE_TOO_COMPLEX: refuses more fields than the limit', () => {
		const type = { apiVersion: 'v1', kind: 'ConfigMap' };
		const entries = Array.from({ length: limits.messageFields.value }, (_, index) => [`k${index}`, '']);
		const tooMany = encodeProtobuf({ ...type, data: Object.fromEntries(entries) });
		assert.ok(tooMany);
		assert.throws(() => decodeProtobuf(tooMany, type), { code: 'MESSAGE_TOO_COMPLEX' });
	});

	it('API_BAD_REQUEST: refuses objects in objects beyond the bound', () => {
		const type = { apiVersion: 'v1', kind: 'List' };
		/** A list with an item that is a list, and so on, each in protobuf. */
		const nested = (depth: number): Buffer => {
			const inner = depth === 0 ? Buffer.from('{}') : nested(depth - 1);
			const list = protobuf.Writer.create().uint32(0x12).fork().uint32(0x0a).bytes(inner).ldelim();
			const envelope = protobuf.Writer.create().uint32(0x0a).fork();
			envelope.uint32(0x0a).string('v1').uint32(0x12).string('List').ldelim();
			return Buffer.concat([Buffer.from('k8s\0'), envelope.uint32(0x12).bytes(list.finish()).finish()]);
		};
		assert.equal(decodeProtobuf(nested(3), type).object.kind, 'List');
		assert.throws(() => decodeProtobuf(nested(4), type), { code: 'API_BAD_REQUEST', message: /nested too deeply/ });
	});

	it('reads a quantity without a text as zero, and refuses an empty text, as upstream', () => {
		const message = messageNamed('core/v1.ResourceRequirements');
		const cpu = [0x0a, 0x03, 0x63, 0x70, 0x75];
		const limits = (...value: number[]) => Buffer.from([0x0a, cpu.length + value.length, ...cpu, ...value]);
		for (const value of [[], [0x12, 0x00], [0x12, 0x02, 0x10, 0x01]])
			assert.deepEqual(decodeMessage(message, limits(...value)).object, { limits: { cpu: '0' } });
		assert.throws(() => decodeMessage(message, limits(0x12, 0x02, 0x0a, 0x00)), { code: 'MESSAGE_UNREADABLE' });
	});

	it('MESSAGE_UNREADABLE: refuses a message that is longer than the one that holds it', () => {
		const metadata = [0x0a, 0x02, 0x0a, 0x05];
		const message = messageNamed('core/v1.ConfigMap');
		for (const bytes of [
			[0x0a, 0x05, 0x0a, 0x01, 0x61],
			[...metadata, 0x0a, 0x03, 0x0a, 0x01, 0x61],
		])
			assert.throws(() => decodeMessage(message, Buffer.from(bytes)), { code: 'MESSAGE_UNREADABLE' });
		assert.throws(() => decodeMessage(message, Buffer.from([0x0a, 0x05, 0x0a, 0x01, 0x61])), /unexpected EOF/);
		// A number that continues in the bytes after its message: controller, and then generation.
		const owner = (controller: number) => [0x0a, 0x06, 0x6a, 0x02, 0x30, controller, 0x38, 0x01];
		assert.throws(() => decodeMessage(message, Buffer.from(owner(0x80))), { code: 'MESSAGE_UNREADABLE' });
		const { object } = decodeMessage(message, Buffer.from(owner(0x01)));
		assert.deepEqual(object, { metadata: { generation: 1, ownerReferences: [{ controller: true }] } });
	});

	it('MESSAGE_UNREADABLE: reads numbers of any length up to 53 bits, and none that ends outside of its message', () => {
		const message = messageNamed('core/v1.ConfigMap');
		const read = (...number: readonly number[]) =>
			decodeMessage(message, Buffer.from([0x0a, number.length + 1, 0x38, ...number, 0x0a, 0])).object;
		const bytesOf = (value: number | string) =>
			protobuf.Writer.create()
				.int64(value as number)
				.finish();
		const isRead = (value: number) =>
			assert.deepEqual(read(...bytesOf(value)), { metadata: value === 0 ? {} : { generation: value } });
		for (let bits = 0; bits <= 53; bits++) isRead(2 ** bits - 1);
		fc.assert(fc.property(fc.maxSafeInteger(), isRead));
		for (const number of [bytesOf(2 ** 53), bytesOf(-(2 ** 53)), Array(11).fill(0x80)])
			assert.throws(() => read(...number), { code: 'MESSAGE_UNREADABLE' });
		for (let length = 1; length <= 9; length++)
			assert.throws(() => read(...Array(length).fill(0x80)), { code: 'MESSAGE_UNREADABLE' }, String(length));
	});

	it('API_BAD_REQUEST: refuses YAML with more tokens than the limit, and reads JSON as such', () => {
		const type = { apiVersion: 'v1', kind: 'ConfigMap' };
		const keys = Array.from({ length: 4000 }, (_, at) => `k${at}`);
		const yaml = `data:\n${keys.map((key) => `  ${key}: v\n`).join('')}`;
		assert.throws(() => decodeYaml(yaml, type), { code: 'API_BAD_REQUEST', message: /more than 15000 tokens/ });
		const data = Object.fromEntries(keys.map((key) => [key, 'v']));
		assert.deepEqual(decodeYaml(JSON.stringify({ data }), type).object, { ...type, data });
		const twice = decodeYaml('{"data":{"a":"1","a":"2"}}', type);
		assert.deepEqual(twice.object, { ...type, data: { a: '2' } });
		assert.match(twice.strictProblems.join(), /key "a" already set in map/);
	});

	it('API_BAD_REQUEST: refuses bytes in JSON that is sent as YAML as in other YAML', () => {
		const type = { apiVersion: 'v1', kind: 'ConfigMap' };
		const json = (value: string) => Buffer.from(`{"data":{"a":"${value}"}}`, 'latin1');
		assert.deepEqual(decodeYaml(json('x'), type).object, { ...type, data: { a: 'x' } });
		const refused = (body: Buffer, message: RegExp) =>
			assert.throws(() => decodeYaml(body, type), { code: 'API_BAD_REQUEST', message });
		refused(json('\xff'), /yaml: invalid leading UTF-8 octet/);
		refused(json('\x7f'), /yaml: line 1: control characters are not allowed/);
	});

	it('reports a field number that the message does not have, and drops it', () => {
		const type = { apiVersion: 'v1', kind: 'Namespace' };
		const envelope = Buffer.from('k8s\0\x0a\x0f\x0a\x02v1\x12\x09Namespace\x12\x04\x98\x06\x01\x00', 'latin1');
		const bytes = envelope.subarray(0, envelope.length - 1);
		bytes[bytes.length - 4] = 3;
		assert.deepEqual(decodeProtobuf(bytes, type), {
			object: type,
			strictProblems: ['unknown field number 99 of core/v1.Namespace'],
		});
	});
});
