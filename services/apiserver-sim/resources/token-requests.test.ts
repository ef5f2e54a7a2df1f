import assert from 'node:assert/strict';
import { withoutManagedFields } from '../../../lib/kube/managed-fields/without.ts';
import { resources } from '../../../lib/kube/resources.ts';
import type { KubeObject, TokenRequest } from '../../../lib/kube/types.ts';
import type { AdmissionAttributes } from '../admit/admission.ts';
import { createAdmission } from '../admit/chain.ts';
import { issuer, objectNamed, readerOf, tokenIssuer } from '../authenticate/fixtures.test.ts';
import { serviceAccountTokens } from '../authenticate/service-account-token.ts';
import { clock, now, refusalOf, request } from '../fixtures.test.ts';
import { issueToken } from './token-requests.ts';

const account: KubeObject = {
	...objectNamed('robot', 'sa-uid'),
	metadata: { name: 'robot', namespace: 'demo', uid: 'sa-uid' },
};
const podOf = (spec: object): KubeObject => objectNamed('p', 'pod-uid', { spec });

describe('a request for a token', () => {
	let objects: Map<string, KubeObject>;
	let admitted: AdmissionAttributes[];
	beforeEach(() => {
		admitted = [];
		objects = new Map([
			['serviceaccounts demo/robot', account],
			['pods demo/p', podOf({ serviceAccountName: 'robot', nodeName: 'n' })],
			['pods demo/other', podOf({ serviceAccountName: 'default' })],
			['secrets demo/s', objectNamed('s', 'secret-uid')],
			['nodes n', objectNamed('n', 'node-uid')],
		]);
	});
	const ask = (spec: object = {}, { name = 'robot', metadata = {} }: { name?: string; metadata?: object } = {}) => {
		const object = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', metadata, spec };
		const asked = request('create', resources.serviceAccounts, {
			namespace: 'demo',
			name,
			subresource: 'token',
			object,
		});
		const admission = createAdmission([{ name: 'test', validate: (attributes) => void admitted.push(attributes) }]);
		return issueToken(asked, { ...tokenIssuer(readerOf(objects), clock), admission });
	};
	const claimsOf = ({ status }: TokenRequest) =>
		JSON.parse(Buffer.from(status?.token.split('.')[1] ?? '', 'base64url').toString());
	const bind = (kind: string, name: string, more: object = {}) => ({
		boundObjectRef: { kind, name, apiVersion: 'v1', ...more },
	});

	it('names the fields of its spec as those of the caller', async () => {
		const { metadata } = await ask({ ...bind('Secret', 's'), audiences: ['a'] });
		const [{ fieldsV1, ...entry } = {}] = (metadata as { managedFields?: { fieldsV1?: object }[] }).managedFields ?? [];
		assert.deepEqual(fieldsV1, {
			'f:spec': {
				'f:audiences': {},
				'f:boundObjectRef': { 'f:apiVersion': {}, 'f:kind': {}, 'f:name': {} },
				'f:expirationSeconds': {},
			},
		});
		const written = { manager: 'unknown', operation: 'Update', subresource: 'token', time: now };
		assert.deepEqual(entry, { ...written, apiVersion: 'authentication.k8s.io/v1', fieldsType: 'FieldsV1' });
	});

	it('is answered with a token of an hour for this API server', async () => {
		for (const spec of [{}, { audiences: null, expirationSeconds: null, boundObjectRef: null }, { audiences: [] }]) {
			const { status, ...answer } = await ask(spec);
			assert.deepEqual(withoutManagedFields(answer), {
				apiVersion: 'authentication.k8s.io/v1',
				kind: 'TokenRequest',
				metadata: { name: 'robot', namespace: 'demo', uid: 'sa-uid', creationTimestamp: now },
				spec: { audiences: [issuer], expirationSeconds: 3600, boundObjectRef: null },
			});
			assert.equal(status?.expirationTimestamp, '2026-01-31T13:00:00Z');
			const verify = serviceAccountTokens(tokenIssuer(readerOf(objects), clock));
			const verdict = await verify(status?.token ?? '', [issuer]);
			assert.ok(verdict !== undefined && 'user' in verdict);
			assert.equal(verdict.user.username, 'system:serviceaccount:demo:robot');
		}
	});

	it('passes admission once it is valid, and before its token is made', async () => {
		await ask(bind('Pod', 'p'));
		assert.match(await refusalOf(ask({ expirationSeconds: 1 })), /^422/);
		assert.match(await refusalOf(ask(bind('Pod', 'nosuch'))), /^404/);
		const seen = admitted.map(({ operation, subresource, object }) => [operation, subresource, object?.kind]);
		assert.deepEqual(seen, [
			['CREATE', 'token', 'TokenRequest'],
			['CREATE', 'token', 'TokenRequest'],
		]);
	});

	it('sets the audiences and the lifetime', async () => {
		const answer = await ask({ audiences: ['foo'], expirationSeconds: 1200 });
		const { aud, exp, iat } = claimsOf(answer);
		assert.deepEqual([aud, exp - iat, answer.status?.expirationTimestamp], [['foo'], 1200, '2026-01-31T12:20:00Z']);
	});

	it('is refused for a lifetime outside of its bounds', async () => {
		const refusal = (seconds: number, text: string) =>
			`422 Invalid: TokenRequest.authentication.k8s.io "" is invalid: ` +
			`spec.expirationSeconds: Invalid value: ${seconds}: may not specify a duration ${text}`;
		const max = 2 ** 32;
		for (const valid of [600, max])
			assert.equal((await ask({ expirationSeconds: valid })).spec.expirationSeconds, valid);
		for (const short of [599, 0, -1])
			assert.equal(await refusalOf(ask({ expirationSeconds: short })), refusal(short, 'less than 10 minutes'));
		assert.equal(await refusalOf(ask({ expirationSeconds: max + 1 })), refusal(max + 1, 'larger than 2^32 seconds'));
	});

	it('binds the token to a pod and its node, a secret, or a node', async () => {
		const node = { name: 'n', uid: 'node-uid' };
		const bound = async (spec: object) => {
			const { namespace: _ns, serviceaccount: _sa, ...rest } = claimsOf(await ask(spec))['kubernetes.io'];
			return rest;
		};
		assert.deepEqual(await bound(bind('Pod', 'p')), { node, pod: { name: 'p', uid: 'pod-uid' } });
		assert.deepEqual(await bound(bind('Secret', 's')), { secret: { name: 's', uid: 'secret-uid' } });
		assert.deepEqual(await bound(bind('Node', 'n', { uid: 'node-uid' })), { node });
		objects.delete('nodes n');
		assert.deepEqual((await bound(bind('Pod', 'p'))).node, { name: 'n' });
	});

	it('extends the token of a pod to a year, with a time to warn, if it asks for 3607 seconds', async () => {
		const lifetime = async (spec: object) => {
			const answer = await ask({ expirationSeconds: 3607, ...spec });
			const {
				exp,
				iat,
				'kubernetes.io': { warnafter },
			} = claimsOf(answer);
			assert.equal(answer.status?.expirationTimestamp, '2026-01-31T13:00:07Z');
			return [exp - iat, warnafter === undefined ? undefined : warnafter - iat];
		};
		assert.deepEqual(await lifetime(bind('Pod', 'p')), [365 * 86_400, 3607]);
		assert.deepEqual(await lifetime({}), [3607, undefined]);
		assert.deepEqual(await lifetime({ ...bind('Pod', 'p'), audiences: [issuer, 'vault'] }), [3607, undefined]);
	});

	it('is refused for an account or an object that does not exist, or that is another one', async () => {
		assert.equal(await refusalOf(ask({}, { name: 'nosuch' })), '404 NotFound: serviceaccounts "nosuch" not found');
		assert.equal(await refusalOf(ask(bind('Pod', 'nosuch'))), '404 NotFound: pods "nosuch" not found');
		assert.equal(
			await refusalOf(ask(bind('Pod', 'p', { uid: 'u' }))),
			'409 Conflict: Operation cannot be fulfilled on Pod "p": the UID in the bound object reference (u) does not ' +
				'match the UID in record. The object might have been deleted and then recreated',
		);
		assert.equal(
			await refusalOf(ask({}, { metadata: { uid: 'u' } })),
			'409 Conflict: Operation cannot be fulfilled on TokenRequest.authentication.k8s.io "robot": the UID in the ' +
				'token request (u) does not match the UID of the service account (sa-uid)',
		);
		assert.equal(
			await refusalOf(ask(bind('Pod', 'other'))),
			'400 BadRequest: cannot bind token for serviceaccount "robot" to pod running with different serviceaccount name.',
		);
	});

	it('is refused for another kind of object, an attestation, or another name', async () => {
		const text = '400 BadRequest: cannot bind token to object of type';
		assert.equal(await refusalOf(ask(bind('ConfigMap', 'c'))), `${text} /v1, Kind=ConfigMap`);
		const deployment = { boundObjectRef: { kind: 'Pod', apiVersion: 'apps/v1', name: 'p' } };
		assert.equal(await refusalOf(ask(deployment)), `${text} apps/v1, Kind=Pod`);
		assert.equal(await refusalOf(ask(bind('Secret', ''))), '400 BadRequest: Name parameter required.');
		assert.equal(await refusalOf(ask(bind('constructor', 'c'))), `${text} /v1, Kind=constructor`);
		assert.match(
			await refusalOf(ask({ attestations: { a: ['b'] } })),
			/^422 Invalid: .* spec\.attestations: Invalid value/,
		);
		assert.equal(
			await refusalOf(ask({}, { metadata: { name: 'other' } })),
			'422 Invalid: TokenRequest.authentication.k8s.io "robot" is invalid: metadata.name: Invalid value: "other": ' +
				'must match the service account name if specified',
		);
	});
});
