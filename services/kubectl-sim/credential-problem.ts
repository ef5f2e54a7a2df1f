/** Finds the reason of a refused credential that this machine can see: it is not valid now. */
import { X509Certificate } from 'node:crypto';
import { rfc3339 } from '../../lib/clock.ts';
import type { UserCredentials } from '../../lib/kube/kubeconfig-access.ts';

/**
 * @param now  milliseconds since the epoch
 * @returns a sentence without its full stop; undefined without a visible problem
 */
export function localCredentialProblem(
	{ certificate, token }: Pick<UserCredentials, 'certificate' | 'token'>,
	now: number,
): string | undefined {
	const window = (certificate === undefined ? undefined : certificateWindow(certificate)) ?? tokenWindow(token);
	if (window === undefined) return undefined;
	const { what, fromMs, toMs } = window;
	if (now > toMs) return `your ${what} expired at ${rfc3339(toMs)}, and it is ${rfc3339(now)}`;
	if (now < fromMs)
		return `your ${what} is not valid before ${rfc3339(fromMs)}, and this machine's clock says ${rfc3339(now)}`;
	return undefined;
}

interface Window {
	readonly what: string;
	readonly fromMs: number;
	readonly toMs: number;
}

function certificateWindow(pem: string): Window | undefined {
	try {
		const { validFrom, validTo } = new X509Certificate(pem);
		return { what: 'client certificate', fromMs: Date.parse(validFrom), toMs: Date.parse(validTo) };
	} catch {
		return undefined;
	}
}

/** A JSON Web Token contains its expiry; a bootstrap token does not. */
function tokenWindow(token: string | undefined): Window | undefined {
	const [, payload = ''] = token?.split('.') ?? [];
	try {
		const { exp, nbf } = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')) as {
			exp?: unknown;
			nbf?: unknown;
		};
		if (typeof exp !== 'number') return undefined;
		return { what: 'token', fromMs: typeof nbf === 'number' ? nbf * 1000 : 0, toMs: exp * 1000 };
	} catch {
		return undefined;
	}
}
