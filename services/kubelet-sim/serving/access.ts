/**
 * Who may use the kubelet API: a client certificate of the cluster CA, or a bearer token that the API server knows
 * (TokenReview); then the API server decides (SubjectAccessReview).
 *
 * @source pkg/kubelet/server/server.go InstallAuthFilter; cmd/kubelet/app/auth.go; the defaults of
 *   KubeletConfiguration with kubeadm: no anonymous requests, authorization by webhook
 */
import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Clock } from '../../../lib/clock.ts';
import type { ApiClient } from '../../../lib/kube/client.ts';
import { resources } from '../../../lib/kube/resources.ts';
import { type TokenReview, type UserInfo, wellKnown } from '../../../lib/kube/types.ts';
import type { Peer } from '../../../lib/rpc/peer.ts';
import { subresourcesOf, verbOf } from './request-attributes.ts';

export type Reviews = Pick<ApiClient, 'of' | 'subjectAccessReviews'>;

export interface AccessOptions {
	readonly nodeName: string;
	/** The connection to the API server; undefined before the node has joined. */
	readonly reviews: () => Reviews | undefined;
	readonly clock: Clock;
}
export interface KubeletRequest {
	readonly method: string;
	readonly path: string;
	readonly peer: Peer;
	readonly authorization: string | undefined;
}
export interface Refusal {
	readonly status: 401 | 403 | 500;
	readonly text: string;
}

/** @source authentication.webhook.cacheTTL, authorization.webhook.cacheAuthorizedTTL and cacheUnauthorizedTTL */
const TOKEN_TTL_MS = 2 * 60_000;
const ALLOWED_TTL_MS = 5 * 60_000;
const REFUSED_TTL_MS = 30_000;
/** With `max` in place of `maxSize`, an empty cache would take 24 KB. */
const CACHED = { maxSize: 1024, sizeCalculation: () => 1 };

export class KubeletAccess {
	readonly #options: AccessOptions;
	readonly #users: LRUCache<string, { readonly user: UserInfo | undefined }>;
	readonly #decisions: LRUCache<string, { readonly isAllowed: boolean }>;

	constructor(options: AccessOptions) {
		this.#options = options;
		const time = { ttlResolution: 0, perf: { now: options.clock } };
		this.#users = new LRUCache({ ...CACHED, ttl: TOKEN_TTL_MS, ...time });
		this.#decisions = new LRUCache({ ...CACHED, ttl: REFUSED_TTL_MS, ...time });
	}

	/** @returns undefined for a request that is allowed */
	async refusalOf(request: KubeletRequest): Promise<Refusal | undefined> {
		const user = await this.#userOf(request).catch(() => undefined);
		if (user === undefined) return { status: 401, text: 'Unauthorized' };
		const verb = verbOf(request.method);
		const subresources = subresourcesOf(request.path);
		for (const subresource of subresources) {
			try {
				if (await this.#isAllowed(user, verb, subresource)) return undefined;
			} catch {
				const facts = `user=${user.username}, verb=${verb}, resource=nodes, subresource=${subresource}`;
				return { status: 500, text: `Authorization error (${facts})` };
			}
		}
		const facts = `user=${user.username}, verb=${verb}, resource=nodes, subresource(s)=[${subresources.join(' ')}]`;
		return { status: 403, text: `Forbidden (${facts})\n` };
	}

	/** A certificate that verifies counts before a token; one that does not verify is refused unless a token is valid. */
	async #userOf({ peer: { certificate }, authorization = '' }: KubeletRequest): Promise<UserInfo | undefined> {
		if (certificate.state === 'verified' && certificate.commonName !== '') {
			const { commonName, organizations, fingerprint } = certificate;
			return {
				username: commonName,
				groups: [...organizations, wellKnown.groups.authenticated],
				extra: { 'authentication.kubernetes.io/credential-id': [`X509SHA256=${fingerprint}`] },
			};
		}
		const token = /^bearer +(\S+)$/i.exec(authorization.trim())?.[1];
		return token === undefined ? undefined : this.#userOfToken(token);
	}

	async #userOfToken(token: string): Promise<UserInfo | undefined> {
		const key = createHash('sha256').update(token).digest('base64');
		const known = this.#users.get(key);
		if (known !== undefined) return known.user;
		const review = await this.#reviews()
			.of(resources.tokenReviews)
			.create({ metadata: {}, spec: { token } } as object as TokenReview);
		const { authenticated = false, user } = (review as TokenReview).status ?? {};
		const { username = '', groups = [], ...more } = user ?? {};
		const found = authenticated && username !== '' ? { ...more, username, groups } : undefined;
		this.#users.set(key, { user: found });
		return found;
	}

	async #isAllowed(user: UserInfo, verb: string, subresource: string): Promise<boolean> {
		const key = JSON.stringify([user, verb, subresource]);
		const known = this.#decisions.get(key);
		if (known !== undefined) return known.isAllowed;
		const { username, groups, uid, extra } = user;
		const name = this.#options.nodeName;
		const { status } = await this.#reviews().subjectAccessReviews.create({
			metadata: {},
			spec: {
				user: username,
				groups,
				...(uid === undefined ? {} : { uid }),
				...(extra === undefined ? {} : { extra }),
				resourceAttributes: { verb, version: 'v1', resource: 'nodes', subresource, name },
			},
		});
		const isAllowed = status?.allowed === true;
		this.#decisions.set(key, { isAllowed }, { ttl: isAllowed ? ALLOWED_TTL_MS : REFUSED_TTL_MS });
		return isAllowed;
	}

	#reviews(): Reviews {
		const reviews = this.#options.reviews();
		if (reviews === undefined) throw new Error('the node has not joined');
		return reviews;
	}
}
