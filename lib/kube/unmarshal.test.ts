import assert from 'node:assert/strict';
import { type ApiResource, resources } from './resources.ts';
import { asReceived, unmarshalProblem } from './unmarshal.ts';

const { certificateSigningRequests: csrs, nodes, leases, configMaps, roles } = resources;

describe('unmarshalProblem', () => {
	const field = (what: string, path: string, type: string) =>
		`json: cannot unmarshal ${what} into Go struct field ${path} of type ${type}`;

	it('accepts matching types, null and unknown fields', () => {
		const good: [ApiResource, object][] = [
			[
				csrs,
				{
					metadata: { name: 'a' },
					spec: { expirationSeconds: 600, request: 'YQ==', usages: ['any'], extra: { k: ['v'] } },
				},
			],
			[csrs, { spec: { request: 'YQ\n==\n', expirationSeconds: null }, unknown: { x: 1 } }],
			[nodes, { status: { capacity: { cpu: '4', memory: '1.5Gi', x: '1e3', y: '100m' } } }],
			[leases, { spec: { renewTime: '2026-02-28T23:59:59.000001Z' } }],
			[leases, { spec: { renewTime: '2024-02-29T00:00:00.000000+14:00' } }],
			[configMaps, { data: JSON.parse('{"__proto__":"x"}') }],
		];
		for (const [resource, object] of good) assert.equal(unmarshalProblem(resource, object), undefined);
	});

	it('numbers: range, fractions, other types', () => {
		const path = 'CertificateSigningRequestSpec.spec.expirationSeconds';
		const of = (expirationSeconds: unknown) => unmarshalProblem(csrs, { spec: { expirationSeconds } });
		assert.equal(of(3_000_000_000), field('number 3000000000', path, 'int32'));
		assert.equal(of('600'), field('string', path, 'int32'));
		for (const value of [600.5, -(2 ** 31) - 1, Number.NaN, Number.POSITIVE_INFINITY])
			assert.equal(of(value), field(`number ${value}`, path, 'int32'));
		assert.equal(of(true), field('bool', path, 'int32'));
		assert.equal(of(-(2 ** 31)), undefined);
		const generation = (value: unknown) => unmarshalProblem(nodes, { metadata: { generation: value } });
		assert.equal(generation(2 ** 53), field('number 9007199254740992', 'ObjectMeta.metadata.generation', 'int64'));
	});

	it('strings, booleans, lists, maps and messages of another type', () => {
		const cases: [ApiResource, object, string][] = [
			[nodes, { metadata: { name: 1 } }, field('number', 'ObjectMeta.metadata.name', 'string')],
			[nodes, { metadata: { name: { toString: 1 } } }, field('object', 'ObjectMeta.metadata.name', 'string')],
			[nodes, { metadata: { labels: { a: 1 } } }, field('number', 'ObjectMeta.metadata.labels', 'string')],
			[nodes, { metadata: { labels: ['a'] } }, field('array', 'ObjectMeta.metadata.labels', 'map[string]string')],
			[nodes, { metadata: [] }, field('array', 'Node.metadata', 'v1.ObjectMeta')],
			[nodes, { spec: { unschedulable: 'true' } }, field('string', 'NodeSpec.spec.unschedulable', 'bool')],
			[nodes, { spec: { taints: {} } }, field('object', 'NodeSpec.spec.taints', '[]v1.Taint')],
			[roles, { rules: [{ verbs: 'get' }] }, field('string', 'PolicyRule.rules.verbs', '[]string')],
			[roles, { rules: ['get'] }, field('string', 'Role.rules', 'v1.PolicyRule')],
			[
				csrs,
				{ status: { conditions: [{ message: { toString: 1 } }] } },
				field('object', 'CertificateSigningRequestCondition.status.conditions.message', 'string'),
			],
		];
		for (const [resource, object, expected] of cases) assert.equal(unmarshalProblem(resource, object), expected);
	});

	it('refuses values that no encoder can write: an unpaired surrogate, a bad time, quantity or base64', () => {
		const bad: [ApiResource, object, RegExp][] = [
			[nodes, { metadata: { name: '\ud800' } }, /metadata.name: the text is not well-formed Unicode/],
			[nodes, { metadata: { labels: { '\udfff': '' } } }, /not well-formed/],
			[leases, { spec: { renewTime: '5 seconds, -1 nanoseconds' } }, /^parsing time "5 seconds.*cannot parse/],
			[leases, { spec: { renewTime: '2026-02-29T00:00:00.000000Z' } }, /day out of range/],
			[leases, { spec: { renewTime: '2026-13-01T00:00:00.000000Z' } }, /month out of range/],
			[leases, { spec: { renewTime: '2026-01-01T24:00:00.000000Z' } }, /hour out of range/],
			[leases, { spec: { renewTime: '9999-12-31T23:59:59.000000-01:00' } }, /year out of range/],
			[leases, { spec: { renewTime: '0000-01-01T00:00:00.000000Z' } }, /year out of range/],
			[
				leases,
				{ spec: { renewTime: 5 } },
				/cannot unmarshal number into Go struct field LeaseSpec.spec.renewTime of type string/,
			],
			[nodes, { status: { capacity: { cpu: 'many' } } }, /^quantities must match the regular expression/],
			[nodes, { status: { capacity: { cpu: Number.NaN } } }, /^quantities must match/],
			[csrs, { spec: { request: '!' } }, /^illegal base64 data at input byte 0$/],
			[csrs, { spec: { request: 'YQ=' } }, /^illegal base64 data at input byte 3$/],
			[csrs, { spec: { request: 'YQ==YQ==' } }, /^illegal base64 data/],
		];
		for (const [resource, object, expected] of bad) assert.match(unmarshalProblem(resource, object) ?? '', expected);
	});

	it('returns accepted objects unchanged', () => {
		for (const renewTime of [
			'0001-01-01T00:00:00.000001Z',
			'9999-12-31T23:59:59.999999Z',
			'1969-12-31T23:59:59.000001Z',
		]) {
			const lease = { metadata: { name: 'x' }, spec: { renewTime } };
			assert.deepEqual(asReceived(leases, lease), lease);
		}
	});

	it('API_BAD_REQUEST: asReceived refuses what would change on the way', () => {
		assert.throws(() => asReceived(csrs, { spec: { expirationSeconds: 3_000_000_000 } }), {
			code: 'API_BAD_REQUEST',
			message:
				'CertificateSigningRequest in version "v1" cannot be handled as a CertificateSigningRequest: ' +
				field('number 3000000000', 'CertificateSigningRequestSpec.spec.expirationSeconds', 'int32'),
		});
	});
});
