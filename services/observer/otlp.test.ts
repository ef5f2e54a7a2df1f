import assert from 'node:assert/strict';
import fc from 'fast-check';
import { limits } from '../../lib/limits.ts';
import { readSpans as receive, sizeOf } from './otlp.ts';

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
	it('is read in the form in which exporters write it', () => {
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

	it('leaves out invalid spans', () => {
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

	it('shortens long names, and ends no earlier than it begins', () => {
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

	it('cuts a span to the limits of its parts', () => {
		const many = (count: number) => Array.from({ length: count }, (_, at) => key(`k${at}`, { stringValue: 'v' }));
		const list = key('list', { arrayValue: { values: Array(100).fill({ stringValue: 'v' }) } });
		const [span] = readSpans(sent({ ...valid, attributes: [list, ...many(500)] }));
		const { attributes = {} } = span ?? {};
		assert.equal(Object.keys(attributes).length, limits.spanAttributes.value);
		assert.equal((attributes.list as unknown[]).length, limits.spanAttributes.value);
		const event = { name: 'e', timeUnixNano: '1700000000001000000', attributes: [] };
		const large = { ...event, name: 'e'.repeat(999), attributes: many(100) };
		const [eventful] = readSpans(sent({ ...valid, events: [large, ...Array(200).fill(event)] }));
		const { events = [] } = eventful ?? {};
		assert.equal(events.length, limits.spanEvents.value);
		assert.equal(events[0]?.name.length, limits.spanNameCharacters.value);
		assert.equal(Object.keys(events[0]?.attributes ?? {}).length, limits.spanAttributes.value);
		const long = key('k', { stringValue: 'x'.repeat(limits.spanTextCharacters.value + 9) });
		const [cut] = readSpans(sent({ ...valid, attributes: [long] }));
		assert.equal(String(cut?.attributes.k).length, limits.spanTextCharacters.value);
		const named = key('k8s.node.name', { stringValue: 'x'.repeat(9_999) });
		const [short] = readSpans(sent({ ...valid, attributes: [named] }));
		assert.equal(String(short?.attributes['k8s.node.name']).length, limits.spanNameCharacters.value);
	});

	it('accepts any JSON without an error', () => {
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

	it('a span of more than the limit is refused, also when it is long only after its text was escaped', () => {
		const long = (text: string) =>
			Array.from({ length: 64 }, (_, index) =>
				key(`k${index}`, { arrayValue: { values: Array(64).fill({ stringValue: text }) } }),
			);
		for (const [text, isRefused] of [
			['x', false],
			['x'.repeat(16_384), true],
			['\u202e'.repeat(8), true],
		] as const) {
			const counted: string[] = [];
			const attributes = text === 'x' ? long(text).slice(0, 8) : long(text);
			const { spans, refused, problem } = receive(sent({ ...valid, attributes }), 'ca-service', (name) =>
				counted.push(name),
			);
			assert.deepEqual([spans.length, refused, counted], isRefused ? [0, 1, ['spanBytes']] : [1, 0, []]);
			assert.equal(problem, isRefused ? 'it exceeds the limit spanBytes' : '');
			for (const span of spans) assert.ok(sizeOf(span) <= limits.spanBytes.value);
		}
	});

	it('reads a bounded number of spans of a request, and counts the others', () => {
		const max = limits.tracesSpansPerRequest.value;
		const body = {
			resourceSpans: [
				{
					resource: { attributes: [key('service.name', { stringValue: 'ca-service' })] },
					scopeSpans: [{ spans: Array(max).fill(valid) }, { spans: Array(3).fill(valid) }],
				},
			],
		};
		const { spans, refused, problem } = receive(body, 'ca-service');
		assert.deepEqual([spans.length, refused, problem], [max, 3, 'it exceeds the limit tracesSpansPerRequest']);
	});

	it('text is one line of printable characters; only PEM, YAML and JSON keep their lines', () => {
		const evil = 'a\n\u202eb\u001b[2J\u009b\u2028\u200b';
		const documents = ['kubejoin.ca.pem', 'kubejoin.kubeconfig', 'kubejoin.cluster_info'];
		const [span] = readSpans(
			sent({
				...valid,
				name: evil,
				status: { code: 2, message: evil },
				attributes: [
					key(evil, { stringValue: evil }),
					key('list', { arrayValue: { values: [{ stringValue: evil }] } }),
					...documents.map((name) => key(name, { stringValue: evil })),
				],
				events: [{ name: evil, timeUnixNano: '1700000000001000000', attributes: [key(evil, { stringValue: evil })] }],
			}),
		);
		const lines = documents.map((name) => span?.attributes[name]);
		assert.doesNotMatch(JSON.stringify(span).replaceAll('\\n', ''), /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
		assert.doesNotMatch(
			Object.values({ ...span?.attributes, ...Object.fromEntries(documents.map((name) => [name, ''])) }).join(),
			/\n/,
		);
		for (const text of lines) assert.match(String(text), /^a\n\\u202eb\^\[\[2J/);
	});

	it('joins the lines of an error', () => {
		const message =
			'[preflight] Some fatal errors occurred:\n\t[ERROR Port-10250]: in\tuse\n\t[ERROR DirAvailable]: not empty\n';
		const [span] = readSpans(sent({ ...valid, status: { code: 2, message } }));
		assert.equal(
			span?.failed,
			'[preflight] Some fatal errors occurred: [ERROR Port-10250]: in\\tuse [ERROR DirAvailable]: not empty',
		);
	});

	it('does not keep the original of a shortened text in memory', () => {
		const [span] = readSpans(sent({ ...valid, attributes: [key('k', { stringValue: 'x'.repeat(4_000_000) })] }));
		const { k } = span?.attributes ?? {};
		assert.equal(String(k).length, 16_384);
		assert.ok(sizeOf(span ?? assert.fail()) < 40_000);
	});

	it('reads arrays in arrays of any depth without recursion', () => {
		let deep: object = { stringValue: 'x' };
		for (let depth = 0; depth < 20_000; depth++) deep = { arrayValue: { values: [deep] } };
		const [span] = readSpans(sent({ ...valid, attributes: [key('k', deep)] }));
		assert.deepEqual(span?.attributes, { k: [''] });
	});

	it('has no attribute that changes the prototype of an object', () => {
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
