/**
 * The sections of the signature of cluster-info and of a bootstrap token. The secret of a token is in no span, and
 * neither is the signature that the node computed: it would be a valid signature of a document of an attacker.
 */
import type { Check, DetailSection } from './api.ts';
import { textParts } from './byte-parts.ts';
import type { CheckKey } from './field-keys.ts';
import type { Span } from './otlp.ts';
import { checksOf, type Fields, section, type Trace } from './sections.ts';
import { isPhase, text } from './span-places.ts';

/** The parts of `header..signature` with the payload between them. Empty if no span has the signature. */
export function signatureSections(trace: Trace): DetailSection[] {
	const detached = trace.value('kubejoin.jws.detached');
	const content = trace.value('kubejoin.cluster_info') ?? '';
	if (typeof detached !== 'string' || detached === '' || typeof content !== 'string') return [];
	const verified = trace.find('discovery/verify-signature');
	const [header = '', , signature = ''] = detached.split('.');
	const { alg, kid } = readHeader(header);
	const payload = Buffer.from(content).toString('base64url');
	const decoded = Buffer.from(header, 'base64url').toString();
	const { bytes, parts } = textParts([
		['jwsHeader', header, decoded],
		['dot', '.'],
		['jwsPayload', payload],
		['dot', '.'],
		['jwsSignature', signature, Buffer.from(signature, 'base64url').toString('hex')],
	]);
	const fields: Fields = [
		['jws.detached', detached],
		['jws.header', decoded],
		['jws.alg', alg],
		['jws.kid', kid],
		['jws.signedText', `${header}.${payload}`],
		['jws.signature', Buffer.from(signature, 'base64url').toString('hex')],
		['jws.madeBy', 'token-store'],
		['jws.recomputedBy', verified && trace.programOf(verified)],
	];
	const isAscii = /^[\x21-\x7e]*$/.test(bytes.toString('latin1'));
	const checks = verified === undefined ? undefined : signatureChecks(verified, { alg, kid });
	return [
		section('jws', '', fields, {
			text: content,
			...(isAscii ? { bytes, parts: parts.filter(({ length }) => length > 0), isText: true } : {}),
			...(checks === undefined ? {} : { checks }),
		}),
	];
}

function signatureChecks({ attributes, failed }: Span, { alg, kid }: Header): readonly Check[] {
	const keys = ['jwsAlgorithm', 'jwsKeyId', 'jwsEqual'] as const;
	if (failed === undefined) return checksOf(keys);
	if (alg !== 'HS256') return checksOf(keys, 'jwsAlgorithm');
	return checksOf(keys, kid === text(attributes, 'kubejoin.token.id') ? 'jwsEqual' : 'jwsKeyId');
}

interface Header {
	readonly alg?: string;
	readonly kid?: string;
}

function readHeader(header: string): Header {
	try {
		const { alg, kid } = JSON.parse(Buffer.from(header, 'base64url').toString()) as Record<string, unknown>;
		return { alg: String(alg ?? ''), kid: String(kid ?? '') };
	} catch {
		return {};
	}
}

/** In the order of upstream. @source plugin/pkg/auth/authenticator/token/bootstrap */
const tokenChecks: readonly CheckKey[] = [
	...(['tokenForm', 'tokenFound', 'tokenNotDeleted', 'tokenType', 'tokenSecret', 'tokenId'] as const),
	...(['tokenNotExpired', 'tokenUsage', 'tokenGroups'] as const),
];
const refusals: ReadonlyMap<string, CheckKey> = new Map([
	['TOKEN_MALFORMED', 'tokenForm'],
	['TOKEN_UNKNOWN', 'tokenFound'],
	['TOKEN_DELETED', 'tokenNotDeleted'],
	['TOKEN_RECORD_INVALID', 'tokenType'],
	['TOKEN_SECRET_WRONG', 'tokenSecret'],
	['TOKEN_EXPIRED', 'tokenNotExpired'],
	['TOKEN_USAGE_MISSING', 'tokenUsage'],
	['TOKEN_GROUPS_INVALID', 'tokenGroups'],
]);

const USER_PREFIX = 'system:bootstrap:';
const SECRET_LENGTH = 16;

/**
 * The token of a step: of a message that sends one, and of the step that verifies it.
 * @param of  the attributes of the step
 */
export function tokenSections(of: Span['attributes'], trace: Trace): DetailSection[] {
	const user = [text(of, 'kubejoin.token.user'), text(of, 'kubejoin.user')].find((one) => one.startsWith(USER_PREFIX));
	const id = text(of, 'kubejoin.token.id') || user?.slice(USER_PREFIX.length);
	const { 'kubejoin.token.bytes': sentBytes, 'kubejoin.token.groups': groups } = of;
	const refused = text(of, 'kubejoin.token.refused');
	const isSent = typeof sentBytes === 'number' && sentBytes > 0;
	if (id === undefined && !isSent && refused === '') return [];
	const ownId = id ?? trace.value('kubejoin.token.id');
	const known = typeof ownId === 'string' && /^[\x21-\x7e]{1,64}$/.test(ownId) ? ownId : undefined;
	const isVerified = text(of, 'kubejoin.token.user') !== '';
	const fields: Fields = [
		['token.id', known],
		['token.sentBytes', isSent ? sentBytes : undefined],
		['token.user', isVerified ? user : undefined],
		['token.groups', groups],
		['token.checkedBy', isVerified || refused !== '' ? 'token-store' : undefined],
		['token.refused', refused],
		['token.why', text(of, 'kubejoin.token.why')],
	];
	const checks =
		refused === '' ? (isVerified ? checksOf(tokenChecks) : undefined) : checksOf(tokenChecks, failedCheck(of));
	const bytes =
		known === undefined
			? {}
			: {
					...textParts([
						['tokenId', known],
						['dot', '.'],
						['tokenSecret', '*'.repeat(SECRET_LENGTH)],
					]),
					isText: true,
				};
	return [section('token', '', fields, { ...bytes, ...(checks === undefined ? {} : { checks }) })];
}

function failedCheck(of: Span['attributes']): CheckKey | 'none' {
	const check = refusals.get(text(of, 'kubejoin.token.refused')) ?? 'none';
	return check === 'tokenType' && /token-id/.test(text(of, 'kubejoin.token.why')) ? 'tokenId' : check;
}

/** Authentication, authorization and admission of a request to the API server. */
export function gateChecks(server: Span): readonly Check[] {
	const { attributes, failed } = server;
	const of = (key: string): string => text(attributes, key);
	const verb = of('kubejoin.request.verb');
	const code = of('error.type');
	const user = of('kubejoin.user');
	if (user === '') return checksOf(['gateAuthentication', 'gateAuthorization', 'gateAdmission'], 'gateAuthentication');
	const isAllowed = of('kubejoin.decision') === 'allowed';
	const isWrite = !['get', 'list', 'watch'].includes(verb);
	const isRefused = failed !== undefined && refusedByAdmission.has(code);
	return [
		{ key: 'gateAuthentication', result: 'passed', value: user },
		{ key: 'gateAuthorization', result: isAllowed ? 'passed' : 'failed', value: of('kubejoin.decision.reason') },
		{ key: 'gateAdmission', result: !isAllowed || !isWrite ? 'not-made' : isRefused ? 'failed' : 'passed' },
	];
}
/** An error of a request that was allowed. Other codes are of the storage: the request passed. */
const refusedByAdmission: ReadonlySet<string> = new Set(['API_FORBIDDEN', 'API_INVALID', 'API_BAD_REQUEST']);

/** The checks of a phase whose object has no section of its own. Every phase has at least one check. */
const phaseChecks: ReadonlyMap<string, readonly CheckKey[]> = new Map([
	['preflight', ['inputValid']],
	['discovery/fetch-cluster-info', ['clusterInfoSigned']],
	['discovery/confirm', ['serverVerified', 'clusterInfoSame']],
	['discovery/read-file', ['fileHasCa']],
	['discovery/verify-server', ['serverVerified']],
	['tls-bootstrap/read-config', ['credentialAccepted']],
	['tls-bootstrap/check-node-name', ['nodeNameFree']],
	['tls-bootstrap/create-key', ['keyWritten']],
	['register', ['nodeRegistered']],
]);

/** Undefined if another section has the checks of the phase. */
export function checksOfPhase(phase: Span): readonly Check[] | undefined {
	const keys = isPhase(phase) ? phaseChecks.get(phase.name) : undefined;
	if (keys === undefined || phase.failed === undefined) return keys && checksOf(keys);
	const isChanged = text(phase.attributes, 'error.type') === 'CLUSTER_INFO_CHANGED';
	return checksOf(keys, isChanged ? 'clusterInfoSame' : keys[0]);
}
