/**
 * Tokens of service accounts: signed by this API server, for one of the requested audiences, valid now, and bound to
 * objects that still exist.
 * @source pkg/serviceaccount/{jwt,claims}.go, apiserver/pkg/authentication/serviceaccount/util.go
 * @differs tokens without an audience and tokens in Secrets, which upstream calls legacy, are not accepted
 */
import type { Clock } from '../../../lib/clock.ts';
import { KubejoinError } from '../../../lib/errors.ts';
import { type ApiResource, resources } from '../../../lib/kube/resources.ts';
import { serviceAccountGroups, serviceAccountUsername } from '../../../lib/kube/service-account-user.ts';
import type { KubeObject, UserInfo } from '../../../lib/kube/types.ts';
import { quoted, quotedInput } from '../authorize/go-text.ts';
import type { ObjectReader } from '../request/object-reader.ts';
import type { KubernetesClaims, TokenClaims } from './service-account-claims.ts';
import { type ServiceAccountKey, verifySignature } from './service-account-key.ts';
import { type AuthenticateToken, credentialIdKey, type TokenVerdict } from './token-authenticator.ts';

export interface ServiceAccountTokenOptions {
	readonly issuer: string;
	readonly key: ServiceAccountKey;
	readonly objects: ObjectReader;
	readonly clock: Clock;
}

/** Clocks of the servers may differ by so much, and an object that was deleted as late still counts. */
const LEEWAY_MS = 60_000;

export const serviceAccountTokens =
	({ issuer, key, objects, clock }: ServiceAccountTokenOptions): AuthenticateToken =>
	async (token, requested): Promise<TokenVerdict> => {
		if (issuerOf(token) !== issuer) return undefined;
		const verified = await verifySignature(token, key);
		if (verified.state === 'malformed') return undefined;
		if (verified.state === 'refused') return { problem: verified.problem };
		const claims = claimsIn(verified.payload);
		if (claims === undefined) return undefined;
		const audiences = requested.filter((audience) => claims.aud.includes(audience));
		if (audiences.length === 0) {
			const list = (all: readonly string[]) => `[${all.map(quotedInput).join(' ')}]`;
			return { problem: `token audiences ${list(claims.aud)} is invalid for the target audiences ${list(requested)}` };
		}
		const now = clock();
		const problem = timeProblem(claims, now) ?? (await boundProblem(claims['kubernetes.io'], objects, now));
		return problem === undefined ? { user: userOf(claims), audiences } : { problem };
	};

/** Not verified: it only selects the authenticator of the token. */
function issuerOf(token: string): unknown {
	const parts = token.split('.');
	return parts.length === 3 ? parsed(Buffer.from(parts[1] ?? '', 'base64url'))?.iss : undefined;
}

function parsed(bytes: Uint8Array): Record<string, unknown> | undefined {
	try {
		const value: unknown = JSON.parse(new TextDecoder().decode(bytes));
		return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
	} catch {
		return undefined;
	}
}

/** Only this API server signs with the key, so claims of another form are of an older version of it. */
function claimsIn(payload: Uint8Array): TokenClaims | undefined {
	const claims = parsed(payload) as Partial<TokenClaims> | undefined;
	const { aud, exp, nbf, iat, 'kubernetes.io': bound } = claims ?? {};
	const isComplete =
		Array.isArray(aud) &&
		[exp, nbf, iat].every((time) => typeof time === 'number') &&
		typeof bound?.namespace === 'string' &&
		typeof bound.serviceaccount?.name === 'string';
	return isComplete ? (claims as TokenClaims) : undefined;
}

function timeProblem({ nbf, exp, iat }: TokenClaims, nowMs: number): string | undefined {
	if (nowMs + LEEWAY_MS < nbf * 1000) return 'service account token is not valid yet';
	if (nowMs - LEEWAY_MS > exp * 1000) return 'service account token has expired';
	if (nowMs + LEEWAY_MS < iat * 1000) return 'service account token is issued in the future';
	return undefined;
}

const invalidated = 'service account token has been invalidated';

async function boundProblem(
	claims: KubernetesClaims,
	objects: ObjectReader,
	nowMs: number,
): Promise<string | undefined> {
	const { namespace, serviceaccount, secret, pod, node } = claims;
	const find = (resource: ApiResource, name: string) => found(objects, resource, namespace, name);
	const account = await find(resources.serviceAccounts, serviceaccount.name);
	if (account === undefined) return `serviceaccounts ${quoted(serviceaccount.name)} not found`;
	if (account.metadata.uid !== serviceaccount.uid)
		return `service account UID (${account.metadata.uid}) does not match claim (${serviceaccount.uid})`;
	if (isDeleted(account, nowMs)) return `service account ${namespace}/${serviceaccount.name} has been deleted`;
	const bound = [
		{ reference: secret, resource: resources.secrets, called: 'secret' },
		{ reference: pod, resource: resources.pods, called: 'pod' },
		// The node of a pod is information: such a token is bound to the pod.
		{ reference: pod === undefined ? node : undefined, resource: resources.nodes, called: 'node' },
	];
	for (const { reference, resource, called } of bound) {
		if (reference === undefined) continue;
		const object = await find(resource, reference.name);
		if (object === undefined) return invalidated;
		const { uid } = object.metadata;
		if (uid !== reference.uid)
			return `${called} UID (${uid}) does not match service account ${called} ref claim (${reference.uid})`;
		if (isDeleted(object, nowMs)) return invalidated;
	}
	return undefined;
}

/** @throws AUTHENTICATOR_UNAVAILABLE */
async function found(objects: ObjectReader, resource: ApiResource, namespace: string, name: string) {
	try {
		return await objects.get(resource, resource.namespaced ? namespace : '', name);
	} catch (error) {
		const details = { retryAfterSeconds: 1, unavailable: 'the store' };
		throw new KubejoinError('AUTHENTICATOR_UNAVAILABLE', details, { cause: error });
	}
}

const isDeleted = ({ metadata: { deletionTimestamp } }: KubeObject, nowMs: number): boolean =>
	deletionTimestamp !== undefined && Date.parse(deletionTimestamp) < nowMs - LEEWAY_MS;

function userOf({ jti, 'kubernetes.io': { namespace, serviceaccount, pod, node } }: TokenClaims): UserInfo {
	const key = (name: string) => `authentication.kubernetes.io/${name}`;
	return {
		username: serviceAccountUsername({ namespace, name: serviceaccount.name }),
		groups: serviceAccountGroups(namespace),
		...(serviceaccount.uid === undefined ? {} : { uid: serviceaccount.uid }),
		extra: {
			[credentialIdKey]: [`JTI=${jti}`],
			...(node === undefined ? {} : { [key('node-name')]: [node.name] }),
			...(node?.uid === undefined ? {} : { [key('node-uid')]: [node.uid] }),
			...(pod?.uid === undefined ? {} : { [key('pod-name')]: [pod.name], [key('pod-uid')]: [pod.uid] }),
		},
	};
}
