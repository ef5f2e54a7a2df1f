import assert from 'node:assert/strict';
import { parseJsonText } from './json-text.ts';
import { readMessage } from './read.ts';
import { messageNamed } from './schema.ts';

const packages: Readonly<Record<string, string>> = {
	CertificateSigningRequest: 'certificates/v1',
	Lease: 'coordination/v1',
	Role: 'rbac/v1',
	ValidatingWebhookConfiguration: 'admissionregistration/v1',
};

/** The answers of sigs.k8s.io/json UnmarshalStrict to these texts. */
const upstream: { kind: string; text: string; problem?: string; strict?: string[] }[] = [
	{
		kind: 'CertificateSigningRequest',
		text: '{"spec":{"expirationSeconds":3000000000}}',
		problem:
			'json: cannot unmarshal number 3000000000 into Go struct field CertificateSigningRequestSpec.spec.expirationSeconds of type int32',
	},
	{
		kind: 'CertificateSigningRequest',
		text: '{"spec":{"expirationSeconds":"600"}}',
		problem:
			'json: cannot unmarshal string into Go struct field CertificateSigningRequestSpec.spec.expirationSeconds of type int32',
	},
	{
		kind: 'CertificateSigningRequest',
		text: '{"spec":{"expirationSeconds":600.5}}',
		problem:
			'json: cannot unmarshal number 600.5 into Go struct field CertificateSigningRequestSpec.spec.expirationSeconds of type int32',
	},
	{
		kind: 'CertificateSigningRequest',
		text: '{"spec":{"usages":["any",1]}}',
		problem:
			'json: cannot unmarshal number into Go struct field CertificateSigningRequestSpec.spec.usages of type v1.KeyUsage',
	},
	{
		kind: 'CertificateSigningRequest',
		text: '{"spec":{"extra":{"a":["b"],"c":null,"d":1}}}',
		problem:
			'json: cannot unmarshal number into Go struct field CertificateSigningRequestSpec.spec.extra of type v1.ExtraValue',
	},
	{
		kind: 'CertificateSigningRequest',
		text: '{"spec":{"extra":{"a":["b",2]}}}',
		problem:
			'json: cannot unmarshal number into Go struct field CertificateSigningRequestSpec.spec.extra of type string',
	},
	{
		kind: 'CertificateSigningRequest',
		text: '{"spec":{"request":"!"}}',
		problem: 'illegal base64 data at input byte 0',
	},
	{
		kind: 'CertificateSigningRequest',
		text: '{"spec":{"request":5}}',
		problem:
			'json: cannot unmarshal number into Go struct field CertificateSigningRequestSpec.spec.request of type []uint8',
	},
	{
		kind: 'Node',
		text: '{"metadata":{"uid":1}}',
		problem: 'json: cannot unmarshal number into Go struct field ObjectMeta.metadata.uid of type types.UID',
	},
	{
		kind: 'Node',
		text: '{"metadata":[]}',
		problem: 'json: cannot unmarshal array into Go struct field Node.metadata of type v1.ObjectMeta',
	},
	{
		kind: 'Node',
		text: '{"metadata":{"labels":{"a":1}}}',
		problem: 'json: cannot unmarshal number into Go struct field ObjectMeta.metadata.labels of type string',
	},
	{
		kind: 'Node',
		text: '{"metadata":{"labels":["a"]}}',
		problem: 'json: cannot unmarshal array into Go struct field ObjectMeta.metadata.labels of type map[string]string',
	},
	{
		kind: 'Node',
		text: '{"metadata":{"creationTimestamp":5}}',
		problem: 'json: cannot unmarshal number into Go struct field ObjectMeta.metadata.creationTimestamp of type string',
	},
	{
		kind: 'Node',
		text: '{"metadata":{"creationTimestamp":"soon"}}',
		problem: 'parsing time "soon" as "2006-01-02T15:04:05Z07:00": cannot parse "soon" as "2006"',
	},
	{
		kind: 'Node',
		text: '{"metadata":{"creationTimestamp":"2026-02-30T00:00:00Z"}}',
		problem: 'parsing time "2026-02-30T00:00:00Z": day out of range',
	},
	{
		kind: 'Node',
		text: '{"metadata":{"creationTimestamp":"2026-01-01T00:00:00"}}',
		problem: 'parsing time "2026-01-01T00:00:00" as "2006-01-02T15:04:05Z07:00": cannot parse "" as "Z07:00"',
	},
	{ kind: 'Node', text: '{"metadata":{"creationTimestamp":"2026-01-01T00:00:00.5+01:00"}}' },
	{
		kind: 'Node',
		text: '{"metadata":{"creationTimestamp":"2026-01-01 00:00:00Z"}}',
		problem: 'parsing time "2026-01-01 00:00:00Z" as "2006-01-02T15:04:05Z07:00": cannot parse " 00:00:00Z" as "T"',
	},
	{
		kind: 'Node',
		text: '{"metadata":{"creationTimestamp":"2026-01-01T00:00:00Zx"}}',
		problem: 'parsing time "2026-01-01T00:00:00Zx": extra text: "x"',
	},
	{
		kind: 'Node',
		text: '{"metadata":{"creationTimestamp":"2026-01-01T25:00:00Z"}}',
		problem: 'parsing time "2026-01-01T25:00:00Z": hour out of range',
	},
	{
		kind: 'Node',
		text: '{"metadata":{"creationTimestamp":""}}',
		problem: 'parsing time "" as "2006-01-02T15:04:05Z07:00": cannot parse "" as "2006"',
	},
	{
		kind: 'Lease',
		text: '{"spec":{"renewTime":"2026-01-01T00:00:00Z"}}',
		problem: 'parsing time "2026-01-01T00:00:00Z" as "2006-01-02T15:04:05.000000Z07:00": cannot parse "Z" as ".000000"',
	},
	{
		kind: 'Lease',
		text: '{"spec":{"renewTime":"2026-01-01T00:00:00.123Z"}}',
		problem:
			'parsing time "2026-01-01T00:00:00.123Z" as "2006-01-02T15:04:05.000000Z07:00": cannot parse ".123Z" as ".000000"',
	},
	{
		kind: 'Lease',
		text: '{"spec":{"renewTime":"2026-01-01T00:00:00.1234567Z"}}',
		problem:
			'parsing time "2026-01-01T00:00:00.1234567Z" as "2006-01-02T15:04:05.000000Z07:00": cannot parse "7Z" as "Z07:00"',
	},
	{ kind: 'Lease', text: '{"spec":{"renewTime":"2026-01-01T00:00:00.123456Z"}}' },
	{
		kind: 'Node',
		text: '{"status":{"capacity":{"cpu":"many"}}}',
		problem: "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
	},
	{ kind: 'Node', text: '{"status":{"capacity":{"cpu":4,"memory":"1.5Gi","x":0.5}}}' },
	{
		kind: 'Node',
		text: '{"status":{"capacity":{"cpu":true}}}',
		problem: "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
	},
	{
		kind: 'Node',
		text: '{"status":{"capacity":[]}}',
		problem: 'json: cannot unmarshal array into Go struct field NodeStatus.status.capacity of type v1.ResourceList',
	},
	{
		kind: 'Node',
		text: '{"spec":{"taints":{}}}',
		problem: 'json: cannot unmarshal object into Go struct field NodeSpec.spec.taints of type []v1.Taint',
	},
	{
		kind: 'Node',
		text: '{"spec":{"taints":[{"key":1}]}}',
		problem: 'json: cannot unmarshal number into Go struct field Taint.spec.taints.key of type string',
	},
	{ kind: 'Node', text: '{"spec":{"taints":[null]}}' },
	{
		kind: 'Node',
		text: '{"spec":{"unschedulable":"true"}}',
		problem: 'json: cannot unmarshal string into Go struct field NodeSpec.spec.unschedulable of type bool',
	},
	{
		kind: 'Node',
		text: '{"spec":{"foo":1,"podCIDR":"x","bar":{}},"baz":1}',
		strict: ['unknown field "spec.foo"', 'unknown field "spec.bar"', 'unknown field "baz"'],
	},
	{ kind: 'Node', text: '{"spec":{"podCIDR":"x","podCIDR":"y"}}', strict: ['duplicate field "spec.podCIDR"'] },
	{ kind: 'Node', text: '{"spec":{"podCIDR":"x"},"spec":{"providerID":"y"}}', strict: ['duplicate field "spec"'] },
	{
		kind: 'Node',
		text: '{"Spec":{},"spec":{"PodCIDR":"x"}}',
		strict: ['unknown field "Spec"', 'unknown field "spec.PodCIDR"'],
	},
	{ kind: 'Node', text: '{"metadata":{"labels":{"a":"1","a":"2"}}}', strict: ['duplicate field "metadata.labels.a"'] },
	{
		kind: 'Node',
		text: '{"status":{"images":[{"names":["a"]},{"foo":1}]}}',
		strict: ['unknown field "status.images[1].foo"'],
	},
	{
		kind: 'Node',
		text: '{"metadata":{"unknown\\"x":1,"managedFields":[{"fieldsV1":{"f:x":{"a":1}}}]}}',
		strict: ['unknown field "metadata.unknown\\"x"'],
	},
	{
		kind: 'Pod',
		text: '{"spec":{"containers":[{"name":"a","ports":[{"containerPort":"x"}]}]}}',
		problem:
			'json: cannot unmarshal string into Go struct field ContainerPort.spec.containers.ports.containerPort of type int32',
	},
	{
		kind: 'Pod',
		text: '{"spec":{"containers":[{"name":"a","resources":{"limits":{"cpu":"1"},"x":1}}]}}',
		strict: ['unknown field "spec.containers[0].resources.x"'],
	},
	{
		kind: 'Pod',
		text: '{"spec":{"volumes":[{"name":"v","hostPath":"x"}]}}',
		problem:
			'json: cannot unmarshal string into Go struct field Volume.spec.volumes.VolumeSource.hostPath of type v1.HostPathVolumeSource',
	},
	{
		kind: 'Pod',
		text: '{"spec":{"volumes":[{"name":"v","hostPath":{"path":5}}]}}',
		problem:
			'json: cannot unmarshal number into Go struct field HostPathVolumeSource.spec.volumes.VolumeSource.hostPath.path of type string',
	},
	{
		kind: 'Pod',
		text: '{"spec":{"volumes":[{"name":"v","hostPath":{"path":"/x"},"emptyDir":{},"emptyDir":{},"foo":1}]}}',
		strict: ['duplicate field "spec.volumes[0].emptyDir"', 'unknown field "spec.volumes[0].foo"'],
	},
	{
		kind: 'Pod',
		text: '{"spec":{"containers":[{"name":"a","livenessProbe":{"httpGet":{"port":"http"}}},{"name":"b","livenessProbe":{"httpGet":{"port":80.5}}}]}}',
		problem:
			'json: cannot unmarshal number 80.5 into Go struct field HTTPGetAction.spec.containers.livenessProbe.ProbeHandler.httpGet.port of type int32',
	},
	{
		kind: 'Pod',
		text: '{"spec":{"containers":[{"name":"a","livenessProbe":{"httpGet":{"port":true}}}]}}',
		problem:
			'json: cannot unmarshal bool into Go struct field HTTPGetAction.spec.containers.livenessProbe.ProbeHandler.httpGet.port of type int32',
	},
	{
		kind: 'Pod',
		text: '{"spec":{"containers":"x","nodeName":5}}',
		problem: 'json: cannot unmarshal string into Go struct field PodSpec.spec.containers of type []v1.Container',
	},
	{
		kind: 'Role',
		text: '{"rules":[{"verbs":"get"}]}',
		problem: 'json: cannot unmarshal string into Go struct field PolicyRule.rules.verbs of type []string',
	},
	{
		kind: 'Role',
		text: '{"rules":["get"]}',
		problem: 'json: cannot unmarshal string into Go struct field Role.rules of type v1.PolicyRule',
	},
	{ kind: 'Role', text: '{"rules":[]}' },
	{ kind: 'ConfigMap', text: '{"data":{"a":null,"b":"<&>"},"binaryData":{"c":"YQ=="}}' },
	{
		kind: 'ConfigMap',
		text: '{"data":{"a":1},"metadata":{"creationTimestamp":"x"}}',
		problem: 'parsing time "x" as "2006-01-02T15:04:05Z07:00": cannot parse "x" as "2006"',
	},
	{ kind: 'ConfigMap', text: '{"metadata":{"name":"x","namespace":null,"labels":null,"generation":9007199254740991}}' },
	{ kind: 'ConfigMap', text: '{"kind":"ConfigMap","kind":"ConfigMap"}', strict: ['duplicate field "kind"'] },
	{
		kind: 'ValidatingWebhookConfiguration',
		text: '{"webhooks":[{"name":"x","rules":[{"operations":["CREATE"],"apiGroups":[""],"scope":5}]}]}',
		problem:
			'json: cannot unmarshal number into Go struct field RuleWithOperations.webhooks.rules.Rule.scope of type v1.ScopeType',
	},
	{
		kind: 'ValidatingWebhookConfiguration',
		text: '{"webhooks":[{"name":"x","clientConfig":{"caBundle":"YQ"},"rules":[{"operations":["CREATE"],"apiGroups":[""],"x":5}]}]}',
		problem: 'illegal base64 data at input byte 0',
	},
];

describe('readMessage', () => {
	for (const { kind, text, problem, strict = [] } of upstream) {
		it(`reads ${kind} ${text.slice(0, 80)} as Go does`, () => {
			const { value, duplicates } = parseJsonText(text);
			const read = readMessage(messageNamed(`${packages[kind] ?? 'core/v1'}.${kind}`), value, { duplicates });
			assert.equal(read.problem, problem);
			assert.deepEqual(read.strictProblems, strict);
		});
	}

	it('reads an amount of zero, which an absent one is written as, like an absent one', () => {
		const envOf = (resourceFieldRef: object) => ({ containers: [{ env: [{ valueFrom: { resourceFieldRef } }] }] });
		const read = (divisor: object) =>
			readMessage(messageNamed('core/v1.PodSpec'), envOf({ resource: 'a', ...divisor }));
		assert.deepEqual(read({ divisor: '0' }).object, read({}).object);
		assert.deepEqual(read({ divisor: '1' }).object, envOf({ resource: 'a', divisor: '1' }));
	});

	it('refuses more quantities than an object may have', () => {
		const node = (amounts: number) => ({
			status: { capacity: Object.fromEntries(Array.from({ length: amounts }, (_, at) => [`a${at}`, '1'])) },
		});
		const read = (amounts: number, maxQuantities?: number) =>
			readMessage(messageNamed('core/v1.Node'), node(amounts), maxQuantities === undefined ? {} : { maxQuantities });
		assert.equal(read(5, 5).problem, undefined);
		assert.throws(() => read(6, 5), {
			code: 'API_BAD_REQUEST',
			details: { problem: 'more than 5 quantities', limit: 'quantities' },
		});
		// One that was stored is read.
		assert.equal(read(2_000).problem, undefined);
	});

	it('gives times, quantities and empty fields their canonical form', () => {
		const { object } = readMessage(messageNamed('core/v1.Node'), {
			metadata: { name: '', labels: {}, creationTimestamp: '2026-01-01T01:00:00.5+01:00', finalizers: null },
			spec: { unschedulable: false },
			status: { capacity: { cpu: 0.5, memory: '1024Ki' } },
		});
		assert.deepEqual(object, {
			metadata: { creationTimestamp: '2026-01-01T00:00:00Z' },
			spec: {},
			status: { capacity: { cpu: '500m', memory: '1Mi' } },
		});
	});

	for (const [written, kept] of [
		['2026-01-01T00:00:00,123456Z', '2026-01-01T00:00:00.123456Z'],
		['2026-01-01T00:00:00.123456+00:00', '2026-01-01T00:00:00.123456Z'],
		['2024-02-29T23:59:59.000000Z', '2024-02-29T23:59:59.000000Z'],
	] as const) {
		it(`keeps the time ${written} as ${kept}`, () => {
			const { object } = readMessage(messageNamed('coordination/v1.Lease'), { spec: { renewTime: written } });
			assert.deepEqual(object, { spec: { renewTime: kept } });
		});
	}

	it('reads the key __proto__ as any other', () => {
		const data = JSON.parse('{"__proto__":"x"}');
		assert.deepEqual(readMessage(messageNamed('core/v1.ConfigMap'), { data }).object, { data });
	});

	it('keeps the first 100 strict problems', () => {
		const value = Object.fromEntries(Array.from({ length: 200 }, (_, index) => [`x${index}`, 1]));
		assert.equal(readMessage(messageNamed('core/v1.ConfigMap'), value).strictProblems.length, 100);
	});
});
