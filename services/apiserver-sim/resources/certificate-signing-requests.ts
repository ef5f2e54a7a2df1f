/**
 * The rules of CertificateSigningRequests: the server writes who asks, the spec never changes, an approval stays, a
 * certificate is set once.
 * @source pkg/registry/certificates/certificates/strategy.go, pkg/apis/certificates/validation, release 1.32
 */
import { isDeepStrictEqual } from 'node:util';
import { type FieldProblem, KubejoinError } from '../../../lib/errors.ts';
import { labelProblems, subdomainProblems } from '../../../lib/kube/names.ts';
import {
	duplicate,
	forbiddenField,
	invalid,
	type NameRule,
	notSupported,
	required,
	tooLong,
	tooMany,
} from '../../../lib/kube/object-meta.ts';
import { resources } from '../../../lib/kube/resources.ts';
import {
	type CertificateSigningRequest,
	type CertificateSigningRequestCondition,
	wellKnown,
} from '../../../lib/kube/types.ts';
import { limits } from '../../../lib/limits.ts';
import { issuedCertificateProblem } from '../../../lib/pki/certificate.ts';
import type { ReadCsr } from '../../../lib/pki/csr-reader.ts';
import { readPem } from '../../../lib/pki/pem.ts';
import { isUsage, usageNames } from '../../../lib/pki/usages.ts';
import { quoteInput } from '../../../lib/text.ts';
import type { Strategy } from '../registry.ts';
import type { Subresource } from '../request/api-request.ts';

type Csr = CertificateSigningRequest;
type Condition = CertificateSigningRequestCondition;

const MIN_EXPIRATION_SECONDS = 600;
const MAX_DOMAIN = 253;
/** A domain, a namespace, a name, and their separators. */
const MAX_SIGNER_NAME = MAX_DOMAIN + 1 + 63 + 1 + MAX_DOMAIN;
const decided = ['Approved', 'Denied'];
const final = [...decided, 'Failed'];

export const certificateSigningRequests = (readCsr: ReadCsr): Strategy<Csr> => ({
	resource: resources.certificateSigningRequests,
	subresources: ['approval', 'status'],
	// Upstream lets a CSR have any name that is a path segment; kubelets use base64url.
	nameRule: (name) =>
		/^[^/%]+$/.test(name) && name !== '.' && name !== '..' && name.length <= 253
			? []
			: ["may not be '.' or '..' or contain '/' or '%'"],
	fields: ({ spec }) => ({ 'spec.signerName': spec?.signerName ?? '' }),
	prepareForCreate({ spec, status: _status, ...rest }, { username, uid, groups, extra }) {
		const { request, signerName, usages, expirationSeconds } = spec ?? {};
		return {
			...rest,
			// An absent request stays absent, because upstream's refusal distinguishes it from an empty one.
			spec: {
				...(request === undefined ? {} : { request }),
				signerName: signerName ?? '',
				...(expirationSeconds === undefined ? {} : { expirationSeconds }),
				usages: usages ?? [],
				username,
				...(uid === undefined ? {} : { uid }),
				groups,
				...(extra === undefined ? {} : { extra }),
			} as Csr['spec'],
			status: {},
		};
	},
	prepareForUpdate(next, previous, subresource, now) {
		const base = { ...next, spec: previous.spec };
		if (subresource === '') return { ...base, status: previous.status ?? {} };
		const conditions = withTimes(conditionsOf(next), conditionsOf(previous), now);
		if (subresource === 'approval') return { ...base, status: { ...previous.status, conditions } };
		return { ...base, status: { ...next.status, conditions: keepDecisions(conditions, conditionsOf(previous)) } };
	},
	validate: (csr) => [
		...specProblems(csr, readCsr),
		...conditionProblems(conditionsOf(csr)),
		...certificateProblems(csr.status?.certificate),
	],
	validateUpdate: updateProblems,
});

const conditionsOf = (csr: Csr): readonly Condition[] => csr.status?.conditions ?? [];
const ofType = (conditions: readonly Condition[], type: string) =>
	conditions.filter((condition) => condition.type === type);
const pemOf = ({ spec }: { readonly spec: Partial<Csr['spec']> }): string =>
	Buffer.from(spec.request ?? '', 'base64').toString();

/** A status update never changes Approved and Denied; where their number differs, validation refuses. */
function keepDecisions(next: readonly Condition[], previous: readonly Condition[]): Condition[] {
	const kept = new Map(
		decided.map((type) => {
			const instances = ofType(previous, type);
			return [type, instances.length === ofType(next, type).length ? instances : []];
		}),
	);
	return next.map((condition) => kept.get(condition.type)?.shift() ?? condition);
}

/** Fill in the times that the writer left out. */
function withTimes(next: readonly Condition[], previous: readonly Condition[], now: string): Condition[] {
	const firstOf = new Map(previous.toReversed().map((condition) => [condition.type, condition]));
	return next.map((condition) => {
		const before = firstOf.get(condition.type);
		const changed = before === undefined || before.status !== condition.status;
		return {
			...condition,
			lastUpdateTime: condition.lastUpdateTime ?? now,
			lastTransitionTime: condition.lastTransitionTime ?? (changed ? now : (before.lastTransitionTime ?? now)),
		};
	});
}

function specProblems(csr: Csr, readCsr: ReadCsr): FieldProblem[] {
	const { spec } = csr;
	const problems = requestProblems(csr, readCsr);
	problems.push(...usageProblems(spec.usages));
	problems.push(...signerNameProblems(spec.signerName));
	if (spec.expirationSeconds !== undefined && spec.expirationSeconds < MIN_EXPIRATION_SECONDS) {
		problems.push(
			invalid(
				'spec.expirationSeconds',
				spec.expirationSeconds,
				'may not specify a duration less than 600 seconds (10 minutes)',
			),
		);
	}
	return problems;
}

/** All unknown ones before the duplicates, as upstream. */
function usageProblems(usages: readonly string[]): FieldProblem[] {
	const field = 'spec.usages';
	if (usages.length === 0) return [required(field)];
	const max = limits.requestUsages.value;
	if (usages.length > max) return [tooMany(field, usages.length, max, 'requestUsages')];
	const supported = [...usageNames].sort();
	const seen = new Set<string>();
	const isAgain = (usage: string) => seen.size === seen.add(usage).size;
	return [
		...usages.flatMap((usage, index) => (isUsage(usage) ? [] : [notSupported(`${field}[${index}]`, usage, supported)])),
		...usages.flatMap((usage, index) => (isAgain(usage) ? [duplicate(`${field}[${index}]`, usage)] : [])),
	];
}

function requestProblems(csr: Csr, readCsr: ReadCsr): FieldProblem[] {
	const { request } = csr.spec;
	try {
		readCsr(request ?? '');
		return [];
	} catch (error) {
		if (!(error instanceof KubejoinError)) throw error;
		const pem = pemOf(csr);
		const limit = pem.length > limits.csrCharacters.value ? 'csrCharacters' : undefined;
		return [{ ...invalid('spec.request', request ?? null, typeProblem(pem) ?? error.message), limit }];
	}
}

function typeProblem(pem: string): string | undefined {
	const type = readPem(pem).blocks[0]?.type;
	if (type === 'CERTIFICATE REQUEST') return undefined;
	const isNew = type === 'NEW CERTIFICATE REQUEST';
	const found = isNew ? '; found NEW CERTIFICATE REQUEST: remove NEW from the BEGIN line and the END line' : '';
	return `PEM block type must be CERTIFICATE REQUEST${found}`;
}

/** A domain, a slash and a path of DNS subdomains. @source pkg/apis/core/validation/names.go ValidateSignerName */
export function signerNameProblems(signerName: string): FieldProblem[] {
	const field = 'spec.signerName';
	if (signerName === '') return [required(field)];
	if (signerName === wellKnown.signers.legacyUnknown)
		return [invalid(field, signerName, 'the legacy signerName is not allowed via this API version')];
	const [domain = '', path, ...more] = signerName.split('/', 3);
	if (path === undefined || more.length > 0)
		return [
			invalid(field, signerName, "must be a fully qualified domain and path of the form 'example.com/signer-name'"),
		];
	const labels = domain.split('.');
	/** The first part of a segment that is not of the form; upstream stops there. */
	const badPart = (segment: string, parts: readonly string[], rule: NameRule): FieldProblem[] => {
		const part = parts.find((one) => rule(one).length > 0);
		if (part === undefined) return [];
		return rule(part).map((detail) => invalid(field, segment, `validating label ${quoteInput(part)}: ${detail}`));
	};
	return [
		...(Buffer.byteLength(domain) > MAX_DOMAIN ? [tooLong(field, MAX_DOMAIN)] : []),
		...badPart(domain, labels, labelProblems),
		...(labels.length < 2
			? [invalid(field, domain, 'should be a domain with at least two segments separated by dots')]
			: []),
		...badPart(path, path.split('.'), subdomainProblems),
		...(Buffer.byteLength(signerName) > MAX_SIGNER_NAME ? [tooLong(field, MAX_SIGNER_NAME)] : []),
	];
}

function conditionProblems(conditions: readonly Condition[]): FieldProblem[] {
	const seen = new Set<string>();
	return conditions.flatMap(({ type, status }, index) => {
		const at = `status.conditions[${index}]`;
		const allowed = final.includes(type) ? ['True'] : ['False', 'True', 'Unknown'];
		const problems: FieldProblem[] = [];
		if (!type) problems.push(required(`${at}.type`));
		if (!status) problems.push(required(`${at}.status`));
		else if (!allowed.includes(status)) problems.push(notSupported(`${at}.status`, status, allowed));
		if (decided.includes(type) && decided.some((other) => other !== type && seen.has(other))) {
			problems.push(invalid(`${at}.type`, type, 'Approved and Denied conditions are mutually exclusive'));
		}
		if (seen.has(type)) problems.push(duplicate(`${at}.type`, type));
		seen.add(type);
		return problems;
	});
}

function certificateProblems(certificate: string | undefined): FieldProblem[] {
	if (!certificate) return [];
	const problem = issuedCertificateProblem(Buffer.from(certificate, 'base64').toString());
	return problem === undefined ? [] : [invalid('status.certificate', '<certificate data>', problem)];
}

function updateProblems(next: Csr, previous: Csr, subresource: Subresource): FieldProblem[] {
	const problems: FieldProblem[] = [];
	for (const type of final) {
		const before = ofType(conditionsOf(previous), type);
		const after = ofType(conditionsOf(next), type);
		if (after.length < before.length)
			problems.push(forbiddenField('status.conditions', `updates may not remove a condition of type "${type}"`));
		else if (subresource !== 'approval' && decided.includes(type)) {
			if (after.length > before.length)
				problems.push(forbiddenField('status.conditions', `updates may not add a condition of type "${type}"`));
			else if (!isDeepStrictEqual(before, after))
				problems.push(forbiddenField('status.conditions', `updates may not modify a condition of type "${type}"`));
		}
	}
	const before = previous.status?.certificate ?? '';
	if ((next.status?.certificate ?? '') !== before) {
		if (subresource !== 'status')
			problems.push(forbiddenField('status.certificate', 'updates may not set certificate content'));
		else if (before !== '')
			problems.push(forbiddenField('status.certificate', 'updates may not modify existing certificate content'));
	}
	return problems;
}
