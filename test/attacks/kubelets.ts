/** Attacks on the requests that a kubelet answers, and through them on other servers. */
import assert from 'node:assert/strict';
import { request } from 'node:https';
import { hasCode } from '../../lib/errors.ts';
import type { ApiClient } from '../../lib/kube/client.ts';
import type { Node } from '../../lib/kube/types.ts';
import { eventually } from '../mesh/mesh.ts';
import type { AttackGroup } from './attack.ts';
import { issueUser, namespaceAdmin } from './identity.ts';
import { HOST, https, type Target } from './target.ts';

const paths = ['/healthz', '/pods', '/runningpods/', '/containerLogs/default/p/c', '/metrics', '/exec/a/b/c', '/'];

async function kubeletOf({ mesh }: Target): Promise<{ readonly address: string; readonly port: number }> {
	const { status } = await mesh.api.nodes.get('node-1');
	const port = status?.daemonEndpoints?.kubeletEndpoint?.Port ?? assert.fail('the node has no port');
	return { address: HOST, port };
}

/** The attacker looks at no certificate. */
function statusOf(port: number, path: string, headers: Readonly<Record<string, string>>): Promise<number> {
	return new Promise((resolve, reject) => {
		const sent = request({ host: HOST, port, path, headers, rejectUnauthorized: false, agent: false }, (response) => {
			response.resume();
			resolve(response.statusCode ?? 0);
		});
		sent.once('error', reject).end();
	});
}

async function kubeletAsksForCredentials(target: Target): Promise<void> {
	const { port } = await kubeletOf(target);
	const token = await target.mesh.createToken();
	// The port is open before it has a certificate.
	await eventually(20, () => statusOf(port, '/', {}));
	for (const path of paths) {
		assert.equal(await statusOf(port, path, {}), 401, path);
		assert.equal(await statusOf(port, path, { authorization: 'Bearer x' }), 401, path);
		// It authenticates, and no role lets it use the kubelet.
		assert.equal(await statusOf(port, path, { authorization: `Bearer ${token}` }), 403, path);
	}
}

/** Reports addresses as the node, and requests them as an admin, who has a right to nodes/proxy. */
async function nodeNamesOtherAddresses(target: Target): Promise<void> {
	const { mesh } = target;
	const asNode: ApiClient = mesh.client({
		ca: mesh.ca,
		...(await issueUser(mesh, 'system:node:node-1', ['system:nodes'])),
	});
	const admin = await issueUser(mesh, 'admin', ['system:masters']);
	const { port } = await kubeletOf(target);
	const report = async (address: string, kubeletPort: number): Promise<void> => {
		for (;;) {
			const node: Node = await asNode.nodes.get('node-1');
			const addresses = [{ type: 'InternalIP', address }];
			const daemonEndpoints = { kubeletEndpoint: { Port: kubeletPort } };
			try {
				await asNode.nodes.updateStatus({ ...node, status: { ...node.status, addresses, daemonEndpoints } });
				return;
			} catch (error) {
				if (!hasCode(error, 'API_CONFLICT')) throw error;
			}
		}
	};
	const asked = async (id: string): Promise<string> => {
		const { status, body } = await https(target, `/api/v1/nodes/${id}/proxy/api/v1/secrets`, admin);
		return `${status} ${body.startsWith('{') ? JSON.parse(body).message : body}`;
	};
	try {
		for (const address of ['169.254.169.254', '0.0.0.0', '224.0.0.1', '::', 'fe80::1', 'metadata.invalid']) {
			await report(address, 443);
			assert.match(await asked('node-1'), /^400 (address not allowed|no addresses for hostname)$/, address);
		}
		await report(HOST, port);
		for (const id of [
			`node-1:${mesh.port + 1}`,
			`http:node-1:${target.httpPorts[0]?.port}`,
			`https:node-1:${mesh.port}`,
		])
			assert.equal(await asked(id), '400 address not allowed', id);
		await report(HOST, mesh.port);
		assert.match(await asked('node-1'), /^503 .*the address is that of this API server$/);
	} finally {
		await report(HOST, port);
	}
}

async function logsOfOtherNamespaces(target: Target): Promise<void> {
	const eve = await namespaceAdmin(target.mesh, 'eve-of-logs');
	for (const path of [
		'/api/v1/namespaces/kube-system/pods/p/log',
		'/api/v1/nodes/node-1/proxy/pods',
		'/api/v1/nodes/node-1/proxy/containerLogs/kube-system/p/c',
	])
		assert.equal((await https(target, path, eve)).status, 403, path);
}

export const kubelet: AttackGroup = {
	name: 'Kubelets',
	attacks: [
		{
			title: 'call every path of the kubelet API without a credential, with a wrong token and with a bootstrap token',
			attacker: 'a bootstrap token',
			result: '401 without a valid credential, 403 with a bootstrap token',
			run: kubeletAsksForCredentials,
		},
		{
			title:
				'report the address of a metadata service, of another service or of the API server as that of a node, and ' +
				'let an admin read from the node',
			attacker: 'a node',
			result: '400 `address not allowed`, and 503 for the address of the API server itself; no request is sent',
			run: nodeNamesOtherAddresses,
		},
		{
			title: 'read the log of a pod in another namespace, and the same through `nodes/proxy`',
			attacker: 'a namespace admin',
			result: '403',
			run: logsOfOtherNamespaces,
		},
	],
};
