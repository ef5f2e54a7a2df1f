import assert from 'node:assert/strict';
import { convertMessage } from './convert.ts';
import { messageNamed } from './schema.ts';

/** The answers of a real kube-apiserver 1.37.2 to strategic merge patches. */
const refused: Readonly<Record<string, readonly (readonly [object, string])[]>> = {
	'core/v1.Service': [
		[{ metadata: [] }, 'cannot restore struct from: slice'],
		[{ spec: 'x' }, 'cannot restore struct from: string'],
		[{ metadata: { ownerReferences: {} } }, 'cannot restore slice from map'],
		[{ metadata: { annotations: [] } }, 'cannot restore map from slice'],
		[{ metadata: { annotations: 'x' } }, 'cannot restore map from string'],
		[{ metadata: { labels: { app: 5 } } }, 'cannot convert int64 to string'],
		[{ metadata: { ownerReferences: [{ uid: 5 }] } }, 'cannot convert int64 to types.UID'],
		[{ metadata: { ownerReferences: [{ controller: 'x' }] } }, 'unrecognized type: bool'],
		[{ spec: { ports: [{ port: 'x' }] } }, 'unrecognized type: int32'],
		[{ spec: { ports: [{ port: 1.5 }] } }, 'cannot convert float64 to int32'],
		[{ spec: { ports: [{ targetPort: 1.5 }] } }, 'json: cannot unmarshal number 1.5 into Go value of type int32'],
		[
			{ spec: { ports: [{ targetPort: 2147483648 }] } },
			'json: cannot unmarshal number 2147483648 into Go value of type int32',
		],
		[{ spec: { ipFamilies: [5] } }, 'cannot convert int64 to v1.IPFamily'],
		[{ metadata: { creationTimestamp: 5 } }, 'json: cannot unmarshal number into Go value of type string'],
	],
	'core/v1.Secret': [
		[{ data: { k: 1 } }, 'cannot restore slice from int64'],
		[{ data: { k: 'dg==-x' } }, 'error decoding from json: illegal base64 data at input byte 4'],
	],
};

describe('a value that is converted to a type', () => {
	for (const [name, rows] of Object.entries(refused))
		for (const [value, problem] of rows)
			it(`is refused as upstream refuses it: ${JSON.stringify(value)}`, () => {
				assert.equal(convertMessage(messageNamed(name), value as never).problem, problem);
			});

	it('keeps the lower 32 bits of an integer, and everything else as it is', () => {
		const value = { spec: { ports: [{ port: 2147483648 }, { port: 80 }], unknown: 2147483648 }, other: null };
		const { object, problem } = convertMessage(messageNamed('core/v1.Service'), value);
		assert.equal(problem, undefined);
		assert.deepEqual(object, {
			spec: { ports: [{ port: -2147483648 }, { port: 80 }], unknown: 2147483648 },
			other: null,
		});
		assert.equal(value.spec.ports[0]?.port, 2147483648);
	});

	it('reports the problem of the first field of the struct, wherever the value has it', () => {
		const value = { spec: { type: 5, ports: 'x' }, metadata: { labels: [], name: 5 } };
		const { problem } = convertMessage(messageNamed('core/v1.Service'), value);
		assert.equal(problem, 'cannot convert int64 to string');
	});
});
