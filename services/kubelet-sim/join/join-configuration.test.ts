import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KubejoinError } from '../../../lib/errors.ts';
import { parseJoinConfiguration, readJoinConfiguration } from './join-configuration.ts';

const token = 'abcdef.0123456789abcdef';
const head = 'apiVersion: kubeadm.k8s.io/v1beta4\nkind: JoinConfiguration\n';
const discovery = `discovery:\n  bootstrapToken:\n    apiServerEndpoint: kube-apiserver:6443\n    token: ${token}\n    unsafeSkipCAVerification: true\n`;
/** The output of `kubeadm config print join-defaults` 1.37.2. */
const defaults = `${head}caCertPath: /etc/kubernetes/pki/ca.crt
${discovery}  tlsBootstrapToken: ${token}
nodeRegistration:
  criSocket: unix:///var/run/containerd/containerd.sock
  imagePullPolicy: IfNotPresent
  imagePullSerial: true
  name: kjoin
  taints: null
timeouts:
  controlPlaneComponentHealthCheck: 4m0s
  discovery: 5m0s
  etcdAPICall: 2m0s
  kubeletHealthCheck: 4m0s
  kubernetesAPICall: 1m0s
  tlsBootstrap: 5m0s
  upgradeManifests: 5m0s
`;

function refusal(input: string | Uint8Array): KubejoinError {
	try {
		parseJoinConfiguration(input, 'f');
	} catch (error) {
		assert.ok(error instanceof KubejoinError);
		assert.equal(error.code, 'JOIN_ARGUMENTS_INVALID');
		assert.ok(!error.message.includes('0123456789abcdef'), error.message);
		return error;
	}
	return assert.fail('it was accepted');
}

describe('a JoinConfiguration', () => {
	it('is accepted as kubeadm prints it, with a warning about fields without effect', () => {
		const { request, warnings } = parseJoinConfiguration(defaults, 'f');
		assert.deepEqual(request, {
			endpoint: 'kube-apiserver:6443',
			token,
			unsafeSkipCaVerification: true,
			tlsBootstrapToken: token,
			nodeName: 'kjoin',
			criSocket: 'unix:///var/run/containerd/containerd.sock',
			discoveryTimeoutMs: 300_000,
			tlsBootstrapTimeoutMs: 300_000,
		});
		assert.deepEqual(warnings, [
			'[config] WARNING: Ignored fields that have no effect here: nodeRegistration.imagePullPolicy, nodeRegistration.imagePullSerial, timeouts.controlPlaneComponentHealthCheck, timeouts.etcdAPICall, timeouts.kubeletHealthCheck, timeouts.kubernetesAPICall, timeouts.upgradeManifests, nodeRegistration.taints',
		]);
	});

	it('is found among other documents, which are ignored with kubeadm’s warning', () => {
		const other = 'apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\ncgroupDriver: systemd\n';
		for (const text of [`${head}${discovery}---\n${other}`, `---\n${other}---\n---\n${head}${discovery}...\n`]) {
			const { request, warnings } = parseJoinConfiguration(text, 'f');
			assert.equal(request.endpoint, 'kube-apiserver:6443');
			assert.deepEqual(warnings, [
				'[config] WARNING: Ignored configuration document with GroupVersionKind kubelet.config.k8s.io/v1beta1, Kind=KubeletConfiguration',
			]);
		}
		assert.match(
			refusal(other).message,
			/no JoinConfiguration found .* found kubelet\.config\.k8s\.io\/v1beta1, Kind=Kubelet/,
		);
		assert.match(refusal(`${head}${discovery}---\n${head}`).message, /is specified twice in YAML file$/);
		assert.match(refusal('').message, /no JoinConfiguration found in the supplied config: it is empty$/);
	});

	it('is refused in another version, with the command that converts it', () => {
		for (const version of ['v1beta3', 'v1beta2', 'v1alpha3']) {
			const error = refusal(defaults.replace('v1beta4', version));
			assert.ok(error.message.includes(`an old API spec: "kubeadm.k8s.io/${version}"`), error.message);
			assert.match(error.remedy, /kubeadm config migrate --old-config f /);
		}
		assert.equal(
			refusal(defaults.replace('v1beta4', 'v1beta3')).message,
			'your configuration file uses an old API spec: "kubeadm.k8s.io/v1beta3" (kind: "JoinConfiguration"). Please use kubeadm v1.36 instead and run \'kubeadm config migrate --old-config old-config-file --new-config new-config-file\', which will write the new, similar spec using a newer API version.',
		);
		assert.match(refusal(defaults.replace('v1beta4', 'v1')).message, /^experimental API spec: "kubeadm.k8s.io\/v1"/);
		assert.equal(
			refusal(defaults.replace('v1beta4', 'v2')).message,
			'no kind "JoinConfiguration" is registered for version "kubeadm.k8s.io/v2"',
		);
		assert.match(refusal(discovery).message, /kind and apiVersion is mandatory information/);
	});

	it('is read in UTF-16 and with a byte order mark', () => {
		for (const bytes of [
			Buffer.from(`\uFEFF${defaults}`, 'utf16le'),
			Buffer.from(`\uFEFF${defaults}`, 'utf16le').swap16(),
			Buffer.from(`\uFEFF${defaults}`),
			Buffer.from(defaults.replaceAll('\n', '\r\n')),
		])
			assert.equal(parseJoinConfiguration(bytes, 'f').request.nodeName, 'kjoin');
	});

	it('is refused with the line of a YAML mistake, and with advice for an unquoted address in brackets', () => {
		const error = refusal(defaults.replace('kube-apiserver:6443', '[2001:db8::1]:6443'));
		assert.match(error.message, /^f: yaml: line 6: /);
		assert.match(error.remedy, /^At line 6, column \d+, put a value that begins with \[.* between double quotes$/);
		assert.match(refusal(defaults.replace('  name', '\tname')).message, /^f: yaml: line 1\d: /);
		assert.match(
			refusal(defaults.replace('kube-apiserver:6443', '[h]')).message,
			/line 6: .*apiServerEndpoint: it is a list/,
		);
	});

	it('is refused with the names and lines of all fields that would change cluster or identity', () => {
		const fields: Readonly<Record<string, string>> = {
			'controlPlane: {certificateKey: x}\n': 'line 3: controlPlane: Forbidden: a node cannot join as a control plane',
			'skipPhases: [1]\n': 'line 3: skipPhases: an item is a number, not a string: put it between double quotes',
			'caCertPath: /etc/other.crt\n': 'line 3: caCertPath: only /etc/kubernetes/pki/ca.crt, below --root, is written',
			'nodeRegistration:\n  taints: [{key: a, effect: NoSchedule}]\n':
				'line 4: nodeRegistration.taints: Forbidden: a node registers without taints',
			'nodeRegistration:\n  kubeletExtraArgs: [{name: node-ip, value: 1.2.3.4}]\n':
				'line 4: nodeRegistration.kubeletExtraArgs: Forbidden: no kubelet runs here',
			'nodeRegistration:\n  ignorePreflightErrors: [all]\n':
				'line 4: nodeRegistration.ignorePreflightErrors: Forbidden: preflight errors cannot be waived',
			'nodeRegistration:\n  name: 123\n':
				'line 4: nodeRegistration.name: it is a number, not a string: put the value between double quotes',
			'timeouts:\n  discovery: "5"\n': 'line 4: timeouts.discovery: time: missing unit in duration "5"',
			'nodeRegistration: []\n': 'line 3: nodeRegistration is a list, not a map',
		};
		for (const [field, problem] of Object.entries(fields))
			assert.equal(refusal(`${head}${field}${discovery}`).message, `f: ${problem}`);
		const both = `${head}controlPlane: {certificateKey: x}\nnodeRegistration: []\n`;
		assert.equal(
			refusal(both).message,
			'[f: line 4: nodeRegistration is a list, not a map, f: line 3: controlPlane: Forbidden: a node cannot join as a control plane]',
		);
	});

	it('names no field that every object of JavaScript has', () => {
		const { warnings } = parseJoinConfiguration(`${head}constructor: {a: 1}\n__proto__: {b: 1}\n${discovery}`, 'f');
		assert.equal(warnings.length, 1);
		assert.match(String(warnings[0]), /: unknown field "constructor", unknown field "__proto__"$/);
	});

	it('is accepted with empty fields, and with fields that kubeadm does not know and reports', () => {
		const empty =
			'controlPlane: null\ndryRun: false\nother: ""\nnodeRegistration:\n  kubeletExtraArgs: {}\n  taints: []\n  nodeName: a\n';
		const { warnings } = parseJoinConfiguration(`${head}${empty}${discovery}`, 'f');
		assert.deepEqual(warnings, [
			'[config] WARNING: error unmarshaling configuration schema.GroupVersionKind{Group:"kubeadm.k8s.io", Version:"v1beta4", Kind:"JoinConfiguration"}: strict decoding error: unknown field "other", unknown field "nodeRegistration.nodeName"',
			'[config] WARNING: Ignored fields that have no effect here: controlPlane, nodeRegistration.kubeletExtraArgs, nodeRegistration.taints',
		]);
	});

	it('is refused with advice for a token that YAML reads as a number, without the token', () => {
		const error = refusal(defaults.replaceAll(token, '123456.0123456789012345'));
		assert.match(error.message, /token: it is a number, not a string: put the value between double quotes/);
		assert.ok(!error.message.includes('0123456789012345'));
	});

	it('reads a discovery file, an empty token and a dry run', () => {
		const { request } = parseJoinConfiguration(`${head}dryRun: true\ndiscovery:\n  file: {kubeConfigPath: /x}\n`, 'f');
		assert.deepEqual(request, { discoveryFile: '/x', isDryRun: true });
		const empty = parseJoinConfiguration(`${head}discovery:\n  bootstrapToken: {token: ""}\n`, 'f');
		assert.deepEqual(empty.request, { endpoint: '' });
	});

	it('is read quickly with thousands of fields, and names a few', () => {
		const fields = Array.from({ length: 5_000 }, (_, i) => `f${i}: 1`).join('\n');
		const [warning = ''] = parseJoinConfiguration(`${head}${discovery}${fields}\n`, 'f').warnings;
		assert.equal(warning.match(/unknown field/g)?.length, 32);
		assert.match(refusal(`${head}${`${fields}\n`.repeat(18)}`).message, /^f: yaml: /);
	});

	it('is read up to the maximal length of a file', () => {
		const directory = mkdtempSync(join(tmpdir(), 'kubejoin-config-'));
		try {
			const path = join(directory, 'join.yaml');
			writeFileSync(path, defaults);
			assert.equal(readJoinConfiguration(path).request.nodeName, 'kjoin');
			truncateSync(path, 1024 ** 4);
			assert.throws(() => readJoinConfiguration(path), /longer than 1048576 bytes/);
			assert.throws(() => readJoinConfiguration('/dev/zero'), /unable to read config from .* is a device/);
			assert.throws(() => readJoinConfiguration(directory), /unable to read config from .* is a directory/);
		} finally {
			rmSync(directory, { recursive: true });
		}
	});
});
