/** A key, service accounts and tokens, for tests. No tests, and nothing that a service may import. */
import { generateKeyPairSync } from 'node:crypto';
import type { ApiResource } from '../../../lib/kube/resources.ts';
import type { KubeObject } from '../../../lib/kube/types.ts';
import { writePrivateKey } from '../../../lib/pki/keys.ts';
import type { ObjectReader } from '../request/object-reader.ts';
import type { TokenIssuer } from '../resources/token-requests.ts';
import { readServiceAccountKey, type ServiceAccountKey } from './service-account-key.ts';

export const issuer = 'https://kubernetes.default.svc.cluster.local';

export const newKey = (): ServiceAccountKey =>
	readServiceAccountKey(writePrivateKey(generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey));

const onlyKey: { key?: ServiceAccountKey } = {};
/** Made once: an RSA key costs a quarter of a second. */
export const testKey = (): ServiceAccountKey => {
	onlyKey.key ??= newKey();
	return onlyKey.key;
};

export const objectNamed = (name: string, uid: string, more: object = {}): KubeObject => ({
	apiVersion: 'v1',
	kind: '',
	metadata: { name, uid },
	...more,
});

/** Objects by `RESOURCE NAMESPACE/NAME`. */
export const readerOf = (objects: ReadonlyMap<string, KubeObject | Error>): ObjectReader => ({
	async get<T extends KubeObject>({ resource, namespaced }: ApiResource, namespace: string, name: string) {
		const found = objects.get(`${resource} ${namespaced ? `${namespace}/` : ''}${name}`);
		if (found instanceof Error) throw found;
		return found as T | undefined;
	},
	list: async () => [],
});

export const tokenIssuer = (objects: ObjectReader, clock: () => number): TokenIssuer => ({
	issuer,
	audiences: [issuer],
	key: testKey(),
	objects,
	clock,
});
