/** A node that joins over the REST API alone, without a trace, as kubeadm and a kubelet of other authors do. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:http2';
import { request } from 'node:https';
import { text } from 'node:stream/consumers';
import { createCsr } from '../../lib/pki/csr.ts';
import { generateKeyPair, writePrivateKey } from '../../lib/pki/keys.ts';
import { eventually } from './mesh.ts';

/** A bootstrap token, or a certificate with its key. */
export type RestCredentials = { readonly token: string } | { readonly cert: string; readonly key: string };
export interface RestAnswer {
	readonly status: number;
	readonly body: string;
}
/** Each request has a connection of its own. */
export type SendRest = (
	method: string,
	path: string,
	credentials: RestCredentials,
	body?: object,
) => Promise<RestAnswer>;

const headersOf = (credentials: RestCredentials) => ({
	'content-type': 'application/json',
	...('token' in credentials ? { authorization: `Bearer ${credentials.token}` } : {}),
});
const tlsOf = (credentials: RestCredentials) => ('token' in credentials ? {} : credentials);

/** @param endpoint  `HOST:PORT` */
export const sendHttp1 =
	(endpoint: string, ca: string): SendRest =>
	async (method, path, credentials, body) => {
		const tls = { ca, agent: false, ALPNProtocols: ['http/1.1'], ...tlsOf(credentials) };
		const options = { ...tls, method, headers: headersOf(credentials) };
		const sent = request(`https://${endpoint}${path}`, options).end(body && JSON.stringify(body));
		const [answer] = await once(sent, 'response');
		return { status: answer.statusCode, body: await text(answer) };
	};

/** @param endpoint  `HOST:PORT` */
export const sendHttp2 =
	(endpoint: string, ca: string): SendRest =>
	async (method, path, credentials, body) => {
		const session = connect(`https://${endpoint}`, { ca, ...tlsOf(credentials) });
		try {
			const sent = session.request({ ':method': method, ':path': path, ...headersOf(credentials) });
			sent.end(body && JSON.stringify(body));
			const [headers] = await once(sent, 'response');
			return { status: headers[':status'], body: await text(sent) };
		} finally {
			session.close();
		}
	};

const KUBEADM_CONFIG = '/api/v1/namespaces/kube-system/configmaps/kubeadm-config';
const CSRS = '/apis/certificates.k8s.io/v1/certificatesigningrequests';

async function ask(send: SendRest, expected: number, ...request: Parameters<SendRest>): Promise<string> {
	const { status, body } = await send(...request);
	assert.equal(status, expected, body);
	return body;
}

/** The requests of kubeadm and of the kubelet that it starts. @returns the certificate of the node and its key */
export async function joinOverRest(send: SendRest, node: string, asToken: RestCredentials) {
	await ask(send, 200, 'GET', KUBEADM_CONFIG, asToken);
	await ask(send, 404, 'GET', `/api/v1/nodes/${node}`, asToken);
	return registerOverRest(send, node, asToken);
}

/** The requests of the kubelet. @returns the certificate of the node and its key */
export async function registerOverRest(send: SendRest, node: string, asToken: RestCredentials) {
	const pair = await generateKeyPair('ECDSA-P256');
	const subject = { commonName: `system:node:${node}`, organizations: ['system:nodes'] };
	const created = await ask(send, 201, 'POST', CSRS, asToken, {
		apiVersion: 'certificates.k8s.io/v1',
		kind: 'CertificateSigningRequest',
		metadata: { generateName: 'node-csr-' },
		spec: {
			request: Buffer.from(createCsr({ subject }, pair)).toString('base64'),
			signerName: 'kubernetes.io/kube-apiserver-client-kubelet',
			usages: ['digital signature', 'client auth'],
		},
	});
	const { name } = JSON.parse(created).metadata as { readonly name: string };
	const cert = await eventually(30, async () => {
		const { status } = JSON.parse(await ask(send, 200, 'GET', `${CSRS}/${name}`, asToken)) as {
			readonly status: { readonly certificate?: string };
		};
		return Buffer.from(status.certificate ?? assert.fail('not issued'), 'base64').toString();
	});
	const credentials = { cert, key: writePrivateKey(pair.privateKey) };
	await ask(send, 201, 'POST', '/api/v1/nodes', credentials, { metadata: { name: node } });
	return credentials;
}
