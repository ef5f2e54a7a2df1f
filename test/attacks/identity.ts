/** Credentials of an attacker: the certificate of a user, as an administrator would issue it with the cluster CA. */
import { buildCertificate, createIssuer, parseCertificates } from '../../lib/pki/certificate.ts';
import { generateKeyPair, readPrivateKey, spkiOf, writePrivateKey } from '../../lib/pki/keys.ts';
import type { TestMesh } from '../mesh/mesh.ts';

export interface ClientCertificate {
	readonly cert: string;
	readonly key: string;
}

const HOUR_MS = 3_600_000;

export async function issueUser(
	mesh: TestMesh,
	commonName: string,
	organizations: readonly string[] = [],
): Promise<ClientCertificate> {
	const issuer = createIssuer(parseCertificates(mesh.ca)[0], readPrivateKey(mesh.pki('ca-service/ca.key')));
	const pair = await generateKeyPair('ECDSA-P256');
	const lifetime = { notBefore: Date.now() - 60_000, notAfter: Date.now() + HOUR_MS };
	const template = { subject: { commonName, organizations }, spki: spkiOf(pair.publicKey), ...lifetime };
	return {
		cert: buildCertificate({ ...template, usages: ['digital signature', 'client auth'] }, issuer),
		key: writePrivateKey(pair.privateKey),
	};
}

/** A user with every right in the namespace `default` and none outside it. */
export async function namespaceAdmin(mesh: TestMesh, user: string): Promise<ClientCertificate> {
	const group = 'rbac.authorization.k8s.io';
	await mesh.api.roleBindings.create({
		metadata: { name: user, namespace: 'default' },
		subjects: [{ kind: 'User', name: user, apiGroup: group }],
		roleRef: { apiGroup: group, kind: 'ClusterRole', name: 'cluster-admin' },
	});
	return issueUser(mesh, user);
}
