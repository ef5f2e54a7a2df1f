/**
 * Issues tokens of service accounts: `serviceaccounts/NAME/token`.
 * @source pkg/registry/core/serviceaccount/storage/token.go, pkg/apis/authentication/validation
 * @differs a token cannot be bound to a webhook configuration
 */
import { type Clock, rfc3339 } from '../../../lib/clock.ts';
import { type FieldProblem, KubejoinError } from '../../../lib/errors.ts';
import { invalid, requireValid } from '../../../lib/kube/object-meta.ts';
import type { Pod } from '../../../lib/kube/pod.ts';
import { type ApiResource, resources } from '../../../lib/kube/resources.ts';
import type { BoundObjectReference, KubeObject, TokenRequest } from '../../../lib/kube/types.ts';
import type { Admission } from '../admit/admission.ts';
import { type BoundObjects, newClaims } from '../authenticate/service-account-claims.ts';
import { type ServiceAccountKey, signClaims } from '../authenticate/service-account-key.ts';
import { quoted, quotedInput } from '../authorize/go-text.ts';
import type { ApiRequest } from '../request/api-request.ts';
import type { ObjectReader } from '../request/object-reader.ts';
import { withSentFields } from './sent-fields.ts';

export interface TokenIssuer {
	readonly issuer: string;
	/** Of the API server; the default of a request, and those for which its tokens may live longer. */
	readonly audiences: readonly string[];
	readonly key: ServiceAccountKey;
	readonly objects: ObjectReader;
	readonly clock: Clock;
}
/** With the admission that a request for a token passes. */
export type AdmittedTokenIssuer = TokenIssuer & { readonly admission: Admission };

const group = 'authentication.k8s.io';
const kind = { group, kind: 'TokenRequest' };
const DEFAULT_SECONDS = 3600;
const MIN_SECONDS = 600;
const MAX_SECONDS = 2 ** 32;
/**
 * The kubelet asks for this lifetime for tokens of pods. They are valid for a year, so that a program that never reads
 * its token again continues to work.
 */
const POD_SECONDS = 3607;
const EXTENDED_SECONDS = 365 * 24 * 3600;

/** @throws API_NOT_FOUND, API_CONFLICT, API_BAD_REQUEST, API_INVALID */
export async function issueToken(request: ApiRequest, issuer: AdmittedTokenIssuer): Promise<TokenRequest> {
	const { name, namespace } = request;
	const write = { request, operation: 'CREATE', object: request.object, previous: undefined } as const;
	const object = await issuer.admission.mutate(write);
	const { metadata = {}, spec } = object as TokenRequest;
	const { audiences: wanted = [], expirationSeconds = DEFAULT_SECONDS, boundObjectRef, attestations } = spec ?? {};
	requireSameName(metadata, name, namespace);
	const account = await issuer.objects.get(resources.serviceAccounts, namespace, name);
	if (account === undefined) throw notFound(resources.serviceAccounts, name);
	const { uid } = account.metadata;
	if (metadata.uid && metadata.uid !== uid)
		throw new KubejoinError('API_CONFLICT', {
			resource: kind.kind,
			group,
			name,
			because:
				`the UID in the token request (${metadata.uid}) does not match the UID of the service account ` + `(${uid})`,
		});
	const audiences = (wanted ?? []).length === 0 ? issuer.audiences : (wanted ?? []);
	const seconds = expirationSeconds ?? DEFAULT_SECONDS;
	requireValid(kind, '', [...lifetimeProblems(seconds), ...attestationProblems(attestations)]);
	await issuer.admission.validate({ ...write, object });
	const bound = boundObjectRef ? await boundObjects(boundObjectRef, request, issuer.objects) : {};
	const now = issuer.clock();
	const isExtended =
		bound.pod !== undefined && seconds === POD_SECONDS && audiences.every((one) => issuer.audiences.includes(one));
	const claims = newClaims({
		...bound,
		serviceAccount: account,
		issuer: issuer.issuer,
		audiences,
		nowMs: now,
		expirationSeconds: isExtended ? EXTENDED_SECONDS : seconds,
		...(isExtended ? { warnAfterSeconds: seconds } : {}),
	});
	const answer: TokenRequest = {
		apiVersion: `${group}/v1`,
		kind: kind.kind,
		metadata: { ...metadata, name, namespace, ...(uid === undefined ? {} : { uid }), creationTimestamp: rfc3339(now) },
		spec: { audiences: [...audiences], expirationSeconds: seconds, boundObjectRef: boundObjectRef ?? null },
		status: {
			token: await signClaims(claims, issuer.key),
			expirationTimestamp: rfc3339(now + seconds * 1000),
		},
	};
	const sent = { ...(object as TokenRequest), spec: { ...spec, expirationSeconds: seconds } };
	return withSentFields(answer, { ...request, object: sent }, issuer.clock);
}

const notFound = ({ resource, group: ofResource }: ApiResource, name: string) =>
	new KubejoinError('API_NOT_FOUND', { resource, group: ofResource, name });

/** The door has put the namespace of the request into an object that states none. */
function requireSameName(metadata: KubeObject['metadata'], name: string, namespace: string): void {
	const problem = (field: 'name' | 'namespace', wanted: string): FieldProblem[] => {
		const sent = metadata[field] ?? '';
		const text = `must match the service account ${field} if specified`;
		return sent === '' || sent === wanted ? [] : [invalid(`metadata.${field}`, sent, text)];
	};
	requireValid(kind, name, problem('name', name));
	requireValid(kind, name, problem('namespace', namespace));
}

function lifetimeProblems(seconds: number): FieldProblem[] {
	const refuse = (detail: string) => [invalid('spec.expirationSeconds', seconds, detail)];
	if (seconds < MIN_SECONDS) return refuse('may not specify a duration less than 10 minutes');
	return seconds > MAX_SECONDS ? refuse('may not specify a duration larger than 2^32 seconds') : [];
}

const attestationProblems = (attestations: object = {}): FieldProblem[] =>
	Object.keys(attestations ?? {}).length === 0
		? []
		: [
				invalid(
					'spec.attestations',
					attestations,
					'attestations may only be specified with a webhook bound object reference',
				),
			];

const bindable: Readonly<Record<string, { readonly resource: ApiResource; readonly as: keyof BoundObjects }>> = {
	Pod: { resource: resources.pods, as: 'pod' },
	Node: { resource: resources.nodes, as: 'node' },
	Secret: { resource: resources.secrets, as: 'secret' },
};

/** @throws API_NOT_FOUND, API_CONFLICT, API_BAD_REQUEST */
async function boundObjects(
	reference: BoundObjectReference,
	{ name, namespace }: ApiRequest,
	objects: ObjectReader,
): Promise<BoundObjects> {
	const { apiVersion = '', kind: wanted = '', name: boundName = '', uid: wantedUid = '' } = reference;
	const [ofGroup, version] = apiVersion.includes('/') ? apiVersion.split('/') : ['', apiVersion];
	const target = ofGroup === '' && Object.hasOwn(bindable, wanted) ? bindable[wanted] : undefined;
	if (target === undefined) {
		const type = quotedInput(`${ofGroup}/${version}, Kind=${wanted}`).slice(1, -1);
		throw new KubejoinError('API_BAD_REQUEST', { problem: `cannot bind token to object of type ${type}` });
	}
	const { resource, as } = target;
	if (boundName === '') throw new KubejoinError('API_BAD_REQUEST', { problem: 'Name parameter required.' });
	const object = await objects.get(resource, namespace, boundName);
	if (object === undefined) throw notFound(resource, boundName);
	const pod = as === 'pod' ? (object as Pod) : undefined;
	if (pod !== undefined && (pod.spec?.serviceAccountName ?? '') !== name) {
		const problem = `cannot bind token for serviceaccount ${quoted(name)} to pod running with different serviceaccount name.`;
		throw new KubejoinError('API_BAD_REQUEST', { problem });
	}
	if (wantedUid !== '' && wantedUid !== object.metadata.uid)
		throw new KubejoinError('API_CONFLICT', {
			resource: wanted,
			group: '',
			name: boundName,
			because:
				`the UID in the bound object reference (${wantedUid}) does not match the UID in record. ` +
				'The object might have been deleted and then recreated',
		});
	return { [as]: object, ...(pod === undefined ? {} : await nodeOf(pod, objects)) };
}

/** A node that does not exist is named without its uid. */
async function nodeOf({ spec }: Pod, objects: ObjectReader): Promise<Pick<BoundObjects, 'node'>> {
	const name = spec?.nodeName ?? '';
	if (name === '') return {};
	return { node: (await objects.get(resources.nodes, '', name)) ?? { metadata: { name } } };
}
