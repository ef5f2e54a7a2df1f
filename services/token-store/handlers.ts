/** From the wire to the tokens and back. It decides nothing; the secrets it carries it never looks at. */
import type { Clock } from '../../lib/clock.ts';
import type { Preconditions } from '../../lib/kube/preconditions.ts';
import type { Secret } from '../../lib/kube/types.ts';
import type { Call } from '../../lib/rpc/server.ts';
import type { Store } from '../../lib/store/store.ts';
import { signWithTokens } from './sign.ts';
import { createToken, deleteToken, listTokens, updateToken, watchTokens } from './store.ts';
import type { TokenUser } from './verify.ts';

export interface HandlerOptions {
	readonly store: Store;
	readonly clock: Clock;
	/** The user of a token; undefined for an invalid token. */
	readonly authenticate: (token: string) => Promise<TokenUser | undefined>;
	/** Aborts when the service stops: watches end then. */
	readonly stopping: AbortSignal;
}

export const unaryHandlers = ({ store, clock, authenticate }: HandlerOptions) => ({
	Create: (secret: Partial<Secret>) => createToken(store, clock, { ...secret, metadata: secret.metadata ?? {} }),
	async List({ name }: { name?: string }) {
		const { items, resourceVersion } = await listTokens(store, name);
		return { metadata: { resourceVersion }, items };
	},
	Update: (secret: Partial<Secret>) => updateToken(store, { ...secret, metadata: secret.metadata ?? {} }),
	Delete: ({ name = '', ...preconditions }: { name?: string } & Preconditions) =>
		deleteToken(store, name, preconditions),
	async Verify({ token = '' }: { token?: string }) {
		const user = await authenticate(token);
		return user === undefined ? { authenticated: false } : { authenticated: true, ...user };
	},
	async SignDetached({ content = '' }: { content?: string }) {
		return { signatures: signWithTokens((await listTokens(store)).items, content, clock()) };
	},
});

export const streamHandlers = ({ store, stopping }: HandlerOptions) => ({
	Watch: (_request: object, { signal }: Call) => watchTokens(store, AbortSignal.any([signal, stopping])),
});
