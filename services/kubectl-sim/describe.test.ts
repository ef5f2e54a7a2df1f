import { equal, rejects } from 'node:assert/strict';
import { KubejoinError } from '../../lib/errors.ts';
import { resources } from '../../lib/kube/resources.ts';
import type { Lease } from '../../lib/kube/types.ts';
import { createCsr } from '../../lib/pki/csr.ts';
import { generateKeyPair } from '../../lib/pki/keys.ts';
import { describeCsr, describeNode, describe as describeResource, rfc1123z } from './describe.ts';
import { base64, clock, csr, fakeOutput, fakeResource, now, worker } from './fakes.test.ts';

const created = rfc1123z('2026-01-31T11:55:00Z');
const lease: Lease = {
	apiVersion: 'coordination.k8s.io/v1',
	kind: 'Lease',
	metadata: {},
	spec: { holderIdentity: 'w', renewTime: '2026-01-31T11:59:59.000000Z' },
};

describe('kubectl describe node', () => {
	it('prints the layout of upstream', () => {
		const node = worker('w', {
			metadata: { name: 'w', creationTimestamp: '2026-01-31T11:55:00Z', labels: { b: '2', a: '1' } },
			spec: {
				taints: [
					{ key: 'z', value: '1', effect: 'NoSchedule' },
					{ key: 'a', effect: 'NoExecute' },
				],
			},
		});
		equal(
			describeNode(node, lease, [], now),
			`Name:               w
Roles:              <none>
Labels:             a=1
                    b=2
Annotations:        <none>
CreationTimestamp:  ${created}
Taints:             a:NoExecute
                    z=1:NoSchedule
Unschedulable:      false
Lease:
  HolderIdentity:  w
  AcquireTime:     <unset>
  RenewTime:       ${rfc1123z('2026-01-31T11:59:59Z')}
Conditions:
  Type    Status  LastHeartbeatTime                 LastTransitionTime                Reason         Message
  ----    ------  -----------------                 ------------------                ------         -------
  Ready   True    ${rfc1123z('2026-01-31T11:59:00Z')}   Mon, 01 Jan 0001 00:00:00 +0000   KubeletReady   kubelet is posting ready status
Addresses:
  InternalIP:  10.0.0.1
  Hostname:    w
Capacity:
  cpu:   2
  pods:  110
System Info:
  Machine ID:                 m
  System UUID:                s
  Boot ID:                    b
  Kernel Version:             6.1
  OS Image:                   Debian GNU/Linux 12 (bookworm)
  Operating System:           linux
  Architecture:               amd64
  Container Runtime Version:  simulated://0
  Kubelet Version:            v1.37.2
Events:                       <none>
`,
		);
	});

	it('prints the error in place of the Lease', () => {
		const text = describeNode(
			worker('w'),
			new KubejoinError('API_NOT_FOUND', { resource: 'leases', group: 'coordination.k8s.io', name: 'w' }),
			[],
			now,
		);
		equal(
			/^Lease:.*$/m.exec(text)?.[0],
			'Lease:              Failed to get lease: leases.coordination.k8s.io "w" not found',
		);
	});
});

describe('kubectl describe csr', () => {
	it('prints the layout of upstream', async () => {
		const keys = await generateKeyPair('ECDSA-P256');
		const request = createCsr(
			{
				subject: { organizations: ['system:nodes', 'b'], commonName: 'system:node:w' },
				dnsNames: ['w'],
				ipAddresses: ['10.0.0.1'],
			},
			keys,
		);
		equal(
			describeCsr(csr('csr-1', { request: base64(request), expirationSeconds: 3600 }), [], now),
			`Name:                csr-1
Labels:              <none>
Annotations:         <none>
CreationTimestamp:   ${rfc1123z('2026-01-31T11:59:29Z')}
Requesting User:     system:bootstrap:abcdef
Signer:              kubernetes.io/kube-apiserver-client-kubelet
Requested Duration:  60m
Status:              Pending
Subject:
  Common Name:    system:node:w
  Serial Number:  
  Organization:   system:nodes
                  b
Subject Alternative Names:
         DNS Names:     w
         IP Addresses:  10.0.0.1
Events:  <none>
`,
		);
	});

	it('refuses a malformed request with COMMAND_INVALID', () => {
		const { output } = fakeOutput();
		const api = {
			certificateSigningRequests: fakeResource(resources.certificateSigningRequests, [
				csr('a', { request: base64('nonsense') }),
			]),
			events: fakeResource(resources.events, []),
		};
		return rejects(
			describeResource('csr', ['a'], { api: api as never, output, clock }),
			/^COMMAND_INVALID: Error parsing CSR: .*PEM block type must be CERTIFICATE REQUEST/,
		);
	});
});

describe('kubectl describe', () => {
	const leases = { get: async () => lease };
	const run = async (names: string[], ...present: string[]) => {
		const { output, written } = fakeOutput();
		const nodes = fakeResource(
			resources.nodes,
			present.map((name) => worker(name)),
		);
		await describeResource('node', names, {
			api: { nodes, leases, events: fakeResource(resources.events, []) } as never,
			output,
			clock,
		});
		return { ...written, shown: [...written.out.matchAll(/^Name: +(.*)$/gm)].map(([, name]) => name).join() };
	};

	it('describes all, some, or those with a prefix', async () => {
		equal((await run([], 'a', 'b')).shown, 'a,b');
		equal((await run(['b', 'a'], 'a', 'b')).shown, 'b,a');
		equal((await run(['worker'], 'worker-1', 'worker-2', 'x')).shown, 'worker-1,worker-2');
		equal((await run([])).err, 'No resources found\n');
	});

	it('prints two empty lines between objects', async () => {
		equal(
			(await run(['a', 'b'], 'a', 'b')).out.split('Events:                       <none>\n')[1]?.slice(0, 7),
			'\n\nName:',
		);
	});

	it('fails with API_NOT_FOUND without a match', () => rejects(run(['x'], 'a'), { code: 'API_NOT_FOUND' }));
});

describe('rfc1123z', () => {
	it('is in the time zone of this machine', () => {
		equal(rfc1123z('2026-01-31T23:30:00Z', 0), 'Sat, 31 Jan 2026 23:30:00 +0000');
		equal(rfc1123z('2026-01-31T23:30:00.5Z', 330), 'Sun, 01 Feb 2026 05:00:00 +0530');
		equal(rfc1123z('2026-01-01T01:00:00Z', -210), 'Wed, 31 Dec 2025 21:30:00 -0330');
	});
});
