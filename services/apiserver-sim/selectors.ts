/** Field selectors as text and as requirements. @source k8s.io/apimachinery/pkg/fields ParseSelector */
import { KubejoinError } from '../../lib/errors.ts';
import type { KubeObject } from '../../lib/kube/types.ts';
import type { FieldRequirement } from './authorize/attributes.ts';

/** The fields of an object that may be selected by. */
export type SelectableFields = (object: KubeObject) => Readonly<Record<string, string>>;

/** `a=b,c!=d` -> requirements. @throws API_BAD_REQUEST */
export function parseFieldSelector(text: string): FieldRequirement[] {
	return text
		.split(',')
		.filter((term) => term !== '')
		.map((term) => {
			const match = /^([^=!]+)(!=|==|=)(.*)$/.exec(term);
			if (match === null)
				throw new KubejoinError('API_BAD_REQUEST', {
					problem: `invalid selector: '${text}'; can't understand '${term}'`,
				});
			return { field: match[1] ?? '', operator: match[2] === '!=' ? '!=' : '=', value: match[3] ?? '' };
		});
}

/** The name that `metadata.name=X` asks for, or undefined. */
export const selectedName = (requirements: readonly FieldRequirement[]): string | undefined =>
	requirements.find(({ field, operator }) => field === 'metadata.name' && operator === '=')?.value;

/** Whether an object has the selected fields. @throws API_BAD_REQUEST for a field that cannot be selected by */
export function matchesFields(
	fields: Readonly<Record<string, string>>,
	requirements: readonly FieldRequirement[],
): boolean {
	return requirements.every(({ field, operator, value }) => {
		if (!Object.hasOwn(fields, field))
			throw new KubejoinError('API_BAD_REQUEST', { problem: `field label not supported: ${field}` });
		return (fields[field] === value) === (operator === '=');
	});
}
