/** The rules of metadata that all stored objects share. Pure. @source apimachinery/pkg/api/validation and pkg/util/validation, release 1.32 */
import { randomBytes } from 'node:crypto';
import type { FieldProblem } from '../../lib/errors.ts';
import type { ObjectMeta } from '../../lib/kube/types.ts';

export const invalid = (field: string, value: unknown, detail: string): FieldProblem => ({
	field,
	reason: 'FieldValueInvalid',
	message: `Invalid value: ${JSON.stringify(value)}: ${detail}`,
});
export const required = (field: string, detail = ''): FieldProblem => ({
	field,
	reason: 'FieldValueRequired',
	message: detail === '' ? 'Required value' : `Required value: ${detail}`,
});
export const duplicate = (field: string, value: unknown): FieldProblem => ({
	field,
	reason: 'FieldValueDuplicate',
	message: `Duplicate value: ${JSON.stringify(value)}`,
});
export const forbiddenField = (field: string, detail: string): FieldProblem => ({
	field,
	reason: 'FieldValueForbidden',
	message: `Forbidden: ${detail}`,
});
export const notSupported = (field: string, value: unknown, supported: readonly string[]): FieldProblem => ({
	field,
	reason: 'FieldValueNotSupported',
	message: `Unsupported value: ${JSON.stringify(value)}: supported values: ${supported.map((s) => JSON.stringify(s)).join(', ')}`,
});

export type NameRule = (name: string) => string[];

const nameCharacters = 'bcdfghjklmnpqrstvwxz2456789';
const MAX_GENERATED_BASE = 58;

/** `csr-` -> `csr-7xk2p`; 27 characters of upstream's alphabet, drawn without bias. @source apiserver/pkg/storage/names */
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

/** What is wrong with the metadata of an object that is to be created, after its name was generated. */
export function metadataProblems({ name = '', generateName: base = '' }: ObjectMeta, rule: NameRule): FieldProblem[] {
	const problems =
		base === '' ? [] : rule(maskTrailingDash(base)).map((detail) => invalid('metadata.generateName', base, detail));
	if (name === '') return [...problems, required('metadata.name', 'name or generateName is required')];
	return [...problems, ...rule(name).map((detail) => invalid('metadata.name', name, detail))];
}
