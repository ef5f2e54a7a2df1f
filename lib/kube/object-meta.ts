/**
 * The rules of metadata that all stored objects share, and problems in upstream's words.
 * @source apimachinery/pkg/api/validation/objectmeta.go, pkg/util/validation/field/errors.go, release 1.32
 * @differs a value in a message is cut to 256 characters
 */
import { randomBytes } from 'node:crypto';
import { type FieldProblem, KubejoinError } from '../errors.ts';
import { type LimitName, limits } from '../limits.ts';
import { quoteInput } from '../text.ts';
import { labelValueProblems, qualifiedNameProblems } from './names.ts';
import type { ApiResource } from './resources.ts';
import type { ObjectMeta, OwnerReference } from './types.ts';

const MAX_QUOTED = 256;
/** A value as Go's %q shows it, cut. */
function quoted(value: unknown): string {
	if (typeof value === 'string') return quoteInput(value, MAX_QUOTED);
	const text = JSON.stringify(beginningOf(value, { characters: MAX_QUOTED })) ?? 'null';
	return text.length <= MAX_QUOTED ? text : `${text.slice(0, MAX_QUOTED)}...`;
}

/**
 * As much of a value as the first characters of its JSON text show. A list of a thousand entries can be the value of a
 * thousand problems.
 *
 * @param left  characters; the least length of each part is subtracted
 */
function beginningOf(value: unknown, left: { characters: number }): unknown {
	if (typeof value === 'string') {
		left.characters -= value.length;
		return value.slice(0, MAX_QUOTED);
	}
	left.characters -= 1;
	if (typeof value !== 'object' || value === null) return value;
	if (Array.isArray(value)) {
		const elements: unknown[] = [];
		for (let at = 0; at < value.length && left.characters >= 0; at++) elements.push(beginningOf(value[at], left));
		return elements;
	}
	const entries: [name: string, entry: unknown][] = [];
	for (const [name, entry] of Object.entries(value)) {
		if (left.characters < 0) break;
		left.characters -= name.length;
		entries.push([name.slice(0, MAX_QUOTED), beginningOf(entry, left)]);
	}
	return Object.fromEntries(entries);
}

/** A value is quoted when its problem is reported: an object can have ten thousand problems, and 20 are. */
export const invalid = (field: string, value: unknown, detail: string): FieldProblem => ({
	field,
	reason: 'FieldValueInvalid',
	get message() {
		return `Invalid value: ${quoted(value)}: ${detail}`;
	},
});
export const required = (field: string, detail = ''): FieldProblem => ({
	field,
	reason: 'FieldValueRequired',
	message: detail === '' ? 'Required value' : `Required value: ${detail}`,
});
export const duplicate = (field: string, value: unknown): FieldProblem => ({
	field,
	reason: 'FieldValueDuplicate',
	get message() {
		return `Duplicate value: ${quoted(value)}`;
	},
});
export const forbiddenField = (field: string, detail: string): FieldProblem => ({
	field,
	reason: 'FieldValueForbidden',
	message: `Forbidden: ${detail}`,
});
export const notSupported = (field: string, value: unknown, supported: readonly string[]): FieldProblem => ({
	field,
	reason: 'FieldValueNotSupported',
	get message() {
		const values = supported.map((one) => JSON.stringify(one)).join(', ');
		return `Unsupported value: ${quoted(value)}: supported values: ${values}`;
	},
});
/** @param limit  the row of the limits table that the refusal is counted under */
export const tooLong = (field: string, maxBytes: number, limit?: LimitName): FieldProblem => ({
	field,
	reason: 'FieldValueTooLong',
	message: `Too long: may not be more than ${maxBytes} bytes`,
	limit,
});
/** @param limit  the row of the limits table that the refusal is counted under */
export const tooMany = (field: string, count: number, max: number, limit?: LimitName): FieldProblem => ({
	field,
	reason: 'FieldValueTooMany',
	message: `Too many: ${count}: must have at most ${max} items`,
	limit,
});

export type NameRule = (name: string) => string[];

const nameCharacters = 'bcdfghjklmnpqrstvwxz2456789';
const MAX_GENERATED_BASE = 58;

/**
 * `csr-` -> `csr-7xk2p`; 27 characters of upstream's alphabet, drawn without bias.
 *
 * @source apiserver/pkg/storage/names
 */
export function generateName(base: string): string {
	let suffix = '';
	while (suffix.length < 5) {
		for (const byte of randomBytes(8)) {
			const limit = 256 - (256 % nameCharacters.length);
			if (byte < limit && suffix.length < 5) suffix += nameCharacters[byte % nameCharacters.length];
		}
	}
	return base.slice(0, MAX_GENERATED_BASE) + suffix;
}

/** A base may end in a dash, for more follows. @source apimachinery/pkg/api/validation/generic.go maskTrailingDash */
const maskTrailingDash = (base: string): string =>
	base.length > 1 && base.endsWith('-') ? `${base.slice(0, -2)}a` : base;

/** Refuse an object if there are problems; the first ones are named. @throws API_INVALID */
export function requireValid(
	{ kind, group }: Pick<ApiResource, 'kind' | 'group'>,
	name: string,
	problems: readonly FieldProblem[],
): void {
	if (problems.length === 0) return;
	const causes = problems.slice(0, limits.fieldProblems.value);
	const omitted = problems.length - causes.length;
	throw new KubejoinError('API_INVALID', { kind, group, name, causes, ...(omitted === 0 ? {} : { omitted }) });
}

/** Problems of the name of a new object, after it was generated. */
export function nameProblems({ name = '', generateName: base = '' }: ObjectMeta, rule: NameRule): FieldProblem[] {
	const problems =
		base === '' ? [] : rule(maskTrailingDash(base)).map((detail) => invalid('metadata.generateName', base, detail));
	if (name === '') return [...problems, required('metadata.name', 'name or generateName is required')];
	return [...problems, ...rule(name).map((detail) => invalid('metadata.name', name, detail))];
}

/**
 * Problems of the metadata that a create or an update can set, apart from the name.
 * @source ValidateObjectMeta, ValidateObjectMetaUpdate
 */
export const metadataProblems = (metadata: ObjectMeta): FieldProblem[] => {
	const { generation = 0, labels, annotations, ownerReferences = [], finalizers = [] } = metadata;
	return [
		...(generation < 0 ? [invalid('metadata.generation', generation, 'must be greater than or equal to 0')] : []),
		...labelsProblems(labels, 'metadata.labels'),
		...annotationsProblems(annotations, 'metadata.annotations'),
		...ownerProblems(ownerReferences),
		...finalizerProblems(finalizers),
	];
};

/** @source ValidateLabels */
export const labelsProblems = (labels: Readonly<Record<string, string>> = {}, field: string): FieldProblem[] =>
	Object.entries(labels).flatMap(([key, value]) => [
		...qualifiedNameProblems(key).map((detail) => invalid(field, key, detail)),
		...labelValueProblems(value).map((detail) => invalid(field, value, detail)),
	]);

/** @source ValidateAnnotations */
export function annotationsProblems(annotations: Readonly<Record<string, string>> = {}, field: string): FieldProblem[] {
	const entries = Object.entries(annotations);
	const problems = entries.flatMap(([key]) =>
		qualifiedNameProblems(key.toLowerCase()).map((detail) => invalid(field, key, detail)),
	);
	const bytes = entries.reduce((sum, [key, value]) => sum + Buffer.byteLength(key) + Buffer.byteLength(value), 0);
	const max = limits.annotationBytes.value;
	return bytes > max ? [...problems, tooLong(field, max, 'annotationBytes')] : problems;
}

/** @source ValidateOwnerReferences */
function ownerProblems(references: readonly OwnerReference[]): FieldProblem[] {
	const field = 'metadata.ownerReferences';
	let controller: string | undefined;
	return references.flatMap((reference, index) => {
		const at = `${field}[${index}]`;
		const { apiVersion = '', kind = '', name = '', uid = '' } = reference;
		const problems: FieldProblem[] = [];
		const version = apiVersion.slice(apiVersion.lastIndexOf('/') + 1);
		if (apiVersion === '') problems.push(required(`${at}.apiVersion`, 'must not be empty'));
		else if (version === '')
			problems.push(invalid(`${at}.apiVersion`, apiVersion, 'must be <group>/<version> or <version>'));
		for (const [part, value] of Object.entries({ kind, name, uid }))
			if (value === '') problems.push(required(`${at}.${part}`, 'must not be empty'));
		if (apiVersion === 'v1' && kind === 'Event')
			problems.push(invalid(at, reference, '/v1, Kind=Event is disallowed from being an owner'));
		if (reference.controller !== true) return problems;
		const found = `${kind}/${name}`;
		if (controller === undefined) controller = found;
		else {
			const detail = 'Only one reference can have Controller set to true. Found "true" in references for';
			problems.push(invalid(field, references, `${detail} ${controller} and ${found}`));
		}
		return problems;
	});
}

const standardFinalizers = ['kubernetes', 'orphan', 'foregroundDeletion'];
/** Of a new object. @source pkg/apis/core/validation validateKubeFinalizerName */
export const finalizerNameProblems = (field: string, finalizer: string): FieldProblem[] =>
	finalizer.includes('/') || standardFinalizers.includes(finalizer)
		? []
		: [invalid(field, finalizer, 'name is neither a standard finalizer name nor is it fully qualified')];

/** @source ValidateFinalizers */
function finalizerProblems(finalizers: readonly string[]): FieldProblem[] {
	const field = 'metadata.finalizers';
	const problems = finalizers.flatMap((finalizer) =>
		qualifiedNameProblems(finalizer).map((detail) => invalid(field, finalizer, detail)),
	);
	const exclusive = ['foregroundDeletion', 'orphan'];
	if (exclusive.every((finalizer) => finalizers.includes(finalizer)))
		problems.push(invalid(field, finalizers, 'finalizer orphan and foregroundDeletion cannot be both set'));
	return problems;
}
