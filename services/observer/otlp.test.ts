import assert from 'node:assert/strict';
import fc from 'fast-check';
import { readSpans as receive } from './otlp.ts';

const readSpans = (body: unknown) => receive(body, 'ca-service').spans;
const key = (name: string, value: object) => ({ key: name, value });
const sent = (span: object) => ({
	resourceSpans: [
		{
			resource: { attributes: [key('service.name', { stringValue: 'ca-service' })] },
			scopeSpans: [{ scope: { name: 'x' }, spans: [span] }],
		},
	],
});
const valid = {
	traceId: '0AF7651916CD43DD8448EB211C80319C',
	spanId: 'b7ad6b7169203331',
	parentSpanId: 'b7ad6b7169203330',
	name: 'kubejoin.v1.CertificateAuthority/Sign',
	kind: 2,
	startTimeUnixNano: '1700000000000123456',
	endTimeUnixNano: '1700000000005000000',
	status: { code: 2, message: 'no' },
	attributes: [
		key('s', { stringValue: 'text' }),
		key('i', { intValue: '7' }),
		key('b', { boolValue: true }),
		key('a', { arrayValue: { values: [{ stringValue: 'x' }, { stringValue: 'y' }] } }),
		key('bytes', { bytesValue: 'AA==' }),
	],
	events: [{ name: 'rpc.message', timeUnixNano: '1700000000001000000', attributes: [key('n', { doubleValue: 1.5 })] }],
};

describe('OTLP as JSON', () => {
	it('is read as an exporter writes it', () => {
		assert.deepEqual(readSpans(sent(valid)), [
			{
				traceId: '0af7651916cd43dd8448eb211c80319c',
				spanId: 'b7ad6b7169203331',
				parentId: 'b7ad6b7169203330',
				name: 'kubejoin.v1.CertificateAuthority/Sign',
				kind: 'server',
				service: 'ca-service',
				startMs: 1_700_000_000_000.123,
				endMs: 1_700_000_000_005,
				failed: 'no',
				attributes: { s: 'text', i: 7, b: true, a: ['x', 'y'] },
				events: [{ name: 'rpc.message', atMs: 1_700_000_000_001, attributes: { n: 1.5 } }],
			},
		]);
	});

	it('leaves out what is no span', () => {
		for (const wrong of [
			{ traceId: 'x' },
			{ spanId: 7 },
			{ name: null },
			{ startTimeUnixNano: 5 },
			{ endTimeUnixNano: '-1' },
			{ traceId: `${valid.traceId}0` },
		]) {
			assert.deepEqual(readSpans(sent({ ...valid, ...wrong })), []);
		}
		assert.deepEqual(readSpans({ resourceSpans: [{ scopeSpans: [{ spans: [valid] }] }] }), []);
	});

	it('cuts what is too long, and ends no earlier than it began', () => {
		const [span] = readSpans(
			sent({
				...valid,
				endTimeUnixNano: '1000000',
				name: 'n'.repeat(9_999),
				attributes: Array(500).fill(key('k', { stringValue: 'v' })),
			}),
		);
		assert.equal(span?.name.length, 256);
		assert.equal(span?.endMs, span?.startMs);
	});

	it('nothing that can be sent is an error', () => {
		fc.assert(fc.property(fc.jsonValue(), (body) => Array.isArray(readSpans(body))));
		fc.assert(
			fc.property(
				fc.record({ resourceSpans: fc.anything(), traceId: fc.anything() }),
				fc.dictionary(fc.constantFrom(...Object.keys(valid)), fc.anything()),
				(body, span) => {
					readSpans(body);
					readSpans(sent({ ...valid, ...span }));
				},
			),
		);
	});

	it('an attribute cannot change what objects are', () => {
		const body = JSON.parse(
			JSON.stringify(
				sent({
					...valid,
					attributes: [key('__proto__', { stringValue: 'x' }), key('constructor', { stringValue: 'y' })],
				}),
			),
		);
		const [span] = readSpans(body);
		assert.equal(Object.getPrototypeOf(span?.attributes), Object.prototype);
	});
});
