/** The three services that the controllers call, as functions. Answers are not interpreted here. */
import { KubejoinError } from '../../lib/errors.ts';
import { call, stream, type VerifiedChannel } from '../../lib/rpc/channel.ts';

export interface SignRequest {
	/** PKCS#10 as PEM, in base64. */
	readonly csr: string;
	readonly signerName: string;
	readonly usages: readonly string[];
	readonly expirationSeconds?: number;
	/** UID of the CertificateSigningRequest: the same one is signed once. */
	readonly requestId: string;
}
export interface CaClient {
	/**
	 * @returns the certificate as PEM, in base64
	 * @throws SIGNER_VALIDATION_FAILURE, CSR_MALFORMED and other refusals of ca-service
	 */
	readonly sign: (request: SignRequest) => Promise<string>;
}

export const caClient = (channel: VerifiedChannel, signal: AbortSignal): CaClient => ({
	async sign(request) {
		const { certificate } = await call<SignRequest, { certificate?: string }>(
			channel,
			'CertificateAuthority',
			'Sign',
			request,
			{ signal },
		);
		if (certificate === undefined)
			throw new KubejoinError('SERVICE_FAILED', { service: 'ca-service', problem: 'answered without a certificate' });
		return certificate;
	},
});

export interface DetachedSignature {
	readonly tokenId: string;
	/** `header..signature` */
	readonly jws: string;
}
export interface TokenEvent {
	/** SYNCED once, after the tokens that were there at the start. */
	readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'SYNCED';
	/** Of the Secret: `bootstrap-token-<id>`. */
	readonly name: string;
	readonly uid: string;
	/** As written in the Secret; empty means never. */
	readonly expiration: string;
}
export interface TokenStoreClient {
	/** One signature over the content for each token that may sign. */
	readonly signDetached: (content: string) => Promise<readonly DetachedSignature[]>;
	/** Ends without an error when the signal aborts or token-store stops. */
	readonly watch: (signal: AbortSignal) => AsyncIterable<TokenEvent>;
}

export const tokenStoreClient = (channel: VerifiedChannel, signal: AbortSignal): TokenStoreClient => ({
	async signDetached(content) {
		const { signatures } = await call<object, { signatures?: DetachedSignature[] }>(
			channel,
			'TokenStore',
			'SignDetached',
			{ content },
			{ signal },
		);
		return signatures ?? [];
	},
	async *watch(watchSignal) {
		for await (const event of stream<object, Partial<TokenEvent> & Pick<TokenEvent, 'type'>>(
			channel,
			'TokenStore',
			'Watch',
			{},
			watchSignal,
		)) {
			yield { name: '', uid: '', expiration: '', ...event };
		}
	},
});
